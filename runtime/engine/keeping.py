"""Computed values that are kept with their records: changed in the very transaction that changes what they depend on.

Where more records depend on a change than one transaction should touch, the value is not kept stale: for as long as it
takes to fill it again it is computed when it is read, like one that is not kept at all. Nobody ever sees an old value.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from runtime.base.sqltext import Sql
from runtime.base.values import load
from runtime.engine.searching import search_texts
from runtime.engine.workspace import Session, Workspace
from runtime.formula.evaluate import canonical
from runtime.meta.kept import ALWAYS, NEVER, TITLE, Edge, Kept, KeptTitle, Node, Step
from runtime.meta.model import Model
from runtime.store import ddl, search, versions
from runtime.store import kept as statements
from runtime.store.database import Connection, run
from runtime.store.layout import Layout

log = logging.getLogger("dougong")

#: So many records of one object are computed anew in the transaction of a change.
MOST = 2_000
BATCH = 500
FIRST = "00000000-0000-0000-0000-000000000000"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Touch:
    """Records that were written: ``keys`` are the changed members, None for a record that has come (or gone).

    ``before`` are the ids that changed links led to. ``gone``: they were deleted.
    """

    object: str
    ids: Sequence[str]
    keys: frozenset[str] | None = None
    before: Mapping[str, Sequence[str]] = field(default_factory=dict)
    gone: bool = False


def concerns(session: Session, object_name: str, keys: frozenset[str] | set[str] | None = None) -> bool:
    """True when a write of the object may change a kept value."""
    kept = session.formulas.kept
    if not kept.by_source:
        return False
    if keys is None:
        return object_name in kept.by_source or bool(kept.of(object_name))
    return any(meant(edge, keys) for _, edge in kept.by_source.get(object_name, ()))


def meant(edge: Edge, keys: frozenset[str] | set[str] | None) -> bool:
    """True when a change of these members matters along an edge."""
    if edge.member in NEVER:
        return keys is None
    return keys is None or edge.member in keys or edge.member in ALWAYS


def keep(session: Session, connection: Connection, touches: Sequence[Touch]) -> None:
    """Bring every kept value up to date that depends on what was written in the caller's transaction."""
    concerned = [one for one in touches if one.ids and concerns(session, one.object, one.keys)]
    if concerned:
        Keeping(session, connection).run(concerned)


class Keeping:
    """The kept values of one transaction."""

    def __init__(self, session: Session, connection: Connection) -> None:
        self.session = session
        self.connection = connection
        self.layout: Layout = session.layout
        self.kept: Kept = session.formulas.kept
        #: The records whose value is to be computed anew; None: too many to do it here.
        self.dirty: dict[tuple[str, str], set[str] | None] = {}

    def run(self, touches: Sequence[Touch]) -> None:
        """All of it, each value after those that it depends on."""
        for touch in touches:
            self.hold(touch)
            self.note(touch)
        unready: dict[str, list[str]] = {}
        for one in self.kept.order:
            ids = self.dirty.get(named(one), set())
            if ids is None:
                unready.setdefault(one.object.key, []).append(one.column)
                self.spread(one, None)
            elif ids:
                changed = computed(self.session, self.connection, one, sorted(ids))
                ready = isinstance(one, KeptTitle) or self.layout.object(one.object.name).kept[one.field.key].ready
                self.spread(one, changed if ready else ids)
        if unready:
            self.give_up(unready)

    def note(self, touch: Touch) -> None:
        """What depends on a write."""
        if touch.keys is None and not touch.gone:
            for key in self.kept.of(touch.object):
                self.add((touch.object, key), touch.ids)
            if touch.object in self.kept.titles and self.kept.titles[touch.object].edges:
                self.add((touch.object, TITLE), touch.ids)
        for one, edge in self.kept.by_source.get(touch.object, ()):
            if not meant(edge, touch.keys) or (touch.gone and not edge.steps):
                continue
            ids: set[str] | None = set(touch.ids)
            for number, step in enumerate(edge.steps):
                before = touch.before.get(step.key, ()) if number == 0 and not step.down else ()
                ids = self.step(step, ids, before)
                if not ids:
                    break
            self.add(named(one), ids)

    def spread(self, one: Node, ids: set[str] | None) -> None:
        """What depends on a kept value that has changed."""
        for other, edge in self.kept.by_source.get(one.object.name, ()):
            if edge.member != named(one)[1]:
                continue
            found = ids
            for step in edge.steps:
                if not found:
                    break
                found = self.step(step, found, ())
            self.add(named(other), found)

    def step(self, step: Step, ids: set[str] | None, before: Sequence[str]) -> set[str] | None:
        """The records one step further; None when they are too many."""
        if ids is None:
            return None
        found = {row[0] for row in run(self.connection, statements.follow(self.layout, step, sorted(ids), MOST + 1))}
        found.update(before)
        return found if len(found) <= MOST else None

    def add(self, name: tuple[str, str], ids: set[str] | Sequence[str] | None) -> None:
        """More records whose value is to be computed anew."""
        known = self.dirty.get(name, set())
        if ids is None or known is None or len(known) + len(ids) > MOST:
            self.dirty[name] = None
        else:
            self.dirty[name] = known | set(ids)

    def hold(self, touch: Touch) -> None:
        """Hold what values are read from behind a link that was set: a change of it waits for us, or we for it."""
        for chain in chains(self.kept, touch.object):
            if touch.gone or (touch.keys is not None and chain[0][1] not in touch.keys):
                continue
            ids = set(touch.ids)
            for number, (here, key, behind) in enumerate(chain):
                rows = run(
                    self.connection, statements.follow(self.layout, Step(here, key, False), sorted(ids), MOST + 1)
                )
                ids = {row[0] for row in rows}
                if not ids:
                    break
                if number:
                    run(self.connection, statements.lock(self.layout, behind, sorted(ids), "SHARE"))

    def give_up(self, unready: Mapping[str, Sequence[str]]) -> None:
        """Too many: the values are computed when they are read until they have been filled again."""
        schema = self.session.workspace.schema
        for object_key, columns in unready.items():
            versions.set_kept(self.connection, schema, object_key, columns, False)
        versions.count_turn(self.connection, schema)
        # It waits for the end of this transaction, whose stamp it must see.
        Thread(target=refilled, args=(self.session.workspace,), daemon=True).start()


def named(one: Node) -> tuple[str, str]:
    """The object and the member of something kept."""
    return one.object.name, TITLE if isinstance(one, KeptTitle) else one.field.key


def computed(session: Session, connection: Connection, one: Node, ids: Sequence[str]) -> set[str]:
    """Compute something kept anew for records, inside the caller's transaction; the records that it changed for."""
    run(connection, statements.lock(session.layout, one.object.name, ids, "NO KEY UPDATE"))
    if isinstance(one, KeptTitle):
        return retitled(session, connection, one, ids)
    condition = Sql("s.id = ANY(%s::uuid[])", (list(ids),))
    statement = statements.update(session.layout, session.formulas, session.env(), [one], condition)
    return {row[0] for row in run(connection, statement)}


def retitled(session: Session, connection: Connection, one: KeptTitle, ids: Sequence[str]) -> set[str]:
    """The records whose title is another now, with the title, its order and the search changed."""
    if not one.compiled.ok:
        return set()
    changed = other_titles(session, connection, one, ids)
    rows = run(connection, statements.contents(session.layout, one.object.name, list(changed)))
    entries = []
    for record_id, data, ext in rows:
        values = {**load(data), **(load(ext) if ext else {})}
        texts, prose = search_texts(one.object, values)
        title = changed[record_id]
        entries.append((record_id, title, search.sort_key(title), search.vector([title, *texts], prose)))
    if entries:
        run(connection, statements.retitle(session.layout, one.object.name, entries))
    return set(changed)


def other_titles(session: Session, connection: Connection, one: KeptTitle, ids: Sequence[str]) -> dict[str, str]:
    """What the records are called now that are not called so yet, by id."""
    found = {}
    for record_id, value, title in run(
        connection, statements.titles(session.layout, session.formulas, session.env(), one, ids)
    ):
        now = (canonical(python(value), one.compiled.type) or "")[:255]
        if now != title:
            found[record_id] = now
    return found


def python(value: Any) -> Any:
    """A value of a statement as the formula language has it in Python."""
    return load(value) if isinstance(value, bytes) else value


def chains(kept: Kept, object_name: str) -> set[tuple[tuple[str, str, str], ...]]:
    """The ways of two links and more from an object's records towards what kept values are read from."""
    found = set()
    for one in kept.order:
        for edge in one.edges:
            way: list[tuple[str, str, str]] = []
            behind = edge.source
            for step in edge.steps:
                if not step.down:
                    break
                way.insert(0, (step.object, step.key, behind))
                behind = step.object
                if step.object == object_name and len(way) > 1:
                    found.add(tuple(way))
    return found


def refilled(workspace: Workspace) -> None:
    """:func:`refill` for a thread of its own: a fault is noted, the next start of a process tries again."""
    try:
        refill(workspace)
    except Exception:
        log.exception("kept values of %s could not be filled; they are computed when they are read", workspace.row.name)


def refill(workspace: Workspace, progress: Progress = lambda text: None) -> int:
    """Fill all kept values that cannot be relied on, until none is left; the number of records changed.

    One process at a time does it; another that is at it already sees what is new.
    """
    database, schema = workspace.database, workspace.schema
    connection = ddl.maintenance(database)
    count = 0
    try:
        # A transaction that has taken values back is waited for; its turn is then seen.
        run(connection, Sql(f"SELECT 1 FROM {workspace.live_table} FOR SHARE"))
        if not run(connection, Sql("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (7_364_004, schema)))[0][0]:
            return 0
        while True:
            turn = versions.turn(database, schema)
            session = Session(workspace, user_id=None, channel="cli")
            session.settle()
            missing = list(unready(session))
            if not missing:
                return count
            for name in {edge.source for one in missing for edge in one.edges} | {one.object.name for one in missing}:
                ddl.with_short_lock(database, [ddl.wait_for_writers(session.layout.object(name))])
            for one in missing:
                count += fill(session, connection, one, progress)
            with database.transaction() as inside:
                run(inside, Sql(f"SELECT 1 FROM {workspace.live_table} FOR UPDATE"))
                same = run(inside, Sql(f"SELECT turn, stamp FROM {workspace.live_table}"))[0]
                if same == (turn, session.snapshot.stamp):
                    by_object: dict[str, list[str]] = {}
                    for one in missing:
                        by_object.setdefault(one.object.key, []).append(one.column)
                    for object_key, columns in by_object.items():
                        versions.set_kept(inside, schema, object_key, columns, True)
    finally:
        connection.close()


def unready(session: Session) -> Iterator[Node]:
    """What cannot be relied on, each behind what it depends on."""
    for one in session.formulas.kept.order:
        if one.column not in session.layout.ready.get(one.object.key, ()):
            yield one


def fill(session: Session, connection: Connection, one: Node, progress: Progress) -> int:
    """Compute one value for all records of its object, in batches; writers go on meanwhile and keep theirs."""
    count, after = 0, FIRST
    while True:
        rows = run(connection, statements.next_ids(session.layout, one.object.name, after, BATCH))
        if not rows:
            if count:
                progress(f"{'.'.join(named(one))}: {count} values computed")
            return count
        ids = [row[0] for row in rows]
        after = ids[-1]
        if isinstance(one, KeptTitle):  # Nearly all of them are right: only the others are held.
            ids = list(other_titles(session, connection, one, ids)) if one.compiled.ok else []
        if not ids:
            continue
        with connection.transaction():
            count += len(computed(session, connection, one, ids))


def differing(workspace: Workspace) -> Iterator[tuple[str, str, int]]:
    """(object, field, number of records) wherever a kept value that is relied on is not what its formula says."""
    session = Session(workspace, user_id=None, channel="cli")
    for one in session.formulas.kept.values:
        if session.layout.object(one.object.name).kept[one.field.key].ready:
            statement = statements.differing(session.layout, session.formulas, session.env(), one)
            count = int(session.database.rows(statement)[0][0])
            if count:
                yield one.object.name, one.field.name, count


def is_kept(column: str) -> bool:
    """True for the name of a column of a kept value (those of fields begin otherwise)."""
    return column.startswith("k_")


def still_kept(model: Model, kept: Kept, live: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """The columns that can be relied on before and after a publish."""
    found: dict[str, list[str]] = {}
    for definition in model.objects.values():
        wanted = {one.column for one in kept.order if one.object is definition}
        there = [str(column) for column in live.get(definition.key, ()) if column in wanted]
        if there:
            found[definition.key] = there
    return found


__all__ = ["Keeping", "Touch", "concerns", "keep", "refill", "still_kept"]
