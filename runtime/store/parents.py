"""Records that lines belong to: held before their lines are written, and moved on with them. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runtime.base.sqltext import Sql, ident
from runtime.base.values import dump_text
from runtime.store.layout import ObjectLayout
from runtime.store.records import Origin


def hold(place: ObjectLayout, ids: Sequence[str]) -> Sql:
    """Live records, held in the order of their ids: whoever holds several never waits in a circle."""
    return Sql(
        f"SELECT id::text FROM {place.table} WHERE id = ANY(%s::uuid[]) AND deleted_at IS NULL "
        "ORDER BY id FOR NO KEY UPDATE",
        (list(ids),),
    )


def above(lines: ObjectLayout, key: str, ids: Sequence[str]) -> Sql:
    """The records that lines belong to, those in the recycle bin too."""
    column = ident(lines.places[key].column or "")
    return Sql(
        f"SELECT DISTINCT {column}::text FROM {lines.table} WHERE id = ANY(%s::uuid[]) AND {column} IS NOT NULL",
        (list(ids),),
    )


def left_key(lines: ObjectLayout) -> str:
    """Under what the history of a record names the lines that were moved elsewhere; no field has a name like it."""
    return f"lines:{lines.object.key}"


def moved(
    place: ObjectLayout, ids: Sequence[str], origin: Origin, left: Mapping[str, Mapping[str, Sequence[str]]]
) -> Sql:
    """Lines of records have changed: their versions move, with an entry of each history; gives (id, version).

    ``left``: by record, what its entry says was there before. No event: those of the lines tell what has happened.
    """
    before = Sql(", %s::jsonb->(id::text)", (dump_text(left),)) if left else Sql("")
    return Sql(
        f"WITH held AS ({hold(place, ids).text}), "
        f"rec AS (UPDATE {place.table} t SET version = t.version + 1, updated_at = now(), updated_by = %s::uuid "
        "FROM held WHERE t.id = held.id::uuid RETURNING t.id, t.version), "
        f"his AS (INSERT INTO {ident(place.schema, 's_history')} "
        f"(record_id, version, object_key, actor, channel, action{', before' if left else ''}) "
        f"SELECT id, version, %s, %s::uuid, %s, %s{before.text} FROM rec) SELECT id::text, version FROM rec",
        (list(ids), origin.actor, place.object.key, origin.actor, origin.channel, origin.action, *before.params),
    )
