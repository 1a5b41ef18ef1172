// Build of the browser part: one entry, a lazy chunk for each island, a manifest that the pages read.
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/static/dist/",
  publicDir: false,
  build: {
    outDir: "runtime/web/static/dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: { input: "runtime/web/src/main.ts" },
  },
  test: {
    include: ["runtime/web/src/**/*.test.ts", "builder/src/**/*.test.ts"],
    environment: "node",
  },
});
