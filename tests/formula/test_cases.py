"""The hand-checked cases of tests/cases/formula and the examples of every function, on all back ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import nodejs
import oracle
import psycopg
import pytest
import yaml
from world import ENV, ValueBinder, world

from runtime.base.sqltext import Sql, fmt
from runtime.formula import sql
from runtime.formula.compiler import Compiled, compile
from runtime.formula.evaluate import canonical, prepare
from runtime.formula.functions.registry import FUNCTIONS
from runtime.formula.prelude import sql as prelude
from runtime.formula.scope import Slot
from runtime.formula.types import Type

FOLDER = Path(__file__).parent.parent / "cases" / "formula"
LINES = [
    {"product": "p1", "qty": "3", "note": "x"},
    {"product": "p2", "qty": "2", "note": "y"},
    {"product": "p1", "qty": "1"},
]
EXAMPLE_VALUES = {"status": "draft", "lines": LINES, "rate": [{"code": "USD", "value": "7.1"}]}
Case = tuple[str, str | None, dict[str, Any], str, str]


def cases() -> Iterator[Case]:
    """(formula, expected, values, blank rule, time zone) of every file."""
    for path in sorted(FOLDER.glob("*.yaml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8")):
            for source, expected, *more in group["cases"]:
                values = {**group.get("values", {}), **(more[0] if more else {})}
                yield source, expected, values, group.get("blank", "zero"), group.get("tz", ENV.tz)


def examples() -> Iterator[Case]:
    """The examples in the declarations."""
    for function in FUNCTIONS.values():
        for source, expected in function.examples:
            yield source, expected, EXAMPLE_VALUES, "zero", ENV.tz


def parsed(value: Any, t: Type) -> Any:
    """A value of a case file in the form the back ends take."""
    if value is None:
        return None
    match t.name:
        case "number" | "duration":
            assert isinstance(value, str), f"write the number {value!r} in quotes"
            return Decimal(value)
        case "date":
            return dt.date.fromisoformat(value)
        case "datetime":
            return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)
        case "list":
            return tuple(value)
    return value


def named(slot: Slot) -> str:
    """The name by which a case file gives the slot's value."""
    keys = ".".join(key.removeprefix("k_") for key in slot.path)
    return f"OLD.{keys}" if slot.kind == "old" else keys


def slot_values(compiled: Compiled, values: dict[str, Any]) -> list[Any]:
    out: list[Any] = []
    for index, slot in enumerate(compiled.slots):
        if slot.type.name != "children":
            out.append(parsed(values.get(named(slot)), slot.type))
            continue
        rows = []
        for number, row in enumerate(values.get(named(slot), ())):
            given = {**row, "id": f"01890000-0000-7000-8000-{number:012}"}
            rows.append(tuple(parsed(given.get(named(s)), s.type) for s in compiled.inner[index]))
        out.append(tuple(rows))
    return out


def prepared_case(case: Case) -> tuple[Compiled, list[Any]]:
    source, _expected, values, blank, _tz = case
    compiled = compile(source, world(), context="automation", blank=blank)
    assert compiled.ok, (source, [d.message["en"] for d in compiled.diagnostics])
    return compiled, slot_values(compiled, values)


ALL = [*cases(), *examples()]
ENVS = {tz: replace(ENV, tz=tz) for tz in {case[4] for case in ALL}}


def test_there_are_many_cases() -> None:
    assert len(list(cases())) >= 1500


@pytest.mark.parametrize("case", ALL, ids=lambda case: case[0][:60])
def test_python(case: Case) -> None:
    compiled, values = prepared_case(case)
    faults: list[str] = []
    env = ENVS[case[4]]
    got = canonical(prepare(compiled).value(values, env, faults), compiled.type)
    assert got == case[1], faults
    assert "INTERNAL" not in faults
    assert oracle.evaluate(compiled, values, env) == case[1]


def test_browser(engine: nodejs.Engine) -> None:
    """All cases in the browser's evaluator."""
    made = [(case, *prepared_case(case)) for case in ALL]
    for tz, env in ENVS.items():
        engine.environment(env, [compiled for _, compiled, _ in made])
        for case, compiled, values in made:
            if case[4] == tz:
                assert engine.results(compiled, [values]) == [case[1]], case


@pytest.mark.parametrize("server", ["pg15_dsn", "pg18_dsn"])
def test_sql(server: str, request: pytest.FixtureRequest) -> None:
    """All cases in values, and in predicates where they are conditions, forty to a query."""
    with psycopg.connect(request.getfixturevalue(server), autocommit=True) as connection:
        connection.execute(prelude().encode())
        for start in range(0, len(ALL), 40):
            batch = ALL[start : start + 40]
            columns = []
            for case in batch:
                compiled, values = prepared_case(case)
                binder = ValueBinder(compiled.slots, values, compiled.inner)
                env = ENVS[case[4]]
                column = sql.canonical(compiled, binder, env)
                if compiled.type.name == "bool":
                    chosen = sql.predicate(compiled, binder, env)
                    column = fmt("{} || CASE WHEN {} THEN ' yes' ELSE ' no' END", column, chosen)
                columns.append(column)
            query = Sql("SELECT 1")
            for column in columns:
                query = fmt("{}, {}", query, column)
            found = connection.execute(query.text.encode(), query.params).fetchone()
            assert found is not None
            for case, got in zip(batch, found[1:], strict=True):
                want = {"true": "true yes", "false": "false no"}.get(str(case[1])) if got and " " in got else None
                compiled, _values = prepared_case(case)
                expected = want if compiled.type.name == "bool" else case[1]
                assert got == expected, case[0]
