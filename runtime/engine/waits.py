"""What waits until a formula says go on: which records' changes matter to it, and when to look without any.

Followed backwards along the links of the formula, as for computed values that are kept: a changed customer leads to the
quotes whose workflows wait for something of their customer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from runtime.engine.flow.definition import Definition, Step, compile_flow
from runtime.engine.keeping import meant
from runtime.engine.workspace import Session
from runtime.meta.kept import MOMENT, Edge, reach
from runtime.store import kept
from runtime.store.database import Database

#: So many records are followed to and so many instances looked at for one event; the others look by themselves.
MOST, MOST_LOOKS = 10_000, 1_000
#: How often is looked at what may change with the moment or with people, and at what every change is heard of.
OFTEN, SELDOM = timedelta(hours=1), timedelta(days=1)
TODAY = ("TODAY",)


def until_of(step: Step) -> str | None:
    """The formula that a step waits for, None for any other step."""
    options = step.options.get(step.kind.name)
    found = options.get("until") if isinstance(options, Mapping) and not step.kind.loops else None
    return None if found is None else str(found)


class Waits:
    """What the waits of one model depend on, beside their own records."""

    def __init__(self, session: Session) -> None:
        model, formulas = session.model, session.formulas
        self.by_source: dict[str, list[Edge]] = {}
        for piece in model.all("workflow"):
            home = model.object(str(piece.object))
            doc = {**piece.doc, "condition_fields": []}
            definition: Definition = compile_flow(doc, session.workspace.catalog)
            sources = [one for step in definition.by_path.values() if (one := until_of(step))]
            for source in sources if home is not None else ():
                assert home is not None
                compiled = formulas.get(home.name, source, "automation")
                for edge in reach(model, formulas, home, compiled).edges:
                    if edge.steps and edge not in self.by_source.get(edge.source, ()):
                        self.by_source.setdefault(edge.source, []).append(edge)

    def meant(self, object_name: str, keys: frozenset[str] | None) -> Iterator[Edge]:
        """What a change of these members of an object (None: its coming or going) matters to."""
        return (edge for edge in self.by_source.get(object_name, ()) if meant(edge, keys))


def waits_of(session: Session) -> Waits:
    """The waits of the live model."""
    found: Waits | None = session.model.derived.get(Waits)
    if found is None:
        found = session.model.derived[Waits] = Waits(session)
    return found


def homes(session: Session, database: Database, edges: Sequence[Edge] | Iterator[Edge], record: str,
          before: Mapping[str, object]) -> list[str]:  # fmt: skip
    """The records whose waits depend on a changed one; ``before``: the values that it had, by storage key."""
    found: set[str] = set()
    for edge in edges:
        ids: Collection[str] = {record}
        for number, step in enumerate(edge.steps):
            was = before.get(step.key) if number == 0 and not step.down else None
            rows = database.rows(kept.follow(session.layout, step, sorted(ids), MOST)) if ids else []
            ids = {str(row[0]) for row in rows} | {str(one) for one in (was if isinstance(was, list) else [was]) if one}
        found.update(ids)
    return sorted(found)


def counts_days(session: Session, object_name: str, source: str) -> bool:
    """Whether a formula, or a computed field that it uses, counts by the working calendars."""
    compiled = session.formulas.get(object_name, source, "automation")
    return reach(session.model, session.formulas, session.model.objects[object_name], compiled).days


def again(session: Session, object_name: str, source: str, now: datetime) -> datetime:
    """When to look again at a formula that says nothing yet; every change that is heard of looks at once."""
    model, formulas = session.model, session.formulas
    compiled = formulas.get(object_name, source, "automation")
    found = reach(model, formulas, model.objects[object_name], compiled)
    if not found.lost:
        return now + SELDOM
    if found.lost == {MOMENT} and found.env == {TODAY}:
        zone = ZoneInfo(session.workspace.row.time_zone)
        return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone).astimezone(UTC)
    return now + OFTEN
