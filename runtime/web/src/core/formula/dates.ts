/** Days of the calendar: 1 is 0001-01-01 as in Python, weeks begin on Monday (0). */
import { whole } from "./numbers.ts";
import { trim } from "./texts.ts";

export const LAST_DAY = 3_652_059;
const UNIX_DAY = 719_163;
const DAY = 86_400_000;
export const FIRST_INSTANT = (1 - UNIX_DAY) * DAY;
export const LAST_INSTANT = (LAST_DAY + 1 - UNIX_DAY) * DAY - 1;
const MONTHS: Record<string, number> = { month: 1, quarter: 3, year: 12 };
export const SECONDS: Record<string, number> = { week: 604_800, day: 86_400, hour: 3_600, minute: 60, second: 1 };
const DATE = /^([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})$/;

export interface Day { y: number; m: number; d: number }
export interface Clock { h: number; mi: number; s: number; ms: number }

export const inCalendar = (day: number): number | null => (day >= 1 && day <= LAST_DAY ? day : null);
export const inRange = (ms: number): number | null => (ms >= FIRST_INSTANT && ms <= LAST_INSTANT ? ms : null);

export function split(day: number): Day {
  const found = new Date((day - UNIX_DAY) * DAY);
  return { y: found.getUTCFullYear(), m: found.getUTCMonth() + 1, d: found.getUTCDate() };
}

export function monthLength(y: number, m: number): number {
  if (m === 2) return y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0) ? 29 : 28;
  return m === 4 || m === 6 || m === 9 || m === 11 ? 30 : 31;
}

/** The day of year, month and day; null when there is none. */
export function join(y: number, m: number, d: number): number | null {
  if (y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > monthLength(y, m)) return null;
  const date = new Date(0);
  date.setUTCFullYear(y, m - 1, d);
  return Math.floor(date.getTime() / DAY) + UNIX_DAY;
}

const joined = (y: number, m: number, d: number): number => join(y, m, d) ?? 1;

/** A wall-clock time, in milliseconds as if it were UTC, as day and clock. */
export function wall(ms: number): { day: number; clock: number } {
  const day = Math.floor(ms / DAY);
  return { day: day + UNIX_DAY, clock: ms - day * DAY };
}

export const fromWall = (day: number, clock: number): number => (day - UNIX_DAY) * DAY + clock;

export function clockOf(ms: number): Clock {
  return { h: Math.floor(ms / 3_600_000), mi: Math.floor(ms / 60_000) % 60, s: Math.floor(ms / 1000) % 60, ms: ms % 1000 };
}

const two = (n: number): string => n.toString().padStart(2, "0");

export function dateText(day: number): string {
  const { y, m, d } = split(day);
  return `${y.toString().padStart(4, "0")}-${two(m)}-${two(d)}`;
}

export function instantText(ms: number): string {
  const { day, clock } = wall(ms);
  const { h, mi, s, ms: rest } = clockOf(clock);
  return `${dateText(day)}T${two(h)}:${two(mi)}:${two(s)}.${rest.toString().padStart(3, "0")}Z`;
}

export function dateValue(text: string): number | null {
  const match = DATE.exec(trim(text));
  return match === null ? null : join(Number(match[1]), Number(match[3]), Number(match[4]));
}

export const addDays = (day: number, n: bigint): number | null => inCalendar(day + whole(n));

export function addMonths(day: number, n: number): number | null {
  const { y, m, d } = split(day);
  const place = y * 12 + m - 1 + n;
  const year = Math.floor(place / 12);
  const month = place - year * 12 + 1;
  return join(year, month, Math.min(d, monthLength(year, month)));
}

export function endOfMonth(day: number, n: bigint): number | null {
  const { y, m } = split(day);
  const first = addMonths(joined(y, m, 1), whole(n));
  if (first === null) return null;
  const end = split(first);
  return join(end.y, end.m, monthLength(end.y, end.m));
}

export function dateAdd(day: number, n: bigint, unit: string): number | null {
  const months = MONTHS[unit];
  if (months !== undefined) return addMonths(day, whole(n) * months);
  return inCalendar(day + Math.max(-1e9, Math.min(1e9, whole(n) * (unit === "week" ? 7 : 1))));
}

export const weekday = (day: number): number => (day + 6) % 7;

export function startOf(day: number, unit: string): number | null {
  const { y, m } = split(day);
  switch (unit) {
    case "week":
      return inCalendar(day - weekday(day));
    case "month":
      return join(y, m, 1);
    case "quarter":
      return join(y, m - ((m - 1) % 3), 1);
    case "year":
      return join(y, 1, 1);
  }
  return day;
}

export function isoWeek(day: number): number {
  const thursday = day - weekday(day) + 3;
  return Math.floor((thursday - joined(split(thursday).y, 1, 1)) / 7) + 1;
}

/** The week of the year as in Excel; 21 is the ISO week. */
export function weekNumber(day: number, kind: number): number {
  if (kind === 21) return isoWeek(day);
  const first = kind === 1 ? 6 : kind === 2 ? 0 : (kind - 11) % 7;
  const newYear = joined(split(day).y, 1, 1);
  return Math.floor((day - newYear + ((weekday(newYear) - first + 7) % 7)) / 7) + 1;
}

function monthsBetween(a: number, b: number): number {
  const [low, high] = a <= b ? [split(a), split(b)] : [split(b), split(a)];
  const months = (high.y - low.y) * 12 + high.m - low.m - (high.d < low.d ? 1 : 0);
  return a <= b ? months : -months;
}

export function dateDif(a: number, b: number, unit: string): number {
  if (unit === "M") return monthsBetween(a, b);
  if (unit === "Y") return Math.trunc(monthsBetween(a, b) / 12);
  return unit === "D" ? b - a : Math.trunc((b - a) / 7);
}

// -- formats ------------------------------------------------------------------------------------------

const DATE_PARTS: Record<string, (x: Day) => string> = {
  YYYY: (x) => x.y.toString().padStart(4, "0"),
  YY: (x) => two(x.y % 100),
  MM: (x) => two(x.m),
  M: (x) => x.m.toString(),
  DD: (x) => two(x.d),
  D: (x) => x.d.toString(),
};
const CLOCK_PARTS: Record<string, (x: Clock) => string> = {
  HH: (x) => two(x.h),
  H: (x) => x.h.toString(),
  mm: (x) => two(x.mi),
  m: (x) => x.mi.toString(),
  ss: (x) => two(x.s),
};

/** A day, and its clock in milliseconds, in the parts of a format: tokens, and literals behind a quote. */
export function textDate(day: number, clock: number, parts: readonly string[]): string {
  const x = split(day);
  const time = clockOf(clock);
  return parts
    .map((part) => (part.startsWith("'") ? part.slice(1) : (DATE_PARTS[part]?.(x) ?? CLOCK_PARTS[part]?.(time) ?? "")))
    .join("");
}

/** A duration in whole seconds (with its sign apart) in the parts of a format. */
export function textDuration(negative: boolean, size: number, parts: readonly string[]): string {
  let left = size;
  const values: Record<string, number> = {};
  for (const [tokens, unit] of [[["D"], 86_400], [["H", "HH"], 3_600], [["m", "mm"], 60]] as const) {
    if (!tokens.some((token) => parts.includes(token))) continue;
    for (const token of tokens) values[token] = Math.floor(left / unit);
    left %= unit;
  }
  values.s = values.ss = left;
  const out = parts.map((part) => {
    if (part.startsWith("'")) return part.slice(1);
    return (values[part] ?? 0).toString().padStart(part.length === 2 ? 2 : 1, "0");
  });
  return (negative && size > 0 ? "-" : "") + out.join("");
}

/** The instant of an ISO text that the server sent, or that a page's own input holds. */
export function parseInstant(text: string): number | null {
  const match = /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z$/.exec(text);
  if (match === null) return null;
  const [, date = "", h, mi, s, ms] = match;
  const day = dateValue(date);
  return day === null ? null : fromWall(day, ((Number(h) * 60 + Number(mi)) * 60 + Number(s)) * 1000 + Number(ms));
}

