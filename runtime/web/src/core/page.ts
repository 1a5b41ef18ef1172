/** Small things that all behaviours of pages share: requests for pieces of pages, the live region, messages. */

const PART = { "HX-Request": "true" };

/** A request for a piece of a page; the answer's text and headers, whatever its status. */
export async function part(url: string, body?: URLSearchParams | FormData): Promise<{ response: Response; text: string }> {
  const options: RequestInit = { headers: PART, credentials: "same-origin" };
  if (body !== undefined) Object.assign(options, { method: "POST", body });
  const response = await fetch(url, options);
  return { response, text: await response.text() };
}

/** HTML of our own server as elements. */
export function elements(html: string): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/** Say something to a screen reader. */
export function announce(text: string): void {
  const region = document.getElementById("live");
  if (region !== null) region.textContent = text;
}

/** The status of a change that waits for an approval: what is shown goes back to what is in force. */
const WAITS = 202;

/** True for a change that waits for an approval; it is said so, with the way to the workflow that it waits for. */
export function waits(response: Response | null): boolean {
  if (response?.status !== WAITS) return false;
  const [text = "", href = "", label = ""] = ["X-Waits", "X-Waits-At", "X-Waits-Link"].map((name) => decodeURIComponent(response.headers.get(name) ?? ""));
  toast(text, { label, href });
  return true;
}

/** Show a message for a while, with a link where one helps. */
export function toast(text: string, link?: { label: string; href: string }): void {
  document.querySelector(".toast")?.remove();
  const box = document.createElement("p");
  box.className = "toast";
  box.setAttribute("role", "alert");
  box.append(text);
  if (link !== undefined) {
    const anchor = document.createElement("a");
    anchor.className = "button";
    anchor.href = link.href;
    anchor.textContent = link.label;
    box.append(anchor);
  }
  document.body.append(box);
  setTimeout(() => box.remove(), 8000);
}

/** A sentence with its places filled in: `{title} is now in {lane}`. */
export function sentence(pattern: string | undefined, values: Record<string, string>): string {
  return (pattern ?? "").replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** Call once for every element there is and every one that comes later. */
export function each(selector: string, work: (element: HTMLElement) => void): void {
  const seen = new WeakSet<Element>();
  function look(root: ParentNode): void {
    for (const one of root.querySelectorAll<HTMLElement>(selector)) {
      if (!seen.has(one)) {
        seen.add(one);
        work(one);
      }
    }
  }
  look(document);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node instanceof Element && node.parentElement !== null) look(node.parentElement);
    }
  }).observe(document.body, { childList: true, subtree: true });
}

/** True when somebody writes in the element, or in the shadow that it hosts: single keys are letters then. */
export function writes(target: EventTarget | null): boolean {
  if (target instanceof Element && target.shadowRoot !== null) return writes(target.shadowRoot.activeElement);
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"));
}
