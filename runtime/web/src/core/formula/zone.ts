/** Local time of the workspace's time zone, from the rules that the server sent: the same data, the same answers. */
import { dateValue, fromWall, inRange, join, monthLength, split, wall, weekday } from "./dates.ts";
import { trim } from "./texts.ts";

/** The start or end of summer time: the n-th (5: last) weekday (0: Sunday) of a month, seconds after midnight. */
type Turn = readonly [month: number, week: number, day: number, seconds: number];

/** Offsets and places in seconds: `before` the first change, after each of them, and by `rule` after the last. */
export interface Zone {
  before: number;
  at: readonly number[];
  offsets: readonly number[];
  rule: { standard: number; summer: number; start: Turn; end: Turn } | { standard: number } | null;
}

const DAY = 86_400_000;

function turn(year: number, [month, week, day, seconds]: Turn): number {
  const first = join(year, month, 1) ?? 1;
  const sunday = (weekday(first) + 1) % 7;
  let date = 1 + ((day - sunday + 7) % 7) + (week - 1) * 7;
  while (date > monthLength(year, month)) date -= 7;
  return fromWall(first + date - 1, seconds * 1000);
}

function byRule(rule: NonNullable<Zone["rule"]>, ms: number): number {
  if (!("summer" in rule)) return rule.standard;
  const { y } = split(wall(ms).day);
  const start = turn(y, rule.start) - rule.standard * 1000;
  const end = turn(y, rule.end) - rule.summer * 1000;
  const summer = start < end ? start <= ms && ms < end : !(end <= ms && ms < start);
  return summer ? rule.summer : rule.standard;
}

/** The offset from UTC in milliseconds at an instant. */
export function offset(zone: Zone, ms: number): number {
  const { at, offsets, rule } = zone;
  const place = Math.floor(ms / 1000);
  const last = at[at.length - 1];
  if (rule !== null && (last === undefined || place > last)) return byRule(rule, place * 1000) * 1000;
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at[middle] ?? 0) <= place) low = middle + 1;
    else high = middle;
  }
  return (low === 0 ? zone.before : (offsets[low - 1] ?? 0)) * 1000;
}

/** The wall-clock time of an instant, as if it were UTC; null where it leaves the calendar. */
export const toLocal = (zone: Zone, ms: number): number | null => inRange(ms + offset(zone, ms));

/** The instant of a wall-clock time: in a gap the later, in an overlap the earlier one. */
export function toUtc(zone: Zone, local: number): number | null {
  const before = offset(zone, local - DAY);
  const after = offset(zone, local + DAY);
  const first = local - before;
  if (first + offset(zone, first) === local) return inRange(first);
  const second = local - after;
  return inRange(second + offset(zone, second) === local ? second : first);
}

const INSTANT =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?(Z|[+-][0-9]{2}:[0-9]{2})?$/;

/** The instant that an ISO text spells; without an offset it is local time. */
export function instantValue(zone: Zone, text: string): number | null {
  const match = INSTANT.exec(trim(text));
  if (match === null) return null;
  const [, date = "", h, mi, s = "0", ms = "0", shift] = match;
  const day = dateValue(date);
  if (day === null || Number(h) > 23 || Number(mi) > 59 || Number(s) > 59) return null;
  const local = fromWall(day, ((Number(h) * 60 + Number(mi)) * 60 + Number(s)) * 1000 + Number(ms.padEnd(3, "0")));
  if (shift === undefined) return toUtc(zone, local);
  if (shift === "Z") return local;
  const minutes = Number(shift.slice(1, 3)) * 60 + Number(shift.slice(4, 6));
  if (Number(shift.slice(4, 6)) > 59 || minutes > 15 * 60) return null;
  return inRange(local - (shift.startsWith("-") ? -minutes : minutes) * 60_000);
}
