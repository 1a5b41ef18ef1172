/** Days as `2026-11-22`, counted without time zones, and a bar between two of them. */

const LENGTH = 86_400_000;

/** The number of a day; days apart are numbers apart. */
export function dayNumber(day: string): number {
  return Math.round(Date.parse(`${day}T00:00:00Z`) / LENGTH);
}

/** The day of a number. */
export function dayText(number: number): string {
  return new Date(number * LENGTH).toISOString().slice(0, 10);
}

export interface Span {
  start: string;
  end: string;
}

/** A bar so many days later, or with another end; it never ends before it begins. */
export function shifted(span: Span, days: number, part: "whole" | "end"): Span {
  if (part === "whole") return { start: dayText(dayNumber(span.start) + days), end: dayText(dayNumber(span.end) + days) };
  return { start: span.start, end: dayText(Math.max(dayNumber(span.start), dayNumber(span.end) + days)) };
}

/** Where a bar is on a chart, in percent of it: what lies outside is cut off. */
export function placed(span: Span, first: string, days: number): { x: number; width: number } {
  const from = dayNumber(first);
  const left = Math.min(days, Math.max(0, dayNumber(span.start) - from));
  const right = Math.min(days, Math.max(left, dayNumber(span.end) - from + 1));
  return { x: (100 * left) / days, width: (100 * (right - left)) / days };
}
