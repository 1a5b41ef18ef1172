/** A Gantt chart whose bars move and change their end by mouse, finger and keyboard. The server draws and stores. */
import { placed, shifted, type Span } from "../core/days.ts";
import { again, announce, part, sentence, toast, waits } from "../core/page.ts";
import { slide } from "../core/slide.ts";

const ROW = "[data-entry]";
const BAR = "[data-bar]";
/** So near to its end in pixels a bar is made longer or shorter. */
const HANDLE = 9;
/** Keys that follow one another are one change. */
const PATIENCE = 500;

interface Grip {
  row: HTMLElement;
  of: "whole" | "end";
  from: Span;
}

class RecordGantt extends HTMLElement {
  #stop: (() => void) | null = null;
  #typed: { grip: Grip; timer: number } | null = null;

  connectedCallback(): void {
    this.dataset.live = "";
    this.addEventListener("click", this);
    if (this.dataset.movable === undefined) return;
    this.#stop = slide<Grip>(this, {
      grip: (target, event) => this.grip(target, event),
      moved: (grip, far) => this.show(grip.row, shifted(grip.from, this.days(grip.row, far), grip.of)),
      dropped: (grip, far) => void this.store(grip, shifted(grip.from, this.days(grip.row, far), grip.of)),
      cancelled: (grip) => { this.show(grip.row, grip.from); announce(this.dataset.back ?? ""); },
    });
    this.addEventListener("keydown", this);
    this.addEventListener("pointermove", this);
    this.addEventListener("focusout", this);
  }

  disconnectedCallback(): void {
    this.#stop?.();
    for (const one of ["click", "keydown", "pointermove", "focusout"]) this.removeEventListener(one, this);
  }

  handleEvent(event: Event): void {
    const target = event.target instanceof Element ? event.target : null;
    const row = target?.closest<HTMLElement>(ROW) ?? null;
    if (event.type === "focusout") { this.settle(); return; }
    if (row === null || target === null) return;
    if (event instanceof KeyboardEvent) this.key(event, row);
    else if (event.type === "click" && target.closest(BAR) !== null) row.querySelector<HTMLElement>("a.open")?.click();
    else if (event instanceof PointerEvent && event.buttons === 0) target.closest(BAR)?.classList.toggle("at-end", this.grip(target, event)?.of === "end");
  }

  /** What is taken where a pointer goes down: a bar, or its end. */
  grip(target: Element, event: PointerEvent): Grip | null {
    const bar = target.closest(BAR);
    const row = bar?.closest<HTMLElement>(ROW) ?? null;
    if (bar === null || row === null) return null;
    const box = bar.getBoundingClientRect();
    const reach = Math.min(HANDLE, box.width / 3);
    const ends = this.dataset.resizable !== undefined && !bar.classList.contains("cut-right") && event.clientX > box.right - reach;
    return { row, of: ends ? "end" : "whole", from: this.span(row) };
  }

  span(row: HTMLElement): Span {
    return { start: row.dataset.start ?? "", end: row.dataset.end ?? "" };
  }

  /** So many days is a way in pixels. */
  days(row: HTMLElement, far: number): number {
    const width = row.querySelector(".track")?.getBoundingClientRect().width ?? 0;
    return width === 0 ? 0 : Math.round((far / width) * Number(this.dataset.days));
  }

  /** Draw a bar where it would be. */
  show(row: HTMLElement, span: Span): void {
    const { x, width } = placed(span, this.dataset.first ?? "", Number(this.dataset.days));
    const share = Number(row.querySelector(".done")?.getAttribute("data-share") ?? this.share(row));
    for (const one of row.querySelectorAll(`${BAR} rect`)) {
      one.setAttribute("x", `${x}%`);
      one.setAttribute("width", `${one.classList.contains("done") ? width * share : width}%`);
    }
    row.querySelector("circle")?.setAttribute("cx", `${x + width / 2}%`);
    row.querySelector(".when:has([data-from])")?.classList.toggle("once", span.start === span.end);
    const words = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeZone: "UTC" });
    for (const [name, day] of [["[data-from]", span.start], ["[data-to]", span.end]] as const) {
      const time = row.querySelector<HTMLTimeElement>(name);
      if (time === null) continue;
      time.dateTime = day;
      time.textContent = words.format(new Date(`${day}T00:00:00Z`));
    }
  }

  /** The part of a bar that is done, as it was drawn; kept on the element for the next time. */
  share(row: HTMLElement): number {
    const done = row.querySelector(".done");
    const whole = parseFloat(row.querySelector("rect.whole")?.getAttribute("width") ?? "0");
    const share = done === null || whole === 0 ? 0 : parseFloat(done.getAttribute("width") ?? "0") / whole;
    done?.setAttribute("data-share", String(share));
    return share;
  }

  key(event: KeyboardEvent, row: HTMLElement): void {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (event.key === "Escape" && this.#typed !== null) {
      const { grip, timer } = this.#typed;
      clearTimeout(timer);
      this.#typed = null;
      this.show(grip.row, grip.from);
      announce(this.dataset.back ?? "");
    }
    if (step === 0 || !event.altKey || (event.shiftKey && this.dataset.resizable === undefined)) return;
    event.preventDefault();
    const of = event.shiftKey ? "end" : "whole";
    if (this.#typed !== null && (this.#typed.grip.row !== row || this.#typed.grip.of !== of)) this.settle();
    const grip = this.#typed?.grip ?? { row, of, from: this.span(row) };
    if (this.#typed !== null) clearTimeout(this.#typed.timer);
    const shown = this.shown(row);
    const next = shifted(shown, step, of);
    this.show(row, next);
    this.#typed = { grip, timer: window.setTimeout(() => this.settle(), PATIENCE) };
  }

  shown(row: HTMLElement): Span {
    const day = (name: string): string => row.querySelector<HTMLTimeElement>(name)?.dateTime ?? "";
    return { start: day("[data-from]"), end: day("[data-to]") };
  }

  /** Store what was typed. */
  settle(): void {
    if (this.#typed === null) return;
    const { grip, timer } = this.#typed;
    clearTimeout(timer);
    this.#typed = null;
    void this.store(grip, this.shown(grip.row));
  }

  async store(grip: Grip, to: Span): Promise<void> {
    const { row, from } = grip;
    this.show(row, to);
    if (to.start === from.start && to.end === from.end) { announce(this.dataset.back ?? ""); return; }
    Object.assign(row.dataset, { start: to.start, end: to.end });
    const asked = JSON.parse(this.dataset.asked ?? "{}") as Record<string, string>;
    const body = new URLSearchParams({ ...asked, _csrf: this.dataset.csrf ?? "", version: row.dataset.version ?? "", to: to.start });
    if (grip.of === "end") body.set("until", to.end);
    const title = row.querySelector(".open")?.textContent ?? "";
    const { response, refused } = await part(`${this.dataset.base ?? ""}/${row.dataset.entry ?? ""}/shift`, body);
    const held = waits(response);
    if (response.ok && !held) {
      row.dataset.version = response.headers.get("X-Record-Version") ?? "";
      announce(sentence(this.dataset.moved, { title, begin: row.querySelector("[data-from]")?.textContent ?? "", end: row.querySelector("[data-to]")?.textContent ?? "" }));
      return;
    }
    Object.assign(row.dataset, { start: from.start, end: from.end });
    this.show(row, from);
    if (!held) toast(sentence(this.dataset.failed, { why: refused }), again(response));
  }
}

customElements.define("record-gantt", RecordGantt);
