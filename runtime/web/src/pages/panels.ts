/** Panels and menus: a record's quick view at the side, a form for a new linked record, menus that close. */
import { again, each, elements, part, tell, type Part } from "../core/page.ts";

/** The panel at the side with some content. */
export function side(html: string): HTMLDialogElement | null {
  const panel = document.getElementById("side");
  if (!(panel instanceof HTMLDialogElement)) return null;
  panel.replaceChildren(elements(html));
  if (!panel.open) panel.showModal();
  return panel;
}

async function quick(link: HTMLAnchorElement): Promise<void> {
  const found = await part(`${link.getAttribute("href") ?? ""}/quick`);
  if (found.response.ok) side(found.text);
  else if (found.response.status >= 500) tell(found);
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

/** A refusal above a form: what is filled in stays, and goes on in a window of its own where the login has ended. */
function above(form: HTMLFormElement, found: Part): void {
  form.querySelector("[data-refused]")?.remove();
  const box = document.createElement("p");
  box.className = "alert";
  box.dataset.refused = "";
  box.setAttribute("role", "alert");
  box.append(found.refused);
  const way = again(found.response);
  if (way !== undefined) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = way.label;
    button.addEventListener("click", () => {
      form.target = "_blank";
      form.submit();
      form.target = "";
    });
    box.append(" ", button);
  }
  form.prepend(box);
  box.scrollIntoView({ block: "nearest" });
}

/** A form in the panel: stored there; what it made is handed on, what is wrong is shown in place. */
export async function formPanel(address: string, made: (id: string, title: string) => void): Promise<void> {
  const found = await part(address);
  const panel = found.response.ok ? side(found.text) : null;
  if (panel === null) { tell(found); return; }
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
    } else if (answer.refused !== "") {
      above(form, answer);
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
