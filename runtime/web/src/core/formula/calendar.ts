/** Working time: which days and hours are worked, with public holidays and make-up days. */
import { dateValue, LAST_DAY, wall, weekday } from "./dates.ts";

type Interval = readonly [start: number, end: number];

/** A calendar as the server sends it: for each weekday, Monday first, the worked seconds after midnight. */
export interface CalendarData {
  week: readonly (readonly Interval[])[];
  holidays: readonly string[];
  workdays: Readonly<Record<string, number>>;
}

const MAX_WORKDAYS = 10_000;
const MAX_SPAN = 20_000;
const DAY = 86_400_000;

export class Calendar {
  private readonly week: readonly (readonly Interval[])[];
  private readonly holidays: Set<number>;
  private readonly workdays: Map<number, number>;

  constructor(data: CalendarData) {
    this.week = data.week;
    this.holidays = new Set(data.holidays.map((text) => dateValue(text) ?? 0));
    this.workdays = new Map(Object.entries(data.workdays).map(([text, day]) => [dateValue(text) ?? 0, day]));
  }

  private intervals(day: number): readonly Interval[] {
    const made = this.workdays.get(day);
    if (made !== undefined) return this.week[made] ?? [];
    return this.holidays.has(day) ? [] : (this.week[weekday(day)] ?? []);
  }

  private works(day: number): boolean {
    return this.intervals(day).length > 0;
  }

  /** The worked days from a to b, both included; negative when reversed. */
  networkdays(a: number, b: number): number {
    const [first, last] = a <= b ? [a, b] : [b, a];
    const worked = (day: number): boolean => (this.week[day]?.length ?? 0) > 0;
    const days = last - first + 1;
    let total = Math.floor(days / 7) * [0, 1, 2, 3, 4, 5, 6].filter(worked).length;
    for (let i = 0; i < days % 7; i += 1) if (worked((weekday(first) + i) % 7)) total += 1;
    for (const day of new Set([...this.holidays, ...this.workdays.keys()])) {
      if (first <= day && day <= last) total += Number(this.works(day)) - Number(worked(weekday(day)));
    }
    return a <= b ? total : -total;
  }

  /** The n-th worked day after a day; the day itself for 0. */
  workday(from: number, n: number): number | null {
    if (this.week.every((day) => day.length === 0) || Math.abs(n) > MAX_WORKDAYS) return n === 0 ? from : null;
    const step = n > 0 ? 1 : -1;
    let day = from;
    for (let left = Math.abs(n); left > 0; ) {
      day += step;
      if (day < 1 || day > LAST_DAY) return null;
      if (this.works(day)) left -= 1;
    }
    return day;
  }

  /** The worked milliseconds between two wall-clock times; null when they lie too far apart. */
  worked(a: number, b: number): number | null {
    const [first, last] = a <= b ? [wall(a), wall(b)] : [wall(b), wall(a)];
    if (last.day - first.day > MAX_SPAN) return null;
    let total = 0;
    for (let day = first.day; day <= last.day; day += 1) {
      const low = day === first.day ? first.clock : 0;
      const high = day === last.day ? last.clock : DAY;
      for (const [start, end] of this.intervals(day)) {
        total += Math.max(0, Math.min(high, end * 1000) - Math.max(low, start * 1000));
      }
    }
    return a <= b ? total : -total;
  }
}
