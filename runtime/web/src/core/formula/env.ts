/** What a formula may know besides the record: the moment, the time zone, the user, calendars and labels. */
import { Calendar, type CalendarData } from "./calendar.ts";
import { dateValue, parseInstant, wall } from "./dates.ts";
import type { Value } from "./types.ts";
import { toLocal, type Zone } from "./zone.ts";

/** The environment as the server sends it (runtime/formula/browser.py). */
export interface EnvData {
  now: string;
  today?: string | null;
  zone: Zone;
  user: Readonly<Record<string, string | readonly string[] | null>>;
  calendars: Readonly<Record<string, CalendarData>>;
  labels: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export class Env {
  readonly zone: Zone;
  now: number;
  private readonly today: number | null;
  private readonly user: EnvData["user"];
  private readonly labels: EnvData["labels"];
  private readonly calendars: Map<string, Calendar>;

  constructor(data: EnvData) {
    this.zone = data.zone;
    this.now = parseInstant(data.now) ?? 0;
    this.today = data.today == null ? null : dateValue(data.today);
    this.user = data.user;
    this.labels = data.labels;
    this.calendars = new Map(Object.entries(data.calendars).map(([name, given]) => [name, new Calendar(given)]));
  }

  value(path: readonly string[]): Value {
    if (path[0] === "NOW") return this.now;
    if (path[0] === "USER") return this.user[path[1] ?? ""] ?? null;
    if (this.today !== null) return this.today;
    const local = toLocal(this.zone, this.now);
    return local === null ? null : wall(local).day;
  }

  /** The calendar of a name; an unknown one is the workspace's own. */
  calendar(name: string): Calendar {
    const found = this.calendars.get(name) ?? this.calendars.get("");
    if (found === undefined) throw new Error("no calendar");
    return found;
  }

  label(field: string, key: string): string {
    return this.labels[field]?.[key] ?? key;
  }
}
