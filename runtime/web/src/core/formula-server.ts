/** What the formula editor asks of the server: words of objects, and whether a formula holds. */
import type { Words } from "./formula-words.ts";

export interface Texts {
  label: string;
  fine: string;
  problems: string;
  try: string;
  result: string;
  blank: string;
  true: string;
  false: string;
  help: string;
  hint: string;
  fix: string;
  away: string;
  types: Record<string, string>;
}

export interface RootWords extends Words {
  samples: { id: string; title: string }[];
  texts: Texts;
}

export interface Finding {
  code: string;
  severity: string;
  start: number;
  end: number;
  message: string;
  fix: string | null;
}

export interface Checked {
  diagnostics: Finding[];
  type: string | null;
  value: string | null;
}

export interface Question {
  object: string;
  context: string;
  source: string;
  expected_type: string | null;
  record?: string;
}

const known = new Map<string, Promise<unknown>>();

async function asked<T>(address: string): Promise<T> {
  const found = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!found.ok) throw new Error(String(found.status));
  return (await found.json()) as T;
}

/** Ask once a page; what failed is asked again. */
function once<T>(address: string): Promise<T> {
  let answer = known.get(address) as Promise<T> | undefined;
  if (answer === undefined) {
    answer = asked<T>(address);
    answer.catch(() => known.delete(address));
    known.set(address, answer);
  }
  return answer;
}

/** The words of a formula's own object, with functions, samples and texts. */
export function rootWords(object: string, context: string, samples: boolean): Promise<RootWords> {
  const query = new URLSearchParams({ object, context, ...(samples ? { samples: "" } : {}) });
  return once(`/formula/words?${query.toString()}`);
}

/** The words of an object behind a link; null where the caller may not know it. */
export function otherWords(object: string): Promise<Words | null> {
  return once<Words>(`/formula/words?${new URLSearchParams({ object }).toString()}`).catch(() => null);
}

/** What the server says of a formula. Throws when it cannot be asked. */
export async function check(question: Question): Promise<Checked> {
  const { record, ...rest } = question;
  const found = await fetch("/formula/check", {
    method: "POST",
    credentials: "same-origin",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json",
      "X-CSRFToken": document.querySelector<HTMLInputElement>('input[name="_csrf"]')?.value ?? "",
    },
    body: JSON.stringify({ ...rest, ...(record === undefined ? {} : { record, evaluate: true }) }),
  });
  if (!found.ok) throw new Error(String(found.status));
  return (await found.json()) as Checked;
}
