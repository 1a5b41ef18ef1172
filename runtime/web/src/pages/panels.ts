/** Panels and menus: a record's quick view at the side, a form for a new linked record, menus that close. */
import { each, elements, part } from "../core/page.ts";

/** The panel at the side with some content. */
export function side(html: string): HTMLDialogElement | null {
  const panel = document.getElementById("side");
  if (!(panel instanceof HTMLDialogElement)) return null;
  panel.replaceChildren(elements(html));
  if (!panel.open) panel.showModal();
  return panel;
}

async function quick(link: HTMLAnchorElement): Promise<void> {
  const { response, text } = await part(`${link.getAttribute("href") ?? ""}/quick`);
  if (response.ok) side(text);
  else location.assign(link.href);
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (target === null || event.defaultPrevented) return;
  const close = target.closest("[data-close]");
  const dialog = close?.closest("dialog") ?? (target instanceof HTMLDialogElement ? target : null);
  if (dialog !== null && (close !== null || target === dialog)) {
    event.preventDefault();
    dialog.close();
    return;
  }
  const row = target.closest("[data-list] tbody tr");
  const plain = target.closest("a, button, input, select, textarea, label, summary, .cell") === null;
  const link = plain ? row?.querySelector<HTMLAnchorElement>("a[data-quick]") : null;
  if (link && getSelection()?.isCollapsed !== false) void quick(link);
  for (const pop of document.querySelectorAll<HTMLDetailsElement>("details.pop[open]")) {
    if (!pop.contains(target) && target.isConnected) pop.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[data-quick]") : null;
  if (link !== null && event.key === " ") {
    event.preventDefault();
    void quick(link);
  }
  if (event.key === "Escape") {
    const pop = document.querySelector<HTMLDetailsElement>("details.pop[open]");
    if (pop !== null) {
      pop.open = false;
      pop.querySelector("summary")?.focus();
    }
  }
});

/** A form in the panel: stored there; what it made is handed on, what is wrong is shown in place. */
export async function formPanel(address: string, made: (id: string, title: string) => void): Promise<void> {
  const { response, text } = await part(address);
  const panel = response.ok ? side(text) : null;
  if (panel === null) { location.assign(address); return; }
  panel.querySelector<HTMLElement>("form :is(input:not([type=hidden]), select, textarea)")?.focus();
  async function store(event: SubmitEvent): Promise<void> {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || panel === null) return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    const answer = await part(form.getAttribute("action") ?? "", body);
    if (answer.response.headers.get("Content-Type")?.startsWith("application/json") === true && answer.response.ok) {
      const found = JSON.parse(answer.text) as { id: string; title: string };
      panel.close();
      made(found.id, found.title);
    } else {
      panel.replaceChildren(elements(answer.text));
      panel.querySelector<HTMLElement>("[data-summary]")?.focus();
    }
  }
  const stop = new AbortController();
  panel.addEventListener("submit", (event) => void store(event), { signal: stop.signal });
  panel.addEventListener("close", () => stop.abort(), { once: true });
}

/** A drawn workflow begins where it stands now. */
each(".flow-box", (box) => {
  const now = box.querySelector<HTMLElement>("[aria-current=step]") ?? box.querySelector<HTMLElement>(".flow-card");
  if (now === null) return;
  const there = now.getBoundingClientRect();
  const here = box.getBoundingClientRect();
  box.scrollLeft += there.left + there.width / 2 - here.left - here.width / 2;
});
