/** Texts: lengths and places count code points, order is that of code points, nothing depends on a locale. */
import { fixed, ONE, parse, PLACES, ranged, nearest, ten, whole } from "./numbers.ts";
import runs from "../../../../formula/casemap.json";

const MAX_TEXT = 32_767;
const BLANK = "[\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]+";
const ENDS = new RegExp(`^${BLANK}|${BLANK}$`, "g");
const WIDE = /[\ud800-\udfff]/;
const NUMBER = /^([+-]?)(?:([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]+)?|(\.[0-9]+))(%?)$/;
const MAX_NUMBER_TEXT = 80;

export const trim = (t: string): string => t.replace(ENDS, "");

export function length(t: string): number {
  if (!WIDE.test(t)) return t.length;
  let count = 0;
  for (const ch of t) count += ch.length === 0 ? 0 : 1;
  return count;
}

/** Characters from place `from` (0-based) up to but without `to`. */
export function slice(t: string, from: number, to: number): string {
  return WIDE.test(t) ? Array.from(t).slice(from, to).join("") : t.slice(from, to);
}

/** Less than, equal to or greater than 0, by code points. */
export function compare(a: string, b: string): number {
  if (!WIDE.test(a) && !WIDE.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  const x = Array.from(a);
  const y = Array.from(b);
  for (let i = 0; i < x.length && i < y.length; i += 1) {
    const difference = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

/** The text, or the empty text when it is longer than a value may be. */
export const capped = (t: string): string => (t.length > MAX_TEXT && length(t) > MAX_TEXT ? "" : t);

function table(kind: readonly number[][]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [first = 0, count = 0, step = 0, distance = 0] of kind) {
    for (let i = 0; i < count; i += 1) {
      const code = first + i * step;
      found.set(String.fromCodePoint(code), String.fromCodePoint(code + distance));
    }
  }
  return found;
}

function mapper(kind: readonly number[][], plain: (t: string) => string): (t: string) => string {
  let made: Map<string, string> | null = null;
  return (t) => {
    if (/^[\0-\x7f]*$/.test(t)) return plain(t);
    const known = (made ??= table(kind));
    return Array.from(t, (ch) => known.get(ch) ?? ch).join("");
  };
}

export const upper = mapper(runs.upper, (t) => t.toUpperCase());
export const lower = mapper(runs.lower, (t) => t.toLowerCase());

/** The number that a text spells (VALUE), or null. */
export function parseNumber(text: string): bigint | null {
  const trimmed = trim(text);
  if (length(trimmed) > MAX_NUMBER_TEXT) return null;
  const match = NUMBER.exec(trimmed);
  if (match === null) return null;
  const [, sign, whole = "", fraction, bare, percent] = match;
  const spelled = `${whole.replaceAll(",", "") || "0"}${fraction ?? bare ?? ""}`;
  let value: bigint;
  if (percent === "%") {
    const [head = "0", tail = ""] = spelled.split(".");
    value = nearest(BigInt(head + tail) * ONE, ten(tail.length + 2));
  } else {
    value = parse(spelled);
  }
  return ranged(sign === "-" ? -value : value);
}

export const count = (n: bigint): number => Math.max(whole(n), 0);

export function right(t: string, n: bigint): string {
  const size = count(n);
  return size === 0 ? "" : slice(t, Math.max(length(t) - size, 0), Infinity);
}

export function mid(t: string, start: bigint, n: bigint): string {
  const first = Math.max(whole(start), 1) - 1;
  return slice(t, first, first + count(n));
}

export function find(part: string, t: string, start: bigint): number {
  const first = whole(start);
  if (first < 1 || first > length(t) + 1) return 0;
  if (!WIDE.test(t)) return t.indexOf(part, first - 1) + 1;
  const rest = slice(t, first - 1, Infinity);
  const found = rest.indexOf(part);
  return found < 0 ? 0 : first + length(rest.slice(0, found));
}

export function substitute(t: string, old: string, fresh: string): string {
  return old === "" ? t : capped(t.split(old).join(fresh));
}

export function replace(t: string, start: bigint, n: bigint, fresh: string): string {
  const first = Math.min(Math.max(whole(start), 1), length(t) + 1) - 1;
  return capped(slice(t, 0, first) + fresh + slice(t, first + count(n), Infinity));
}

export function rept(t: string, n: bigint): string {
  const times = count(n);
  return times > 1000 || times * length(t) > MAX_TEXT ? "" : t.repeat(times);
}

export function pad(left: boolean): (t: string, n: bigint, fill: string) => string {
  return (t, n, fill) => {
    const size = count(n);
    if (size > MAX_TEXT) return "";
    const have = length(t);
    if (have >= size || fill === "") return slice(t, 0, size);
    const added = slice(fill.repeat(Math.floor(size / length(fill)) + 1), 0, size - have);
    return left ? added + t : t + added;
  };
}

export function splitpart(t: string, separator: string, k: bigint): string {
  const index = whole(k);
  if (index < 1) return "";
  return (separator === "" ? [t] : t.split(separator))[index - 1] ?? "";
}

/** A number in a written-out format. */
export function textNumber(
  x: bigint | null, prefix: string, grouped: boolean, places: bigint, percent: boolean, suffix: string,
): string {
  if (x === null) return "";
  const value = percent ? x * 100n : x;
  const k = whole(places);
  const rounded = nearest(value, ten(PLACES - k));
  const [head = "", tail] = fixed(value < 0n ? -value : value, k).split(".");
  const body = grouped ? head.replace(/\B(?=(?:[0-9]{3})+$)/g, ",") : head;
  return `${rounded < 0n ? "-" : ""}${prefix}${body}${tail === undefined ? "" : `.${tail}`}${percent ? "%" : ""}${suffix}`;
}

