"""The filter builder over every field kind of the catalog: what rows say is a good formula, and reads back as rows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.engine import filtering
from runtime.engine.filtering import Condition, Conditions
from runtime.kinds.catalog import load_catalog, plugins_in
from runtime.kinds.field import BadValue, Chooses, Context, Field
from runtime.kinds.operators import OPERATORS
from runtime.meta.compiled import Formulas
from runtime.meta.model import AppDef, FieldDef, Model, ObjectDef

CATALOG = load_catalog(plugins_in(Path(__file__).resolve().parents[2] / "plugins"))
KINDS: list[type[Field]] = [kind for kind in CATALOG.family("field").values() if issubclass(kind, Field)]
CONTEXT = Context()
ID = "0190f3c2-7a1b-7c00-8000-000000000001"
BOTH = {"en": "x", "zh": "x"}


class Rights:
    """Somebody who may read everything."""

    def __init__(self, definition: ObjectDef) -> None:
        self.object = definition

    def readable(self, name: str) -> bool:
        return True


def fields() -> list[FieldDef]:
    found = []
    for kind in KINDS:
        for number, example in enumerate(kind.examples):
            made = kind({"to": "thing", **example} if "to" in kind.options else example)
            name = f"{kind.name}_{number}"
            found.append(FieldDef(name, name, kind.name, made, BOTH, BOTH, doc=dict(example)))
    return found


FIELDS = [one for one in fields() if one.computed is None]
THING = ObjectDef("thing", "thing", "a", BOTH, {one.name: one for one in FIELDS})
MODEL = Model({"a": AppDef("a", "1.0.0", BOTH, {})}, {"thing": THING}, {})
RIGHTS: Any = Rights(THING)
FORMULAS = Formulas(MODEL)


def samples(definition: FieldDef, takes: str) -> list[Any]:
    """Stored values that such an operator may stand with."""
    kind = definition.kind
    if takes == "days":
        return [Decimal(7)]
    if takes == "text":
        return ["it's \\ “x”"]
    if isinstance(kind, Chooses):
        return [one.key for one in kind.choices()][:2]
    if takes in ("item", "items"):
        return [ID if definition.relates else "a'b"]
    if definition.relates:
        return [ID, filtering.ME] if filtering.names_people(definition) else [ID]
    stored = [one[2] for one in type(kind).valid if one[2] is not None and one[0] == dict(definition.doc)]
    return stored[:2]


@pytest.mark.parametrize("definition", FIELDS, ids=lambda one: one.name)
def test_rows_are_formulas_and_read_back(definition: FieldDef) -> None:
    assert all(key in OPERATORS for key in definition.kind.operators), "an operator that nobody knows"
    for operator in filtering.operators(definition):
        values = samples(definition, operator.takes)
        if operator.takes == "nothing":
            values = []
        elif operator.takes == "range":
            values = [*values, *values][:2]
        elif operator.takes not in filtering.MANY:
            values = values[:1]
        if not values and operator.takes != "nothing":
            continue
        rows = Conditions([Condition(definition.name, operator.key, tuple(values))])
        source = filtering.write(RIGHTS, rows)
        compiled = FORMULAS.asked("thing", source, "filter", lambda _object, _member: True)
        assert compiled.ok, (source, [one.message["en"] for one in compiled.diagnostics])
        assert filtering.read(RIGHTS, source, CONTEXT) == rows, source


def test_what_rows_cannot_say_stays_a_text() -> None:
    name = next(one.name for one in FIELDS if one.kind.type().name == "number")
    for source in (
        f"{name} > {name}",
        f"{name} + 1 > 2",
        f"({name} > 1 or {name} < 0) and {name} != 5",
        "((",
        "nothing == 1",
    ):
        assert filtering.read(RIGHTS, source, CONTEXT) is None, source
    assert filtering.read(RIGHTS, "  ", CONTEXT) == Conditions()


def test_people_and_moments_of_every_record_can_be_asked() -> None:
    rows = Conditions([Condition("owner", "eq", (filtering.ME,)), Condition("created_at", "blank")], any=True)
    source = filtering.write(RIGHTS, rows)
    assert source == "owner == USER.id or ISBLANK(created_at)"
    assert filtering.read(RIGHTS, source, CONTEXT) == rows


def test_days_that_move_are_words_and_formulas() -> None:
    day = next(one.name for one in FIELDS if one.type == "date")
    moment = next(one.name for one in FIELDS if one.type == "datetime")
    for key, value, source in (
        ("today", (), f"{day} == TODAY()"),
        ("past", (), f"{day} < TODAY()"),
        ("this_month", (), f"BETWEEN({day}, STARTOF(TODAY(), 'month'), EOMONTH(TODAY(), 0))"),
        ("last_days", (Decimal(30),), f"BETWEEN({day}, DATEADD(TODAY(), -30, 'day'), TODAY())"),
        ("at_next_days", (Decimal(7),), f"BETWEEN(DATEVALUE({moment}), TODAY(), DATEADD(TODAY(), 7, 'day'))"),
    ):
        rows = Conditions([Condition(moment if key.startswith("at_") else day, key, value)])
        assert filtering.write(RIGHTS, rows) == source
        assert filtering.read(RIGHTS, source, CONTEXT) == rows
    for source in (
        f"BETWEEN({day}, DATEADD(TODAY(), -0.5, 'day'), TODAY())",
        f"BETWEEN({day}, DATEADD(TODAY(), -0, 'day'), TODAY())",
    ):
        assert filtering.read(RIGHTS, source, CONTEXT) is None, source
    definition = THING.fields[day]
    for text in ("0", "-1", "x", "10000", "1" * 5000, "٣", "1.5"):
        with pytest.raises(BadValue):
            filtering.condition(filtering.Words(day, "last_days", [text]), definition, CONTEXT)
