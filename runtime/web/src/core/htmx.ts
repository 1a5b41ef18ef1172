/** Partial updates: htmx as this product wants it. Never evaluates text as script. */
import htmx from "htmx.org";

htmx.config.morphSkipChildren = "[data-island]";
htmx.config.includeIndicatorCSS = false;

export default htmx;
