"""The lines of a change that was returned are mended by whoever asked for it: what comes is meant for them as proposed.

Nothing is stored of the record: all of it is tried through the path of every save with lines, and what that would have
done is the proposal from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import Conflict, Invalid, Malformed, Message, Problem
from runtime.engine import adopting, linechanges
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.assembling import Again, Compound, Lines, Outcome, Refused
from runtime.engine.guards import OWNER, moved
from runtime.engine.linechanges import ADDED, CHANGED, REMOVED, LineEntry
from runtime.engine.proposed import standing
from runtime.engine.proposing import possible, titled
from runtime.engine.saving import Options
from runtime.engine.storing import RETRY
from runtime.engine.workspace import Session
from runtime.store import proposals
from runtime.store.database import Connection
from runtime.store.ids import new_id

MOST = 2000
NOT_LINES = Message(
    "only a change of lines that was returned takes lines; what this one changes is mended in its fields",
    "仅被退回的明细变更可提交 lines，此处请直接修改字段",
)
NOTHING = Message("nothing of the change is left; withdraw it instead", "变更已无内容，请撤回该申请")
TWICE = Message("a line stands there twice", "同一明细出现多次")
FORM = Message(
    "lines is an object by relation: {add: [values], set: {id: values}, remove: [ids], keep: [ids]}",
    "lines 须按明细名称给出：{add: [字段值], set: {编号: 字段值}, remove: [编号], keep: [编号]}",
)


@dataclass
class Wish:
    """What is to become of the proposed lines of one relation; ``keep``: those that were to be removed stay."""

    add: Sequence[Mapping[str, Any]] = ()
    set: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remove: Sequence[str] = ()
    keep: Sequence[str] = ()


@dataclass
class Merged:
    """The lines of one relation as they are tried, and what wished for each: (``add``, ``set`` ..., which), or None."""

    lines: Lines
    origins: dict[str, list[tuple[str, Any] | None]]

    def put(self, mode: str, raw: Mapping[str, Any], origin: tuple[str, Any] | None, id: str = "") -> None:
        """One more line."""
        into = {"create": self.lines.creates, "update": self.lines.updates, "delete": self.lines.deletes}[mode]
        assert isinstance(into, list) and isinstance(self.lines.ids, list)
        into.append(raw)
        if mode == "create":
            self.lines.ids.append(id)
        self.origins.setdefault(mode, []).append(origin)


class RefusedLines(Refused):
    """Nothing is mended: ``own`` are the record's problems, ``at`` what is wrong with each line that came."""

    def __init__(self, problems: Sequence[Problem], outcome: Outcome,
                 at: Mapping[tuple[str, str, Any], Sequence[Problem]]) -> None:  # fmt: skip
        super().__init__(problems, outcome)
        self.at = at
        if not problems and at:
            found = [replace(one, field=".".join(map(str, ("lines", *where, *([one.field] if one.field else [])))))
                     for where, several in at.items() for one in several]  # fmt: skip
            self.problems = found or self.problems


def check(lines: Any) -> None:
    """Raise Malformed for what is no change of lines, or far too much of it."""
    if lines is None:
        return
    told, total = Malformed(problems=[Problem("lines", FORM, field="lines")]), 0
    if not isinstance(lines, Mapping):
        raise told
    for relation, wish in lines.items():
        if not isinstance(relation, str) or not isinstance(wish, Mapping) or set(wish) - set(Wish.__dataclass_fields__):
            raise told
        if not all(isinstance(wish.get(name, []), list) for name in ("add", "remove", "keep")):
            raise told
        if not isinstance(wish.get("set", {}), Mapping):
            raise told
        values = [*wish.get("add", ()), *wish.get("set", {}).values()]
        ids = [*wish.get("set", {}), *wish.get("remove", ()), *wish.get("keep", ())]
        if not all(isinstance(one, Mapping) for one in values) or not all(isinstance(one, str) for one in ids):
            raise told
        total += len(ids) + len(values)
        if len(ids) != len(set(ids)):
            raise Malformed(problems=[Problem("twice", TWICE, field="lines")])
    if total > MOST:
        text = Message(f"at most {MOST} lines at once", f"一次最多 {MOST} 行明细")
        raise Malformed(problems=[Problem("too_many", text, field="lines")])


def mend(
    session: Session, connection: Connection, instance: str, values: Mapping[str, Any], lines: Mapping[str, Any],
    *, trusted: bool,
) -> None:  # fmt: skip
    """Change what is proposed of a record and its lines, under every rule of a save with lines.

    Raises Invalid (:class:`RefusedLines` for lines), Forbidden, Conflict.
    """
    one, writer, access = adopting.opened(session, instance)
    if one.kind != proposals.LINES:
        raise Invalid(problems=[Problem("no_lines", NOT_LINES, field="lines")])
    check(lines)
    kept = [linechanges.read(each) for each in one.lines]
    merged = list(joined(writer, access, kept, {name: Wish(**wish) for name, wish in lines.items()}))
    raw = {**adopting.raw_of(access.object, one.patch), **values}
    options = Options(trusted=trusted)
    draft = adopting.read(writer, access, one.record_id, raw, options)
    work = Compound(writer, access, draft, [each.lines for each in merged], options, None)
    try:
        with connection.transaction(force_rollback=True):
            work.run(connection)
    except Refused as error:
        raise told(error, merged) from None
    except (Again, pg.UniqueViolation):
        raise Conflict(RETRY) from None
    keys = moved(draft)
    possible(writer, access, draft, keys, trusted, connection)
    patch = {key: draft.owner if key == OWNER else draft.values.get(key) for key in sorted(keys)}
    base = {key: one.base.get(key, value) for key, value in standing(draft, keys).items()}
    entries = titled(writer, [since_then(writer, each, kept) for each in work.changes(None)], connection)
    if not patch and not entries:
        raise Invalid(problems=[Problem("nothing_left", NOTHING, field="lines")])
    changed = replace(one, patch=patch, base=base, lines=[each.json() for each in entries])
    proposals.change(connection, session.workspace.schema, changed)
    adopting.rehearse(session, connection, instance)


def joined(
    session: Session, access: ObjectAccess, kept: Sequence[LineEntry], wishes: Mapping[str, Wish]
) -> Iterator[Merged]:
    """The lines as they are proposed with what is wished, relation by relation. Raises Invalid."""
    names = [linechanges.relation_of(session, access.object, one.object_key) for one in kept]
    for relation in dict.fromkeys([*(one for one in names if one), *wishes]):
        known = session.model.reverses.get(access.object.name, {}).get(relation)
        if known is None or not known.owned:
            text = Message(f"there are no lines {relation[:60]!r}", f"没有名为“{relation[:60]}”的明细")
            raise Invalid(problems=[Problem("unknown_lines", text, field="lines")])
        definition = session.model.objects[known.source]
        there = object_access(session.snapshot, session.person, definition)
        mine = [one for one in kept if one.object_key == definition.key]
        yield with_wish(there, Lines(relation, [], [], [], []), mine, wishes.get(relation, Wish()))


def with_wish(access: ObjectAccess, lines: Lines, kept: Sequence[LineEntry], wish: Wish) -> Merged:
    """The proposed lines of one relation with what is wished of them."""
    made, sets = Merged(lines, {}), dict(wish.set)
    gone, stays = set(wish.remove), set(wish.keep)
    for one in kept:
        mine = sets.pop(one.id, None)
        origin = None if mine is None else ("set", one.id)
        raws = {name: value for name, value in linechanges.raws(access.object, one).items() if access.writable(name)}
        raw = {**raws, **(mine or {})}
        if one.what == ADDED:
            if one.id not in gone:
                made.put("create", raw, origin, one.id)
        elif one.id in gone or (one.what == REMOVED and mine is None and one.id not in stays):
            made.put("delete", {"id": one.id}, origin)
        elif one.what == CHANGED or mine:
            made.put("update", {"id": one.id, **raw}, origin)
        gone.discard(one.id)
    for id, values in sets.items():
        made.put("update", {"id": id, **values}, ("set", id))
    for id in sorted(gone):
        made.put("delete", {"id": id}, ("remove", id))
    for number, values in enumerate(wish.add):
        made.put("create", values, ("add", number), new_id())
    return made


def since_then(session: Session, entry: LineEntry, kept: Sequence[LineEntry]) -> LineEntry:
    """A line as it is proposed now; what it replaces is what it was to replace from the beginning.

    What was proposed of fields that whoever mends it may not set stays proposed.
    """
    earlier = next((one for one in kept if one.id == entry.id and one.object_key == entry.object_key), None)
    if earlier is None or earlier.what != entry.what:
        return entry
    definition = session.model.objects[session.layout.names[entry.object_key]]
    access = object_access(session.snapshot, session.person, definition)
    fixed = {key for key in earlier.patch
             if key in definition.by_key and not access.writable(definition.by_key[key].name)}  # fmt: skip
    patch = {**entry.patch, **{key: earlier.patch[key] for key in sorted(fixed)}}
    base = {**entry.base, **{key: value for key, value in earlier.base.items() if key in patch or not patch}}
    return replace(entry, patch=patch, base=base, row=earlier.row)


def told(error: Refused, merged: Sequence[Merged]) -> RefusedLines:
    """A refusal that speaks of the lines as they came."""
    at: dict[tuple[str, str, Any], Sequence[Problem]] = {}
    others: list[Problem] = []
    for one in merged:
        for mode, origins in one.origins.items():
            results = error.outcome.results.get((one.lines.relation, mode), ())
            for origin, result in zip(origins, results, strict=False):
                if origin is not None and result.problems:
                    at[one.lines.relation, *origin] = result.problems
                elif result.problems:
                    others += [replace(each, field="lines") for each in result.problems]
    return RefusedLines([*error.own, *others], error.outcome, at)
