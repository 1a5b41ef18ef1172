/** Links are picked by typing: the select keeps the value, a text input finds records (words, pinyin, initials). */
import { each, part, tell } from "../core/page.ts";
import { formPanel } from "./panels.ts";

interface Offer {
  id: string;
  title: string;
}

each("select[data-picker]", (element) => {
  if (!(element instanceof HTMLSelectElement)) return;
  const select: HTMLSelectElement = element;
  const box = document.createElement("div");
  const input = document.createElement("input");
  const list = document.createElement("ul");
  box.className = "picker";
  list.className = "picked";
  list.id = `${select.id}-offers`;
  list.setAttribute("role", "listbox");
  list.hidden = true;
  input.type = "text";
  input.autocomplete = "off";
  input.placeholder = select.dataset.find ?? "";
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  for (const name of ["aria-required", "aria-invalid", "aria-describedby"]) {
    const value = select.getAttribute(name);
    if (value !== null) input.setAttribute(name, value);
  }
  const label = document.querySelector<HTMLLabelElement>(`label[for="${CSS.escape(select.id)}"]`);
  input.id = `${select.id}-text`;
  if (label !== null) {
    label.htmlFor = input.id;
    list.setAttribute("aria-label", label.textContent.trim());
  }
  select.hidden = true;
  select.closest(".linked")?.parentElement?.querySelector(".find")?.remove();
  const many = select.multiple;
  const picks = document.createElement("div");
  picks.className = "picks";
  if (many) box.append(picks);
  box.append(input, list);
  select.after(box);

  let offers: Offer[] = [];
  let at = -1;
  let asked = 0;
  let timer = 0;
  const chosen = (): string => (many ? "" : (select.selectedOptions[0]?.textContent.trim() ?? ""));
  input.value = chosen();

  /** Of several, each that is chosen stands above the input and can be taken out. */
  function showPicks(): void {
    picks.replaceChildren(
      ...[...select.selectedOptions].map((option) => {
        const name = option.textContent.trim();
        const one = document.createElement("span");
        const out = document.createElement("button");
        one.className = "pick";
        out.type = "button";
        out.className = "quiet";
        out.textContent = "✕";
        out.setAttribute("aria-label", `${select.dataset.remove ?? ""} ${name}`);
        out.addEventListener("click", () => {
          option.selected = false;
          showPicks();
          input.focus();
        });
        one.append(name, out);
        return one;
      }),
    );
  }
  if (many) showPicks();

  function close(): void {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function pick(one: Offer): void {
    let option = [...select.options].find((known) => known.value === one.id);
    if (option === undefined) {
      option = new Option(one.title, one.id);
      select.add(option);
    }
    if (many) {
      option.selected = true;
      input.value = "";
      showPicks();
    } else {
      select.value = one.id;
      input.value = one.title;
    }
    close();
    select.dispatchEvent(new Event("input", { bubbles: true }));
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function mark(number: number): void {
    at = number;
    [...list.children].forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
    const active = list.children[at];
    if (active !== undefined) {
      input.setAttribute("aria-activedescendant", active.id);
      active.scrollIntoView({ block: "nearest" });
    }
  }

  function show(): void {
    list.replaceChildren(
      ...offers.map((one, number) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${number}`;
        item.setAttribute("role", "option");
        item.textContent = one.title;
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          pick(one);
        });
        return item;
      }),
    );
    if (offers.length === 0) {
      const none = document.createElement("li");
      none.className = "none";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.textContent = select.dataset.none ?? "";
      list.append(none);
    }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(offers.length > 0 ? 0 : -1);
  }

  async function find(text: string): Promise<void> {
    const turn = ++asked;
    const found = await part(`${select.dataset.picker ?? ""}?${new URLSearchParams({ q: text }).toString()}`);
    if (turn !== asked || document.activeElement !== input) return;
    if (!found.response.ok) { tell(found); return; }
    offers = (JSON.parse(found.text) as { data: Offer[] }).data;
    show();
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim() === "" && !many) {
      select.value = "";
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    timer = window.setTimeout(() => void find(input.value.trim()), 180);
  });
  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => {
    if (list.hidden) void find("");
  });
  input.addEventListener("blur", () => {
    clearTimeout(timer);
    asked += 1;
    close();
    input.value = chosen();
  });
  input.addEventListener("keydown", (event) => {
    const one = offers[at];
    if (event.key === "ArrowDown" && list.hidden) void find(input.value === chosen() ? "" : input.value.trim());
    else if (event.key === "ArrowDown") mark(Math.min(at + 1, offers.length - 1));
    else if (event.key === "ArrowUp") mark(Math.max(at - 1, 0));
    else if (event.key === "Enter" && !list.hidden && one !== undefined) pick(one);
    else if (event.key === "Escape" && !list.hidden) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  const creates = select.dataset.creates;
  if (creates !== undefined && select.closest("dialog, table") === null) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = select.dataset.create ?? "+";
    button.addEventListener("click", () => void formPanel(creates, (id, title) => pick({ id, title })));
    box.after(button);
  }
});
