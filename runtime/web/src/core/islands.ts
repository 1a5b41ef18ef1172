/** Loads islands when a page shows them: `<some-thing data-island>` is the custom element of `islands/some-thing.ts`. */

export type Islands = Record<string, () => Promise<unknown>>;

const MARK = "[data-island]";

/** The tag that an element stands for: what `data-island` says, else its own name. */
export function tagOf(name: string, mark: string | null): string {
  return mark === null || mark === "" ? name.toLowerCase() : mark;
}

/** File names as tags. */
export function byTag(islands: Islands): Map<string, () => Promise<unknown>> {
  const found = new Map<string, () => Promise<unknown>>();
  for (const [path, load] of Object.entries(islands)) {
    const tag = /([^/]+)\.ts$/.exec(path)?.[1];
    if (tag !== undefined) found.set(tag, load);
  }
  return found;
}

/** Load the islands below an element, and later those that partial updates bring in. */
export function loadIslands(islands: Islands, root: Element): void {
  const known = byTag(islands);
  const wanted = new Set<string>();

  function want(element: Element): void {
    const tag = tagOf(element.localName, element.getAttribute("data-island"));
    const load = known.get(tag);
    if (load === undefined || wanted.has(tag)) return;
    wanted.add(tag);
    load().catch((error: unknown) => {
      wanted.delete(tag);
      console.error(`island ${tag} could not be loaded`, error);
    });
  }

  function search(element: Element): void {
    if (element.matches(MARK)) want(element);
    element.querySelectorAll(MARK).forEach(want);
  }

  search(root);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) {
        if (node instanceof Element) search(node);
      }
    }
  }).observe(root, { childList: true, subtree: true });
}
