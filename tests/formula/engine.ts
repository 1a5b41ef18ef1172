// The browser's evaluator as a process for tests: a JSON line in, a JSON line out.
//   {"about": true}                       -> the names it knows
//   {"env": {...}}                        -> from now on this environment
//   {"formula": {...}, "rows": [[...]]}   -> the canonical text of each row's result
import { createInterface } from "node:readline";
import { compile } from "../../runtime/web/src/core/formula/compile.ts";
import { Env, type EnvData } from "../../runtime/web/src/core/formula/env.ts";
import { PRIMITIVES } from "../../runtime/web/src/core/formula/primitives.ts";
import type { Formula, Value } from "../../runtime/web/src/core/formula/types.ts";
import { canonical, read, readRows } from "../../runtime/web/src/core/formula/values.ts";

interface Question {
  about?: true;
  env?: EnvData;
  formula?: Formula;
  rows?: unknown[][];
}

let env: Env | null = null;

function values(formula: Formula, row: unknown[]): Value[] {
  return formula.slots.map((slot, i) =>
    slot.t === "children" ? readRows(row[i] as unknown[][], formula.inner[i.toString()] ?? []) : read(row[i], slot.t),
  );
}

function answer(question: Question): unknown {
  if (question.about) return Object.fromEntries(Object.entries(PRIMITIVES).map(([name, one]) => [name, one.strict]));
  if (question.env !== undefined) {
    env = new Env(question.env);
    return true;
  }
  const { formula, rows } = question;
  if (env === null || formula === undefined || rows === undefined) throw new Error("no such question");
  const run = compile(formula);
  const now = env;
  return rows.map((row) => canonical(run(values(formula, row), now), formula.t));
}

createInterface({ input: process.stdin }).on("line", (line) => {
  let found: unknown;
  try {
    found = answer(JSON.parse(line) as Question);
  } catch (error) {
    found = { error: error instanceof Error ? (error.stack ?? error.message) : "unknown" };
  }
  process.stdout.write(`${JSON.stringify(found)}\n`);
});
