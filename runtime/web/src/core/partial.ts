/** Partial updates come with the first thing on a page that asks for one: most pages are read without any. */
const ASKS = "[hx-get],[hx-post],[hx-put],[hx-patch],[hx-delete]";

function load(): void {
  import("./htmx.ts").catch((error: unknown) => console.error("partial updates could not be loaded", error));
}

if (document.querySelector(ASKS) !== null) load();
else {
  const seen = new MutationObserver(() => {
    if (document.querySelector(ASKS) === null) return;
    seen.disconnect();
    load();
  });
  seen.observe(document.documentElement, { childList: true, subtree: true });
}
