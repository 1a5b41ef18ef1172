/** Partial updates: htmx as this product wants it. Never evaluates text as script. */
import htmx from "htmx.org";
import { answered, tell, unreachable } from "./page.ts";

htmx.config.morphSkipChildren = "[data-island]";
htmx.config.includeIndicatorCSS = false;

interface Context {
  response?: { raw: Response };
  text?: string;
  swap: string;
}

/** A refusal is no piece of the page: what is there stays, and the refusal is told. */
document.addEventListener("htmx:response:error", (event) => {
  const { ctx } = (event as CustomEvent<{ ctx: Context }>).detail;
  ctx.swap = "none";
  if (ctx.response !== undefined) tell(answered(ctx.response.raw, ctx.text ?? ""));
});
document.addEventListener("htmx:error", (event) => {
  const { ctx } = (event as CustomEvent<{ ctx?: Context }>).detail;
  if (ctx !== undefined && ctx.response === undefined) tell(unreachable());
});

export default htmx;
