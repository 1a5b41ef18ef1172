"""What field kinds say in SQL: masks hide and are valid, the line of a composite value is its typed text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from runtime.kinds.catalog import load_catalog, plugins_in
from runtime.kinds.field import Field
from runtime.kinds.fields.address import Address
from runtime.kinds.fields.email import Email
from runtime.kinds.fields.phone import Phone
from runtime.kinds.fields.text import Text

CATALOG = load_catalog(plugins_in(Path(__file__).resolve().parents[2] / "plugins"))
KINDS: list[type[Field]] = [kind for kind in CATALOG.family("field").values() if issubclass(kind, Field)]


@pytest.fixture(scope="module")
def connection(pg18_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(pg18_dsn, autocommit=True) as one:
        yield one


def masked(connection: psycopg.Connection[Any], field: Field, value: str) -> str:
    found = connection.execute(f"SELECT {field.mask.replace('{x}', 'x')} FROM (SELECT %s::text AS x) t", (value,))
    row = found.fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_masks_hide(kind: type[Field], connection: psycopg.Connection[Any]) -> None:
    for example in kind.examples:
        for value in ("", "a", "+8613812345678", "someone@example.com", "欧阳娜娜"):
            assert "**" in masked(connection, kind(example), value)


@pytest.mark.parametrize(
    ("field", "value", "seen"),
    [
        (Phone(), "+8613812345678", "138****5678"),
        (Phone(), "+862155556666;ext=123", "****6666"),
        (Phone(), "+16502530000", "****0000"),
        (Phone(), "+29022222", "****"),
        (Email(), "anna@x.com", "a***@x.com"),
        (Text({"mask": "name"}), "张三", "张**"),
        (Text(), "secret", "****"),
    ],
)
def test_masks(field: Field, value: str, seen: str, connection: psycopg.Connection[Any]) -> None:
    assert masked(connection, field, value) == seen


ADDRESSES = [
    *(stored for _, _, stored in Address.valid if stored is not None),
    {"country": "CN", "postcode": "100000"},
    {"country": "CN", "street": " x"},
    {"country": "CN", "province": "上海市", "city": "上海市"},
    {"country": "CN", "city": "x", "district": "y"},
    {"country": "GB"},
    {"country": "GB", "city": "London", "district": "Soho"},
]


@pytest.mark.parametrize("value", ADDRESSES)
def test_line_is_typed(value: dict[str, str], connection: psycopg.Connection[Any]) -> None:
    line = str(Address.line).replace("{x}", "(x)")
    row = connection.execute(f"SELECT {line} FROM (SELECT %s::jsonb AS x) t", (Jsonb(value),)).fetchone()
    assert row is not None and row[0] == Address().typed(value)
