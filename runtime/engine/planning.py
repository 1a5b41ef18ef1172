"""What a publish would do, before it does anything: changes of documents, of the layout, and what happens to data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.base.sqltext import Sql, ident
from runtime.base.values import load as load_json
from runtime.engine import calendars, conversion, indexes
from runtime.engine.workspace import SYSTEM, Workspace
from runtime.formula import sql as formula_sql
from runtime.kinds.field import BadValue
from runtime.meta import build, check, diff, load, validate
from runtime.meta.compiled import Formulas
from runtime.meta.model import FieldDef, Model, ObjectDef
from runtime.store import ddl, versions
from runtime.store.binder import Frame, TableBinder
from runtime.store.layout import Layout, column_name

#: Distinct values of one field that a preview looks at before it says "at least".
MOST_VALUES = 200_000


@dataclass(frozen=True)
class Effect:
    """One thing that happens to data: a sentence, the number of records, and whether values would be lost."""

    code: str
    object: str
    field: str | None
    count: int
    message: Message
    refuses: bool = False


@dataclass
class Plan:
    """Everything that a publish would do. ``problems`` (errors) refuse it."""

    model: Model
    loaded: load.Loaded
    keys: Mapping[str, Mapping[str, Any]]
    live: versions.Live
    problems: list[Problem] = field(default_factory=list)
    changes: list[diff.Change] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    columns: list[tuple[str, str]] = field(default_factory=list)
    builds: list[tuple[str, ddl.Index]] = field(default_factory=list)
    drops: list[str] = field(default_factory=list)
    conversions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    texts: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)

    @property
    def errors(self) -> list[Problem]:
        """What refuses the publish."""
        return [one for one in self.problems if one.severity == "error"]

    @property
    def nothing(self) -> bool:
        """True when the documents are the live ones."""
        return not self.changes and not self.tables and not self.columns and not self.builds and not self.drops

    def json(self, language: str) -> dict[str, Any]:
        """The plan for scripts and pages."""
        return {
            "version": self.live.version,
            "hash": self.model.hash,
            "problems": [one.json(language) for one in self.problems],
            "changes": [change_json(one, language) for one in self.changes],
            "effects": [
                {"code": one.code, "object": one.object, "field": one.field, "records": one.count,
                 "message": one.message.text(language), "refuses": one.refuses}
                for one in self.effects
            ],
            "layout": {
                "new_tables": self.tables,
                "new_columns": [f"{table}.{column}" for table, column in self.columns],
                "index_builds": [{"object": name, "columns": list(one.columns), "unique": one.unique, "for": one.why}
                                 for name, one in self.builds],
                "index_drops": self.drops,
                "conversions": [
                    {"object": key, "from": entry["from"], "to": entry["to"]}
                    for key, entries in self.conversions.items() for entry in entries
                ],
            },
        }  # fmt: skip


def change_json(change: diff.Change, language: str) -> dict[str, Any]:
    """One change of a document for scripts, pages and the version's record."""
    return {
        "kind": change.kind,
        "piece": change.piece,
        "name": change.name,
        "field": change.field,
        "path": change.path,
        "message": change.sentence().text(language),
    }


def plan(
    workspace: Workspace,
    texts: Mapping[str, Sequence[tuple[str, str]]],
    *,
    keys: Mapping[str, Mapping[str, Any]] | None = None,
    read: Sequence[load.Loaded] = (),
) -> Plan:
    """What publishing ``texts`` (all apps of the workspace) would do. ``keys``: those of a version to go back to."""
    live = versions.live(workspace.database, workspace.schema)
    old = workspace.read_model(live.version)
    loaded = load.together([*read] or [load.from_texts(entries, app) for app, entries in texts.items()])
    problems = [*loaded.problems, *validate.validate(loaded, workspace.catalog)]
    if any(one.severity == "error" for one in problems):
        return Plan(old, loaded, {}, live, problems)
    used = versions.used_keys(workspace.database, workspace.schema)
    given = keys or build.assign_keys(old, used, loaded)
    model = build.build(loaded, workspace.catalog, given)
    problems += check.check(model, loaded, workspace.catalog)
    if any(one.severity == "error" for one in problems):
        return Plan(model, loaded, given, live, problems)
    if keys is None:
        given = separate(old, model, given, used)
        model = build.build(loaded, workspace.catalog, given)
    problems += calendars.unkept(workspace, loaded)
    found = Plan(model, loaded, given, live, problems, texts=texts)
    found.changes = list(diff.diff(old, model))
    arrange(workspace, old, found)
    found.effects = list(Effects(workspace, old, model).all())
    return found


def separate(
    old: Model, new: Model, keys: Mapping[str, Mapping[str, Any]], used: Mapping[str, set[str]]
) -> dict[str, dict[str, Any]]:
    """A field of another type gets a storage key of its own: old and new values live side by side meanwhile."""
    found = {name: {"key": entry["key"], "fields": dict(entry["fields"])} for name, entry in keys.items()}
    for before, after in common_objects(old, new):
        taken = {*used.get(after.key, ()), *found[after.name]["fields"].values()}
        for was, now in common_fields(before, after):
            if was.type != now.type or leads_elsewhere(old, was, new, now):
                number = 2
                while f"{now.name}_{number}" in taken:
                    number += 1
                taken.add(f"{now.name}_{number}")
                found[after.name]["fields"][now.name] = f"{now.name}_{number}"
    return found


def leads_elsewhere(old: Model, was: FieldDef, new: Model, now: FieldDef) -> bool:
    """True when a field points to another object than before: its values mean nothing there."""
    if was.relates is None or now.relates is None:
        return False
    targets = (was.relates.target_object(), now.relates.target_object())
    before, after = old.object(targets[0]), new.object(targets[1])
    return targets[0] != targets[1] if before is None or after is None else before.key != after.key


def common_objects(old: Model, new: Model) -> Iterator[tuple[ObjectDef, ObjectDef]]:
    """The objects of both models, by storage key."""
    by_key = {one.key: one for one in old.objects.values()}
    for one in new.objects.values():
        if one.key in by_key:
            yield by_key[one.key], one


def common_fields(old: ObjectDef, new: ObjectDef) -> Iterator[tuple[FieldDef, FieldDef]]:
    """The fields of both, by storage key."""
    for one in new.fields.values():
        before = old.by_key.get(one.key)
        if before is not None:
            yield before, one


def retyped(old: ObjectDef, new: ObjectDef) -> Iterator[tuple[FieldDef, FieldDef]]:
    """The fields that are the same by name, or by their former name, under another storage key."""
    for one in new.fields.values():
        before = old.field(one.name) or (old.fields.get(one.was) if one.was else None)
        if before is not None and before.key != one.key:
            yield before, one


def arrange(workspace: Workspace, old: Model, found: Plan) -> None:
    """The changes of the layout that the plan's model needs."""
    formulas = Formulas(found.model)
    layout = Layout(workspace.schema, found.model, formulas.kept)
    tables = ddl.existing_tables(workspace.database, workspace.schema)
    there = ddl.existing_indexes(workspace.database, workspace.schema)
    for definition in found.model.objects.values():
        place = layout.object(definition.name)
        if place.name not in tables:
            found.tables.append(place.name)
        for one in place.columns:
            if one.column not in tables.get(place.name, {}):
                found.columns.append((place.name, one.column or ""))
        for kept in place.kept.values():
            if kept.column not in tables.get(place.name, {}):
                found.columns.append((place.name, kept.column))
        wanted = indexes.wanted(layout, formulas, definition)
        for name, index in wanted.items():
            if name not in there or not there[name][1]:
                found.builds.append((definition.name, index))
        keep = {*wanted, *ddl.standing(place)}
        found.drops += [name for name, (table, _) in there.items() if table == place.name and name not in keep]
    for before, after in common_objects(old, found.model):
        for was, now in retyped(before, after):
            if was.stored and now.stored:
                column = column_name(now.key) if now.kind.column else None
                found.conversions.setdefault(after.key, []).append(conversion.entry(was, now, column))


class Effects:
    """Looks at the live data with the eyes of the new model."""

    def __init__(self, workspace: Workspace, old: Model, new: Model) -> None:
        self.workspace = workspace
        self.database = workspace.database
        self.old = old
        self.new = new
        self.layout = Layout(workspace.schema, old)
        self.context = workspace.context(SYSTEM)

    def all(self) -> Iterator[Effect]:
        """Everything that happens to data, in the order of the objects."""
        names = {one.key for one in self.new.objects.values()}
        for gone in self.old.objects.values():
            if gone.key not in names:
                count = self.count(gone, Sql("true"))
                if count:
                    yield Effect(
                        "object_removed", gone.name, None, count,
                        Message(f"{count} records of {gone.name!r} are kept but no longer shown",
                                f"“{gone.name}”的 {count} 条记录将保留但不再显示"),
                    )  # fmt: skip
        for before, after in common_objects(self.old, self.new):
            yield from self.object(before, after)

    def object(self, before: ObjectDef, after: ObjectDef) -> Iterator[Effect]:
        """What happens to the records of one object."""
        changed = [*retyped(before, after)]
        moved = {was.key for was, _ in changed}
        kept = {one.key for one in after.fields.values()} | moved
        for gone in before.fields.values():
            if gone.key not in kept and gone.stored:
                yield from self.removed(before, gone)
        for was, now in changed:
            yield from self.converted(before, was, now)
        for was, now in common_fields(before, after):
            yield from self.tightened(before, was, now)
        for one in after.fields.values():
            if one.key not in before.by_key and all(one is not now for _, now in changed):
                yield from self.added(before, one)
        yield from self.unique(before, after)
        yield from self.validations(before, after)

    def removed(self, before: ObjectDef, gone: FieldDef) -> Iterator[Effect]:
        """Values of a removed field are kept until they are purged."""
        count = self.count(before, self.filled(before, gone))
        if count:
            yield Effect(
                "field_removed", before.name, gone.name, count,
                Message(f"{count} records have a value in {gone.name!r}: kept, hidden, back with a rollback",
                        f"{count} 条记录在“{gone.name}”中有值：将保留并隐藏，回滚后恢复"),
            )  # fmt: skip

    def converted(self, before: ObjectDef, was: FieldDef, now: FieldDef) -> Iterator[Effect]:
        """A type change: how many values come over, how many do not fit."""
        if not was.stored:
            return
        if not now.stored:
            yield from self.removed(before, was)
            return
        fine = lost = 0
        for value, count in self.values(before, was):
            if conversion.converted(was.kind, now.kind, value, self.context) is None:
                lost += count
            else:
                fine += count
        if fine or lost:
            yield Effect(
                "type_changed", before.name, now.name, fine,
                Message(f"{fine} values of {now.name!r} are converted from {was.type} to {now.type}",
                        f"“{now.name}”的 {fine} 个值将从 {was.type} 转换为 {now.type}"),
            )  # fmt: skip
        if lost:
            yield Effect(
                "values_lost", before.name, now.name, lost,
                Message(f"{lost} values of {now.name!r} do not fit {now.type}: "
                        "they become blank, a rollback brings them back",
                        f"“{now.name}”的 {lost} 个值不符合 {now.type}，将变为空；回滚可恢复"),
            )  # fmt: skip

    def added(self, before: ObjectDef, one: FieldDef) -> Iterator[Effect]:
        """A new field that must be filled in. One that comes back brings the values that it had."""
        if one.stored and one.required is True and one.numbered is None:
            container = "ext" if one.kind.long else "data"
            lacking = Sql(f"NOT coalesce(jsonb_exists({container}, %s), false)", (one.key,))
            yield from self.asked_for(before, one, lacking)

    def asked_for(self, before: ObjectDef, now: FieldDef, lacking: Sql) -> Iterator[Effect]:
        """Records that have no value where there must be one from now on."""
        count = self.count(before, lacking)
        if count:
            yield Effect(
                "now_required", before.name, now.name, count,
                Message(f"{count} records have no {now.name!r}, "
                        "which becomes required: asked for at their next change",
                        f"{count} 条记录未填“{now.name}”（改为必填），下次修改时须补填"),
            )  # fmt: skip

    def tightened(self, before: ObjectDef, was: FieldDef, now: FieldDef) -> Iterator[Effect]:
        """Values that the new options would refuse, and blanks where a value becomes required."""
        if not was.stored or not now.stored:
            return
        if now.required is True and was.required is not True:
            yield from self.asked_for(before, now, Sql("NOT (") + self.filled(before, was) + ")")
        if dict(was.kind.settings) == dict(now.kind.settings):
            return
        wrong = 0
        for value, count in self.values(before, was):
            try:
                now.kind.clean(value, self.context)
            except BadValue:
                wrong += count
        if wrong:
            yield Effect(
                "now_invalid", before.name, now.name, wrong,
                Message(f"{wrong} values of {now.name!r} are not allowed any more: kept until somebody changes them",
                        f"“{now.name}”的 {wrong} 个值不再符合要求：保留至有人修改"),
            )  # fmt: skip

    def unique(self, before: ObjectDef, after: ObjectDef) -> Iterator[Effect]:
        """Doubled values under a new unique rule refuse the publish."""
        layout = Layout(self.workspace.schema, self.new).object(after.name)
        old_names = self.layout.object(before.name).unique_fields
        for name, fields in layout.unique_fields.items():
            keys = [after.fields[one].key for one in fields]
            if name in old_names or any(key not in before.by_key for key in keys):
                continue
            columns = ", ".join(ident(layout.places[key].column or "") for key in keys)
            filled = " AND ".join(f"{ident(layout.places[key].column or '')} IS NOT NULL" for key in keys)
            place = self.layout.object(before.name)
            row = self.database.row(
                Sql(f"SELECT coalesce(sum(n), 0)::bigint FROM (SELECT count(*) AS n FROM {place.table} "
                    f"WHERE deleted_at IS NULL AND {filled} GROUP BY {columns} HAVING count(*) > 1) d")
            )  # fmt: skip
            count = int(row[0]) if row else 0
            if count:
                yield Effect(
                    "not_unique", before.name, fields[0], count,
                    Message(f"{count} records share values of {', '.join(fields)}: it cannot become unique",
                            f"{count} 条记录的 {', '.join(fields)} 重复，无法设为唯一"),
                    refuses=True,
                )  # fmt: skip

    def validations(self, before: ObjectDef, after: ObjectDef) -> Iterator[Effect]:
        """Records that a new or changed validation would refuse."""
        old_rules = {one.name: one.valid for one in before.validations}
        formulas = Formulas(self.new)
        keys = set(before.by_key)
        for rule in after.validations:
            if old_rules.get(rule.name) == rule.valid:
                continue
            compiled = formulas.condition(after.name, rule.valid, "validation")
            used = {key for name, key in compiled.deps if name == after.key and key in after.by_key}
            if (
                not compiled.ok
                or not compiled.local
                or any(slot.kind != "field" for slot in compiled.slots)
                or used - keys
            ):
                continue
            frame = Frame()
            layout = Layout(self.workspace.schema, self.new)
            env = self.workspace.env(SYSTEM)
            binder = TableBinder(layout, formulas, after.name, frame.alias(), frame, env)
            condition = Sql("NOT (") + formula_sql.value(compiled, binder, env) + ")"
            statement = (
                Sql(f"SELECT count(*) FROM {layout.object(after.name).table} {binder.alias}") + frame.sql()
                + f" WHERE {binder.alias}.deleted_at IS NULL AND " + condition
            )  # fmt: skip
            row = self.database.row(frame.finish(statement))
            if row and row[0]:
                yield Effect(
                    "now_refused", after.name, rule.field, int(row[0]),
                    Message(f"{row[0]} records do not meet the rule {rule.name!r}: kept until somebody changes them",
                            f"{row[0]} 条记录不满足规则“{rule.name}”：保留至有人修改"),
                )  # fmt: skip

    def filled(self, definition: ObjectDef, one: FieldDef) -> Sql:
        """The condition that a record has a value in a field."""
        place = self.layout.object(definition.name).places[one.key]
        return Sql(f"coalesce(jsonb_exists({place.container}, %s), false)", (one.key,))

    def count(self, definition: ObjectDef, condition: Sql) -> int:
        """The number of live records that meet a condition."""
        table = self.layout.object(definition.name).table
        row = self.database.row(Sql(f"SELECT count(*) FROM {table} WHERE deleted_at IS NULL AND ") + condition)
        return int(row[0]) if row else 0

    def values(self, definition: ObjectDef, one: FieldDef) -> Iterator[tuple[Any, int]]:
        """The distinct stored values of a field with their number of records."""
        place = self.layout.object(definition.name)
        json = f"{place.places[one.key].container}->%s"
        rows = self.database.rows(
            Sql(f"SELECT v, count(*) FROM (SELECT {json} AS v FROM {place.table} WHERE deleted_at IS NULL) d "
                "WHERE v IS NOT NULL GROUP BY v LIMIT %s", (one.key, MOST_VALUES))
        )  # fmt: skip
        for value, count in rows:
            yield load_json(value), int(count)
