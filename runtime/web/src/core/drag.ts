/**
 * Drag and drop by pointer events: mouse at once, touch after a long press, Escape puts back.
 * It moves nothing in the page itself: whoever uses it is told where an item was dropped.
 */

export interface Dragging {
  /** What can be taken up, and where it can be put. Selectors below `root`. */
  item: string;
  zone: string;
  /** False for an item that stays where it is. */
  movable?: (item: HTMLElement) => boolean;
  taken?: (item: HTMLElement) => void;
  dropped: (item: HTMLElement, zone: HTMLElement, before: HTMLElement | null) => void;
  cancelled?: (item: HTMLElement) => void;
}

const THRESHOLD = 5;
const LONG_PRESS = 350;
const EDGE = 48;

interface Held {
  item: HTMLElement;
  ghost: HTMLElement | null;
  zone: HTMLElement | null;
  startX: number;
  startY: number;
  dx: number;
  dy: number;
  pointer: number;
  timer: number;
}

/** The first of `items` whose middle lies below a height: what is dropped there goes before it. */
export function before<T>(items: readonly T[], box: (item: T) => { top: number; height: number }, y: number): T | null {
  return items.find((one) => y < box(one).top + box(one).height / 2) ?? null;
}

/** How far to scroll when the pointer is so near to an edge; 0 elsewhere. */
export function pull(at: number, start: number, end: number): number {
  if (at < start + EDGE) return -Math.ceil((start + EDGE - at) / 4);
  if (at > end - EDGE) return Math.ceil((at - end + EDGE) / 4);
  return 0;
}

/** Make the items below `root` draggable; gives what takes it back. */
export function drag(root: HTMLElement, options: Dragging): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let held: Held | null = null;

  function lift(at: Held): void {
    const box = at.item.getBoundingClientRect();
    const ghost = at.item.cloneNode(true) as HTMLElement;
    ghost.classList.add("dragged");
    ghost.removeAttribute("id");
    ghost.style.width = `${box.width}px`;
    ghost.style.left = `${box.left}px`;
    ghost.style.top = `${box.top}px`;
    document.body.append(ghost);
    document.body.classList.add("dragging");
    at.ghost = ghost;
    at.item.classList.add("lifted");
    options.taken?.(at.item);
  }

  function release(): void {
    if (held === null) return;
    clearTimeout(held.timer);
    held.ghost?.remove();
    held.zone?.classList.remove("over");
    held.item.classList.remove("lifted");
    document.body.classList.remove("dragging");
    held = null;
  }

  function cancel(): void {
    const item = held?.ghost ? held.item : null;
    release();
    if (item !== null) options.cancelled?.(item);
  }

  function follow(at: Held, x: number, y: number): void {
    if (at.ghost === null) return;
    at.ghost.style.transform = `translate(${x - at.startX}px, ${y - at.startY}px) rotate(1deg)`;
    const under = document.elementFromPoint(x, y)?.closest<HTMLElement>(options.zone) ?? null;
    const zone = under !== null && root.contains(under) ? under : null;
    if (zone !== at.zone) {
      at.zone?.classList.remove("over");
      zone?.classList.add("over");
      at.zone = zone;
    }
    const box = root.getBoundingClientRect();
    root.scrollLeft += pull(x, box.left, box.right);
    const inner = zone?.querySelector<HTMLElement>("[data-cards]") ?? zone;
    if (inner !== null && inner.scrollHeight > inner.clientHeight) {
      const place = inner.getBoundingClientRect();
      inner.scrollTop += pull(y, place.top, place.bottom);
    }
    window.scrollBy(0, pull(y, 0, window.innerHeight));
  }

  root.addEventListener("pointerdown", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const item = target?.closest<HTMLElement>(options.item) ?? null;
    if (item === null || event.button !== 0 || held !== null || options.movable?.(item) === false) return;
    if (target?.closest("button, select, input, summary, label") !== null) return;
    const made: Held = { item, ghost: null, zone: null, startX: event.clientX, startY: event.clientY, dx: 0, dy: 0, pointer: event.pointerId, timer: 0 };
    held = made;
    if (event.pointerType !== "mouse") {
      made.timer = window.setTimeout(() => {
        if (held === made) lift(made);
      }, LONG_PRESS);
    }
  }, { signal });

  document.addEventListener("pointermove", (event) => {
    if (held?.pointer !== event.pointerId) return;
    const far = Math.hypot(event.clientX - held.startX, event.clientY - held.startY) > THRESHOLD;
    if (held.ghost === null && far) {
      if (event.pointerType === "mouse") lift(held);
      else { release(); return; } // The finger scrolls.
    }
    follow(held, event.clientX, event.clientY);
  }, { signal });

  document.addEventListener("pointerup", (event) => {
    if (held?.pointer !== event.pointerId) return;
    const { item, zone, ghost } = held;
    if (ghost === null) { release(); return; }
    const rest = zone === null ? [] : [...zone.querySelectorAll<HTMLElement>(options.item)].filter((one) => one !== item);
    const next = before(rest, (one) => one.getBoundingClientRect(), event.clientY);
    release();
    // The click that follows the drop would open the card.
    document.addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true });
    setTimeout(() => document.dispatchEvent(new MouseEvent("click")), 0);
    if (zone === null) options.cancelled?.(item);
    else options.dropped(item, zone, next);
  }, { signal });

  document.addEventListener("pointercancel", cancel, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && held !== null) {
      event.preventDefault();
      cancel();
    }
  }, { signal });
  // While a finger drags, the page must not scroll under it; a link must not be dragged as a link.
  document.addEventListener("touchmove", (event) => {
    if (held?.ghost) event.preventDefault();
  }, { signal, passive: false });
  root.addEventListener("dragstart", (event) => event.preventDefault(), { signal });
  root.addEventListener("contextmenu", (event) => {
    if (held !== null) event.preventDefault();
  }, { signal });
  return () => {
    cancel();
    stop.abort();
  };
}
