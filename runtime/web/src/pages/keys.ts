/** Keyboard shortcuts: elements name their key in `data-key`; the sheet of all of them opens with `?`. */
import { elements, part, tell, writes } from "../core/page.ts";

async function sheet(): Promise<void> {
  const found = await part("/keys");
  if (!found.response.ok) { tell(found); return; }
  document.querySelector("dialog.sheet")?.remove();
  const dialog = document.createElement("dialog");
  dialog.className = "sheet";
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.append(elements(found.text));
  document.body.append(dialog);
  dialog.showModal();
}

function rows(step: number): void {
  const links = [...document.querySelectorAll<HTMLElement>("a.open")].filter((one) => one.offsetParent !== null);
  const at = links.indexOf(document.activeElement as HTMLElement);
  links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("[data-dialog=keys]") : null;
  if (link === null) return;
  event.preventDefault();
  void sheet();
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && (event.key === "s" || event.key === "Enter")) {
    const form = document.querySelector<HTMLFormElement>("dialog[open] form.record, form.record");
    if (form !== null) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || writes(event.target)) return;
  if (document.querySelector("dialog[open]") !== null) return;
  if (event.key === "?") return void sheet();
  if (event.key === "j" || event.key === "k") { rows(event.key === "j" ? 1 : -1); return; }
  const wanted = /^[a-z/]$/.test(event.key) ? document.querySelector<HTMLElement>(`[data-key="${event.key}"]`) : null;
  if (wanted === null) return;
  event.preventDefault();
  if (wanted.matches("input")) wanted.focus();
  else wanted.click();
});
