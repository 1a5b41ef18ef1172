/** The patterns of MATCHES, walked as sets of states: time is proportional to text times pattern. */

const MAX_INPUT = 1_000;
type Range = readonly [string, string];
interface Chars { ranges: readonly Range[]; negated: boolean }
type Part = { chars: Chars } | { end: boolean } | { all: Part[] } | { any: Part[] } | { item: Part; low: number; high: number | null };

const CLASSES: Record<string, Range[]> = {
  d: [["0", "9"]],
  w: [["A", "Z"], ["a", "z"], ["0", "9"], ["_", "_"]],
  s: [[" ", " "], ["\t", "\r"]],
};
const REPEATS: Record<string, [number, number | null]> = { "?": [0, 1], "*": [0, null], "+": [1, null] };
const code = (ch: string): number => ch.codePointAt(0) ?? 0;

function has(chars: Chars, ch: string): boolean {
  const n = code(ch);
  return chars.ranges.some(([low, high]) => code(low) <= n && n <= code(high)) !== chars.negated;
}

/** Reads a pattern that the server has checked. */
class Reader {
  private readonly text: string[];
  private place = 0;

  constructor(text: string) {
    this.text = Array.from(text);
  }

  private peek(): string {
    return this.text[this.place] ?? "";
  }

  private take(): string {
    const ch = this.peek();
    this.place += 1;
    return ch;
  }

  alternatives(): Part {
    const items = [this.sequence()];
    while (this.peek() === "|") {
      this.place += 1;
      items.push(this.sequence());
    }
    return { any: items };
  }

  private sequence(): Part {
    const items: Part[] = [];
    while (!["", "|", ")"].includes(this.peek())) items.push(this.repeated(this.atom()));
    return { all: items };
  }

  private repeated(item: Part): Part {
    const simple = REPEATS[this.peek()];
    if (simple !== undefined) {
      this.place += 1;
      return { item, low: simple[0], high: simple[1] };
    }
    if (this.peek() !== "{") return item;
    const end = this.text.indexOf("}", this.place);
    const [low = "", high] = this.text.slice(this.place + 1, end).join("").split(",");
    this.place = end + 1;
    const last = high === undefined ? Number(low) : high === "" ? null : Number(high);
    return { item, low: Number(low), high: last };
  }

  private atom(): Part {
    const ch = this.take();
    switch (ch) {
      case "(": {
        const part = this.alternatives();
        this.place += 1;
        return part;
      }
      case "[":
        return { chars: this.klass() };
      case "\\":
        return { chars: { ranges: this.escape(), negated: false } };
      case "^":
      case "$":
        return { end: ch === "$" };
      case ".":
        return { chars: { ranges: [], negated: true } };
    }
    return { chars: { ranges: [[ch, ch]], negated: false } };
  }

  private escape(): readonly Range[] {
    const ch = this.take();
    return CLASSES[ch] ?? [[ch, ch]];
  }

  private klass(): Chars {
    const negated = this.peek() === "^";
    if (negated) this.place += 1;
    const ranges: Range[] = [];
    while (this.peek() !== "]" || ranges.length === 0) {
      const low = this.member();
      if (low.length > 1 || this.peek() !== "-" || ["]", ""].includes(this.text[this.place + 1] ?? "")) {
        ranges.push(...low);
        continue;
      }
      this.place += 1;
      ranges.push([low[0]?.[0] ?? "", this.member()[0]?.[0] ?? ""]);
    }
    this.place += 1;
    return { ranges, negated };
  }

  private member(): readonly Range[] {
    const ch = this.take();
    return ch === "\\" ? this.escape() : [[ch, ch]];
  }
}

interface State { chars: Chars | null; end: boolean | null; next: number[] }

class Machine {
  private readonly states: State[] = [];
  private readonly last: number;

  constructor(part: Part) {
    const reached = this.build(part, this.add());
    this.last = this.add();
    this.link(reached, this.last);
  }

  private add(chars: Chars | null = null, end: boolean | null = null): number {
    this.states.push({ chars, end, next: [] });
    return this.states.length - 1;
  }

  private link(a: number, b: number): void {
    this.states[a]?.next.push(b);
  }

  /** Adds a part after state `at`; the state reached. */
  private build(part: Part, at: number): number {
    if ("all" in part) return part.all.reduce((place, item) => this.build(item, place), at);
    if ("any" in part) {
      const end = this.add();
      for (const item of part.any) {
        const first = this.add();
        this.link(at, first);
        this.link(this.build(item, first), end);
      }
      return end;
    }
    if ("item" in part) return this.repeat(part.item, part.low, part.high, at);
    const step = "chars" in part ? this.add(part.chars) : this.add(null, part.end);
    const after = this.add();
    this.link(at, step);
    this.link(step, after);
    return after;
  }

  private repeat(item: Part, low: number, high: number | null, from: number): number {
    let at = from;
    for (let i = 0; i < low; i += 1) at = this.build(item, at);
    const end = this.add();
    if (high === null) {
      const loop = this.add();
      this.link(at, loop);
      this.link(this.build(item, loop), loop);
      this.link(loop, end);
      return end;
    }
    this.link(at, end);
    for (let i = low; i < high; i += 1) {
      at = this.build(item, at);
      this.link(at, end);
    }
    return end;
  }

  found(text: readonly string[]): boolean {
    let current = new Set<number>();
    for (let place = 0; place <= text.length; place += 1) {
      current.add(0);
      this.close(current, place === 0, place === text.length);
      if (current.has(this.last)) return true;
      const ch = text[place];
      if (ch === undefined) return false;
      const moved = new Set<number>();
      for (const index of current) {
        const state = this.states[index];
        if (state?.chars != null && has(state.chars, ch)) state.next.forEach((next) => moved.add(next));
      }
      current = moved;
    }
    return false;
  }

  /** Follows the free moves. */
  private close(seen: Set<number>, first: boolean, last: boolean): void {
    const stack = [...seen];
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      const state = this.states[index];
      if (state === undefined || state.chars !== null) continue;
      if (state.end !== null && !(state.end ? last : first)) continue;
      for (const next of state.next) {
        if (!seen.has(next)) {
          seen.add(next);
          stack.push(next);
        }
      }
    }
  }
}

const known = new Map<string, Machine>();

/** True when the pattern is found anywhere in the first 1,000 characters. */
export function matches(text: string, pattern: string): boolean {
  let machine = known.get(pattern);
  if (machine === undefined) {
    machine = new Machine(new Reader(pattern).alternatives());
    known.set(pattern, machine);
  }
  return machine.found(Array.from(text).slice(0, MAX_INPUT));
}
