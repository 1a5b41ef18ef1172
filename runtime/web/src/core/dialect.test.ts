// Inputs are read as the server would read them, or the server is asked.
import { describe, expect, test } from "vitest";
import { readText, show, type Field } from "./dialect.ts";
import { Env } from "./formula/env.ts";
import { parse } from "./formula/numbers.ts";
import { parseInstant } from "./formula/dates.ts";

const env = new Env({
  now: "2026-11-21T12:45:49.123Z",
  zone: { before: 28800, at: [], offsets: [], rule: { standard: 28800 } },
  user: {}, calendars: {}, labels: {},
});
const money: Field = { name: "x", t: "number", reads: "number", shows: "number", scale: 2, places: 2, prefix: "¥", suffix: "" };
const percent: Field = { name: "x", t: "number", reads: "number", shows: "number", scale: 4, suffix: "%" };
const text: Field = { name: "x", t: "text", reads: "text", shows: "text" };
const ask: Field = { name: "x", t: "text", reads: "ask", shows: "text" };
const day: Field = { name: "x", t: "date", reads: "date", shows: "text" };
const moment: Field = { name: "x", t: "datetime", reads: "local", shows: "local" };

describe("reading", () => {
  test.each([
    [money, "1,234.565", parse("1234.57")], [money, "¥ 5", parse("5")], [money, "-3", parse("-3")], [money, "", null],
    [money, "1,23", undefined], [money, "１２", undefined], [money, "1.2万", undefined], [money, "abc", undefined],
    [percent, "12.5 %", parse("12.5")],
    [text, " abc ", "abc"], [text, "张三 李四", "张三 李四"], [text, "", ""], [text, "a  b", undefined], [text, "a\u200bb", undefined], [text, "ＡＢ", undefined],
    [ask, "", ""], [ask, "1h 30m", undefined],
    [day, "2026-11-21", 739_941], [day, "2026-02-30", undefined], [day, "2026/11/21", 739_941], [day, "21.11.2026", undefined],
    [moment, "2026-11-21T20:45", parseInstant("2026-11-21T12:45:00.000Z")], [moment, "2026-11-21 24:00", undefined],
  ] as const)("%o %s", (field, raw, expected) => expect(readText(field, raw, env)).toBe(expected));
});

describe("showing", () => {
  test.each([
    [money, parse("1234567.5"), "¥1,234,567.50"], [money, parse("-0.005"), "-¥0.01"], [money, null, ""],
    [{ ...money, short: true }, parse("12"), "¥12"], [percent, parse("12.5"), "12.5%"],
    [{ ...percent, suffix: " kg" }, parse("-1234"), "-1,234 kg"],
    [{ ...text, t: "bool", shows: "bool", words: ["yes", "no"] }, true, "yes"],
    [{ ...text, t: "bool", shows: "bool", words: ["yes", "no"] }, null, "no"],
    [{ ...ask, t: "duration", shows: "duration", units: ["d", "h", "m", "s"], between: " " }, parse("95400.5"), "1d 2h 30m 0.5s"],
    [{ ...ask, t: "duration", shows: "duration", units: ["天", "小时", "分", "秒"], between: "" }, 0n, "0分"],
    [moment, parseInstant("2026-11-21T12:45:49.123Z"), "2026-11-21 20:45"], [day, 739_941, "2026-11-21"],
    [{ ...text, t: "list" }, ["a", "b"], "a, b"],
  ] as [Field, never, string][])("%o %s", (field, value, expected) => expect(show(field, value, env)).toBe(expected));
});
