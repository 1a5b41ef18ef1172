/**
 * A form's formulas while somebody types: computed fields, conditions and rules of a record and its lines, each
 * computed again only when something it reads has changed, in the order that the server gave. It knows no page.
 */
import { scaled, type Field } from "./dialect.ts";
import { compile, type Compiled } from "./formula/compile.ts";
import { Env, type EnvData } from "./formula/env.ts";
import { Rows, type Formula, type Slot, type TypeName, type Value } from "./formula/types.ts";
import { read } from "./formula/values.ts";

/** What cannot be said yet: the server has been or must be asked. */
export const UNKNOWN = Symbol("unknown");
export type Known = Value | typeof UNKNOWN;

/** The record itself; the lines of a relation have its name. */
export const MAIN = "";
const LATER = "ffffffff-ffff-7fff-bfff-";

interface NodeData {
  at: string;
  key: string;
  default?: true;
  formula?: Formula;
  value?: unknown;
  remote?: string[];
}

/** All that the page's script gets (runtime/web/live.py). */
export interface FormData {
  nodes: NodeData[];
  rules: { at: string; formula: Formula; field: string | null; message: string }[];
  conditions: ({ at: string; formula: Formula } | null)[];
  fields: Record<string, Record<string, Field>>;
  lines: Record<string, { member: string; parent: string }>;
  env: EnvData;
  new: boolean;
  start: string[];
  values: Record<string, unknown>;
  rows: Record<string, { complete: boolean; values: Record<string, Record<string, unknown>> }>;
  paths: Record<string, string[]>;
}

/** What the server is to be asked. */
export interface Wants {
  links: [at: string, link: string, ids: string[]][];
  values: string[];
}

/** One record on the page. */
export class Entry {
  readonly at: string;
  readonly id: string;
  readonly isNew: boolean;
  readonly stored: Map<string, Value>;
  readonly inputs = new Map<string, Known>();
  readonly defaults = new Map<string, Known>();
  readonly computed = new Map<string, Known>();
  /** A line that counts: not deleted, not an empty new one. */
  counts = true;

  constructor(at: string, id: string, isNew: boolean, stored: Map<string, Value>) {
    this.at = at;
    this.id = id;
    this.isNew = isNew;
    this.stored = stored;
  }
}

/** A formula with what it reads. */
class Runner {
  readonly slots: readonly Slot[];
  readonly type: TypeName;
  private readonly formula: Formula;
  private readonly run: Compiled;

  constructor(formula: Formula) {
    this.formula = formula;
    this.slots = formula.slots;
    this.type = formula.t;
    this.run = compile(formula);
  }

  inner(index: number): readonly Slot[] {
    return this.formula.inner[index.toString()] ?? [];
  }

  value(values: readonly Value[], env: Env): Value {
    return this.run(values, env);
  }
}

interface Node {
  at: string;
  key: string;
  isDefault: boolean;
  runner: Runner | null;
  fixed: Value;
  remote: readonly string[] | null;
}

export interface Rule {
  at: string;
  field: string | null;
  message: string;
  runner: Runner;
  /** The storage keys that it reads of its record. */
  reads: readonly string[];
}

const blank = (value: Known): boolean =>
  value === null || value === "" || value === false || (Array.isArray(value) && value.length === 0);

function same(a: Known | undefined, b: Known): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => one === b[i]);
  return a === b;
}

export class LiveForm {
  readonly env: Env;
  readonly main: Entry;
  readonly lines = new Map<string, Entry[]>();
  readonly rules: Rule[];
  private readonly data: FormData;
  private readonly nodes: Node[];
  private readonly conditions: ({ at: string; runner: Runner } | null)[];
  /** Values of linked records, by place and link, id, path. */
  private readonly known = new Map<string, Map<string, Map<string, Value>>>();
  private changed = new Map<Entry, Set<string>>();
  private changedLines = new Map<string, Set<string>>();
  private everything = true;
  private fresh = 0;
  private readonly links = new Map<string, Set<string>>();
  private readonly remote = new Set<string>();

  constructor(data: FormData) {
    this.data = data;
    this.env = new Env(data.env);
    this.main = new Entry(MAIN, typeof data.values.id === "string" ? data.values.id : "", data.new, this.values(MAIN, data.values));
    for (const name of Object.keys(data.lines)) this.lines.set(name, []);
    this.nodes = data.nodes.map((one) => ({
      at: one.at,
      key: one.key,
      isDefault: one.default === true,
      runner: one.formula === undefined ? null : new Runner(one.formula),
      fixed: one.value === undefined ? null : read(one.value, this.typeOf(one.at, one.key)),
      remote: one.remote ?? null,
    }));
    this.conditions = data.conditions.map((one) => one && { at: one.at, runner: new Runner(one.formula) });
    this.rules = data.rules.map(({ at, field, message, formula }) => {
      const keys = formula.slots.map((slot) => slot.path[slot.kind === "meta" ? 1 : 0] ?? "");
      return { at, field, message, runner: new Runner(formula), reads: [...new Set(keys)] };
    });
  }

  /** The fields of a place, by storage key. */
  fields(at: string): Readonly<Record<string, Field>> {
    return this.data.fields[at] ?? {};
  }

  private typeOf(at: string, key: string): TypeName {
    return this.data.fields[at]?.[key]?.t ?? "text";
  }

  private values(at: string, given: Record<string, unknown>): Map<string, Value> {
    const property = (key: string): TypeName => (key.endsWith("_at") ? "datetime" : key === "version" ? "number" : "text");
    const type = (key: string): TypeName => this.data.fields[at]?.[key]?.t ?? property(key);
    return new Map(Object.entries(given).map(([key, value]) => [key, read(value, type(key))]));
  }

  /** A line on the page; an id of "" is a new one. */
  line(at: string, id: string): Entry {
    this.fresh += 1;
    const stored = this.values(at, this.data.rows[at]?.values[id] ?? {});
    const made = new Entry(at, id === "" ? LATER + this.fresh.toString().padStart(12, "0") : id, id === "", stored);
    this.lines.get(at)?.push(made);
    this.touchLines(at, "*");
    return made;
  }

  /** A line counts, or no more. */
  count(entry: Entry, counts: boolean): void {
    if (entry.counts === counts) return;
    entry.counts = counts;
    this.touchLines(entry.at, "*");
  }

  /** What an input says now. */
  set(entry: Entry, key: string, value: Known): void {
    if (entry.inputs.has(key) && same(entry.inputs.get(key), value)) return;
    entry.inputs.set(key, value);
    this.touch(entry, key);
  }

  /** What a linked record has, as the server answered. */
  learn(at: string, link: string, found: Record<string, Record<string, unknown>>): void {
    for (const entry of at === MAIN ? [this.main] : (this.lines.get(at) ?? [])) this.touch(entry, link);
    const known = this.linked(at, link);
    for (const [id, values] of Object.entries(found)) {
      // The type is that of the slot that reads it; it is kept as it travels until then.
      known.set(id, new Map(Object.entries(values) as [string, Value][]));
    }
  }

  /** A value that the server sent, for a field of a place. */
  sent(at: string, key: string, value: unknown): Value {
    return read(value ?? null, this.typeOf(at, key));
  }

  /** Computed values of the record that only the server can find. */
  answered(values: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(values)) {
      this.main.computed.set(key, read(value, this.typeOf(MAIN, key)));
      this.touch(this.main, key);
    }
  }

  private linked(at: string, link: string): Map<string, Map<string, Value>> {
    const place = `${at}/${link}`;
    let found = this.known.get(place);
    if (found === undefined) {
      found = new Map();
      this.known.set(place, found);
    }
    return found;
  }

  private touch(entry: Entry, key: string): void {
    let keys = this.changed.get(entry);
    if (keys === undefined) {
      keys = new Set();
      this.changed.set(entry, keys);
    }
    keys.add(key);
    if (entry.at !== MAIN) this.touchLines(entry.at, key);
  }

  private touchLines(at: string, key: string): void {
    const keys = this.changedLines.get(at) ?? new Set<string>();
    keys.add(key);
    this.changedLines.set(at, keys);
  }

  // -- reading ----------------------------------------------------------------------------------------

  /** The value of a field of a record as it stands on the page. */
  value(entry: Entry, key: string): Known {
    const computed = entry.computed.get(key);
    if (computed !== undefined) return computed;
    const input = entry.inputs.get(key);
    const found = input === undefined ? (entry.stored.get(key) ?? null) : input;
    if (!entry.isNew || !blank(found) || (entry.at === MAIN && this.data.start.includes(key))) return found;
    return entry.defaults.get(key) ?? found;
  }

  /** What a blank input of a new record stands for, null when for nothing. */
  defaultOf(entry: Entry, key: string): Value {
    const found = entry.isNew ? entry.defaults.get(key) : null;
    return found === undefined || found === UNKNOWN ? null : found;
  }

  private input(entry: Entry, slot: Slot, runner: Runner, index: number): Known {
    if (slot.t === "children") return this.rows(slot, runner.inner(index));
    const [head = "", ...rest] = slot.path;
    if (slot.kind === "meta") {
      if (head === "ISDELETION") return false;
      if (head === "ISNEW" || entry.isNew) return entry.isNew;
      const key = rest[0] ?? "";
      const now = this.value(entry, key);
      return now === UNKNOWN ? now : !same(entry.stored.get(key) ?? null, now);
    }
    if (slot.kind === "old") return entry.stored.get(head) ?? null;
    return this.reach(entry, slot.path, slot.t);
  }

  private reach(entry: Entry, path: readonly string[], t: TypeName): Known {
    const [head = "", ...rest] = path;
    if (rest.length === 0) return head === "id" ? entry.id : this.value(entry, head);
    if (this.data.lines[entry.at]?.parent === head) return this.reach(this.main, rest, t);
    const id = this.value(entry, head);
    if (id === UNKNOWN || typeof id !== "string" || id === "") return id === UNKNOWN ? UNKNOWN : null;
    const known = this.linked(entry.at, head).get(id);
    if (known === undefined) {
      const place = JSON.stringify([entry.at, head]);
      const ids = this.links.get(place) ?? new Set<string>();
      this.links.set(place, ids.add(id));
      return UNKNOWN;
    }
    return read(known.get(rest.join("/")) ?? null, t);
  }

  private rows(slot: Slot, inner: readonly Slot[]): Known {
    const name = Object.entries(this.data.lines).find(([, one]) => one.member === slot.path[0])?.[0];
    if (name === undefined || this.data.rows[name]?.complete === false) return UNKNOWN;
    const found: Value[][] = [];
    for (const line of this.lines.get(name) ?? []) {
      if (!line.counts) continue;
      const row = inner.map((one) => this.reach(line, one.path, one.t));
      if (row.includes(UNKNOWN)) return UNKNOWN;
      found.push(row as Value[]);
    }
    return new Rows(found);
  }

  /** The formula's value for a record. */
  evaluate(runner: Runner, entry: Entry): Known {
    const values: Value[] = [];
    for (const [index, slot] of runner.slots.entries()) {
      const found = this.input(entry, slot, runner, index);
      if (found === UNKNOWN) return UNKNOWN;
      values.push(found);
    }
    return runner.value(values, this.env);
  }

  // -- computing --------------------------------------------------------------------------------------

  /** Compute all that reads something that has changed; what the server must be asked comes back. */
  compute(): Wants {
    for (const node of this.nodes) {
      for (const entry of node.at === MAIN ? [this.main] : (this.lines.get(node.at) ?? [])) this.node(node, entry);
    }
    this.changed = new Map();
    this.changedLines = new Map();
    this.everything = false;
    return this.wants();
  }

  private node(node: Node, entry: Entry): void {
    if (node.remote !== null) {
      if (entry.computed.get(node.key) === undefined) entry.computed.set(node.key, this.unasked(entry, node.key));
      else if (this.reads(entry, node.remote)) {
        entry.computed.set(node.key, UNKNOWN);
        this.remote.add(node.key);
        this.touch(entry, node.key);
      }
      return;
    }
    const { runner } = node;
    if (runner === null && !node.isDefault) {
      if (!entry.computed.has(node.key)) entry.computed.set(node.key, this.unasked(entry, node.key));
      return;
    }
    const values = node.isDefault ? entry.defaults : entry.computed;
    if (values.has(node.key) && !this.stale(runner, entry)) return;
    let found: Known = runner === null ? node.fixed : this.evaluate(runner, entry);
    if (node.isDefault && typeof found === "bigint") found = scaled(found, this.data.fields[node.at]?.[node.key]?.scale);
    if (values.has(node.key) && same(values.get(node.key), found)) return;
    values.set(node.key, found);
    this.touch(entry, node.key);
  }

  /** What was stored for a value that the page cannot compute. */
  private unasked(entry: Entry, key: string): Known {
    if (entry.isNew && entry.at !== MAIN) return UNKNOWN;
    if (entry.isNew) this.remote.add(key);
    return entry.isNew ? UNKNOWN : (entry.stored.get(key) ?? null);
  }

  private stale(runner: Runner | null, entry: Entry): boolean {
    if (runner === null) return false;
    return this.everything || runner.slots.some((slot, index) => this.slotStale(slot, entry, runner.inner(index)));
  }

  private slotStale(slot: Slot, entry: Entry, inner: readonly Slot[]): boolean {
    if (slot.t === "children") {
      const name = Object.entries(this.data.lines).find(([, one]) => one.member === slot.path[0])?.[0] ?? "";
      const keys = this.changedLines.get(name);
      return keys !== undefined && (keys.has("*") || inner.some((one) => keys.has(one.path[0] ?? "")));
    }
    const [head = "", next = ""] = slot.path;
    const key = slot.kind === "meta" ? next : head;
    if (this.changed.get(entry)?.has(key) === true) return true;
    return this.data.lines[entry.at]?.parent === head && this.changed.get(this.main)?.has(next) === true;
  }

  private reads(entry: Entry, keys: readonly string[]): boolean {
    const changed = this.changed.get(entry);
    return changed !== undefined && keys.some((key) => changed.has(key));
  }

  /** What values of linked records and of the server were missed since the last time. */
  wants(): Wants {
    const links = [...this.links].map(([place, ids]): Wants["links"][number] => {
      const [at, link] = JSON.parse(place) as [string, string];
      return [at, link, [...ids]];
    });
    const values = [...this.remote];
    this.links.clear();
    this.remote.clear();
    return { links, values };
  }

  /** Whether the condition with this number holds for a record; UNKNOWN when it cannot be said. */
  condition(number: number, entry = this.main): Known {
    const one = this.conditions[number];
    return one?.at === entry.at ? this.evaluate(one.runner, entry) : UNKNOWN;
  }

  /** True when any formula reads this field. */
  isRead(at: string, key: string): boolean {
    const readers = [
      ...this.nodes.map((one) => ({ at: one.at, runner: one.runner, remote: one.remote })),
      ...this.rules.map((one) => ({ at: one.at, runner: one.runner, remote: null })),
      ...this.conditions.map((one) => ({ at: one?.at ?? MAIN, runner: one?.runner, remote: null })),
    ];
    return readers.some(({ at: place, runner, remote }) => {
      if (place === at && remote?.includes(key) === true) return true;
      return runner?.slots.some((slot, index) => {
        if (slot.t === "children") return at !== MAIN && runner.inner(index).some((one) => one.path[0] === key);
        const [head, next] = slot.path;
        if (place === at && (slot.kind === "meta" ? next : head) === key) return true;
        return at === MAIN && place !== MAIN && this.data.lines[place]?.parent === head && next === key;
      });
    });
  }

}
