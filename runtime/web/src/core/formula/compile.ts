/** From the intermediate form to closures. Nothing is made from text: no `eval`, no `new Function`. */
import { dateValue } from "./dates.ts";
import type { Env } from "./env.ts";
import { divide, multiply, parse, ranged } from "./numbers.ts";
import { ordered, PRIMITIVES } from "./primitives.ts";
import { blankOf, summarise, type Spec } from "./rows.ts";
import { Rows, type Agg, type Constant, type Formula, type Node, type Value } from "./types.ts";

/** Where a closure reads: the values of the slots, and those of the record around the rows of a summary. */
interface Frame {
  env: Env;
  values: readonly Value[];
  outer: Frame | null;
}

type Run = (frame: Frame) => Value;
export type Compiled = (values: readonly Value[], env: Env) => Value;

const MAX_VISITS = 1_000_000;

/** What an evaluation needs, once for many records. Values are per slot in order, null where blank. */
export function compile(formula: Formula): Compiled {
  const run = build(formula.body);
  return (values, env) => run({ env, values, outer: null });
}

function constant(value: Constant): Value {
  if (value === null || typeof value !== "object") return value;
  if ("n" in value) return parse(value.n);
  return "d" in value ? dateValue(value.d) : value.l;
}

function build(node: Node): Run {
  switch (node.k) {
    case "lit": {
      const value = constant(node.value);
      return () => value;
    }
    case "slot": {
      const { index, level } = node;
      const blank = blankOf(node.t);
      if (level > 0) return (frame) => frame.outer?.values[index] ?? blank;
      return (frame) => frame.values[index] ?? blank;
    }
    case "env": {
      const { path } = node;
      return (frame) => frame.env.value(path);
    }
    case "if": {
      const [c, a, b] = [build(node.c), build(node.a), build(node.b)];
      return (frame) => (c(frame) === true ? a(frame) : b(frame));
    }
    case "and": {
      const items = node.items.map(build);
      return (frame) => items.every((item) => item(frame) === true);
    }
    case "or": {
      const items = node.items.map(build);
      return (frame) => items.some((item) => item(frame) === true);
    }
    case "not": {
      const a = build(node.a);
      return (frame) => a(frame) !== true;
    }
    case "neg": {
      const a = build(node.a);
      return (frame) => {
        const x = a(frame) as bigint | null;
        return x === null ? null : -x;
      };
    }
    case "num0": {
      const a = build(node.a);
      return (frame) => a(frame) ?? 0n;
    }
    case "txt0": {
      const a = build(node.a);
      return (frame) => a(frame) ?? "";
    }
    case "cmp":
      return comparison(node.op, build(node.a), build(node.b));
    case "arith":
      return arithmetic(node.op, build(node.a), build(node.b), node.norm);
    case "call":
      return call(node.fn, node.args.map(build));
    case "agg":
      return summary(node);
  }
}

function same(x: Value, y: Value): boolean {
  if (Array.isArray(x) && Array.isArray(y)) return x.length === y.length && x.every((one, i) => one === y[i]);
  return x === y;
}

function comparison(op: string, a: Run, b: Run): Run {
  if (op === "==") return (frame) => same(a(frame), b(frame));
  if (op === "!=") return (frame) => !same(a(frame), b(frame));
  const fits: (order: number) => boolean =
    op === "<" ? (n) => n < 0 : op === "<=" ? (n) => n <= 0 : op === ">" ? (n) => n > 0 : (n) => n >= 0;
  return (frame) => {
    const x = a(frame);
    const y = b(frame);
    return x !== null && y !== null && fits(ordered(x, y));
  };
}

const OPERATORS: Record<string, (x: bigint, y: bigint) => bigint | null> = {
  "+": (x, y) => x + y,
  "-": (x, y) => x - y,
  "*": multiply,
  "/": divide,
};

function arithmetic(op: string, a: Run, b: Run, norm: boolean): Run {
  const operator = OPERATORS[op];
  if (operator === undefined) throw new Error(`no operator ${op}`);
  return (frame) => {
    const x = a(frame) as bigint | null;
    const y = b(frame) as bigint | null;
    if (x === null || y === null) return null;
    const result = operator(x, y);
    return norm && result !== null ? ranged(result) : result;
  };
}

function call(fn: string, args: readonly Run[]): Run {
  const found = PRIMITIVES[fn];
  if (found === undefined) throw new Error(`no primitive ${fn}`);
  const { run, strict, blank } = found;
  const [first, second] = args;
  if (args.length === 1 && first !== undefined) {
    return (frame) => {
      const x = first(frame);
      return strict && x === null ? blank : run(frame.env, x);
    };
  }
  if (args.length === 2 && first !== undefined && second !== undefined) {
    return (frame) => {
      const x = first(frame);
      const y = second(frame);
      return strict && (x === null || y === null) ? blank : run(frame.env, x, y);
    };
  }
  return (frame) => {
    const values = args.map((arg) => arg(frame));
    return strict && values.includes(null) ? blank : run(frame.env, ...values);
  };
}

function count(node: Node): number {
  let total = 1;
  for (const part of Object.values(node) as unknown[]) {
    const found: unknown[] = Array.isArray(part) ? part : [part];
    for (const one of found) if (typeof one === "object" && one !== null && "k" in one) total += count(one as Node);
  }
  return total;
}

function summary(agg: Agg): Run {
  const [value, where, order] = [agg.value, agg.where, agg.order].map((part) => (part === null ? null : build(part)));
  const nodes = count(agg);
  return (outer) => {
    const given = outer.values[agg.rows];
    const rows = given instanceof Rows ? given.rows : [];
    if (rows.length * nodes > MAX_VISITS) return blankOf(agg.t);
    const bound = (run: Run | null | undefined): Spec["value"] =>
      run == null ? null : (row) => run({ env: outer.env, values: row, outer });
    return summarise({ agg, value: bound(value), where: bound(where), order: bound(order) }, rows);
  };
}

