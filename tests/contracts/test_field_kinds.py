"""What every field kind must keep: walks the catalog with each kind's own examples and cases."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runtime.base.errors import Problem
from runtime.formula.types import NAMES, Type
from runtime.kinds.catalog import load_catalog, plugins_in
from runtime.kinds.field import BadValue, Chooses, Computed, Context, Field, HoldsFiles, Numbered, Relates

ROOT = Path(__file__).resolve().parents[2]
CATALOG = load_catalog(plugins_in(ROOT / "plugins"))
KINDS: list[type[Field]] = [kind for kind in CATALOG.family("field").values() if issubclass(kind, Field)]
EN, ZH = Context(language="en"), Context(language="zh-CN")
NEW_YORK = Context(language="en", time_zone="America/New_York", region="US", currency="USD")
WANTED = {
    "text", "long_text", "rich_text", "number", "money", "percent", "rating", "date", "datetime", "time", "duration",
    "checkbox", "select", "multiselect", "email", "phone", "url", "user", "users", "department", "link", "links",
    "file", "image", "address", "autonumber", "formula", "rollup", "lookup", "tags", "stage", "score", "signature",
}  # fmt: skip
ENVELOPE = {"label", "help", "required", "readonly", "visible", "default", "unique", "indexed", "type", "was"}
#: What the typed value of each column must be.
TYPED: Mapping[str, Any] = {
    "text": str, "numeric": Decimal, "date": datetime.date, "timestamptz": datetime.datetime, "boolean": bool,
    "uuid": str, "uuid[]": tuple, "text[]": tuple,
}  # fmt: skip
PYTHON: Mapping[str, Any] = {
    "text": str, "choice": str, "ref": str, "number": Decimal, "duration": Decimal, "bool": bool,
    "date": datetime.date, "datetime": datetime.datetime, "list": tuple,
}  # fmt: skip


def cases() -> Iterator[Any]:
    for kind in KINDS:
        for place, (options, raw, stored) in enumerate(kind.valid):
            yield pytest.param(kind, options, raw, stored, id=f"{kind.name}-{place}")


def refusals() -> Iterator[Any]:
    for kind in KINDS:
        for place, (options, raw) in enumerate(kind.invalid):
            yield pytest.param(kind, options, raw, id=f"{kind.name}-{place}")


each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
each_case = pytest.mark.parametrize(("kind", "options", "raw", "stored"), list(cases()))


def labels(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Every schema of an option inside of ``schema``."""
    if isinstance(schema, dict):
        for name, inner in schema.items():
            if name == "properties":
                yield from inner.values()
            yield from labels(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from labels(inner)


def same(a: Any, b: Any) -> bool:
    """Equal and of the same kind: True is not 1."""
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def reads_back(field: Field) -> bool:
    """False for files, and for a computed value of which only its formula knows the type."""
    return not isinstance(field, HoldsFiles) and not (isinstance(field, Computed) and field.result() is None)


def test_all_kinds_are_there() -> None:
    assert not WANTED - {kind.name for kind in KINDS}


@each_kind
def test_describes_itself(kind: type[Field]) -> None:
    schema = kind.schema()
    Draft202012Validator.check_schema(schema)
    for text in (kind.label, kind.help):
        assert text.get("en") and text.get("zh")
    for one in labels(schema):
        assert one["x-label"]["en"] and one["x-label"]["zh"], one
        if "enum" in one and "x-options" in one:
            assert set(one["enum"]) == set(one["x-options"])
    assert len(kind.valid) >= 3 and len(kind.invalid) >= 3 and kind.examples
    assert set(kind.required_options) <= set(kind.options)
    assert kind.column is None or kind.column in TYPED
    assert not ENVELOPE & set(kind.options), "a key of every field, not of one kind"


@each_kind
def test_examples_hold(kind: type[Field]) -> None:
    validator = Draft202012Validator({**kind.schema(), "additionalProperties": False})
    for example in kind.examples:
        assert not list(validator.iter_errors(example)), example
        assert not [one for one in kind(example).check() if one.severity == "error"], example
        assert kind(example).type().name in NAMES
    for options, *_ in (*kind.valid, *kind.invalid):
        validator.validate(options)


@each_kind
def test_says_how_it_looks(kind: type[Field]) -> None:
    for example in kind.examples:
        field = kind(example)
        assert field.widget and field.operators
        assert "{x}" in field.mask or field.mask == "'****'"
        assert "%" not in field.mask
        if isinstance(field, Chooses):
            assert all(one.label["en"] and one.label["zh"] for one in field.choices())
        if isinstance(field, Relates):
            assert field.target_object()


@each_case
def test_takes(kind: type[Field], options: Any, raw: Any, stored: Any) -> None:
    found = kind(options).clean(raw, EN)
    assert same(found, stored), found


@each_case
def test_stored_value_keeps_its_contract(kind: type[Field], options: Any, raw: Any, stored: Any) -> None:
    if stored is None:
        return
    field = kind(options)
    assert same(field.clean(stored, EN), stored), "clean(stored) must give it again"
    Draft202012Validator(field.json_schema()).validate(stored)
    assert "\0" not in field.search_text(stored)
    for context in (EN, ZH, NEW_YORK):
        assert field.show(stored, context)
    typed = field.typed(stored)
    if kind.column is not None:
        assert isinstance(typed, TYPED[kind.column]), type(typed)
    if field.type() != Type("text") or not isinstance(field, Computed):
        assert isinstance(typed, PYTHON[field.type().name]), type(typed)
    if reads_back(field):
        if field.line is None:
            assert same(field.clean(typed, EN), stored), "clean(typed) must give it again"
        for context in (EN, ZH, NEW_YORK):
            text = field.text(stored, context)
            assert same(field.clean(field.parse(text, context), context), stored), text


@each_kind
def test_blank_is_blank(kind: type[Field]) -> None:
    field = kind(kind.examples[0])
    assert field.clean(field.parse("", EN), EN) is None
    assert field.text(None, EN) == ""
    assert kind.blank in (None, False, ())


@pytest.mark.parametrize(("kind", "options", "raw"), list(refusals()))
def test_refuses(kind: type[Field], options: Any, raw: Any) -> None:
    with pytest.raises(BadValue) as caught:
        kind(options).clean(raw, EN)
    message = caught.value.message
    assert message.en and message.zh and caught.value.code.isidentifier()
    (message.en + message.zh).encode()
    Problem(caught.value.code, message).json("zh")


HOSTILE = [
    "x" * 200_000, "1" * 200_000, "9" * 50 + "." + "9" * 50, [[[[]]]], [None], {"a": {"b": []}}, {}, float("nan"),
    float("inf"), -float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e999999"), Decimal("-0"), 10**5000,
    "\ud800", "a\udfffb", "\0", "a\0b", True, b"bytes", "1e99", "-", "+", "{", "[", "%s", "<script>", "'; --", "=1+1",
    "٣", "²", "１２", "NaN", "Infinity", "0x10", "1_000", object(), 2**70, -1, 0, 1.5, (), ("a",), set(),
    "9999-12-31T23:59:59-23:59", "0001-01-01 00:00", "+" * 50_000, "(" * 50_000, "<" * 20_000, "a@" * 20_000, "\n" * 9,
    "https://[", "https://a:b", "//", "PT", "P", {"id": []}, {"id": None}, {"country": []}, {"street": "\ud800"},
    [{"id": {}}], "0" * 60, ",,,,", [",", ""], "\u202e", "½", "一二三", "１" * 100, {"province": {"a": 1}}, {1: 2},
]  # fmt: skip


@each_kind
@pytest.mark.parametrize("context", [EN, NEW_YORK], ids=["shanghai", "new_york"])
def test_hostile_values(kind: type[Field], context: Context) -> None:
    for example in kind.examples:
        for raw in HOSTILE:
            taken_or_refused(kind(example), raw, context)


def taken_or_refused(field: Field, raw: Any, context: Context) -> None:
    """A value or a BadValue whose messages can be sent; what is taken keeps the round trip."""
    raws = [raw]
    if isinstance(raw, str):
        raws.append(field.parse(raw, context))
    for one in raws:
        try:
            stored = field.clean(one, context)
        except BadValue as refused:
            (refused.message.en + refused.message.zh).encode()
            assert len(refused.message.en) < 1000
            continue
        if stored is None:
            continue
        assert same(field.clean(stored, context), stored), one
        field.typed(stored), field.search_text(stored).encode(), field.show(stored, context).encode()
        text = field.text(stored, context)
        if reads_back(field) and field.line is None:
            assert same(field.clean(field.parse(text, context), context), stored), (one, text)


ANYTHING = st.recursive(
    st.none().map(lambda _: "") | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text()
    | st.dates() | st.datetimes() | st.uuids() | st.from_regex(r"[0-9年月日:/T.+ -]{1,24}", fullmatch=True)
    | st.from_regex(r"[a-z0-9@.:/#?+_-]{1,30}", fullmatch=True) | st.text("0123456789 ()-+转x", max_size=24),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["id", "name", "country", "province", "city", "street", "x"]), inner, max_size=4),
    max_leaves=6,
)  # fmt: skip


@each_kind
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_value(kind: type[Field], data: st.DataObject) -> None:
    example = data.draw(st.sampled_from(kind.examples))
    taken_or_refused(kind(example), data.draw(ANYTHING), data.draw(st.sampled_from([EN, ZH, NEW_YORK])))


@each_kind
def test_numbered_kinds_count(kind: type[Field]) -> None:
    day = datetime.date(2026, 11, 21)
    for example in kind.examples:
        field = kind(example)
        if isinstance(field, Numbered):
            first, second = field.number(1, day), field.number(2, day)
            assert first != second
            assert field.clean(first, EN) == first
            assert isinstance(field.period(day), str)
        if isinstance(field, Computed):
            assert field.source()
            result = field.result()
            assert result is None or result == field.type()
