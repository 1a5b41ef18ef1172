/** A board whose cards move by mouse, finger and keyboard. The server draws it; this only moves and stores. */
import { drag } from "../core/drag.ts";
import { again, announce, part, sentence, toast, waits } from "../core/page.ts";

const CARD = "[data-card]";
const LANE = "[data-lane]";

class RecordBoard extends HTMLElement {
  #stop: (() => void) | null = null;

  connectedCallback(): void {
    if (this.dataset.movable === undefined) return;
    this.dataset.live = "";
    this.#stop = drag(this, {
      item: CARD,
      zone: LANE,
      taken: (card) => announce(sentence(this.dataset.taken, { title: titleOf(card) })),
      dropped: (card, lane, next) => void this.move(card, lane, next),
      cancelled: () => announce(this.dataset.back ?? ""),
    });
    this.addEventListener("keydown", this);
  }

  disconnectedCallback(): void {
    this.#stop?.();
    this.removeEventListener("keydown", this);
  }

  /** Alt with an arrow: left and right to the next column, up and down only the focus. */
  handleEvent(event: KeyboardEvent): void {
    const card = event.target instanceof Element ? event.target.closest<HTMLElement>(CARD) : null;
    if (card === null) return;
    const way = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (way === undefined || event.target !== card) return;
    const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
    const lanes = [...this.querySelectorAll<HTMLElement>(LANE)];
    const at = lanes.findIndex((one) => one.contains(card));
    event.preventDefault();
    if (sideways && event.altKey) {
      const lane = lanes[at + way];
      if (lane !== undefined) void this.move(card, lane, lane.querySelector<HTMLElement>(CARD));
      return;
    }
    const here = [...(lanes[at]?.querySelectorAll<HTMLElement>(CARD) ?? [])];
    const next = sideways ? lanes[at + way]?.querySelector<HTMLElement>(CARD) : here[here.indexOf(card) + way];
    next?.focus();
  }

  /** Put a card into another column at once and store it; what is refused goes back with the reason. */
  async move(card: HTMLElement, lane: HTMLElement, next: HTMLElement | null): Promise<void> {
    const from = card.closest<HTMLElement>(LANE);
    const target = lane.querySelector<HTMLElement>("[data-cards]");
    if (from === null || target === null || from === lane) { announce(this.dataset.back ?? ""); return; }
    const home = { parent: card.parentElement, next: card.nextElementSibling };
    target.insertBefore(card, next ?? target.firstElementChild);
    card.focus();
    const title = titleOf(card);
    const asked = JSON.parse(this.dataset.asked ?? "{}") as Record<string, string>;
    const body = new URLSearchParams({
      ...asked, _csrf: this.dataset.csrf ?? "", version: card.dataset.version ?? "", to: lane.dataset.lane ?? "",
    });
    const address = `${this.dataset.base ?? ""}/${card.dataset.card ?? ""}`;
    const { response, refused } = await part(`${address}/move`, body);
    const held = waits(response);
    if (response.ok && !held) {
      card.dataset.version = response.headers.get("X-Record-Version") ?? "";
      announce(sentence(this.dataset.moved, { title, lane: lane.querySelector("h2")?.textContent ?? "" }));
      this.count(from, -1);
      this.count(lane, 1);
      return;
    }
    home.parent?.insertBefore(card, home.next);
    card.focus();
    if (!held) toast(sentence(this.dataset.failed, { why: refused }), again(response) ?? { label: this.dataset.edit ?? "", href: `${address}/edit` });
  }

  /** The number above a column follows; totals are asked again only with the page. */
  count(lane: HTMLElement, by: number): void {
    const figures = lane.querySelector(".figures");
    const [number, ...rest] = (figures?.textContent ?? "").split(" · ");
    if (figures === null || number === undefined || !/^\d+$/.test(number.trim())) return;
    figures.textContent = [String(Number(number) + by), ...rest].join(" · ");
  }
}

function titleOf(card: HTMLElement): string {
  return card.querySelector(".open")?.textContent ?? "";
}

customElements.define("record-board", RecordBoard);
