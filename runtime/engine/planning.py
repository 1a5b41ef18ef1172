"""What a publish would do, before it does anything: changes of documents, of the layout, and what happens to data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.base.errors import Problem
from runtime.engine import calendars, conversion, indexes
from runtime.engine.effects import Effect, Effects, common_fields, common_objects, retyped
from runtime.engine.workspace import Workspace
from runtime.meta import build, check, diff, load, validate
from runtime.meta.compiled import Formulas
from runtime.meta.model import FieldDef, Model
from runtime.store import ddl, versions
from runtime.store.layout import Layout, column_name


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
    #: True when any text is another than the live one, if only by a comment.
    rewritten: bool = False

    @property
    def errors(self) -> list[Problem]:
        """What refuses the publish."""
        return [one for one in self.problems if one.severity == "error"]

    @property
    def nothing(self) -> bool:
        """True when the documents say what the live ones say."""
        return not self.changes and not self.tables and not self.columns and not self.builds and not self.drops

    def json(self, language: str) -> dict[str, Any]:
        """The plan for scripts and pages."""
        return {
            "version": self.live.version,
            "hash": self.model.hash,
            "problems": [one.json(language) for one in self.problems],
            "changes": [change_json(one, language) for one in self.changes],
            "rewritten": self.rewritten,
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
    problems = validate.validate(loaded, workspace.catalog)
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
    there = versions.documents(workspace.database, workspace.schema, live.version)
    found.rewritten = {app: dict(entries) for app, entries in texts.items()} != {
        app: dict(entries) for app, entries in there.items()
    }
    found.changes = list(diff.diff(old, model))
    arrange(workspace, old, found)
    found.effects = list(Effects(workspace, old, model).all())
    return found


def separate(
    old: Model, new: Model, keys: Mapping[str, Mapping[str, Any]], used: Mapping[str, set[str]]
) -> dict[str, dict[str, Any]]:
    """A field of another type, or with renamed options, gets a storage key of its own.

    Old and new values live side by side meanwhile.
    """
    found = {name: {"key": entry["key"], "fields": dict(entry["fields"])} for name, entry in keys.items()}
    for before, after in common_objects(old, new):
        taken = {*used.get(after.key, ()), *found[after.name]["fields"].values()}
        for was, now in common_fields(before, after):
            if was.type != now.type or leads_elsewhere(old, was, new, now) or conversion.renamed(was.kind, now.kind):
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
