/**
 * How inputs are read and values are shown: the small dialect in which a field's kind says it (Field.live in
 * runtime/kinds/field.py). What a text means beyond it, only the server knows: then the answer is `undefined`.
 */
import { clockOf, dateText, dateValue, fromWall, wall } from "./formula/dates.ts";
import type { Env } from "./formula/env.ts";
import { fixed, nearest, numberText, ONE, parse, PLACES, ten } from "./formula/numbers.ts";
import type { TypeName, Value } from "./formula/types.ts";
import { canonical } from "./formula/values.ts";
import { toLocal, toUtc } from "./formula/zone.ts";

/** A field as the server describes it. */
export interface Field {
  name: string;
  t: TypeName;
  reads: "number" | "text" | "date" | "local" | "bool" | "key" | "keys" | "ask";
  shows: "text" | "number" | "bool" | "local" | "duration";
  scale?: number;
  places?: number;
  short?: boolean;
  prefix?: string;
  suffix?: string;
  words?: readonly [string, string];
  units?: readonly string[];
  between?: string;
}

const NUMBER = /^[+-]?(?:[0-9]{1,22}|[0-9]{1,3}(?:,[0-9]{3}){1,6})(?:\.[0-9]{0,30})?$/;
const LOCAL = /^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2})$/;
/** Text that the server keeps as it is. */
const PLAIN = /^[!-~\u3001-\u301f\u4e00-\u9fff]+(?: [!-~\u3001-\u301f\u4e00-\u9fff]+)*$/;

/** A number rounded to the places that its field keeps. */
export function scaled(x: bigint, scale: number | undefined): bigint {
  if (scale === undefined || scale >= PLACES) return x;
  const quantum = ten(PLACES - scale);
  return nearest(x, quantum) * quantum;
}

/** The value that a text in an input stands for; `undefined`: ask the server. */
export function readText(field: Field, raw: string, env: Env): Value | undefined {
  const text = raw.trim();
  if (text === "") return field.t === "text" ? "" : null;
  switch (field.reads) {
    case "number": {
      const bare = text.replace(field.suffix?.trim() ?? "", "").replace(field.prefix?.trim() ?? "", "").trim();
      return NUMBER.test(bare) ? scaled(parse(bare.replaceAll(",", "")), field.scale) : undefined;
    }
    case "date":
      return dateValue(text) ?? undefined;
    case "local": {
      const match = LOCAL.exec(text);
      const day = match === null ? null : dateValue(match[1] ?? "");
      if (match === null || day === null || Number(match[2]) > 23 || Number(match[3]) > 59) return undefined;
      return toUtc(env.zone, fromWall(day, (Number(match[2]) * 60 + Number(match[3])) * 60_000)) ?? undefined;
    }
    case "text":
      return PLAIN.test(text) ? text : undefined;
    case "key":
      return text;
    default:
      return undefined;
  }
}

const grouped = (digits: string): string => digits.replace(/\B(?=(?:[0-9]{3})+$)/g, ",");

function showNumber(field: Field, x: bigint): string {
  const size = x < 0n ? -x : x;
  let text = numberText(size);
  if (field.places !== undefined) text = fixed(size, field.short === true && size % ONE === 0n ? 0 : field.places);
  const [head = "", tail] = text.split(".");
  return `${x < 0n ? "-" : ""}${field.prefix ?? ""}${grouped(head)}${tail === undefined ? "" : `.${tail}`}${field.suffix ?? ""}`;
}

function showDuration(field: Field, x: bigint): string {
  let rest = x < 0n ? -x : x;
  const parts: string[] = [];
  const [days = "d", hours = "h", minutes = "m", seconds = "s"] = field.units ?? [];
  for (const [unit, size] of [[days, 86_400n], [hours, 3_600n], [minutes, 60n]] as const) {
    const count = rest / (size * ONE);
    if (count > 0n) parts.push(`${count}${unit}`);
    rest -= count * size * ONE;
  }
  if (rest > 0n) parts.push(`${numberText(rest)}${seconds}`);
  return (x < 0n ? "-" : "") + (parts.length > 0 ? parts.join(field.between ?? " ") : `0${minutes}`);
}

/** The value as the page shows it, "" for blank. */
export function show(field: Field, value: Value, env: Env): string {
  if (value === null) return field.shows === "bool" ? (field.words?.[1] ?? "") : "";
  if (typeof value === "boolean") return field.words?.[value ? 0 : 1] ?? (value ? "✓" : "");
  if (typeof value === "bigint" && field.shows === "number") return showNumber(field, value);
  if (typeof value === "bigint" && field.shows === "duration") return showDuration(field, value);
  if (typeof value === "number" && field.t === "datetime") {
    const local = toLocal(env.zone, value);
    if (local === null) return "";
    const { day, clock } = wall(local);
    const { h, mi } = clockOf(clock);
    return `${dateText(day)} ${h.toString().padStart(2, "0")}:${mi.toString().padStart(2, "0")}`;
  }
  if (Array.isArray(value)) return value.join(", ");
  return canonical(value, field.t) ?? "";
}
