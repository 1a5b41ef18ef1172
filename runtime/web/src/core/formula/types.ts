/** What a formula computes with in the browser, and the intermediate form that the server sends. */

/**
 * A value: numbers and durations are whole numbers of 10^-16 (bigint), dates are days with 1 for 0001-01-01,
 * instants are milliseconds since 1970, texts, options and references are strings.
 */
export type Value = bigint | number | string | boolean | null | readonly string[] | Rows;

/** The rows of a summary: for each row the values of the inner slots. */
export class Rows {
  readonly rows: readonly (readonly Value[])[];

  constructor(rows: readonly (readonly Value[])[]) {
    this.rows = rows;
  }
}

export type TypeName =
  | "text" | "number" | "bool" | "date" | "datetime" | "duration" | "choice" | "list" | "ref" | "children" | "null";

/** A constant: exact numbers and dates are marked, so that no JSON reader can round them. */
export type Constant = string | boolean | null | { n: string } | { d: string } | { l: string[] };

/** A node of the intermediate form (runtime/formula/tree.py) without what only the server needs. */
export type Node =
  | { k: "lit"; value: Constant }
  | { k: "slot"; t: TypeName; index: number; level: number }
  | { k: "env"; path: readonly string[] }
  | { k: "call"; fn: string; args: readonly Node[] }
  | { k: "if"; c: Node; a: Node; b: Node }
  | { k: "and" | "or"; items: readonly Node[] }
  | { k: "not" | "neg" | "num0" | "txt0"; a: Node }
  | { k: "cmp"; op: string; a: Node; b: Node }
  | { k: "arith"; op: string; a: Node; b: Node; norm: boolean }
  | Agg;

/** A summary of rows. */
export interface Agg {
  k: "agg";
  t: TypeName;
  kind: string;
  rows: number;
  value: Node | null;
  where: Node | null;
  order: Node | null;
  sep: string;
  key: number;
}

/** One input of a formula. */
export interface Slot {
  kind: "field" | "old" | "meta" | "lookup";
  path: readonly string[];
  t: TypeName;
}

/** A formula as the server sends it. */
export interface Formula {
  t: TypeName;
  slots: readonly Slot[];
  inner: Readonly<Record<string, readonly Slot[]>>;
  body: Node;
}
