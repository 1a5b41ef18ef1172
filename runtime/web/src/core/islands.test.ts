import { expect, test } from "vitest";
import { byTag, tagOf } from "./islands.ts";

test("a file's name is its tag", () => {
  const load = () => Promise.resolve();
  expect([...byTag({ "/runtime/web/src/islands/live-form.ts": load }).keys()]).toEqual(["live-form"]);
});

test("the mark's value goes before the element's name", () => {
  expect(tagOf("live-form", "")).toBe("live-form");
  expect(tagOf("div", "live-form")).toBe("live-form");
  expect(tagOf("LIVE-FORM", null)).toBe("live-form");
});
