"""Published versions of the documents: their texts, storage keys and background steps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.base.sqltext import Sql, ident
from runtime.base.values import dump_text, load
from runtime.store.database import Connection, Database, run, run_many

Keys = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Live:
    """What is in force: the version's number, the stamp, the conversions under way.

    ``kept`` are the columns of kept values that every record has, by the object's key.
    """

    version: int
    stamp: int
    convert: Mapping[str, Any]
    kept: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Version:
    """One version as listed."""

    number: int
    hash: str
    note: str
    author: str | None
    created_at: datetime
    state: str
    back_to: int | None
    changes: Sequence[Mapping[str, Any]]


def live(database: Database, schema: str) -> Live:
    """What is in force now."""
    row = database.row(Sql(f"SELECT version, stamp, convert, kept FROM {ident(schema, 's_live')}"))
    assert row is not None
    return Live(row[0], row[1], load(row[2]), load(row[3]))


def set_kept(connection: Connection, schema: str, object_key: str, columns: Sequence[str], ready: bool) -> None:
    """Kept values of an object can be relied on from now on, or no more until they have been filled again."""
    change = "(kept->%s || %s::jsonb)" if ready else "(kept->%s) - %s::text[]"
    value: Any = dump_text(list(columns)) if ready else list(columns)
    run(
        connection,
        Sql(
            f"UPDATE {ident(schema, 's_live')} SET stamp = stamp + 1, "
            "kept = jsonb_set(jsonb_build_object(%s::text, '[]'::jsonb) || kept, ARRAY[%s::text], "
            f"coalesce({change}, %s::jsonb))",
            (object_key, object_key, object_key, value, dump_text(list(columns)) if ready else "[]"),
        ),
    )


def keep_only(
    connection: Connection, schema: str, choose: Callable[[Mapping[str, Sequence[str]]], Mapping[str, Sequence[str]]]
) -> None:
    """Of the kept values that can be relied on, those that ``choose`` gives back."""
    table = ident(schema, "s_live")
    there = load(run(connection, Sql(f"SELECT kept FROM {table} FOR UPDATE"))[0][0])
    run(connection, Sql(f"UPDATE {table} SET kept = %s::jsonb", (dump_text(choose(there)),)))


def count_turn(connection: Connection, schema: str) -> int:
    """One more reason to fill kept values again: the number of such reasons so far."""
    statement = Sql(f"UPDATE {ident(schema, 's_live')} SET turn = turn + 1 RETURNING turn")
    return int(run(connection, statement)[0][0])


def turn(database: Database, schema: str) -> int:
    """How many reasons there were to fill kept values again."""
    row = database.row(Sql(f"SELECT turn FROM {ident(schema, 's_live')}"))
    assert row is not None
    return int(row[0])


def documents(database: Database, schema: str, version: int) -> dict[str, list[tuple[str, str]]]:
    """The (path, text) pairs of each app in a version."""
    rows = database.rows(
        Sql(
            f"SELECT d.app, d.path, s.content FROM {ident(schema, 's_document')} d "
            f"JOIN {ident(schema, 's_source')} s ON s.hash = d.hash WHERE d.version = %s ORDER BY d.app, d.path",
            (version,),
        )
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for app, path, content in rows:
        found.setdefault(app, []).append((path, content))
    return found


def keys(database: Database, schema: str, version: int) -> Keys:
    """The storage keys that a version gave its objects and fields."""
    row = database.row(Sql(f"SELECT keys FROM {ident(schema, 's_version')} WHERE number = %s", (version,)))
    return load(row[0]) if row else {}


def used_keys(database: Database, schema: str) -> dict[str, set[str]]:
    """Every storage key that any version ever gave: object key -> field keys ('' for the object itself)."""
    found: dict[str, set[str]] = {}
    for (raw,) in database.rows(Sql(f"SELECT keys FROM {ident(schema, 's_version')}")):
        for entry in load(raw).values():
            found.setdefault(entry["key"], {""}).update(entry["fields"].values())
    return found


def history(database: Database, schema: str, limit: int = 100) -> list[Version]:
    """The versions, newest first."""
    rows = database.rows(
        Sql(
            f"SELECT v.number, v.hash, v.note, u.name, v.created_at, v.state, v.back_to, v.changes "
            f"FROM {ident(schema, 's_version')} v LEFT JOIN {ident(schema, 's_user')} u ON u.id = v.author "
            "ORDER BY v.number DESC LIMIT %s",
            (limit,),
        )
    )
    return [Version(row[0], row[1], row[2], row[3], row[4], row[5], row[6], load(row[7])) for row in rows]


def add(
    connection: Connection,
    schema: str,
    *,
    hash: str,
    note: str,
    author: str | None,
    keys: Keys,
    changes: Sequence[Mapping[str, Any]],
    texts: Iterable[tuple[str, str, str]],
    back_to: int | None = None,
) -> int:
    """A new version in preparation; ``texts`` are (app, path, content)."""
    row = run(
        connection,
        Sql(
            f"INSERT INTO {ident(schema, 's_version')} (number, hash, note, author, keys, changes, back_to) "
            f"SELECT coalesce(max(number), 0) + 1, %s, %s, %s::uuid, %s::jsonb, %s::jsonb, %s "
            f"FROM {ident(schema, 's_version')} RETURNING number",
            (hash, note, author, dump_text(keys), dump_text(list(changes)), back_to),
        ),
    )
    number = int(row[0][0])
    entries = [(app, path, hashlib.sha256(content.encode()).hexdigest(), content) for app, path, content in texts]
    if entries:
        run_many(
            connection,
            f"INSERT INTO {ident(schema, 's_source')} (hash, content) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [(entry[2], entry[3]) for entry in entries],
        )
        run_many(
            connection,
            f"INSERT INTO {ident(schema, 's_document')} (version, app, path, hash) VALUES (%s, %s, %s, %s)",
            [(number, *entry[:3]) for entry in entries],
        )
    return number


def set_state(connection: Connection, schema: str, number: int, state: str) -> None:
    """``preparing``, ``live``, ``past`` or ``failed``."""
    run(connection, Sql(f"UPDATE {ident(schema, 's_version')} SET state = %s WHERE number = %s", (state, number)))


def go_live(connection: Connection, schema: str, number: int, convert: Mapping[str, Any]) -> None:
    """The switch: from this commit on every request in every process uses version ``number``."""
    run(connection, Sql(f"UPDATE {ident(schema, 's_version')} SET state = 'past' WHERE state = 'live'"))
    set_state(connection, schema, number, "live")
    run(
        connection,
        Sql(
            f"UPDATE {ident(schema, 's_live')} SET version = %s, stamp = stamp + 1, convert = %s::jsonb",
            (number, dump_text(convert)),
        ),
    )


def set_convert(connection: Connection, schema: str, convert: Mapping[str, Any]) -> None:
    """Make every writer keep further values up to date (dual write)."""
    run(
        connection,
        Sql(f"UPDATE {ident(schema, 's_live')} SET stamp = stamp + 1, convert = %s::jsonb", (dump_text(convert),)),
    )


@dataclass(frozen=True)
class Step:
    """One background step of a publish, resumable."""

    id: int
    version: int
    kind: str
    detail: Mapping[str, Any]
    state: str
    progress: Mapping[str, Any]


def add_steps(connection: Connection, schema: str, number: int, steps: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Note the steps of a publish in their order."""
    for seq, (kind, detail) in enumerate(steps):
        run(
            connection,
            Sql(
                f"INSERT INTO {ident(schema, 's_step')} (version, seq, kind, detail) VALUES (%s, %s, %s, %s::jsonb)",
                (number, seq, kind, dump_text(detail)),
            ),
        )


def open_steps(database: Database, schema: str) -> list[Step]:
    """The steps that are not done, in their order."""
    rows = database.rows(
        Sql(
            f"SELECT id, version, kind, detail, state, progress FROM {ident(schema, 's_step')} "
            "WHERE state <> 'done' ORDER BY version, seq"
        )
    )
    return [Step(row[0], row[1], row[2], load(row[3]), row[4], load(row[5])) for row in rows]


def note_step(
    database: Database,
    schema: str,
    step_id: int,
    state: str,
    progress: Mapping[str, Any] | None = None,
    error: str = "",
) -> None:
    """Remember how far a step is."""
    database.rows(
        Sql(
            f"UPDATE {ident(schema, 's_step')} SET state = %s, progress = coalesce(%s::jsonb, progress), "
            "error = nullif(%s, ''), updated_at = now() WHERE id = %s",
            (state, None if progress is None else dump_text(progress), error, step_id),
        )
    )
