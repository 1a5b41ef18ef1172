"""What a publish does to the records that are there, counted before it is done. It changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.base.errors import Message
from runtime.base.sqltext import Sql, ident, join
from runtime.base.values import load as load_json
from runtime.engine import conversion
from runtime.engine.workspace import SYSTEM, Workspace
from runtime.formula import sql as formula_sql
from runtime.kinds.field import BadValue
from runtime.meta.compiled import Formulas
from runtime.meta.model import FieldDef, Model, ObjectDef, Validation
from runtime.store.binder import Frame, TableBinder
from runtime.store.layout import Layout

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


class Effects:
    """Looks at the live data with the eyes of the new model."""

    def __init__(self, workspace: Workspace, old: Model, new: Model) -> None:
        self.workspace = workspace
        self.database = workspace.database
        self.old = old
        self.new = new
        self.layout = Layout(workspace.schema, old)
        self.context = workspace.context(SYSTEM)
        #: The fields of which not all values were looked at, by object and name.
        self.cut: set[tuple[str, str]] = set()

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
        if conversion.chooses_alike(was.kind, now.kind):
            yield from self.rekeyed(before, was, now)
            return
        fine = lost = 0
        for value, count in self.values(before, was):
            if conversion.converted(was.kind, now.kind, value, self.context) is None:
                lost += count
            else:
                fine += count
        least = self.least(before, was)
        if fine or lost:
            yield Effect(
                "type_changed", before.name, now.name, fine,
                Message(f"{least.en}{fine} values of {now.name!r} are converted from {was.type} to {now.type}",
                        f"“{now.name}”的{least.zh} {fine} 个值将从 {was.type} 转换为 {now.type}"),
            )  # fmt: skip
        if lost:
            yield Effect(
                "values_lost", before.name, now.name, lost,
                Message(f"{least.en}{lost} values of {now.name!r} do not fit {now.type}: "
                        "they become blank, a rollback brings them back",
                        f"“{now.name}”的{least.zh} {lost} 个值不符合 {now.type}，将变为空；回滚可恢复"),
            )  # fmt: skip

    def rekeyed(self, before: ObjectDef, was: FieldDef, now: FieldDef) -> Iterator[Effect]:
        """Options that have another key from now on: their records follow."""
        names = conversion.renamed(was.kind, now.kind)
        moved = wrong = 0
        for value, count in self.values(before, was):
            made = conversion.converted(was.kind, now.kind, value, self.context)
            moved += count if made != value and names else 0
            wrong += count if self.refused(now, made) else 0
        least = self.least(before, was)
        if moved:
            shown = ", ".join(f"{old} → {new}" for old, new in names.items())
            yield Effect(
                "options_renamed", before.name, now.name, moved,
                Message(f"{least.en}{moved} values of {now.name!r} follow the renamed options ({shown})",
                        f"“{now.name}”的{least.zh} {moved} 个值将随选项改名（{shown}）"),
            )  # fmt: skip
        yield from self.not_allowed(before, now, wrong, least)
        if now.required is True and was.required is not True:
            yield from self.asked_for(before, now, Sql("NOT (") + self.filled(before, was) + ")")

    def refused(self, now: FieldDef, value: Any) -> bool:
        """True for a value that the new options would not take."""
        try:
            now.kind.clean(value, self.context)
        except BadValue:
            return True
        return False

    def least(self, definition: ObjectDef, one: FieldDef) -> Message:
        """What stands before a count of values that did not look at all of them."""
        return Message("at least ", "至少") if (definition.name, one.name) in self.cut else Message("", "")

    def not_allowed(self, before: ObjectDef, now: FieldDef, wrong: int, least: Message) -> Iterator[Effect]:
        """Values that stay, but would be refused if they came now."""
        if wrong:
            yield Effect(
                "now_invalid", before.name, now.name, wrong,
                Message(f"{least.en}{wrong} values of {now.name!r} are not allowed any more: "
                        "kept until somebody changes them",
                        f"“{now.name}”的{least.zh} {wrong} 个值不再符合要求：保留至有人修改"),
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
        wrong = sum(count for value, count in self.values(before, was) if self.refused(now, value))
        yield from self.not_allowed(before, now, wrong, self.least(before, was))

    def unique(self, before: ObjectDef, after: ObjectDef) -> Iterator[Effect]:
        """Doubled values under a new unique rule refuse the publish."""
        layout = Layout(self.workspace.schema, self.new).object(after.name)
        old_names = self.layout.object(before.name).unique_fields
        moved = {now.key: was for was, now in retyped(before, after) if was.stored}
        for name, fields in layout.unique_fields.items():
            keys = [after.fields[one].key for one in fields]
            if name in old_names or any(key not in before.by_key and key not in moved for key in keys):
                continue
            if moved.keys() & set(keys):
                pairs = [(moved.get(after.fields[one].key, after.fields[one]), after.fields[one]) for one in fields]
                yield from self.shared(before, fields, self.doubled(before, pairs))
                continue
            columns = ", ".join(ident(layout.places[key].column or "") for key in keys)
            filled = " AND ".join(f"{ident(layout.places[key].column or '')} IS NOT NULL" for key in keys)
            place = self.layout.object(before.name)
            row = self.database.row(
                Sql(f"SELECT coalesce(sum(n), 0)::bigint FROM (SELECT count(*) AS n FROM {place.table} "
                    f"WHERE deleted_at IS NULL AND {filled} GROUP BY {columns} HAVING count(*) > 1) d")
            )  # fmt: skip
            yield from self.shared(before, fields, int(row[0]) if row else 0)

    def doubled(self, before: ObjectDef, pairs: Sequence[tuple[FieldDef, FieldDef]]) -> int:
        """How many records share their values once these are converted; a blank is shared with none."""
        place = self.layout.object(before.name)
        values = [Sql(f"{place.places[was.key].container}->%s", (was.key,)) for was, _ in pairs]
        statement = Sql("SELECT ") + join(", ", values) + f", count(*) FROM {place.table} WHERE deleted_at IS NULL"
        for one in values:
            statement = statement + " AND " + one + " IS NOT NULL"
        places = ", ".join(str(number + 1) for number in range(len(pairs)))
        found: Counter[tuple[Any, ...]] = Counter()
        for *raw, count in self.database.rows(statement + f" GROUP BY {places}"):
            made = [
                conversion.converted(was.kind, now.kind, load_json(one), self.context) if was is not now
                else load_json(one) for (was, now), one in zip(pairs, raw, strict=True)
            ]  # fmt: skip
            if None not in made:
                typed = [now.kind.typed(one) for (_, now), one in zip(pairs, made, strict=True)]
                found[tuple(typed)] += count
        return sum(count for count in found.values() if count > 1)

    def shared(self, before: ObjectDef, fields: Sequence[str], count: int) -> Iterator[Effect]:
        """Records that share what is to be unique."""
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
            if not compiled.ok:
                continue
            if not compiled.local or any(slot.kind != "field" for slot in compiled.slots) or used - keys:
                yield from self.uncounted(before, rule)
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

    def uncounted(self, before: ObjectDef, rule: Validation) -> Iterator[Effect]:
        """A rule that reads what is not there yet, or other records: the plan says that it does not know."""
        count = self.count(before, Sql("true"))
        if count:
            yield Effect(
                "not_counted", before.name, rule.field, count,
                Message(f"how many of the {count} records do not meet the rule {rule.name!r} cannot be counted "
                        "beforehand: they are kept until somebody changes them",
                        f"共 {count} 条记录，无法事先统计其中多少条不满足规则“{rule.name}”：保留至有人修改"),
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
        if len(rows) == MOST_VALUES:
            self.cut.add((definition.name, one.name))
