/**
 * What can be written at a place of a formula: fields by name and label, paths through links, rows of an aggregate,
 * options of a choice, functions. Plain functions over the text and the words that the server gives; no page, no editor.
 */

export type Language = "en" | "zh";
type Labels = Partial<Record<Language, string>>;

export interface Member {
  name: string;
  labels: Labels;
  type: string;
  to?: string;
  options?: { key: string; labels: Labels }[];
}

export interface FunctionWords {
  name: string;
  aliases: string[];
  signature: string;
  help: string;
  example: string;
}

export interface Words {
  object: string;
  members: Member[];
  functions?: FunctionWords[];
  people?: string[];
}

export interface Offer {
  /** What stands in the list, what it is called, and what is written. */
  label: string;
  detail: string;
  insert: string;
  kind: "field" | "rows" | "function" | "option" | "word";
  help?: string;
  /** How many characters before its end the caret stands after it was written. */
  back?: number;
}

export interface Token {
  kind: "name" | "braced" | "number" | "text" | "sign";
  start: number;
  end: number;
  text: string;
  /** False while the quote or brace that ends it is missing. */
  closed: boolean;
}

/** Whose fields names mean inside of a call: the rows of a relation, or another object's (asked by ROW only). */
export type Frame = { rows: string[] } | { object: string };

export interface Place {
  kind: "name" | "path" | "braced" | "option";
  from: number;
  typed: string;
  /** The path before the place; for an option, that of the field it belongs to. */
  path: string[];
  frames: Frame[];
}

const TOKEN = /([\p{L}_][\p{L}\p{N}_]*)|(\{[^{}]*\}?)|(\d+(?:\.\d*)?|\.\d+)|(["“”][^"“”]*["“”]?|['‘’](?:\\.|[^'‘’\\])*['‘’]?)|(==|!=|<>|<=|>=|&&|\|\||[^\s])/gu;
const FULL: Record<string, string> = { "（": "(", "）": ")", "，": ",", "；": ",", "。": "." };
const EQUALS = new Set(["==", "=", "!=", "<>", "＝"]);
const LISTED = new Set(["HAS", "SWITCH", "IFBLANK"]);
const CONSTANTS = ["TRUE", "FALSE", "NULL"];
const JOINS = ["and", "or", "not", "in"];

/** The pieces of a text, blanks left out. Never fails: what is odd is a sign. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const [whole, name, braced, number, quoted] = match;
    const kind = name !== undefined ? "name" : braced !== undefined ? "braced" : number !== undefined ? "number" : quoted !== undefined ? "text" : "sign";
    const closed = kind === "braced" ? whole.endsWith("}") : kind === "text" ? whole.length > 1 && /["“”'‘’]$/.test(whole) : true;
    found.push({ kind, start: match.index, end: match.index + whole.length, text: FULL[whole] ?? whole, closed });
  }
  return found;
}

/** The bare name of a name or braced piece. */
function bare(token: Token): string {
  return token.kind === "braced" ? token.text.replace(/^\{|\}$/g, "").trim() : token.text;
}

function isName(token: Token | undefined): token is Token & { kind: "name" | "braced" } {
  return token !== undefined && (token.kind === "name" || token.kind === "braced");
}

/** The path that ends with piece number `last`: `a.b.c`; empty where there is none. */
function pathBack(all: readonly Token[], last: number): string[] {
  const found: string[] = [];
  for (let at = last; at >= 0; at -= 2) {
    const token = all[at];
    if (!isName(token)) break;
    found.unshift(bare(token));
    if (all[at - 1]?.text !== ".") break;
  }
  return found;
}

interface Call {
  name: string;
  argument: number;
  /** The number of the first piece after the parenthesis. */
  first: number;
}

/** The calls that the end of the pieces stands in, outermost first; brackets of lists and sums count as none. */
export function calls(before: readonly Token[]): Call[] {
  const open: Call[] = [];
  before.forEach((token, at) => {
    if (token.kind !== "sign") return;
    if (token.text === "(" || token.text === "[") {
      const name = token.text === "(" && before[at - 1]?.kind === "name" ? (before[at - 1]?.text ?? "").toUpperCase() : "";
      open.push({ name, argument: 0, first: at + 1 });
    } else if (token.text === ")" || token.text === "]") open.pop();
    else if (token.text === ",") {
      const last = open.at(-1);
      if (last !== undefined) last.argument += 1;
    }
  });
  return open;
}

/** The function that is being called at a place, and which of its arguments is being written. */
export function callAt(text: string, position: number): { name: string; argument: number } | null {
  const found = calls(tokens(text.slice(0, position))).filter((one) => one.name !== "").at(-1);
  return found === undefined ? null : { name: found.name, argument: found.argument };
}

/** The frames that the calls make: `SUM(lines, …` and `LOOKUP('product', …`. */
function framesOf(before: readonly Token[], open: readonly Call[]): Frame[] {
  const found: Frame[] = [];
  for (const one of open) {
    if (one.name === "" || one.argument === 0) continue;
    const comma = before.findIndex((token, at) => at >= one.first && token.text === ",");
    const first = before[one.first];
    if (one.name === "LOOKUP" && first?.kind === "text") found.push({ object: first.text.slice(1, -1) });
    else if (comma > one.first) {
      const path = pathBack(before, comma - 1);
      if (path.length * 2 - 1 === comma - one.first) found.push({ rows: path });
    }
  }
  return found;
}

/** The field whose option a text at the end of the pieces is compared with. */
function comparedWith(before: readonly Token[], open: readonly Call[]): string[] {
  const last = before.length - 1;
  if (EQUALS.has(before[last]?.text ?? "")) return pathBack(before, last - 1);
  const call = open.at(-1);
  if (call === undefined) return [];
  if (call.name === "" && before[call.first - 1]?.text === "[" && before[call.first - 2]?.text.toLowerCase() === "in") {
    const not = before[call.first - 3]?.text.toLowerCase() === "not" ? 1 : 0;
    return pathBack(before, call.first - 3 - not);
  }
  if (LISTED.has(call.name) && call.argument > 0) {
    const comma = before.findIndex((token, at) => at >= call.first && token.text === ",");
    return comma > call.first ? pathBack(before, comma - 1) : [];
  }
  return [];
}

/** What is being written at a position, or null where nothing can be suggested. */
export function placeAt(text: string, position: number): Place | null {
  const all = tokens(text);
  const inside = all.findIndex((token) => token.start < position && (position < token.end || (position === token.end && (isName(token) || !token.closed))));
  const current = all[inside];
  const before = current === undefined ? all.filter((token) => token.end <= position) : all.slice(0, inside);
  const open = calls(before);
  const frames = framesOf(before, open);
  const last = before.length - 1;
  if (current?.kind === "number") return null;
  if (current?.kind === "text") {
    const path = comparedWith(before, open);
    const typed = text.slice(current.start + 1, position);
    return path.length > 0 ? { kind: "option", from: current.start + 1, typed, path, frames } : null;
  }
  if (current?.kind === "braced" && current.closed && position === current.end) return null;
  const word = isName(current) ? current : undefined;
  const path = before[last]?.text === "." ? pathBack(before, last - 1) : [];
  if (before[last]?.text === "." && path.length === 0) return null;
  if (before[last]?.kind === "number" && word === undefined && before[last].end === position) return null;
  const from = word?.start ?? position;
  const typed = word === undefined ? "" : text.slice(word.start, position).replace(/^\{/, "").trim();
  return { kind: word?.kind === "braced" ? "braced" : path.length > 0 ? "path" : "name", from, typed, path, frames };
}

export type Load = (object: string) => Promise<Words | null>;

/** A member by its name or one of its labels. */
export function memberOf(words: Words | null, name: string): Member | undefined {
  const wanted = name.trim();
  return words?.members.find((one) => one.name === wanted) ?? words?.members.find((one) => Object.values(one.labels).includes(wanted));
}

/** The words of the object at the end of a path. */
async function follow(words: Words | null, path: readonly string[], load: Load): Promise<Words | null> {
  let here = words;
  for (const name of path) {
    const to = memberOf(here, name)?.to;
    if (to === undefined) return null;
    here = await load(to);
  }
  return here;
}

/** What names mean inside of frames: the innermost rows; with PARENT or ROW those that they stand for. */
async function scopeOf(root: Words, place: Place, load: Load): Promise<{ words: Words | null; path: string[] }> {
  const levels: { words: Words | null; bare: boolean }[] = [{ words: root, bare: true }];
  for (const frame of place.frames) {
    const outer = [...levels].reverse().find((one) => one.bare)?.words ?? root;
    if ("object" in frame) levels.push({ words: await load(frame.object), bare: false });
    else {
      const relation = memberOf(await follow(outer, frame.rows.slice(0, -1), load), frame.rows.at(-1) ?? "");
      if (relation?.type === "children" && relation.to !== undefined) levels.push({ words: await load(relation.to), bare: true });
    }
  }
  const [first, ...rest] = place.path;
  if (first === "PARENT" && levels.length > 1) return { words: levels.at(-2)?.words ?? null, path: rest };
  if (first === "ROW" && levels.length > 1) return { words: levels.at(-1)?.words ?? null, path: rest };
  return { words: [...levels].reverse().find((one) => one.bare)?.words ?? root, path: place.path };
}

/** How well something fits what was typed: 0 best, -1 not at all. */
function rank(typed: string, names: readonly string[]): number {
  const wanted = typed.toLowerCase();
  if (wanted === "") return 1;
  const low = names.map((one) => one.toLowerCase());
  if (low.some((one) => one === wanted)) return 0;
  if (low.some((one) => one.startsWith(wanted))) return 1;
  return low.some((one) => one.includes(wanted)) ? 2 : -1;
}

function sorted<T>(items: readonly T[], typed: string, names: (item: T) => string[]): T[] {
  return items
    .map((item, at) => ({ item, at, rank: rank(typed, names(item)) }))
    .filter((one) => one.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .map((one) => one.item);
}

function memberOffer(one: Member, language: Language): Offer {
  const called = one.labels[language] ?? Object.values(one.labels)[0] ?? "";
  const other = Object.values(one.labels).find((label) => label !== called);
  const detail = [called, other].filter((label) => label !== undefined && label !== "").join(" · ");
  return { label: one.name, detail, insert: one.name, kind: one.type === "children" ? "rows" : "field" };
}

function functionOffer(one: FunctionWords): Offer {
  const empty = /\(\s*\)$/.test(one.signature);
  const help = one.example === "" ? one.help : `${one.help}\n${one.example}`;
  return { label: one.name, detail: one.signature, insert: `${one.name}()`, kind: "function", help, ...(empty ? {} : { back: 1 }) };
}

interface Named {
  names: string[];
  offer: Offer;
}

/** Everything that fits a place, best first; of equals fields before functions. */
export async function offersAt(text: string, position: number, root: Words, load: Load, language: Language): Promise<{ from: number; offers: Offer[] } | null> {
  const place = placeAt(text, position);
  if (place === null) return null;
  const { typed, from } = place;
  if (place.kind === "path" && place.path[0] === "USER") {
    const people = (root.people ?? []).map((one) => one.slice("USER.".length));
    return { from, offers: sorted(people, typed, (one) => [one]).map((one) => ({ label: one, detail: "", insert: one, kind: "word" })) };
  }
  const scope = await scopeOf(root, place, load);
  if (place.kind === "option") {
    const field = memberOf(await follow(scope.words, scope.path.slice(0, -1), load), scope.path.at(-1) ?? "");
    const found = sorted(field?.options ?? [], typed, (one) => [one.key, ...Object.values(one.labels)]);
    return { from, offers: found.map((one) => ({ label: one.key, detail: one.labels[language] ?? "", insert: one.key, kind: "option" })) };
  }
  const words = await follow(scope.words, scope.path, load);
  const known: Named[] = (words?.members ?? []).map((one) => ({ names: [one.name, ...Object.values(one.labels)], offer: memberOffer(one, language) }));
  if (place.kind === "name") {
    known.push(...(root.functions ?? []).map((one) => ({ names: [one.name, ...one.aliases], offer: functionOffer(one) })));
    const more = [...(root.people ?? []), ...(place.frames.length > 0 ? ["PARENT"] : []), ...JOINS, ...CONSTANTS];
    if (typed !== "") known.push(...more.map((one): Named => ({ names: [one], offer: { label: one, detail: "", insert: one, kind: "word" } })));
  }
  return { from, offers: sorted(known, typed, (one) => one.names).map((one) => one.offer) };
}

/** The server counts characters, the browser UTF-16 units: where character number `points` begins. */
export function unitsAt(text: string, points: number): number {
  let units = 0;
  let left = points;
  for (const one of text) {
    if (left-- <= 0) break;
    units += one.length;
  }
  return units;
}
