/**
 * `<live-form data-island data-ask="address">` inside a form: reads its inputs, shows what is computed, hides parts
 * whose condition does not hold, says what a rule objects to. The page's attributes say where:
 * `data-live="input name"` shows a value, `data-when`, `data-must`, `data-fixed` name conditions by number.
 */
import { readText, show, type Field } from "../core/dialect.ts";
import { LiveForm, MAIN, UNKNOWN, type Entry, type FormData, type Known, type Rule, type Wants } from "../core/live.ts";
import type { Value } from "../core/formula/types.ts";

const LATER = 200;
const DASH = "—";
type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

interface Place {
  entry: Entry;
  key: string;
  field: Field;
}

interface Answer {
  links: Record<string, Record<string, unknown>>[];
  texts: { value?: unknown; error?: string }[];
  values: Record<string, unknown>;
}

class LiveFormElement extends HTMLElement {
  private live: LiveForm | null = null;
  private form: HTMLFormElement | null = null;
  private readonly places = new Map<string, Place>();
  /** The name of each record's input for a field, by the field's name. */
  private readonly names = new Map<Entry, Map<string, string>>();
  private readonly rows = new Map<string, Entry>();
  private readonly touched = new Set<string>();
  private readonly texts = new Map<string, string>();
  private wants: Wants = { links: [], values: [] };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private question = 0;
  private awake = false;
  private readonly stop = new AbortController();

  connectedCallback(): void {
    const text = this.querySelector("script")?.textContent;
    this.form = this.closest("form");
    if (text == null || this.form === null) return;
    const data = JSON.parse(text) as FormData;
    this.live = new LiveForm(data);
    this.record(this.live.main, "");
    this.search();
    this.refresh(false);
    const { signal } = this.stop;
    this.form.addEventListener("input", (event) => this.changed(event.target, false), { signal });
    this.form.addEventListener("change", (event) => this.changed(event.target, true), { signal });
    this.form.addEventListener("focusin", () => this.wake(), { signal });
  }

  disconnectedCallback(): void {
    this.stop.abort();
    clearTimeout(this.timer);
  }

  // -- reading the page -------------------------------------------------------------------------------

  /** Find the inputs of a record by the beginning of their names. */
  private record(entry: Entry, prefix: string): void {
    const names = new Map<string, string>();
    for (const [key, field] of Object.entries(this.live?.fields(entry.at) ?? {})) {
      const name = prefix + field.name;
      this.places.set(name, { entry, key, field });
      names.set(field.name, name);
    }
    this.names.set(entry, names);
  }

  /** Read all inputs, new lines among them. */
  private search(): void {
    const { live, form } = this;
    if (live === null || form === null) return;
    for (const at of live.lines.keys()) {
      for (const input of form.querySelectorAll<HTMLInputElement>(`input[name^="${at}-"][name$="-id"]`)) {
        const prefix = input.name.slice(0, -"id".length);
        if (this.rows.has(prefix)) continue;
        const entry = live.line(at, input.value);
        this.record(entry, prefix);
        this.rows.set(prefix, entry);
      }
    }
    for (const name of this.places.keys()) this.read(name);
    for (const prefix of this.rows.keys()) this.recount(prefix);
  }

  private controls(name: string): Control[] {
    const found = this.form?.elements.namedItem(name);
    if (found == null) return [];
    const all = found instanceof RadioNodeList ? [...found] : [found];
    return all.filter((one): one is Control => "value" in one && "name" in one);
  }

  /** What an input says now. */
  private read(name: string): void {
    const place = this.places.get(name);
    const controls = this.controls(name).filter((one) => !one.disabled);
    if (place === undefined || this.live === null || controls.length === 0) return;
    this.live.set(place.entry, place.key, this.said(name, place, controls));
  }

  private said(name: string, { entry, key, field }: Place, controls: readonly Control[]): Known {
    const boxes = controls.filter((one) => one instanceof HTMLInputElement && one.type === "checkbox") as HTMLInputElement[];
    if (field.reads === "bool") return boxes.some((one) => one.checked);
    if (field.reads === "keys") {
      const chosen = boxes.filter((one) => one.checked).map((one) => one.value);
      const selects = controls.filter((one) => one instanceof HTMLSelectElement);
      return [...chosen, ...selects.flatMap((one) => Array.from(one.selectedOptions, (option) => option.value))];
    }
    const text = controls.at(-1)?.value ?? "";
    const { live } = this;
    if (live === null) return UNKNOWN;
    const found = readText(field, text, live.env);
    this.texts.delete(name);
    if (found !== undefined) {
      this.say(name, "spelling", "");
      return found;
    }
    if (live.isRead(entry.at, key)) this.texts.set(name, text);
    return UNKNOWN;
  }

  /** An empty new line, and one that is to be deleted, do not count. */
  private recount(prefix: string): void {
    const entry = this.rows.get(prefix);
    if (entry === undefined || this.live === null || this.form === null) return;
    const deleted = this.controls(`${prefix}delete`).some((one) => one instanceof HTMLInputElement && one.checked);
    this.live.count(entry, !deleted && !(entry.isNew && this.empty(prefix)));
  }

  private empty(prefix: string): boolean {
    for (const one of this.form?.elements ?? []) {
      if (!("name" in one) || !(one.name as string).startsWith(prefix)) continue;
      if (one instanceof HTMLInputElement && ["checkbox", "radio"].includes(one.type)) {
        if (one.checked) return false;
      } else if ("value" in one && one.value !== "" && !(one.name as string).endsWith("-id")) {
        return false;
      }
    }
    return true;
  }

  private changed(target: EventTarget | null, settled: boolean): void {
    if (!(target instanceof HTMLElement) || !("name" in target) || this.live === null) return;
    this.wake();
    const name = target.name as string;
    const line = /^(.+-[0-9]+-)/.exec(name)?.[1];
    if (line !== undefined && !this.rows.has(line)) this.search();
    this.read(name);
    if (line !== undefined) this.recount(line);
    const place = this.places.get(name);
    if (place !== undefined) this.touched.add(`${place.entry.id}/${place.key}`);
    this.refresh(settled);
  }

  // -- showing ----------------------------------------------------------------------------------------

  private refresh(settled: boolean): void {
    const { live, form } = this;
    if (live === null || form === null) return;
    this.want(live.compute());
    for (const output of form.querySelectorAll<HTMLElement>("[data-live]")) this.output(output);
    for (const name of this.places.keys()) this.placeholder(name);
    for (const part of form.querySelectorAll<HTMLElement>("[data-when]")) {
      part.toggleAttribute("data-off", this.conditions(part, part.dataset.when).includes(false));
    }
    for (const part of form.querySelectorAll<HTMLElement>("[data-must]")) {
      this.must(part, this.conditions(part, part.dataset.must).includes(true));
    }
    for (const part of form.querySelectorAll<HTMLElement>("[data-fixed]")) {
      const fixed = this.conditions(part, part.dataset.fixed).includes(true);
      part.querySelectorAll<Control | HTMLFieldSetElement>("input, select, textarea, fieldset").forEach((one) => (one.disabled = fixed));
    }
    this.judge(settled);
    this.want(live.wants());
  }

  private output(output: HTMLElement): void {
    const place = this.places.get(output.dataset.live ?? "");
    if (place === undefined || this.live === null) return;
    const { entry, key, field } = place;
    const value = entry.counts ? this.live.value(entry, key) : null;
    output.toggleAttribute("data-pending", value === UNKNOWN);
    if (value === UNKNOWN) return;
    const text = show(field, value, this.live.env) || DASH;
    if (output.textContent.trim() !== text) output.textContent = text;
  }

  /** A blank input of a new line shows what it will be. */
  private placeholder(name: string): void {
    const { live } = this;
    const place = this.places.get(name);
    if (live === null || place === undefined || !place.entry.isNew || place.entry.at === MAIN) return;
    const value: Value = place.entry.counts ? live.defaultOf(place.entry, place.key) : null;
    for (const one of this.controls(name)) {
      if (one instanceof HTMLInputElement && one.type !== "checkbox") {
        one.placeholder = value === null ? "" : show(place.field, value, live.env);
      }
    }
  }

  /** Whether the conditions with these numbers hold for the record, or for the line that the part stands in. */
  private conditions(part: HTMLElement, numbers: string | undefined): Known[] {
    const identity = part.closest("tr")?.querySelector<HTMLInputElement>('input[name$="-id"]')?.name;
    const entry = identity === undefined ? undefined : this.rows.get(identity.slice(0, -"id".length));
    return (numbers ?? "").split(" ").map((one) => this.live?.condition(Number(one), entry) ?? UNKNOWN);
  }

  private must(part: HTMLElement, needed: boolean): void {
    const control = part.querySelector<Control>("input:not([type=hidden]), select, textarea");
    if (control === null || (control.ariaRequired === "true") === needed) return;
    if (needed) control.ariaRequired = "true";
    else control.removeAttribute("aria-required");
    const label = part.querySelector("label");
    label?.querySelector(".must")?.remove();
    if (!needed) return;
    const star = document.createElement("span");
    star.className = "must";
    star.ariaHidden = "true";
    star.textContent = "*";
    label?.append(star);
  }

  // -- rules ------------------------------------------------------------------------------------------

  private judge(settled: boolean): void {
    const { live } = this;
    if (live === null) return;
    const said: string[] = [];
    for (const [number, rule] of live.rules.entries()) {
      for (const entry of rule.at === MAIN ? [live.main] : (live.lines.get(rule.at) ?? [])) {
        const wrong = entry.counts && this.isTouched(rule, entry) && live.evaluate(rule.runner, entry) === false;
        const name = this.nameOf(rule, entry);
        if (name !== null) this.say(name, `rule-${number}`, wrong ? rule.message : "", settled);
        else if (wrong) said.push(rule.message);
      }
    }
    this.general(said);
  }

  private isTouched(rule: Rule, entry: Entry): boolean {
    return rule.reads.some((key) => this.touched.has(`${entry.id}/${key}`));
  }

  /** The input at which a rule's message stands. */
  private nameOf(rule: Rule, entry: Entry): string | null {
    const name = rule.field === null ? undefined : this.names.get(entry)?.get(rule.field);
    return name === undefined || this.controls(name).length === 0 ? null : name;
  }

  /** A message at an input; a new one only when the person has left the input. */
  private say(name: string, about: string, message: string, settled = true): void {
    const control = this.controls(name).at(-1);
    const id = `${name}-${about}`;
    const there = document.getElementById(id);
    if (control === undefined || (there?.textContent ?? "") === message) return;
    if (message === "") {
      there?.remove();
      this.describe(control, id, false);
      return;
    }
    if (!settled && there === null) return;
    const made = there ?? document.createElement("p");
    made.id = id;
    made.className = "error";
    made.role = "status";
    if (there === null) (control.closest(".field, td") ?? control.parentElement)?.append(made);
    made.textContent = message;
    this.describe(control, id, true);
  }

  private describe(control: Control, id: string, on: boolean): void {
    const ids = new Set((control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    if (on) ids.add(id);
    else ids.delete(id);
    if (ids.size > 0) control.setAttribute("aria-describedby", [...ids].join(" "));
    else control.removeAttribute("aria-describedby");
    if (on) control.ariaInvalid = "true";
    else if (![...ids].some((one) => /-(?:error|spelling|rule-[0-9]+)$/.test(one))) control.removeAttribute("aria-invalid");
  }

  /** Messages that belong to no input. */
  private general(messages: readonly string[]): void {
    let list = this.querySelector("p");
    if (list === null) {
      if (messages.length === 0) return;
      list = document.createElement("p");
      list.className = "error";
      list.role = "status";
      this.append(list);
    }
    const text = messages.join(" ");
    if (list.textContent !== text) list.textContent = text;
  }

  // -- asking the server ------------------------------------------------------------------------------

  /** The first visit of an input: what linked records have is asked before it is needed. */
  private wake(): void {
    if (this.awake) return;
    this.awake = true;
    this.later();
  }

  private want(more: Wants): void {
    this.wants = {
      links: [...this.wants.links, ...more.links],
      values: [...new Set([...this.wants.values, ...more.values])],
    };
    this.later();
  }

  private later(): void {
    const nothing = this.wants.links.length + this.wants.values.length + this.texts.size === 0;
    if (!this.awake || nothing) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), LATER);
  }

  private async ask(): Promise<void> {
    const { live, form } = this;
    const address = this.dataset.ask;
    if (live === null || form === null || address === undefined) return;
    const { links, values } = this.wants;
    const texts = [...this.texts];
    this.wants = { links: [], values: [] };
    this.texts.clear();
    this.question += 1;
    const number = this.question;
    const token = this.controls("_csrf")[0]?.value ?? "";
    const body = { links, values, texts: texts.map(([name, text]) => this.spelled(name, text)), given: this.given(values) };
    try {
      const found = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token, Accept: "application/json" },
        body: JSON.stringify(body),
        signal: this.stop.signal,
      });
      if (!found.ok) return;
      const answer = (await found.json()) as Answer;
      links.forEach(([at, link], i) => live.learn(at, link, answer.links[i] ?? {}));
      texts.forEach(([name, text], i) => this.learned(name, text, answer.texts[i] ?? {}));
      if (number === this.question) live.answered(answer.values);
      this.refresh(true);
    } catch {
      // Without an answer the form stays as it is: saving computes everything again.
    }
  }

  private spelled(name: string, text: string): [string, string, string] {
    const place = this.places.get(name);
    return [place?.entry.at ?? MAIN, place?.field.name ?? name, text];
  }

  private learned(name: string, text: string, { value, error }: Answer["texts"][number]): void {
    const place = this.places.get(name);
    if (place === undefined || this.live === null || this.controls(name).at(-1)?.value !== text) return;
    this.live.set(place.entry, place.key, error === undefined ? this.live.sent(place.entry.at, place.key, value) : null);
    this.say(name, "spelling", error ?? "");
  }

  /** The record's inputs as they stand, for what only the server can compute. */
  private given(values: readonly string[]): Record<string, string | string[]> {
    const found: Record<string, string | string[]> = {};
    if (values.length === 0 || this.live === null) return found;
    for (const [name, { entry, field }] of this.places) {
      const controls = this.controls(name);
      if (entry !== this.live.main || controls.length === 0) continue;
      const value = entry.inputs.get(this.places.get(name)?.key ?? "");
      if (field.reads === "keys") found[name] = Array.isArray(value) ? [...(value as readonly string[])] : [];
      else if (field.reads === "bool") found[name] = value === true ? "true" : "";
      else found[name] = controls.at(-1)?.value ?? "";
    }
    return found;
  }
}

customElements.define("live-form", LiveFormElement);
