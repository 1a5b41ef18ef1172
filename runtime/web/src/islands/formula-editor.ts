/**
 * `<formula-editor data-island object="quote" context="filter" expects="bool" samples name="filter">`: an editor of
 * formulas over a textarea, which stays what the form sends. Without a textarea inside it makes one called `name`.
 * `samples`: show what the formula gives for a record that can be chosen. The heavy part comes when it is first seen.
 */
import { check, rootWords, type Checked, type RootWords } from "../core/formula-server.ts";
import { sentence } from "../core/page.ts";
import type { FormulaView } from "../ui/formula-view.ts";

let numbers = 0;

class FormulaEditor extends HTMLElement {
  static readonly observedAttributes = ["object", "context", "expects"];

  private area: HTMLTextAreaElement | null = null;
  private view: FormulaView | null = null;
  private words: RootWords | null = null;
  private host: HTMLElement | null = null;
  private foot: HTMLElement | null = null;
  private record: string | undefined;
  private question = 0;
  private started = 0;
  private watch: IntersectionObserver | null = null;
  private stop = new AbortController();

  connectedCallback(): void {
    this.stop = new AbortController();
    this.area = this.querySelector("textarea") ?? this.made();
    this.watch = new IntersectionObserver((seen) => {
      if (seen.some((one) => one.isIntersecting)) void this.start();
    });
    this.watch.observe(this);
  }

  disconnectedCallback(): void {
    this.stop.abort();
    this.close();
  }

  attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
    if (this.view === null || before === now) return;
    this.close();
    void this.start();
  }

  /** The formula, for whoever holds the element; setting it is no typing and tells nobody. */
  get value(): string {
    return this.area?.value ?? this.getAttribute("value") ?? "";
  }

  set value(text: string) {
    if (this.area === null) this.setAttribute("value", text);
    else this.area.value = text;
    this.view?.set(text);
  }

  override focus(): void {
    if (this.view === null) this.area?.focus();
    else this.view.focus();
  }

  private made(): HTMLTextAreaElement {
    const area = document.createElement("textarea");
    area.name = this.getAttribute("name") ?? "";
    area.className = "code";
    area.rows = 2;
    area.value = this.getAttribute("value") ?? "";
    area.setAttribute("aria-label", this.getAttribute("label") ?? "");
    this.append(area);
    return area;
  }

  /** Load the words and the editor; a page without either keeps its textarea. */
  private async start(): Promise<void> {
    const { area } = this;
    if (area === null || this.view !== null) return;
    this.started += 1;
    const number = this.started;
    const object = this.getAttribute("object") ?? "";
    const context = this.getAttribute("context") ?? "virtual";
    try {
      const [{ mount }, words] = await Promise.all([
        import("../ui/formula-view.ts"), rootWords(object, context, this.hasAttribute("samples")),
      ]);
      if (number !== this.started || !this.isConnected) return;
      this.watch?.disconnect();
      this.words = words;
      this.record = words.samples[0]?.id;
      const typing = this.contains(document.activeElement);
      this.host = document.createElement("div");
      this.host.className = "editor";
      const parent = this.host.attachShadow({ mode: "open" });
      this.foot = this.footer(words);
      area.after(this.host, this.foot);
      area.hidden = true;
      this.view = mount({
        parent,
        value: area.value,
        language: document.documentElement.lang.startsWith("zh") ? "zh" : "en",
        words,
        attributes: this.described(area, words),
        changed: (text) => this.changed(text),
        called: (signature) => this.say(".signature", signature),
        check: (text) => this.checked(text),
        submit: () => area.form?.requestSubmit(),
      });
      this.listen(area);
      if (typing) this.view.focus();
    } catch (error) {
      console.info("the formula editor is not available", error);
    }
  }

  private close(): void {
    this.started += 1;
    this.watch?.disconnect();
    this.view?.destroy();
    this.host?.remove();
    this.foot?.remove();
    this.view = this.host = this.foot = null;
    if (this.area !== null) this.area.hidden = false;
  }

  private described(area: HTMLTextAreaElement, words: RootWords): Record<string, string> {
    const label = area.dataset.label ?? area.getAttribute("aria-label") ?? "";
    return { "aria-label": label === "" ? words.texts.label : label, ...(area.ariaInvalid === null ? {} : { "aria-invalid": area.ariaInvalid }) };
  }

  /** What stands below: the signature of the call at the caret, what the server says, a record to try it on. */
  private footer(words: RootWords): HTMLElement {
    const foot = document.createElement("div");
    foot.className = "editor-foot";
    const { texts } = words;
    for (const [name, tag] of [["signature", "code"], ["says", "p"], ["hint", "p"]] as const) {
      const part = document.createElement(tag);
      part.className = name;
      if (name === "says") part.setAttribute("role", "status");
      if (name === "hint") part.textContent = texts.hint;
      foot.append(part);
    }
    if (words.samples.length > 0) foot.append(this.tried(words));
    return foot;
  }

  private tried(words: RootWords): HTMLElement {
    const box = document.createElement("p");
    box.className = "tried";
    const label = document.createElement("label");
    const select = document.createElement("select");
    select.id = `formula-sample-${++numbers}`;
    label.htmlFor = select.id;
    label.textContent = words.texts.try;
    for (const one of words.samples) select.add(new Option(one.title, one.id));
    const result = document.createElement("output");
    result.htmlFor.add(select.id);
    select.addEventListener("change", () => {
      this.record = select.value;
      this.view?.again();
    });
    box.append(label, select, result);
    return box;
  }

  private listen(area: HTMLTextAreaElement): void {
    const { signal } = this.stop;
    // An Escape that closes the suggestions is not one for the panel around the editor.
    this.host?.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && event.defaultPrevented) event.stopPropagation();
    }, { signal });
    for (const label of area.labels) label.addEventListener("click", () => this.view?.focus(), { signal });
    area.form?.addEventListener("reset", () => setTimeout(() => this.view?.set(area.value)), { signal });
  }

  private changed(text: string): void {
    if (this.area === null) return;
    this.area.value = text;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private say(part: string, text: string): void {
    const place = this.foot?.querySelector(part);
    if (place !== null && place !== undefined && place.textContent !== text) place.textContent = text;
  }

  /** Ask the server; null when nothing is typed or nobody answers. Only the last question's answer is shown. */
  private async checked(text: string): Promise<Checked | null> {
    const { words } = this;
    this.question += 1;
    const number = this.question;
    if (words === null || text.trim() === "") {
      this.show(null);
      return null;
    }
    try {
      const found = await check({
        object: words.object,
        context: this.getAttribute("context") ?? "virtual",
        source: text,
        expected_type: this.getAttribute("expects"),
        ...(this.record === undefined ? {} : { record: this.record }),
      });
      if (number === this.question) this.show(found);
      return found;
    } catch {
      if (number === this.question) {
        this.show(null);
        this.say(".says", words.texts.away);
      }
      return null;
    }
  }

  private show(found: Checked | null): void {
    const texts = this.words?.texts;
    if (texts === undefined || this.foot === null) return;
    const errors = found?.diagnostics.filter((one) => one.severity === "error") ?? [];
    const first = errors[0] ?? found?.diagnostics[0];
    const type = found?.type?.replace(/\(.*/, "") ?? "";
    this.foot.classList.toggle("wrong", errors.length > 0);
    if (found === null) this.say(".says", "");
    else if (first === undefined) this.say(".says", sentence(texts.fine, { type: texts.types[type] ?? type }));
    else this.say(".says", sentence(texts.problems, { count: String(found.diagnostics.length), message: first.message }));
    const value = found?.value;
    const words: Record<string, string> = { true: texts.true, false: texts.false };
    const shown = found?.type == null ? "" : value == null || value === "" ? texts.blank : type === "bool" ? (words[value] ?? value) : value;
    this.say("output", shown === "" ? "" : `${texts.result}: ${shown}`);
  }
}

customElements.define("formula-editor", FormulaEditor);
