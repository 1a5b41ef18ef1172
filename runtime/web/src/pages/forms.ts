/** Forms: nothing is lost by leaving, nothing is sent twice, errors are led to, words can be spoken. */
import { each } from "../core/page.ts";

each("form[data-guard]", (form) => {
  if (!(form instanceof HTMLFormElement)) return;
  let dirty = form.previousElementSibling?.matches("[data-summary]") === true;
  let sending = false;
  form.addEventListener("input", () => (dirty = true));
  form.addEventListener("submit", (event) => {
    if (sending && form.closest("dialog") === null) event.preventDefault();
    sending = true;
    form.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    sending = false;
    form.removeAttribute("aria-busy");
  });
  addEventListener("beforeunload", (event) => {
    if (dirty && !sending && form.isConnected && form.closest("dialog") === null) event.preventDefault();
  });
});

/** A form that was sent without a session comes back by itself; without scripts, by a button. */
each("form[data-resume]", (form) => { if (form instanceof HTMLFormElement) form.submit(); });

/** An error leads to its input, also when that stands in another tab or a closed section. */
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("[data-summary] a[href^='#']") : null;
  const input = link === null ? null : document.getElementById(link.hash.slice(1));
  if (input === null) return;
  event.preventDefault();
  const panel = input.closest(".tabpanel");
  const pick = panel?.previousElementSibling?.previousElementSibling;
  if (pick instanceof HTMLInputElement) pick.checked = true;
  const details = input.closest("details");
  if (details !== null) details.open = true;
  input.scrollIntoView({ block: "center" });
  const shown = input.matches("select[hidden]") ? input.parentElement?.querySelector<HTMLElement>(".picker input") : input;
  shown?.focus({ preventScroll: true });
});
each("[data-summary]", (summary) => summary.focus());

interface Recognition extends EventTarget {
  lang: string;
  interimResults: boolean;
  start(): void;
  stop(): void;
}
interface Heard extends Event {
  results: ArrayLike<ArrayLike<{ transcript: string }>>;
}

/** A microphone, drawn: not every system has a letter for it. */
function microphone(): SVGElement {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", "M9 5a3 3 0 0 1 6 0v5a3 3 0 0 1 -6 0zM5 10a7 7 0 0 0 14 0M12 17v4M8 21h8");
  const looks = { viewBox: "0 0 24 24", width: "17", height: "17", fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "aria-hidden": "true" };
  for (const [name, value] of Object.entries(looks)) drawing.setAttribute(name, value);
  drawing.append(line);
  return drawing;
}

const known = window as unknown as Record<string, (new () => Recognition) | undefined>;
const Recognizer = known.SpeechRecognition ?? known.webkitSpeechRecognition;

if (Recognizer !== undefined) {
  each(":is(form.record, form.decide) textarea", (area) => {
    if (!(area instanceof HTMLTextAreaElement)) return;
    const box = document.createElement("div");
    box.className = "spoken";
    area.replaceWith(box);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "mic";
    button.append(microphone());
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", document.documentElement.lang.startsWith("zh") ? "语音输入" : "Dictate");
    box.append(area, button);
    let hearing: Recognition | null = null;
    button.addEventListener("click", () => {
      if (hearing !== null) { hearing.stop(); return; }
      const one = new Recognizer();
      hearing = one;
      one.lang = document.documentElement.lang === "en" ? "en-US" : "zh-CN";
      one.addEventListener("result", (event) => {
        const text = [...Array.from((event as Heard).results)].map((part) => part[0]?.transcript ?? "").join(" ");
        area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
        area.dispatchEvent(new Event("input", { bubbles: true }));
      });
      one.addEventListener("end", () => {
        hearing = null;
        button.setAttribute("aria-pressed", "false");
      });
      button.setAttribute("aria-pressed", "true");
      one.start();
    });
  });
}
