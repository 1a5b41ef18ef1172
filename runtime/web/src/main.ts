/** The only entry of the browser part: styles, partial updates, and islands as far as a page has any. */
import "./core/partial.ts";
import { loadIslands, type Islands } from "./core/islands.ts";
import "./pages/index.ts";
import "./styles/main.css";

const islands: Islands = import.meta.glob([
  "/runtime/web/src/islands/*.ts",
  "/builder/src/islands/*.ts",
  "!**/*.test.ts",
]);

loadIslands(islands, document.documentElement);
