/** Summaries of rows: what SUM, COUNT, FIRST and the others do with the values of each row. */
import { divide, fromInt, ranged, seconds } from "./numbers.ts";
import { isBlank, ordered } from "./primitives.ts";
import { capped, compare } from "./texts.ts";
import type { Agg, Value } from "./types.ts";

type Row = readonly Value[];
type Part = (row: Row) => Value;

/** A summary with what runs its parts. */
export interface Spec {
  agg: Agg;
  value: Part | null;
  where: Part | null;
  order: Part | null;
}

const MAX_JOINED = 500;
const BLANKS: Record<string, Value> = { text: "", bool: false, list: [] };

export const blankOf = (t: string): Value => BLANKS[t] ?? null;

export function summarise(spec: Spec, rows: readonly Row[]): Value {
  const { agg, value, where } = spec;
  if (agg.kind === "ANY") return where !== null && rows.some((row) => where(row) === true);
  if (agg.kind === "ALL") return where === null || rows.every((row) => where(row) === true);
  const kept = where === null ? rows : rows.filter((row) => where(row) === true);
  if (agg.kind === "COUNT") return fromInt(value === null ? kept.length : kept.filter((row) => !isBlank(value(row))).length);
  if (value === null) return null;
  if (agg.kind === "JOIN") {
    const found = byId(agg, kept).map(value).filter((text): text is string => typeof text === "string" && text !== "");
    return capped(found.slice(0, MAX_JOINED).join(agg.sep));
  }
  if (agg.kind === "FIRST" || agg.kind === "LAST" || agg.kind === "LOOKUP") return first(spec, kept, value);
  return figure(agg, kept.map(value).filter((one) => !isBlank(one)));
}

function figure(agg: Agg, found: readonly Value[]): Value {
  if (agg.kind === "COUNTD") return fromInt(new Set(found.map((one) => (Array.isArray(one) ? JSON.stringify(one) : one))).size);
  if (agg.kind === "MIN" || agg.kind === "MAX") {
    const sign = agg.kind === "MIN" ? 1 : -1;
    return found.reduce<Value>((best, one) => (best === null || ordered(one, best) * sign < 0 ? one : best), null);
  }
  let total = 0n;
  for (const one of found) total += one as bigint;
  if (agg.kind === "AVG") return divide(total, fromInt(found.length));
  return agg.t === "duration" ? seconds(total) : ranged(total);
}

function byId(agg: Agg, rows: readonly Row[]): Row[] {
  const sign = agg.kind === "LAST" ? -1 : 1;
  const id = (row: Row): string => row[agg.key] as string;
  return [...rows].sort((a, b) => compare(id(a), id(b)) * sign);
}

/** FIRST, LAST, LOOKUP: rows without an order value come last, equal ones by id. */
function first(spec: Spec, rows: readonly Row[], value: Part): Value {
  const { agg, order } = spec;
  let sorted = byId(agg, rows);
  if (order !== null) {
    const sign = agg.kind === "LAST" ? -1 : 1;
    const keyed = sorted.map((row) => ({ key: order(row), row }));
    const present = keyed.filter(({ key }) => key !== null).sort((a, b) => ordered(a.key, b.key) * sign);
    sorted = [...present, ...keyed.filter(({ key }) => key === null)].map(({ row }) => row);
  }
  for (const row of sorted) {
    const result = value(row);
    if (agg.kind === "LOOKUP" || !isBlank(result)) return result;
  }
  return blankOf(agg.t);
}
