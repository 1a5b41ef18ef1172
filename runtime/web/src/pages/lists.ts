/** Lists: the filter builder redraws its rows, rows are chosen, cells are changed where they stand, widths. */
import { each, elements, part, tell, waits, writes } from "../core/page.ts";

/** A changed operator or field of the filter asks for the rows anew; what is chosen meanwhile is asked with them. */
document.addEventListener("change", (event) => {
  const input = event.target instanceof Element ? event.target.closest<HTMLSelectElement>("[data-rebuild]") : null;
  if (input?.form) void rebuild(input.form, input.id);
});

function asked(form: HTMLFormElement): string {
  const found = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") found.append(name, value);
  return found.toString();
}

async function rebuild(form: HTMLFormElement, from: string): Promise<void> {
  const sent = asked(form);
  const found = await part(`${form.getAttribute("action") ?? ""}?${sent}`);
  const box = form.parentElement;
  tell(found);
  if (!found.response.ok || box === null || !form.isConnected) return;
  if (asked(form) !== sent) return rebuild(form, from);
  box.replaceChildren(elements(found.text));
  const last = from === "filter-add" ? [...box.querySelectorAll<HTMLElement>(".condition .value :is(input, select)")].at(-1) : null;
  (last ?? document.getElementById(from))?.focus();
}

/** The bar of chosen records appears with the first one (main.css); here it counts them. */
each("[data-selection]", (form) => {
  const count = form.querySelector("[data-selected]");
  const words = count?.textContent ?? "";
  const boxes = (): HTMLInputElement[] => [...document.querySelectorAll<HTMLInputElement>('input[name="id"][form="selection"]')];
  const whole = document.querySelector<HTMLInputElement>("[data-all]");
  const everything = form.querySelector<HTMLInputElement>('input[name="all"]');
  function show(): void {
    const chosen = boxes().filter((one) => one.checked).length;
    if (count !== null) count.textContent = `${words} ${chosen}`;
    if (whole !== null) {
      whole.checked = chosen > 0 && chosen === boxes().length;
      whole.indeterminate = chosen > 0 && !whole.checked;
    }
  }
  if (whole !== null) {
    whole.hidden = false;
    whole.addEventListener("change", () => {
      for (const one of boxes()) one.checked = whole.checked;
      show();
    });
  }
  document.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement && (event.target.name === "id" || event.target === everything)) show();
  });
  addEventListener("pageshow", show);
  show();
});

/** Cells: a double click, Enter or F2 opens the input; Enter stores, Escape puts back. */
each("[data-cell]", (cell) => {
  cell.tabIndex = 0;
});

async function open(cell: HTMLElement): Promise<void> {
  const found = await part(cell.dataset.cell ?? "");
  if (found.response.ok) edit(cell, found.text, cell.innerHTML);
  else tell(found);
}

function edit(cell: HTMLElement, html: string, before: string): void {
  cell.replaceChildren(elements(html));
  const input = cell.querySelector<HTMLElement>(":is(input:not([type=hidden]), select, textarea)");
  input?.focus();
  if (input instanceof HTMLInputElement && input.type === "text") input.select();
  const form = cell.querySelector("form");
  const close = (): void => {
    cell.innerHTML = before;
    cell.focus();
  };
  form?.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  });
  form?.querySelector("[data-cancel]")?.addEventListener("click", close);
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    void part(form.getAttribute("action") ?? "", new FormData(form)).then((found) => {
      const { response, text } = found;
      if (response.ok) {
        const made = elements(text).firstElementChild;
        if (made instanceof HTMLElement) {
          cell.replaceWith(made);
          made.tabIndex = 0;
          made.focus();
        }
        waits(response);
      } else if (found.refused === "") edit(cell, text, before);
      else tell(found);
    });
  });
}

document.addEventListener("dblclick", (event) => {
  const cell = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-cell]") : null;
  if (cell !== null && cell.querySelector("form") === null) void open(cell);
});
document.addEventListener("keydown", (event) => {
  const cell = event.target;
  if (cell instanceof HTMLElement && cell.matches("[data-cell]") && (event.key === "Enter" || event.key === "F2") && !writes(cell)) {
    event.preventDefault();
    void open(cell);
  }
});

each("[data-width]", (head) => {
  head.style.minWidth = `${head.dataset.width ?? ""}px`;
});

/** Columns are put into another order by Alt with the arrows. */
document.addEventListener("keydown", (event) => {
  const item = event.target instanceof Element ? event.target.closest("[data-reorder] [data-item]") : null;
  if (item === null || !event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
  event.preventDefault();
  const target = event.target as HTMLElement;
  if (event.key === "ArrowUp") item.previousElementSibling?.before(item);
  else item.nextElementSibling?.after(item);
  target.focus();
});

/** Of many tabs on a small screen the present one is in sight. */
each(".tabs > [aria-current]", (tab) => {
  const bar = tab.parentElement;
  if (bar !== null && bar.scrollWidth > bar.clientWidth) bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
});
