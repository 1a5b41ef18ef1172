"""Publishing: a new version of the documents goes live for every process at once, wholly or not at all.

Every step can be repeated: a publish that was cut off is finished by the next process that looks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import Conflict, Invalid, Message, NotFound, Problem
from runtime.base.sqltext import Sql, ident
from runtime.base.values import dump_text
from runtime.base.values import load as load_json
from runtime.engine import audit, conversion, keeping, planning
from runtime.engine.planning import Plan
from runtime.engine.workspace import SYSTEM, Workspace
from runtime.meta import load
from runtime.meta.compiled import Formulas
from runtime.meta.model import Model
from runtime.store import consistency, ddl, versions
from runtime.store.database import Connection, run
from runtime.store.layout import Layout, ObjectLayout

BATCH = 500
VACUUM_EVERY = 200
Progress = Callable[[str], None]


def silent(text: str) -> None:
    """No progress shown."""


@contextmanager
def publishing(workspace: Workspace) -> Iterator[Connection]:
    """One publish of a workspace at a time; the connection is for its long work."""
    connection = ddl.maintenance(workspace.database)
    try:
        # Asked again and again: a statement that waits holds a snapshot, and an index build waits for those.
        key = (7_364_003, workspace.schema)
        while not run(connection, Sql("SELECT pg_try_advisory_lock(%s, hashtext(%s))", key))[0][0]:
            time.sleep(0.1)
        yield connection
    finally:
        connection.close()


def replaced(workspace: Workspace, loaded: load.Loaded) -> dict[str, Sequence[tuple[str, str]]]:
    """The texts of all apps when ``loaded`` takes the place of its app and the others stay."""
    live = versions.live(workspace.database, workspace.schema)
    texts: dict[str, Sequence[tuple[str, str]]] = dict(
        versions.documents(workspace.database, workspace.schema, live.version)
    )
    texts[loaded.app] = loaded.texts()
    return texts


def plan(workspace: Workspace, loaded: load.Loaded) -> Plan:
    """What publishing one app would do."""
    texts = replaced(workspace, loaded)
    others = [load.from_texts(entries, app) for app, entries in texts.items() if app != loaded.app]
    return planning.plan(workspace, texts, read=[*others, loaded])


def publish(
    workspace: Workspace,
    loaded: load.Loaded,
    *,
    note: str = "",
    author: str | None = None,
    progress: Progress = silent,
    check: Callable[[Workspace, Plan], None] | None = None,
) -> tuple[int, Plan]:
    """Publish one app; (number of the live version, what was done). Raises Invalid, Conflict.

    ``check`` may refuse what would be done: `scenarios.demand` plays the scenarios of the documents.
    """
    with publishing(workspace) as connection:
        finish(workspace, connection, progress)
        found = plan(workspace, loaded)
        if check is not None:
            refuse(found)
            check(workspace, found)
        return carry_out(workspace, connection, found, note=note, author=author, progress=progress), found


def rollback(
    workspace: Workspace, number: int, *, note: str = "", author: str | None = None, progress: Progress = silent
) -> tuple[int, Plan]:
    """Publish the documents of an earlier version again, with its storage keys: its values are back."""
    with publishing(workspace) as connection:
        finish(workspace, connection, progress)
        texts = versions.documents(workspace.database, workspace.schema, number)
        known = [one for one in versions.history(workspace.database, workspace.schema, 10_000) if one.number == number]
        if not known or known[0].state not in ("past", "live"):
            raise NotFound(Message(f"there is no version {number} to go back to", f"没有可回滚的版本 {number}"))
        keys = versions.keys(workspace.database, workspace.schema, number)
        found = planning.plan(workspace, texts, keys=keys)
        said = note or f"back to version {number}"
        done = carry_out(workspace, connection, found, note=said, author=author, progress=progress, back_to=number)
        return done, found


def carry_out(
    workspace: Workspace,
    connection: Connection,
    found: Plan,
    *,
    note: str,
    author: str | None,
    progress: Progress,
    back_to: int | None = None,
) -> int:
    """Do what a plan says."""
    refuse(found)
    if found.nothing and not found.rewritten and same_as_live(workspace, found):
        return found.live.version
    changes = [planning.change_json(one, "en") for one in found.changes]
    with workspace.database.transaction() as inside:
        number = versions.add(
            inside,
            workspace.schema,
            hash=found.model.hash,
            note=note,
            author=author,
            keys=found.keys,
            changes=changes,
            texts=[(app, path, text) for app, entries in found.texts.items() for path, text in entries],
            back_to=back_to,
        )
    execute(workspace, connection, number, progress)
    audit.note(workspace, author, "publish", {"version": number, "note": note, "changes": len(changes)})
    return number


def same_as_live(workspace: Workspace, found: Plan) -> bool:
    """True when documents and storage keys are those in force: a field of the same name may be another one."""
    live = workspace.read_model(found.live.version)
    keys = versions.keys(workspace.database, workspace.schema, found.live.version)
    return found.model.hash == live.hash and found.keys == keys


def refuse(found: Plan) -> None:
    """Raise Invalid or Conflict when the plan must not be carried out."""
    if found.errors:
        raise Invalid(problems=found.errors)
    refusing = [one for one in found.effects if one.refuses]
    if refusing:
        raise Conflict(problems=[Problem(one.code, one.message, path=f"{one.object}.{one.field}") for one in refusing])


def finish(workspace: Workspace, connection: Connection, progress: Progress = silent) -> None:
    """Carry on a publish that was cut off. One that cannot go live any more has failed and stops nobody else."""
    for one in versions.history(workspace.database, workspace.schema, 5):
        if one.state == "preparing":
            progress(f"finishing the interrupted publish of version {one.number}")
            try:
                execute(workspace, connection, one.number, progress)
            except Conflict as error:
                progress(f"version {one.number} cannot go live any more: {error.both.en}")


def resume(workspace: Workspace, progress: Progress = silent) -> None:
    """Finish what an ended process left, if anything; called when a process starts."""
    if any(one.state == "preparing" for one in versions.history(workspace.database, workspace.schema, 5)):
        with publishing(workspace) as connection:
            finish(workspace, connection, progress)


def execute(workspace: Workspace, connection: Connection, number: int, progress: Progress) -> None:
    """All steps of a version in preparation, each harmless when it was done before."""
    live = versions.live(workspace.database, workspace.schema)
    old, new = workspace.read_model(live.version), workspace.read_model(number)
    found = Plan(new, load.Loaded(), {}, live)
    planning.arrange(workspace, old, found)
    formulas = Formulas(new)
    layout = Layout(workspace.schema, new, formulas.kept)
    try:
        make_tables(workspace, layout, found, progress)
        convert(workspace, connection, layout, found, progress)
        for name, index in found.builds:
            progress(f"index on {name}: {', '.join(index.columns)} ({index.why})")
            ddl.build_index(connection, layout.object(name), index)
    except Exception as error:
        with workspace.database.transaction() as inside:
            versions.set_state(inside, workspace.schema, number, "failed")
            versions.set_convert(inside, workspace.schema, shadows(live.convert, old))
        if isinstance(error, pg.UniqueViolation):
            text = Message(
                f"doubled values appeared meanwhile: {error.diag.message_detail}",
                f"期间出现重复值：{error.diag.message_detail}",
            )
            raise Conflict(text, code="not_unique") from error
        raise
    with workspace.database.transaction() as inside:
        conversion.carry_proposals(workspace, inside, found.conversions, workspace.context(SYSTEM))
        versions.go_live(inside, workspace.schema, number, after(live.convert, found))
        versions.keep_only(inside, workspace.schema, lambda live: keeping.still_kept(new, formulas.kept, live))
    progress(f"version {number} is live")
    drop_forgotten(workspace, old, layout)
    keeping.refill(workspace, progress)
    for name in found.drops:
        run(connection, Sql(ddl.drop_index(workspace.schema, name)))
    for table in {layout.object(name).table for name, _ in found.builds}:
        run(connection, Sql(f"ANALYZE {table}"))


def drop_forgotten(workspace: Workspace, old: Model, layout: Layout) -> None:
    """Take away the columns of kept values that neither this model nor the one before has.

    Those of the one before stay until the next publish: a statement under way may still read them.
    """
    before = Formulas(old).kept
    there = ddl.existing_tables(workspace.database, workspace.schema)
    for name, definition in layout.model.objects.items():
        place = layout.object(name)
        was = next((one.name for one in old.objects.values() if one.key == definition.key), None)
        wanted = {one.column for one in place.kept.values()}
        wanted |= {one.column for one in before.of(was).values()} if was else set()
        fields = {one.column for one in place.columns}
        gone = [one for one in there.get(place.name, {}) if keeping.is_kept(one) and one not in wanted | fields]
        if gone:
            ddl.with_short_lock(workspace.database, [ddl.drop_columns(place.table, gone)])


def make_tables(workspace: Workspace, layout: Layout, found: Plan, progress: Progress) -> None:
    """Tables, columns and references that are missing."""
    database = workspace.database
    new_columns: dict[str, list[str]] = {}
    for table, column in found.columns:
        new_columns.setdefault(table, []).append(column)
    for place in ddl.all_tables(layout, found.model):
        if place.name in found.tables:
            progress(f"table for {place.object.name}")
            ddl.with_short_lock(database, ddl.create_table(place))
        if place.name in new_columns:
            ddl.with_short_lock(database, [ddl.add_columns(place, new_columns[place.name])])
    there = ddl.existing_keys(database, workspace.schema)
    for place in ddl.all_tables(layout, found.model):
        for name, (add, check) in ddl.foreign_keys(layout, place).items():
            if name not in there:
                ddl.with_short_lock(database, [add])
            if not there.get(name):
                ddl.with_short_lock(database, [check])


def convert(workspace: Workspace, connection: Connection, layout: Layout, found: Plan, progress: Progress) -> None:
    """Type changes: every writer keeps both values from now on, then the old ones are brought over in batches."""
    if not found.conversions:
        return
    entries = {key: [{**one, "mode": conversion.DUAL} for one in values] for key, values in found.conversions.items()}
    with workspace.database.transaction() as inside:
        versions.set_convert(inside, workspace.schema, merged(shadows(found.live.convert, found.model), entries))
    for key in found.conversions:
        ddl.with_short_lock(workspace.database, [ddl.wait_for_writers(layout.by_key(key))])
    for key, values in found.conversions.items():
        place = layout.by_key(key)
        for one in values:
            done = Backfill(workspace, connection, place, one).run(progress)
            progress(f"{place.object.name}.{one['to']}: {done} values converted")


class Backfill:
    """Brings the values of one field over to the storage key of its new type; writes neither version nor history."""

    def __init__(
        self, workspace: Workspace, connection: Connection, place: ObjectLayout, entry: Mapping[str, Any]
    ) -> None:
        self.workspace = workspace
        self.connection = connection
        self.place = place
        self.entry = entry
        self.old, self.new = conversion.pair(workspace, entry)
        self.context = workspace.context(SYSTEM)

    def run(self, progress: Progress) -> int:
        """All batches; the number of values brought over. Rows that have one already are left alone."""
        cursor = "00000000-0000-0000-0000-000000000000"
        count = batches = 0
        source = "ext" if self.old.long else "data"
        target = "ext" if self.new.long else "data"
        while True:
            rows = run(
                self.connection,
                Sql(
                    f"SELECT id::text, {source}->%s FROM {self.place.table} WHERE id > %s::uuid "
                    f"AND jsonb_exists({source}, %s) AND NOT coalesce(jsonb_exists({target}, %s), "
                    f"false) ORDER BY id LIMIT {BATCH}",
                    (self.entry["from"], cursor, self.entry["from"], self.entry["to"]),
                ),
            )
            if not rows:
                return count
            count += self.store([(row[0], row[1]) for row in rows], source, target)
            cursor = rows[-1][0]
            batches += 1
            if batches % VACUUM_EVERY == 0:
                progress(f"{self.place.object.name}.{self.entry['to']}: {count} values so far")
                run(self.connection, Sql(f"VACUUM {self.place.table}"))

    def store(self, rows: list[tuple[str, bytes]], source: str, target: str) -> int:
        """One batch; a row that somebody has changed meanwhile is left to its writer."""
        entries = []
        for record_id, raw in rows:
            value = conversion.converted(self.old, self.new, load_json(raw), self.context)
            if value is not None:
                typed = self.new.typed(value)
                column = list(typed) if isinstance(typed, tuple) else typed
                entries.append({"id": record_id, "was": load_json(raw), "value": value, "col": column})
        if not entries:
            return 0
        sets = [f"{target} = coalesce(t.{target}, '{{}}') || jsonb_build_object(%s::text, r.value)"]
        columns = "id uuid, was jsonb, value jsonb"
        if self.entry["column"]:
            sets.append(f"{ident(self.entry['column'])} = r.col")
            columns += f", col {self.entry['sql_type']}"
        run(
            self.connection,
            Sql(
                f"UPDATE {self.place.table} t SET {', '.join(sets)} FROM jsonb_to_recordset(%s::jsonb) AS r({columns}) "
                f"WHERE t.id = r.id AND t.{source}->%s IS NOT DISTINCT FROM r.was",
                (self.entry["to"], dump_text(entries), self.entry["from"]),
            ),
        )
        return len(entries)


def merged(*parts: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """The entries of all parts by object."""
    found: dict[str, list[Any]] = {}
    for part in parts:
        for key, entries in part.items():
            found.setdefault(key, []).extend(entries)
    return found


def shadows(convert_now: Mapping[str, Sequence[Any]], model: Model) -> dict[str, list[Any]]:
    """The old values that are still kept beside a converted field of ``model``, and what fields were kept under."""
    keys = {one.key: set(one.by_key) for one in model.objects.values()}
    found: dict[str, list[Any]] = {}
    for key, entries in convert_now.items():
        kept = [
            one for one in entries
            if one["mode"] == conversion.FORMER
            or (one["mode"] == conversion.SHADOW and one["to"] in keys.get(key, ()))
        ]  # fmt: skip
        if kept:
            found[key] = kept
    return found


def after(convert_now: Mapping[str, Sequence[Any]], found: Plan) -> dict[str, list[Any]]:
    """What writers do once the version is live: an old value is dropped when its field is changed.

    So a rollback brings back what was written before, and converts only what was written since.
    """
    entries = {
        key: [
            *({"mode": conversion.SHADOW, "from": one["from"], "to": one["to"], "column": one["old_column"],
               "sql_type": one["old_sql_type"], "long": one["old_long"]} for one in values),
            *({"mode": conversion.FORMER, **{name: one[name] for name in ("from", "to", "old", "new")}}
              for one in values),
        ]
        for key, values in found.conversions.items()
    }  # fmt: skip
    again = {(key, one["from"]) for key, values in found.conversions.items() for one in values}
    going_back = {(key, one["to"]) for key, values in found.conversions.items() for one in values}
    kept = {
        key: [
            one for one in values
            if (key, one["from"]) not in (again if one["mode"] == conversion.FORMER else going_back)
        ]
        for key, values in shadows(convert_now, found.model).items()
    }  # fmt: skip
    return merged(kept, entries)


def export(workspace: Workspace, app: str | None = None) -> dict[str, Sequence[tuple[str, str]]]:
    """The published texts, byte for byte, by app."""
    live = versions.live(workspace.database, workspace.schema)
    texts = versions.documents(workspace.database, workspace.schema, live.version)
    if app is not None and app not in texts:
        raise NotFound(Message(f"there is no app {app!r}", f"没有应用“{app}”"))
    return {name: entries for name, entries in texts.items() if app in (None, name)}


def inconsistent(workspace: Workspace) -> list[str]:
    """Fields whose column differs from the JSON, or from what their formula says, with the number of records."""
    layout = workspace.snapshot().layout
    found = [*consistency.differing(workspace.database, layout), *keeping.differing(workspace)]
    return [f"{name}.{one}: {count}" for name, one, count in found]
