// The evaluator stays small: a form with formulas must not load slower than one without.
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

const LARGEST = 25 * 1024;

test("the evaluator is at most 25 KB, compressed", async () => {
  const made = (await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      target: "es2022",
      lib: { entry: ["compile", "env", "values"].map((name) => `runtime/web/src/core/formula/${name}.ts`), formats: ["es"] },
    },
  })) as Rolldown.RolldownOutput[];
  const size = made
    .flatMap(({ output }) => output)
    .reduce((total, one) => total + (one.type === "chunk" ? gzipSync(one.code).length : 0), 0);
  console.info(`evaluator: ${size} bytes compressed`);
  expect(size).toBeLessThan(LARGEST);
});
