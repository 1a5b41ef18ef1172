/** Values as they travel (text of exact numbers, ISO dates) and as formulas compute with them. */
import { dateText, dateValue, instantText, parseInstant } from "./dates.ts";
import { numberText, parse } from "./numbers.ts";
import { Rows, type Slot, type TypeName, type Value } from "./types.ts";

/** A value that the server sent, or null. */
export function read(value: unknown, t: TypeName): Value {
  if (value === null || value === undefined) return null;
  switch (t) {
    case "number":
    case "duration":
      return typeof value === "string" ? parse(value) : null;
    case "bool":
      return value === true;
    case "date":
      return typeof value === "string" ? dateValue(value) : null;
    case "datetime":
      return typeof value === "string" ? parseInstant(value) : null;
    case "list":
      return Array.isArray(value) ? value.map(String) : [];
    default:
      return typeof value === "string" ? value : null;
  }
}

/** Rows that the server sent, their values in the order of the inner slots. */
export function readRows(rows: readonly (readonly unknown[])[], slots: readonly Slot[]): Rows {
  return new Rows(rows.map((row) => slots.map((slot, i) => read(row[i], slot.t))));
}

/** The text form of a result, equal for all back ends; null for blank. */
export function canonical(value: Value, t: TypeName): string | null {
  if (value === null || value instanceof Rows) return null;
  if (Array.isArray(value)) {
    if (value.length === 0) return null;
    return `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
  }
  if (typeof value === "bigint") return numberText(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") return t === "datetime" ? instantText(value) : dateText(value);
  return value === "" ? null : (value as string);
}
