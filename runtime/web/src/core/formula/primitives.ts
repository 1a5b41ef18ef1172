/**
 * The primitives of the language: what a call node of the intermediate form runs. Their names are the keys of
 * runtime/formula/functions; a test holds the two lists equal.
 */
import * as dates from "./dates.ts";
import type { Env } from "./env.ts";
import * as numbers from "./numbers.ts";
import { matches } from "./pattern.ts";
import * as texts from "./texts.ts";
import type { Value } from "./types.ts";
import { instantValue, toLocal, toUtc } from "./zone.ts";

type Run = (env: Env, ...args: Value[]) => Value;
type List = readonly string[];
type Maybe<T> = T | null;

/** `strict`: a null argument gives `blank` without a call. */
export interface Primitive {
  strict: boolean;
  blank: Value;
  run: Run;
}

/** A primitive of known arguments: that they are of these types, the server's checker has proved. */
const make =
  (strict: boolean, blank: Value) =>
  (run: (env: Env, ...args: never[]) => Value): Primitive => ({ strict, blank, run: run as Run });
const value = make(true, null);
const text = make(true, "");
const truth = make(true, false);
const loose = make(false, null);
const int = (n: number): bigint => numbers.fromInt(n);

/** The first value in an order, blanks left out. */
const extreme = (sign: number): Primitive =>
  loose((_, ...values: Value[]) => {
    let found: Value = null;
    for (const one of values) {
      if (one !== null && (found === null || ordered(one, found) * sign < 0)) found = one;
    }
    return found;
  });

/** Less than, equal to or greater than 0. */
export function ordered(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string") return texts.compare(a, b);
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

export const isBlank = (x: Value): boolean => x === null || x === "" || (Array.isArray(x) && x.length === 0);

const round = (mode: "half" | "up" | "down"): Primitive => {
  const run = numbers.rounder(mode);
  return value((_, x: bigint, k: bigint) => run(x, k));
};
const step = (mode: "up" | "down" | "near"): Primitive => {
  const run = numbers.stepper(mode);
  return value((_, x: bigint, size: bigint) => run(x, size));
};
const part = (read: (x: dates.Day) => number): Primitive => value((_, day: number) => int(read(dates.split(day))));
const clock = (read: (x: dates.Clock) => number): Primitive =>
  value((env, x: number) => {
    const local = toLocal(env.zone, x);
    return local === null ? null : int(read(dates.clockOf(dates.wall(local).clock)));
  });

function shift(x: number, ms: bigint): Maybe<number> {
  const moved = BigInt(x) + ms;
  return moved < BigInt(dates.FIRST_INSTANT) || moved > BigInt(dates.LAST_INSTANT) ? null : Number(moved);
}

function dateAddInstant(env: Env, x: number, n: bigint, unit: string): Maybe<number> {
  if (unit === "hour" || unit === "minute" || unit === "second") {
    return shift(x, (n / numbers.ONE) * BigInt((dates.SECONDS[unit] ?? 0) * 1000));
  }
  const local = toLocal(env.zone, x);
  if (local === null) return null;
  const { day, clock: time } = dates.wall(local);
  const moved = dates.dateAdd(day, n, unit);
  return moved === null ? null : toUtc(env.zone, dates.fromWall(moved, time));
}

function dateDifInstant(env: Env, a: number, b: number, unit: string): Maybe<bigint> {
  const size = { h: 3_600_000, m: 60_000, s: 1000 }[unit];
  if (size !== undefined) return int(Math.trunc((b - a) / size));
  const first = toLocal(env.zone, a);
  const last = toLocal(env.zone, b);
  if (first === null || last === null) return null;
  return int(dates.dateDif(dates.wall(first).day, dates.wall(last).day, unit));
}

function startOfInstant(env: Env, x: number, unit: string): Maybe<number> {
  const local = toLocal(env.zone, x);
  const day = local === null ? null : dates.startOf(dates.wall(local).day, unit);
  return day === null ? null : toUtc(env.zone, dates.fromWall(day, 0));
}

function dateTime(env: Env, day: number, hour: bigint, minute: bigint, second: bigint): Maybe<number> {
  const [h, mi, s] = [numbers.whole(hour), numbers.whole(minute), numbers.whole(second)];
  if (h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59) return null;
  return toUtc(env.zone, dates.fromWall(day, ((h * 60 + mi) * 60 + s) * 1000));
}

function workHours(env: Env, a: number, b: number, name: string): Maybe<bigint> {
  const first = toLocal(env.zone, a);
  const last = toLocal(env.zone, b);
  if (first === null || last === null) return null;
  const total = env.calendar(name).worked(first, last);
  return total === null ? null : numbers.divide(int(total), int(3_600_000));
}

const unit = (name: string): bigint => BigInt(dates.SECONDS[name] ?? 1);

export const PRIMITIVES: Readonly<Record<string, Primitive>> = {
  XOR: truth((_, ...all: boolean[]) => all.filter(Boolean).length % 2 === 1),
  ISBLANK: make(false, false)((_, x: Value) => x === null),
  COALESCE: loose((_, ...all: Value[]) => all.find((x) => x !== null) ?? null),
  "COALESCE.T": make(false, "")((_, ...all: string[]) => all.find((x) => x !== "") ?? ""),
  "COALESCE.L": make(false, [])((_, ...all: List[]) => all.find((x) => x.length > 0) ?? []),
  ISNUMBER: truth((_, t: string) => texts.parseNumber(t) !== null),
  IN: make(false, false)((_, x: Value, ...all: Value[]) => x !== null && all.some((one) => one !== null && one === x)),

  ABS: value((_, x: bigint) => (x < 0n ? -x : x)),
  SIGN: value((_, x: bigint) => int(x > 0n ? 1 : x < 0n ? -1 : 0)),
  ROUND: round("half"),
  ROUNDUP: round("up"),
  ROUNDDOWN: round("down"),
  TRUNC: round("down"),
  INT: value((_, x: bigint) => numbers.floor(x)),
  CEILING: step("up"),
  FLOOR: step("down"),
  MROUND: step("near"),
  MOD: value((_, a: bigint, b: bigint) => numbers.mod(a, b)),
  QUOTIENT: value((_, a: bigint, b: bigint) => numbers.quotient(a, b)),
  POWER: value((_, x: bigint, k: bigint) => numbers.power(x, k)),
  SQRT: value((_, x: bigint) => numbers.sqrt(x)),
  "MIN.V": extreme(1),
  "MAX.V": extreme(-1),
  "SUM.V": loose((_, ...all: Maybe<bigint>[]) => numbers.ranged(numbers.sum(all))),
  "AVG.V": loose((_, ...all: Maybe<bigint>[]) => numbers.average(all)),
  PRODUCT: loose((_, ...all: Maybe<bigint>[]) => numbers.product(all)),
  RMBCAP: make(false, "")((_, x: Maybe<bigint>) => numbers.rmbcap(x)),

  CONCAT: text((_, ...all: string[]) => texts.capped(all.join(""))),
  LEN: value((_, t: string) => int(texts.length(t))),
  LEFT: text((_, t: string, n: bigint) => texts.slice(t, 0, texts.count(n))),
  RIGHT: text((_, t: string, n: bigint) => texts.right(t, n)),
  MID: text((_, t: string, start: bigint, n: bigint) => texts.mid(t, start, n)),
  UPPER: text((_, t: string) => texts.upper(t)),
  LOWER: text((_, t: string) => texts.lower(t)),
  TRIM: text((_, t: string) => texts.trim(t)),
  CONTAINS: truth((_, t: string, s: string) => t.includes(s)),
  ICONTAINS: truth((_, t: string, s: string) => texts.lower(t).includes(texts.lower(s))),
  STARTSWITH: truth((_, t: string, s: string) => t.startsWith(s)),
  ENDSWITH: truth((_, t: string, s: string) => t.endsWith(s)),
  FIND: value((_, s: string, t: string, start: bigint) => int(texts.find(s, t, start))),
  SUBSTITUTE: text((_, t: string, old: string, fresh: string) => texts.substitute(t, old, fresh)),
  REPLACE: text((_, t: string, start: bigint, n: bigint, fresh: string) => texts.replace(t, start, n, fresh)),
  REPT: text((_, t: string, n: bigint) => texts.rept(t, n)),
  LPAD: text((_, t: string, n: bigint, fill: string) => texts.pad(true)(t, n, fill)),
  RPAD: text((_, t: string, n: bigint, fill: string) => texts.pad(false)(t, n, fill)),
  SPLITPART: text((_, t: string, separator: string, k: bigint) => texts.splitpart(t, separator, k)),
  "TEXT.N": make(false, "")((_, x: Maybe<bigint>, prefix: string, grouped: boolean, places: bigint, percent: boolean, suffix: string) =>
    texts.textNumber(x, prefix, grouped, places, percent, suffix)),
  "TEXT.D": make(false, "")((_, x: Maybe<number>, ...parts: string[]) => (x === null ? "" : dates.textDate(x, 0, parts))),
  "TEXT.DT": make(false, "")((env, x: Maybe<number>, ...parts: string[]) => {
    const local = x === null ? null : toLocal(env.zone, x);
    if (local === null) return "";
    const { day, clock: time } = dates.wall(local);
    return dates.textDate(day, time, parts);
  }),
  "TEXT.DUR": make(false, "")((_, x: Maybe<bigint>, ...parts: string[]) =>
    x === null ? "" : dates.textDuration(x < 0n, Number((x < 0n ? -x : x) / numbers.ONE), parts)),
  VALUE: value((_, t: string) => texts.parseNumber(t)),
  MATCHES: truth((_, t: string, pattern: string) => matches(t, pattern)),
  OPTIONLABEL: make(false, "")((env, x: Maybe<string>, field: string) => (x === null || x === "" ? "" : env.label(field, x))),
  N2T: text((_, x: bigint) => numbers.numberText(x)),
  D2T: text((_, day: number) => dates.dateText(day)),
  B2T: text((_, x: boolean) => (x ? "TRUE" : "FALSE")),

  DATE: value((_, y: bigint, m: bigint, d: bigint) => dates.join(numbers.whole(y), numbers.whole(m), numbers.whole(d))),
  DATETIME: value(dateTime),
  DATEVALUE: value((_, t: string) => dates.dateValue(t)),
  LOCALDATE: value((env, x: number) => {
    const local = toLocal(env.zone, x);
    return local === null ? null : dates.wall(local).day;
  }),
  DATETIMEVALUE: value((env, t: string) => instantValue(env.zone, t)),
  YEAR: part((x) => x.y),
  QUARTER: part((x) => Math.floor((x.m + 2) / 3)),
  MONTH: part((x) => x.m),
  DAY: part((x) => x.d),
  HOUR: clock((x) => x.h),
  MINUTE: clock((x) => x.mi),
  SECOND: clock((x) => x.s),
  WEEKDAY: value((_, day: number, kind: bigint) => int(numbers.whole(kind) === 1 ? ((dates.weekday(day) + 1) % 7) + 1 : dates.weekday(day) + 1)),
  WEEKNUM: value((_, day: number, kind: bigint) => int(dates.weekNumber(day, numbers.whole(kind)))),
  ISOWEEKNUM: value((_, day: number) => int(dates.isoWeek(day))),
  DATEADD: value((_, day: number, n: bigint, name: string) => dates.dateAdd(day, n, name)),
  "DATEADD.DT": value(dateAddInstant),
  EDATE: value((_, day: number, n: bigint) => dates.addMonths(day, numbers.whole(n))),
  EOMONTH: value((_, day: number, n: bigint) => dates.endOfMonth(day, n)),
  DATEDIF: value((_, a: number, b: number, name: string) => int(dates.dateDif(a, b, name))),
  "DATEDIF.DT": value(dateDifInstant),
  DAYS: value((_, end: number, start: number) => int(end - start)),
  NETWORKDAYS: value((env, a: number, b: number, name: string) => int(env.calendar(name).networkdays(a, b))),
  WORKDAY: value((env, day: number, n: bigint, name: string) => env.calendar(name).workday(day, numbers.whole(n))),
  WORKHOURS: value(workHours),
  DURATION: value((_, n: bigint, name: string) => numbers.seconds(n * unit(name))),
  INUNIT: value((_, x: bigint, name: string) => numbers.divide(x, unit(name) * numbers.ONE)),
  STARTOF: value((_, day: number, name: string) => dates.startOf(day, name)),
  "STARTOF.DT": value(startOfInstant),
  "D+N": value((_, day: number, n: bigint) => dates.addDays(day, n)),
  "D-N": value((_, day: number, n: bigint) => dates.addDays(day, -n)),
  "D-D": value((_, a: number, b: number) => int(a - b)),
  "DT+DUR": value((_, x: number, d: bigint) => shift(x, numbers.toMillis(d))),
  "DT-DUR": value((_, x: number, d: bigint) => shift(x, -numbers.toMillis(d))),
  "DT-DT": value((_, a: number, b: number) => numbers.seconds(numbers.fromMillis(a - b))),
  "DUR+DUR": value((_, a: bigint, b: bigint) => numbers.seconds(a + b)),
  "DUR-DUR": value((_, a: bigint, b: bigint) => numbers.seconds(a - b)),
  "DUR*N": value((_, a: bigint, n: bigint) => numbers.seconds(a * n, numbers.ONE)),
  "DUR/N": value((_, a: bigint, n: bigint) => (n === 0n ? null : numbers.seconds(a * numbers.ONE, n))),
  "DUR/DUR": value((_, a: bigint, b: bigint) => numbers.divide(a, b)),
  "-DUR": value((_, x: bigint) => -x),

  HAS: make(false, false)((_, items: List, x: Maybe<string>) => x !== null && items.includes(x)),
  HASANY: truth((_, a: List, b: List) => b.some((x) => a.includes(x))),
  HASALL: truth((_, a: List, b: List) => b.every((x) => a.includes(x))),
  LISTCOUNT: value((_, items: List) => int(items.length)),
  "JOIN.L": text((_, items: List, separator: string) => texts.capped(items.join(separator))),
};
