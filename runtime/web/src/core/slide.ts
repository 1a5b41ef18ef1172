/**
 * Things that slide along a line by pointer: mouse at once, touch after a long press, Escape puts back.
 * It moves nothing itself: whoever uses it is told how far, while it goes on and at the end.
 */

export interface Sliding<Grip> {
  /** What was taken at a place, or null for nothing. */
  grip: (target: Element, event: PointerEvent) => Grip | null;
  moved: (grip: Grip, far: number) => void;
  dropped: (grip: Grip, far: number) => void;
  cancelled: (grip: Grip) => void;
}

const THRESHOLD = 4;
const LONG_PRESS = 350;

/** Make what is below `root` slide; gives what takes it back. */
export function slide<Grip>(root: HTMLElement, options: Sliding<Grip>): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let held: { grip: Grip; x: number; y: number; far: number; lifted: boolean; pointer: number; timer: number } | null = null;

  function release(): void {
    if (held !== null) clearTimeout(held.timer);
    held = null;
    document.body.classList.remove("dragging");
  }

  function lift(): void {
    if (held === null) return;
    held.lifted = true;
    document.body.classList.add("dragging");
    options.moved(held.grip, 0);
  }

  /** The click that follows letting go would open what was taken. */
  function swallow(): void {
    document.addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true });
    setTimeout(() => document.dispatchEvent(new MouseEvent("click")), 0);
  }

  function cancel(): void {
    const at = held;
    release();
    if (at?.lifted !== true) return;
    document.addEventListener("pointerup", swallow, { once: true });
    options.cancelled(at.grip);
  }

  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || held !== null || !(event.target instanceof Element)) return;
    const grip = options.grip(event.target, event);
    if (grip === null) return;
    const made = { grip, x: event.clientX, y: event.clientY, far: 0, lifted: false, pointer: event.pointerId, timer: 0 };
    held = made;
    if (event.pointerType === "mouse") event.preventDefault();
    else made.timer = window.setTimeout(() => { if (held === made) lift(); }, LONG_PRESS);
  }, { signal });

  document.addEventListener("pointermove", (event) => {
    if (held?.pointer !== event.pointerId) return;
    if (!held.lifted && Math.hypot(event.clientX - held.x, event.clientY - held.y) > THRESHOLD) {
      if (event.pointerType === "mouse") lift();
      else { release(); return; } // The finger scrolls.
    }
    if (!held.lifted) return;
    held.far = event.clientX - held.x;
    options.moved(held.grip, held.far);
  }, { signal });

  document.addEventListener("pointerup", (event) => {
    if (held?.pointer !== event.pointerId) return;
    const { grip, far, lifted } = held;
    release();
    if (!lifted) return;
    swallow();
    options.dropped(grip, far);
  }, { signal });

  document.addEventListener("pointercancel", cancel, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || held === null) return;
    event.preventDefault();
    cancel();
  }, { signal });
  // While a finger drags, the page must not scroll under it.
  document.addEventListener("touchmove", (event) => {
    if (held?.lifted === true) event.preventDefault();
  }, { signal, passive: false });
  root.addEventListener("contextmenu", (event) => {
    if (held !== null) event.preventDefault();
  }, { signal });
  return () => {
    cancel();
    stop.abort();
  };
}
