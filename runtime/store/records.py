"""Writing one record: the record, its history and its event in one statement. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runtime.base.sqltext import Sql, ident, join, literal
from runtime.base.values import dump_text
from runtime.store import search
from runtime.store.layout import HELD, ObjectLayout, column_value


@dataclass(frozen=True)
class Beside:
    """A value for a key outside of the present model (a conversion under way); ``stored`` None takes it away.

    ``long`` values are kept in ``ext``; ``typed`` is what the column takes, where there is one.
    """

    column: str | None
    sql_type: str | None
    long: bool
    stored: Any = None
    typed: Any = None


@dataclass(slots=True)
class Write:
    """What is to be stored of one record. ``values`` are stored values by storage key, blanks left out.

    ``extra`` are values for keys outside the present model, by key. ``texts`` and ``prose`` are what the record is
    found by beside its title, short and long ones. ``before`` and ``after`` are the changed values for the history.
    ``version`` is the version that was read, 0 for a new record.
    """

    id: str
    version: int
    owner: str | None
    title: str
    values: Mapping[str, Any]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    removed: Sequence[str] = ()
    extra: Mapping[str, Beside] = field(default_factory=dict)
    texts: Sequence[str] = ()
    prose: Sequence[str] = ()
    retitled: bool = True


@dataclass(frozen=True)
class Origin:
    """Who writes, and through what. ``cause``, JSON, tells which workflow a write is due to."""

    actor: str | None
    channel: str
    action: str
    cause: str = ""


@dataclass(frozen=True)
class Once:
    """A request that must have its effect once: the key and the hash of the request."""

    user: str
    key: str
    request: bytes
    status: int = 201


def containers(place: ObjectLayout, write: Write) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of ``data`` and of ``ext``."""
    long = place.long_keys
    data: dict[str, Any] = {key: value for key, value in write.values.items() if key not in long}
    ext: dict[str, Any] = {key: write.values[key] for key in long if key in write.values}
    for key, beside in write.extra.items():
        if beside.stored is not None:
            (ext if beside.long else data)[key] = beside.stored
    return data, ext


def removed_keys(place: ObjectLayout, write: Write) -> tuple[list[str], list[str]]:
    """The keys that leave ``data``, and those that leave ``ext``."""
    data = [key for key in write.removed if place.places[key].container == "data"]
    ext = [key for key in write.removed if place.places[key].container == "ext"]
    for key, beside in write.extra.items():
        if beside.stored is None:
            (ext if beside.long else data).append(key)
    return data, ext


def vector(write: Write) -> str:
    """What the record is found by."""
    return search.vector([write.title, *write.texts], write.prose)


def extra_columns(write: Write) -> list[tuple[str, str, Any]]:
    """(quoted column, SQL type, value) of the conversions under way."""
    return [(ident(one.column), one.sql_type or "text", one.typed) for one in write.extra.values() if one.column]


def typed_columns(place: ObjectLayout, write: Write) -> list[Any]:
    """The values of the typed columns, in the layout's order, from the same values as the JSON."""
    get = write.values.get
    return [get(key) if one is None else column_value(one, get(key)) for key, one in place.takers]


def column_names(place: ObjectLayout) -> list[str]:
    """The quoted names of the typed columns, in the layout's order."""
    return place.column_names


def insert(place: ObjectLayout, write: Write, gate: Gate) -> Sql:
    """The record's row, when every gate is open. Names ``rec``."""
    extra = extra_columns(write)
    data, ext = containers(place, write)
    names, casts = place.insertion
    names += "".join(f", {one[0]}" for one in extra)
    casts += "".join(f", %s::{one[1]}" for one in extra)
    values = (
        write.id, gate.origin.actor, gate.origin.actor, write.owner, write.title, search.sort_key(write.title),
        dump_text(data), dump_text(ext) if ext else None, vector(write),
        *typed_columns(place, write), *(one[2] for one in extra),
    )  # fmt: skip
    condition = gate.condition()
    return Sql(
        f"INSERT INTO {place.table} ({names}) SELECT {casts} WHERE {condition.text} RETURNING {place.returning}",
        values + condition.params,
    )


def update(place: ObjectLayout, write: Write, gate: Gate) -> Sql:
    """The changed row, when it still has the version that was read and every gate is open. Names ``rec``.

    Only what changes is sent and set; the statement's text follows from the set of changed fields.
    """
    sets = ["version = version + 1, updated_at = now(), updated_by = %s::uuid"]
    values: list[Any] = [gate.origin.actor]

    def assign(text: str, *params: Any) -> None:
        sets.append(text)
        values.extend(params)

    keys = {*(write.before or ()), *(write.after or ())}
    for container in ("data", "ext"):
        now = {
            key: write.values[key] for key in keys if key in write.values and place.places[key].container == container
        }
        gone = [
            key
            for key in keys
            if key in place.places and key not in write.values and place.places[key].container == container
        ]
        for key, beside in write.extra.items():
            if beside.long == (container == "ext"):
                now |= {key: beside.stored} if beside.stored is not None else {}
                gone += [key] if beside.stored is None else []
        if now or gone:
            merged = f"(coalesce({container}, '{{}}') || %s::jsonb) - %s::text[]"
            merged = f"nullif({merged}, '{{}}')" if container == "ext" else merged
            assign(f"{container} = {merged}", dump_text(now), gone)
    if "owner" in keys:
        assign("owner_id = %s::uuid", write.owner)
    if write.retitled:
        changes = (write.title, search.sort_key(write.title), vector(write))
        assign("title = %s, title_key = %s, search = %s::tsvector", *changes)
    for one in place.columns:
        if one.field.key in keys:
            value = column_value(one, write.values.get(one.field.key))
            assign(f"{ident(one.column or '')} = %s::{one.sql_type}", value)
    for column, sql_type, value in extra_columns(write):
        assign(f"{column} = %s::{sql_type}", value)
    condition = gate.condition()
    return Sql(
        f"UPDATE {place.table} SET {', '.join(sets)} WHERE id = %s::uuid AND version = %s AND deleted_at IS NULL "
        f"AND {condition.text} RETURNING {place.returning}",
        (*values, write.id, write.version, *condition.params),
    )


@dataclass
class Gate:
    """What must hold in the very statement that writes: the stamp, and every linked record's presence.

    ``links`` are (name, statement that gives the ids that are there and readable, locked; how many are expected).
    """

    live: str
    stamp: int
    origin: Origin
    links: list[tuple[str, Sql, int]] = field(default_factory=list)
    once: Once | None = None

    def ctes(self) -> list[Sql]:
        """The CTEs that the condition asks."""
        found = [Sql(f"live AS (SELECT stamp FROM {self.live})")]
        found += [Sql(f"{name} AS (") + statement + ")" for name, statement, _ in self.links]
        return found

    def condition(self) -> Sql:
        """True when the write may happen."""
        found = Sql("(SELECT stamp FROM live) = %s", (self.stamp,))
        for name, _, expected in self.links:
            found = found + Sql(f" AND (SELECT count(*) FROM {name}) = %s", (expected,))
        return found


def write_one(place: ObjectLayout, write: Write, gate: Gate, wire: Sql) -> Sql:
    """The whole write: one row of (stamp, JSON text of the record or NULL, ids found by each link's gate ...).

    ``wire`` reads the JSON text ``j`` of the record out of ``rec``.
    """
    row = update(place, write, gate) if write.version else insert(place, write, gate)
    ctes = gate.ctes()
    ctes.append(Sql("rec AS (") + row + ")")
    ctes.append(Sql("wire AS (") + wire + ")")
    ctes += [traced(place, write, gate.origin), told(place, gate.origin)]
    if gate.once:
        ctes.append(
            Sql(
                f"onc AS (INSERT INTO {ident(place.schema, 's_idempotency')} (user_id, key, request, status, response) "
                "SELECT %s::uuid, %s, %s, %s, j FROM wire)",
                (gate.once.user, gate.once.key, gate.once.request, gate.once.status),
            )
        )
    found = [Sql(f", (SELECT array_agg(id) FROM {name})") for name, _, _ in gate.links]
    return Sql("WITH ") + join(", ", ctes) + " SELECT (SELECT stamp FROM live), (SELECT j FROM wire)" + join("", found)


def traced(place: ObjectLayout, write: Write, origin: Origin) -> Sql:
    """The history row of what ``rec`` wrote; a new record's values are taken from the row itself."""
    values: tuple[Any, ...] = (place.object.key, origin.actor, origin.channel, origin.action)
    if write.before is None:
        after = (
            "NULL, rec.data || coalesce(rec.ext, '{}') || jsonb_strip_nulls(jsonb_build_object('owner', rec.owner_id))"
        )
    else:
        after = "%s::jsonb, %s::jsonb"
        values += (dump_text(write.before), None if write.after is None else dump_text(write.after))
    return Sql(
        f"his AS (INSERT INTO {ident(place.schema, 's_history')} "
        "(record_id, version, object_key, actor, channel, action, before, after) "
        f"SELECT id, version, %s, %s::uuid, %s, %s, {after} FROM rec)",
        values,
    )


def told(place: ObjectLayout, origin: Origin) -> Sql:
    """The event of what ``rec`` wrote, for those who act after the commit."""
    values: tuple[Any, ...] = (place.object.key, f"record_{origin.action}", place.object.key, origin.actor)
    cause = ", 'cause', %s::json" if origin.cause else ""
    return Sql(
        f"out AS (INSERT INTO {ident(place.schema, 's_outbox')} (partition, type, payload) "
        "SELECT %s || ':' || id, %s, json_build_object('object', %s::text, 'record', id, 'version', version, "
        f"'actor', %s::text, 'channel', %s::text{cause}) FROM rec)",
        (*values, origin.channel, *([origin.cause] if origin.cause else [])),
    )


def present(table: str, alias: str, joins: Sql, ids: Sequence[str], criterion: Sql) -> Sql:
    """The ids of ``ids`` that are there and readable, locked against deletion until the write is done."""
    alive = Sql(f" WHERE {alias}.id = ANY(%s::uuid[]) AND {alias}.deleted_at IS NULL", (list(ids),))
    statement = Sql(f"SELECT {alias}.id FROM {table} {alias}") + joins + alive
    if criterion:
        statement = statement + " AND " + criterion
    return statement + f" FOR SHARE OF {alias}"


def held(place: ObjectLayout, record_id: str, version: int, *, alone: bool = False) -> Sql:
    """A row when the record still has the version; nobody changes or deletes it until the transaction ends.

    ``alone``: nobody else holds it meanwhile, so that whoever holds it may change it.
    """
    lock = "UPDATE" if alone else "SHARE"
    return Sql(
        f"SELECT 1 FROM {place.table} WHERE id = %s::uuid AND version = %s AND deleted_at IS NULL FOR {lock}",
        (record_id, version),
    )


def marks(alias: str) -> str:
    """The columns that tell when and by whom a record was made and last changed, and its title, each after a comma."""
    return (
        f", {alias}.created_at, {alias}.created_by::text, {alias}.updated_at, {alias}.updated_by::text, {alias}.title"
    )


def read_one(place: ObjectLayout, alias: str, joins: Sql, record_id: str, checks: Sequence[Sql], live: str) -> Sql:
    """(stamp, version, owner, data, ext, deleted, check ..., marks ...) of one record; version NULL when there is none.

    A check that is empty holds for every record.
    """
    extra = join("", [Sql(", coalesce(") + one + ", false)" if one else Sql(", true") for one in checks])
    inner = (
        Sql(f"SELECT {alias}.version, {alias}.owner_id::text, {alias}.data, {alias}.ext, {alias}.deleted_at")
        + extra
        + marks(alias)
        + f" FROM {place.table} {alias}"
        + joins
        + Sql(f" WHERE {alias}.id = %s::uuid", (record_id,))
    )
    return Sql(f"SELECT l.stamp, q.* FROM {live} l LEFT JOIN LATERAL (") + inner + ") q ON true"


def set_deleted(place: ObjectLayout, ids: Sequence[str], origin: Origin, *, version: int | None = None) -> Sql:
    """Move live records to the recycle bin, with history and events; gives the ids that were live."""
    condition = Sql("id = ANY(%s::uuid[]) AND deleted_at IS NULL", (list(ids),))
    if version is not None:
        condition = condition + Sql(" AND version = %s", (version,))
    return marked(place, Sql("deleted_at = now()"), condition, origin)


def set_restored(place: ObjectLayout, ids: Sequence[str], origin: Origin) -> Sql:
    """Take records out of the recycle bin, with history and events; gives the ids that were there."""
    condition = Sql(f"id = ANY(%s::uuid[]) AND deleted_at < {HELD}", (list(ids),))
    return marked(place, Sql("deleted_at = NULL"), condition, origin)


def clear_link(place: ObjectLayout, key: str, target: str, origin: Origin) -> Sql:
    """Take the link ``key`` to ``target`` out of every live record that has it, with history and events."""
    one = place.places[key]
    column = ident(one.column or "")
    many = (one.sql_type or "").endswith("[]")
    name = literal(key)
    if many:
        sets = Sql(
            f"{column} = nullif(array_remove({column}, %s::uuid), '{{}}'), "
            f"data = CASE WHEN data->{name} = jsonb_build_array(%s::text) THEN data - {name} "
            f"ELSE jsonb_set(data, ARRAY[{name}], (data->{name}) - %s::text) END",
            (target, target, target),
        )
        condition = Sql(f"{column} @> ARRAY[%s::uuid] AND deleted_at IS NULL", (target,))
    else:
        sets = Sql(f"{column} = NULL, data = data - {name}")
        condition = Sql(f"{column} = %s::uuid AND deleted_at IS NULL", (target,))
    before = Sql(f"json_build_object({name}, %s::text)", (target,))
    return marked(place, sets, condition, origin, before=before)


def marked(
    place: ObjectLayout, sets: Sql, condition: Sql, origin: Origin, before: Sql | None = None, *,
    event: str | None = None,
) -> Sql:  # fmt: skip
    """Change records with history and events, without a look at their values; gives the ids of those changed.

    ``event``: what those who act after the commit are told instead of the action; '' for nothing.
    """
    changed = (
        Sql(f"WITH rec AS (UPDATE {place.table} SET version = version + 1, updated_at = now(), updated_by = %s::uuid, ",
            (origin.actor,))
        + sets + " WHERE " + condition + " RETURNING id, version), "
    )  # fmt: skip
    trace = Sql(
        f"his AS (INSERT INTO {ident(place.schema, 's_history')} "
        "(record_id, version, object_key, actor, channel, action, before) "
        "SELECT id, version, %s, %s::uuid, %s, %s, ",
        (place.object.key, origin.actor, origin.channel, origin.action),
    )
    trace = trace + (before or Sql("NULL::json")) + "::jsonb FROM rec), "
    heard = told(place, replace(origin, action=origin.action if event is None else event)) if event != "" else Sql("")
    if not heard:
        trace = Sql(trace.text.removesuffix(", "), trace.params)
    return changed + trace + heard + " SELECT id::text FROM rec ORDER BY id"


def linking(place: ObjectLayout, key: str, targets: Sequence[str], *, limit: int | None = None) -> Sql:
    """The ids of the live records whose link ``key`` leads to one of ``targets``."""
    one = place.places[key]
    column = ident(one.column or "")
    many = (one.sql_type or "").endswith("[]")
    test = f"{column} && %s::uuid[]" if many else f"{column} = ANY(%s::uuid[])"
    statement = Sql(
        f"SELECT id::text FROM {place.table} WHERE {test} AND deleted_at IS NULL ORDER BY id", (list(targets),)
    )
    return statement if limit is None else statement + Sql(" LIMIT %s", (limit,))


def deleted_with(place: ObjectLayout, key: str, target_place: ObjectLayout, target: str) -> Sql:
    """The ids of the records in the recycle bin that went there together with ``target``, which they link to."""
    column = ident(place.places[key].column or "")
    return Sql(
        f"SELECT id::text FROM {place.table} WHERE {column} = %s::uuid AND deleted_at = "
        f"(SELECT deleted_at FROM {target_place.table} WHERE id = %s::uuid)",
        (target, target),
    )


def link_targets(place: ObjectLayout, key: str, target: ObjectLayout, record_id: str) -> Sql:
    """(id, deleted) of what a record's link leads to, held as it is until the transaction ends."""
    one = place.places[key]
    column = ident(one.column or "")
    test = f"t.id = ANY(s.{column})" if (one.sql_type or "").endswith("[]") else f"t.id = s.{column}"
    return Sql(
        f"SELECT t.id::text, t.deleted_at IS NOT NULL FROM {place.table} s JOIN {target.table} t ON {test} "
        "WHERE s.id = %s::uuid FOR SHARE OF t",
        (record_id,),
    )
