import { expect, test } from "vitest";
import { Strokes, type Brush } from "./strokes.ts";

function brush(): { calls: string[]; brush: Brush } {
  const calls: string[] = [];
  const note = (name: string) => (...args: number[]) => { calls.push(`${name} ${args.join(" ")}`.trim()); };
  return {
    calls,
    brush: {
      lineWidth: 0, lineCap: "butt", lineJoin: "miter", strokeStyle: "",
      beginPath: note("begin"), moveTo: note("move"), lineTo: note("line"), quadraticCurveTo: note("curve"), stroke: note("stroke"),
    },
  };
}

test("a touch is no signature, a line is", () => {
  const one = new Strokes();
  expect([one.blank, one.signed]).toEqual([true, false]);
  one.begin([0.5, 0.5]);
  expect([one.blank, one.signed]).toEqual([false, false]);
  one.go([0.5, 0.5]);
  one.go([0.52, 0.5]);
  expect(one.signed).toBe(false);
  one.begin([0.1, 0.1]);
  one.go([0.1, 0.2]);
  expect(one.signed).toBe(true);
  one.clear();
  expect([one.blank, one.signed]).toEqual([true, false]);
  one.go([1, 1]);
  expect(one.blank, "nothing goes on that has not begun").toBe(true);
});

test("it is drawn at the size that is asked for, through the middles of its points", () => {
  const one = new Strokes();
  one.begin([0, 0]);
  for (const x of [0.1, 0.2, 0.3]) one.go([x, 0.5]);
  const { calls, brush: first } = brush();
  one.draw(first, 100, 50, 3);
  expect(calls).toEqual(["begin", "move 0 0", "curve 10 25 15 25", "curve 20 25 25 25", "line 30 25", "stroke"]);
  expect([first.lineWidth, first.lineCap]).toEqual([3, "round"]);
  const dot = new Strokes();
  dot.begin([0.5, 0.5]);
  const second = brush();
  dot.draw(second.brush, 10, 10, 2);
  expect(second.calls).toEqual(["begin", "move 5 5", "line 5 5", "stroke"]);
});
