import { expect, test } from "vitest";
import { before, pull } from "./drag.ts";

const rows = [{ top: 0, height: 20 }, { top: 20, height: 20 }, { top: 40, height: 20 }];

test("an item goes before the first one whose middle lies below the pointer", () => {
  expect(before(rows, (one) => one, 5)).toBe(rows[0]);
  expect(before(rows, (one) => one, 15)).toBe(rows[1]);
  expect(before(rows, (one) => one, 55)).toBeNull();
  expect(before([], (one: { top: number; height: number }) => one, 5)).toBeNull();
});

test("near an edge it scrolls, elsewhere not", () => {
  expect(pull(300, 0, 600)).toBe(0);
  expect(pull(10, 0, 600)).toBeLessThan(0);
  expect(pull(595, 0, 600)).toBeGreaterThan(0);
});
