/** A calendar whose records move to other days by mouse, finger and keyboard. The server draws and stores. */
import { drag } from "../core/drag.ts";
import { again, announce, part, sentence, toast, waits } from "../core/page.ts";

const ENTRY = "[data-entry]";
const DAY = "[data-day]";
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

class RecordCalendar extends HTMLElement {
  #stop: (() => void) | null = null;

  connectedCallback(): void {
    this.dataset.live = "";
    for (const one of this.querySelectorAll<HTMLElement>(`${ENTRY}[data-movable]`)) one.tabIndex = 0;
    this.#stop = drag(this, {
      item: ENTRY,
      zone: DAY,
      movable: (entry) => entry.dataset.movable !== undefined,
      taken: (entry) => announce(sentence(this.dataset.taken, { title: entry.textContent.trim() })),
      dropped: (entry, day) => void this.move(entry, day),
      cancelled: () => announce(this.dataset.back ?? ""),
    });
    this.addEventListener("keydown", this);
  }

  disconnectedCallback(): void {
    this.#stop?.();
    this.removeEventListener("keydown", this);
  }

  handleEvent(event: KeyboardEvent): void {
    const entry = event.target instanceof Element ? event.target.closest<HTMLElement>(ENTRY) : null;
    const step = STEPS[event.key];
    if (entry === null || step === undefined || !event.altKey || entry.dataset.movable === undefined) return;
    const days = [...this.querySelectorAll<HTMLElement>(DAY)];
    const day = days[days.findIndex((one) => one.contains(entry)) + step];
    event.preventDefault();
    if (day !== undefined) void this.move(entry, day);
  }

  async move(entry: HTMLElement, day: HTMLElement): Promise<void> {
    const from = entry.closest(DAY);
    if (from === day) { announce(this.dataset.back ?? ""); return; }
    const home = { parent: entry.parentElement, next: entry.nextElementSibling };
    day.querySelector("[data-cards]")?.append(entry);
    entry.focus();
    const asked = JSON.parse(this.dataset.asked ?? "{}") as Record<string, string>;
    const to = day.dataset.day ?? "";
    const body = new URLSearchParams({ ...asked, _csrf: this.dataset.csrf ?? "", version: entry.dataset.version ?? "", to });
    const address = `${this.dataset.base ?? ""}/${entry.dataset.entry ?? ""}/shift`;
    const { response, refused } = await part(address, body);
    const held = waits(response);
    if (response.ok && !held) {
      entry.dataset.version = response.headers.get("X-Record-Version") ?? "";
      announce(sentence(this.dataset.moved, { title: entry.textContent.trim(), day: to }));
      return;
    }
    home.parent?.insertBefore(entry, home.next);
    if (!held) toast(sentence(this.dataset.failed, { why: refused }), again(response));
  }
}

customElements.define("record-calendar", RecordCalendar);
