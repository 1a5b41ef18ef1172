import { expect, test } from "vitest";
import { dayNumber, dayText, placed, shifted } from "./days.ts";

test("days are counted, over months, leap days and changes of the clock", () => {
  expect(dayNumber("2026-03-01") - dayNumber("2026-02-28")).toBe(1);
  expect(dayNumber("2028-03-01") - dayNumber("2028-02-28")).toBe(2);
  expect(dayNumber("2026-03-30") - dayNumber("2026-03-28")).toBe(2);
  expect(dayText(dayNumber("1900-01-01") - 1)).toBe("1899-12-31");
});

test("a bar moves as a whole, or its end does", () => {
  const span = { start: "2026-11-20", end: "2026-11-30" };
  expect(shifted(span, 3, "whole")).toEqual({ start: "2026-11-23", end: "2026-12-03" });
  expect(shifted(span, -5, "end")).toEqual({ start: "2026-11-20", end: "2026-11-25" });
  expect(shifted(span, -50, "end")).toEqual({ start: "2026-11-20", end: "2026-11-20" });
});

test("a bar is placed on a chart, cut off outside of it", () => {
  expect(placed({ start: "2026-11-01", end: "2026-11-05" }, "2026-11-01", 10)).toEqual({ x: 0, width: 50 });
  expect(placed({ start: "2026-10-01", end: "2026-11-01" }, "2026-11-01", 10)).toEqual({ x: 0, width: 10 });
  expect(placed({ start: "2026-11-10", end: "2027-11-01" }, "2026-11-01", 10)).toEqual({ x: 90, width: 10 });
  expect(placed({ start: "2027-11-10", end: "2027-11-11" }, "2026-11-01", 10)).toEqual({ x: 100, width: 0 });
});
