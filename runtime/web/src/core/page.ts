/** Small things that all behaviours of pages share: requests for pieces of pages, the live region, messages. */

const PART = { "HX-Request": "true" };

/**
 * The answer to a request for a piece of a page: its text and headers, whatever its status. `refused` says why the
 * server did nothing, "" where it did or where `text` is a piece of the page that says so.
 */
export interface Part {
  response: Response;
  text: string;
  refused: string;
}

/** Ask for a piece of a page. A server that cannot be reached answers 503. */
export async function part(url: string, body?: URLSearchParams | FormData): Promise<Part> {
  const options: RequestInit = { headers: PART, credentials: "same-origin" };
  if (body !== undefined) Object.assign(options, { method: "POST", body });
  try {
    const response = await fetch(url, options);
    return answered(response, await response.text());
  } catch {
    return unreachable();
  }
}

/** What an answer says; our own refusal of a whole request is plain text, one of what stands before us is anything. */
export function answered(response: Response, text: string): Part {
  const plain = response.headers.get("Content-Type")?.startsWith("text/plain") === true;
  if (response.ok || plain) return { response, text, refused: response.ok ? "" : text };
  return response.status < 500 ? { response, text, refused: "" } : unreachable();
}

/** What stands for the answer of a server that gave none. */
export function unreachable(): Part {
  const words = document.getElementById("live")?.dataset.away ?? "";
  return { response: new Response(null, { status: 503 }), text: "", refused: words };
}

/** How to go on after a refusal, for a link: the login, or the page loaded again. A form that is filled in stays here. */
export function again(response: Response): Way | undefined {
  const label = decodeURIComponent(response.headers.get("X-Again") ?? "");
  const here = new URLSearchParams({ next: location.pathname + location.search }).toString();
  return label === "" ? undefined : { label, href: `/login?${here}`, apart: document.querySelector("form[data-guard]") !== null };
}

/** Tell somebody that what was asked for was refused. */
export function tell(found: Part): void {
  if (found.refused !== "") toast(found.refused, again(found.response));
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
export function waits(response: Response): boolean {
  if (response.status !== WAITS) return false;
  const [text = "", href = "", label = ""] = ["X-Waits", "X-Waits-At", "X-Waits-Link"].map((name) => decodeURIComponent(response.headers.get(name) ?? ""));
  toast(text, { label, href });
  return true;
}

/** Where a message leads; `apart` in a window of its own. */
export interface Way {
  label: string;
  href: string;
  apart?: boolean;
}

/** Show a message for a while, with a link where one helps. */
export function toast(text: string, link?: Way): void {
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
    if (link.apart === true) anchor.target = "_blank";
    box.append(anchor);
  }
  (document.querySelector("dialog:modal") ?? document.body).append(box);
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
