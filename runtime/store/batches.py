"""Writing and finding many records of one object in few statements. It decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runtime.base.sqltext import Sql, array, ident, join
from runtime.base.values import dump_text
from runtime.store import search
from runtime.store.database import Connection, run
from runtime.store.layout import ObjectLayout, column_value
from runtime.store.records import (
    Origin,
    Write,
    column_names,
    containers,
    extra_columns,
    marks,
    removed_keys,
    told,
    typed_columns,
    vector,
)

SYSTEM_TYPES = (
    "id uuid, version int, owner_id uuid, title text, title_key text, data jsonb, ext jsonb, search text, "
    "removed jsonb, removed_ext jsonb, before jsonb, after jsonb"
)


def entry(place: ObjectLayout, write: Write) -> dict[str, Any]:
    """One record as an entry of the JSON parameter."""
    data, ext = containers(place, write)
    removed, removed_ext = removed_keys(place, write)
    found: dict[str, Any] = {
        "id": write.id,
        "version": write.version,
        "owner_id": write.owner,
        "title": write.title,
        "title_key": search.sort_key(write.title),
        "data": data,
        "ext": ext or None,
        "search": vector(write),
        "removed": removed,
        "removed_ext": removed_ext,
        "before": write.before,
        "after": write.after,
    }
    for one in place.columns:
        value = write.values.get(one.field.key)
        if value is not None:
            found[one.column or ""] = column_value(one, value)
    for extra in write.extra.values():
        if extra.column:
            found[extra.column] = extra.typed
    return found


def recordset(place: ObjectLayout, writes: Sequence[Write]) -> Sql:
    """``src``: the records as rows. All of them keep the same values beside the model's."""
    columns = [SYSTEM_TYPES, *(f"{ident(one.column or '')} {one.sql_type}" for one in place.columns)]
    columns += [f"{column} {sql_type}" for column, sql_type, _ in extra_columns(writes[0])]
    rows = dump_text([entry(place, write) for write in writes])
    return Sql(f"src AS (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r({', '.join(columns)}))", (rows,))


def history(place: ObjectLayout, origin: Origin) -> Sql:
    """The history rows of what ``rec`` wrote."""
    return Sql(
        f"his AS (INSERT INTO {ident(place.schema, 's_history')} "
        "(record_id, version, object_key, actor, channel, action, before, after) "
        "SELECT rec.id, rec.version, %s, %s::uuid, %s, %s, src.before, src.after FROM rec JOIN src ON src.id = rec.id)",
        (place.object.key, origin.actor, origin.channel, origin.action),
    )


def insert_many(
    connection: Connection, place: ObjectLayout, writes: Sequence[Write], origin: Origin, live: str, stamp: int
) -> list[tuple[str, int]]:
    """All new records with their history and events, inside the caller's transaction: (id, version) of each.

    Through COPY, the fastest way in. Nothing when the stamp has moved: the caller's transaction then ends.
    COPY cannot ask for the stamp itself, so the stamp is held until the transaction has ended.
    """
    if run(connection, Sql(f"SELECT stamp FROM {live} FOR SHARE"))[0][0] != stamp:
        return []
    extra = [column for column, _, _ in extra_columns(writes[0])]
    names = ["id", "created_by", "updated_by", "owner_id", "title", "title_key", "data", "ext", "search"]
    columns = ", ".join([*names, *column_names(place), *extra])
    actor = origin.actor
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {place.table} ({columns}) FROM STDIN".replace("%%", "%")) as copy,
    ):
        for write in writes:
            data, ext = containers(place, write)
            row = [
                write.id, actor, actor, write.owner, write.title, search.sort_key(write.title), dump_text(data),
                dump_text(ext) if ext else None, vector(write), *typed_columns(place, write),
            ]  # fmt: skip
            if extra:
                row += [one[2] for one in extra_columns(write)]
            copy.write_row(row)
    run(connection, trace(place, writes, origin))
    return [(write.id, 1) for write in writes]


def trace(place: ObjectLayout, writes: Sequence[Write], origin: Origin) -> Sql:
    """History and events of new records. What was stored is read back: nothing is written down twice by us.

    While a type changes, a record holds values beside the model's: those are no part of its history.
    """
    ids = array([write.id for write in writes])
    if writes[0].extra:
        afters = [dump_text(write.after) for write in writes]
        made = Sql("SELECT u.id, u.after FROM unnest(%s::uuid[], %s::jsonb[]) AS u(id, after)", (ids, afters))
    else:
        made = Sql(
            # The small parts are put together first: whatever ``||`` joins, it writes anew.
            "SELECT t.id, t.data || (coalesce(t.ext, '{}') || CASE WHEN t.owner_id IS NULL THEN '{}'::jsonb "
            f"ELSE jsonb_build_object('owner', t.owner_id) END) FROM {place.table} t WHERE t.id = ANY(%s::uuid[])",
            (ids,),
        )
    known = {"object": place.object.key, "version": 1, "actor": origin.actor, "channel": origin.channel}
    key, action = place.object.key, origin.action
    return Sql(
        f"WITH rec(id, after) AS ({made.text}), "
        f"his AS (INSERT INTO {ident(place.schema, 's_history')} "
        "(record_id, version, object_key, actor, channel, action, after) "
        "SELECT id, 1, %s, %s::uuid, %s, %s, after FROM rec) "
        f"INSERT INTO {ident(place.schema, 's_outbox')} (partition, type, payload) "
        "SELECT %s || ':' || u.id, %s, jsonb_build_object('record', u.id) || %s::jsonb "
        "FROM unnest(%s::uuid[]) AS u(id)",
        (*made.params, key, origin.actor, origin.channel, action, key, f"record_{action}", dump_text(known), ids),
    )


def update_statement(place: ObjectLayout, writes: Sequence[Write], origin: Origin, live: str, stamp: int) -> Sql:
    """All changed records that still have their version: rows of (id, version)."""
    columns = [*column_names(place), *(column for column, _, _ in extra_columns(writes[0]))]
    sets = [
        "version = t.version + 1, updated_at = now(), updated_by = %s::uuid, owner_id = "
        "src.owner_id, title = src.title, "
        "title_key = src.title_key, search = src.search::tsvector, "
        "data = (t.data || src.data) - ARRAY(SELECT jsonb_array_elements_text(src.removed)), "
        "ext = nullif((coalesce(t.ext, '{}') || coalesce(src.ext, '{}')) "
        "- ARRAY(SELECT jsonb_array_elements_text(src.removed_ext)), '{}')",
        *(f"{column} = src.{column}" for column in columns),
    ]
    updated = Sql(
        f"rec AS (UPDATE {place.table} t SET {', '.join(sets)} FROM src WHERE t.id = "
        "src.id AND t.version = src.version "
        f"AND t.deleted_at IS NULL AND (SELECT stamp FROM {live}) = %s RETURNING t.id, t.version)",
        (origin.actor, stamp),
    )
    parts = [recordset(place, writes), updated, history(place, origin), told(place, origin)]
    return Sql("WITH ") + join(", ", parts) + " SELECT id::text, version FROM rec"


def update_many(
    connection: Connection, place: ObjectLayout, writes: Sequence[Write], origin: Origin, live: str, stamp: int
) -> list[tuple[str, int]]:
    """All changed records that still have their version, inside the caller's transaction: (id, version) of each."""
    return [(row[0], row[1]) for row in run(connection, update_statement(place, writes, origin, live, stamp))]


def there(place: ObjectLayout, ids: Sequence[str]) -> Sql:
    """Which of the ids are taken, by records in the recycle bin too."""
    return Sql(f"SELECT id::text FROM {place.table} WHERE id = ANY(%s::uuid[])", (list(ids),))


def find_by(
    place: ObjectLayout,
    alias: str,
    joins: Sql,
    column: str,
    sql_type: str,
    values: Sequence[Any],
    checks: Sequence[Sql],
) -> Sql:
    """(key, id, version, owner, data, ext, check ..., marks ...) of the live records by the values of a column."""
    extra = join("", [Sql(", coalesce(") + one + ", false)" if one else Sql(", true") for one in checks])
    return (
        Sql(
            f"SELECT {alias}.{column}, {alias}.id::text, {alias}.version, "
            f"{alias}.owner_id::text, {alias}.data, {alias}.ext"
        )
        + extra
        + marks(alias)
        + f" FROM {place.table} {alias}"
        + joins
        + Sql(f" WHERE {alias}.{column} = ANY(%s::{sql_type}[]) AND {alias}.deleted_at IS NULL", (list(values),))
    )


def holders(place: ObjectLayout, columns: Sequence[tuple[str, str]], values: Sequence[Sequence[Any]]) -> Sql:
    """(value ..., id) of the records, live or waiting to be, that hold one of the combinations of unique values."""
    names = [ident(column) for column, _ in columns]
    arrays = []
    for number, (_, sql_type) in enumerate(columns):
        own = [row[number] for row in values]
        arrays.append(Sql(f"%s::{sql_type}[]", (array(own) if all(one.__class__ is str for one in own) else own,)))
    aliases = ", ".join(f"u{number}" for number in range(len(columns)))
    match = " AND ".join(f"t.{name} = w.u{number}" for number, name in enumerate(names))
    shown = ", ".join(f"t.{name}" for name in names)
    counted = " OR ".join(f"t.{one}" for one in place.counted.split(" OR "))
    # A look into the index for each combination: as a plain join it is planned as a walk through all records.
    return (
        Sql(f"SELECT {shown}, t.id::text FROM unnest(")
        + join(", ", arrays)
        + f") AS w({aliases}) CROSS JOIN LATERAL (SELECT {shown}, t.id FROM {place.table} t WHERE {match} "
        f"AND ({counted}) LIMIT 1) t"
    )
