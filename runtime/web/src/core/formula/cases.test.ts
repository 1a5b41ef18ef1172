// The hand-checked cases of tests/cases/formula and the examples of every function, compiled by the server.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "./compile.ts";
import { Env, type EnvData } from "./env.ts";
import type { Formula } from "./types.ts";
import { canonical, read, readRows } from "./values.ts";

interface Case {
  source: string;
  formula: Formula;
  values: unknown[];
  expected: string | null;
  tz: string;
}

const FILE = "build/formula-cases.json"; // made by tests/formula/write_cases.py
const made = existsSync(FILE);
const data = made ? (JSON.parse(readFileSync(FILE, "utf8")) as { envs: Record<string, EnvData>; cases: Case[] }) : null;

describe.skipIf(!made)("hand-checked cases", () => {
  test("there are many", () => expect(data?.cases.length).toBeGreaterThan(1500));

  test("each has the value that the other back ends give", () => {
    if (data === null) return;
    const envs = new Map(Object.entries(data.envs).map(([tz, env]) => [tz, new Env(env)]));
    const wrong = data.cases.flatMap(({ source, formula, values, expected, tz }) => {
      const slots = formula.slots.map((slot, i) =>
        slot.t === "children"
          ? readRows(values[i] as unknown[][], formula.inner[i.toString()] ?? [])
          : read(values[i], slot.t),
      );
      const found = canonical(compile(formula)(slots, envs.get(tz) as Env), formula.t);
      return found === expected ? [] : [{ source, found, expected }];
    });
    expect(wrong).toEqual([]);
  });
});
