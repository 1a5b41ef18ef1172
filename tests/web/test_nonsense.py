"""Nonsense of every kind over HTTP: a refusal for people, never a fault of ours, and nothing has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from runtime.base.kind import Catalog
from runtime.kinds.field import Field
from tests.conftest import Shop
from tests.engine.tables import codes, dump, problem

ID = "0190f3c2-7a1b-7c00-8000-000000000001"
NONSENSE: list[Any] = [
    [], {}, [[]], [{}], {"id": {}}, {"id": ID, "x": []}, True, -1, 1e300, 10**399, 0.1 + 0.2, "\0", "a\0b", "\ud83d\ude00" * 3000,
    "' OR 1=1 --", "%s %(x)s {x}", "\\", "9999-99-99", "=1/0", "NaN", "Infinity", "-0", " ", "\u202e", ["x"] * 300, [None],
]  # fmt: skip


def examples(catalog: Catalog) -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """(field name, options, values that must be refused) of every kind that stores a value."""
    number = 0
    for kind in catalog.family("field").values():
        assert issubclass(kind, Field)
        groups: dict[str, list[Any]] = {}
        for options, raw in kind.invalid:
            groups.setdefault(json.dumps(dict(options), default=str), []).append(raw)
        for text, values in groups.items():
            number += 1
            yield f"f{number}_{kind.name}", {"type": kind.name, **json.loads(text)}, values


def sendable(raw: Any) -> bool:
    """True when the example can be said in JSON at all."""
    try:
        json.dumps(raw, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return not isinstance(raw, bytes)


@pytest.fixture(scope="module")
def zoo(shared_shop: Shop, catalog: Catalog) -> Shop:
    """One object with a field for every kind and set of options of the invalid examples."""
    fields: dict[str, Any] = {}
    for name, doc, _ in examples(catalog):
        kind = catalog.get(Field, doc["type"])
        assert kind is not None
        if doc.get("value") or any(one.severity == "error" for one in kind(doc).check()):
            continue
        if "to" in doc:
            doc = {**doc, "to": "beast"}
        fields[name] = {"label": {"en": name, "zh": name}, **doc}
    text = json.dumps({"object": "beast", "label": {"en": "Beast", "zh": "兽"}, "fields": fields})
    shared_shop.publish(text)
    return shared_shop


def fields_of(zoo: Shop) -> Any:
    """The published fields."""
    session = zoo.session()
    session.settle()
    return session.model.objects["beast"].fields


def test_invalid_examples_of_every_kind_are_refused_together(zoo: Shop, catalog: Catalog) -> None:
    body: dict[str, Any] = {}
    rounds: list[dict[str, Any]] = []
    for name, _, values in examples(catalog):
        for number, raw in enumerate(one for one in values if sendable(one)):
            while len(rounds) <= number:
                rounds.append({})
            rounds[number][name] = raw
    known = fields_of(zoo)
    before = dump(zoo)
    for body in rounds:
        body = {name: raw for name, raw in body.items() if name in known}
        answer = zoo.ask("POST", "/records/beast", json=body)
        problem(answer, 422)
        told = {name for name, _ in codes(answer)}
        assert told == set(body), (set(body) ^ told, {name: body[name] for name in set(body) - told})
    assert dump(zoo) == before


@pytest.mark.parametrize("number", range(len(NONSENSE)))
def test_any_nonsense_in_any_field_is_taken_or_refused(zoo: Shop, number: int) -> None:
    names = [one.name for one in fields_of(zoo).values()]
    before = dump(zoo)
    answer = zoo.ask("POST", "/records/beast", json=dict.fromkeys(names, NONSENSE[number]))
    assert answer.status_code in (201, 400, 413, 422), answer.get_data(as_text=True)[:500]
    if answer.status_code != 201:
        problem(answer, answer.status_code)
        assert dump(zoo) == before
    results = zoo.ask(
        "POST", "/records/beast/bulk",
        json={"mode": "create", "records": [{name: NONSENSE[number]} for name in names]},
    )  # fmt: skip
    assert results.status_code in (200, 400), results.get_data(as_text=True)[:500]
    if results.status_code == 200:
        assert {one["status"] for one in results.get_json()["results"]} <= {201, 422}


BODIES = [
    b"", b"{", b"[]", b"null", b"1", b'"x"', b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff\xfe", b'{"\\ud800": 1}',
    b'{"a":"\\udfff"}', b"[" * 5000, b'{"a":' * 3000, b'{"' + b"x" * 5000 + b'":1}', b'{"\\u0000":"\\u0000"}',
]  # fmt: skip
PATHS = [
    ("POST", "/records/beast"), ("POST", "/records/beast/bulk"), ("POST", "/records/beast/aggregate"),
    ("POST", "/formula/check"), ("POST", "/admin/users"), ("POST", "/admin/departments"), ("POST", "/login"),
    ("PATCH", f"/records/beast/{ID}"), ("PATCH", f"/admin/users/{ID}"),
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_broken_bodies_are_refused_everywhere(zoo: Shop, body: bytes) -> None:
    before = dump(zoo)
    for method, path in PATHS:
        answer = zoo.ask(method, path, data=body, content_type="application/json")
        assert answer.status_code in (400, 401, 404, 422) or (path.endswith("aggregate") and body == b"{}"), (
            path,
            answer.data,
        )
        problem(answer, answer.status_code)
    assert dump(zoo) == before


@pytest.mark.parametrize(
    "query",
    [
        "filter=%00", "filter='%00'", "filter=x", "filter=f1_", "filter=(((", "filter=" + "(" * 3000, "filter=1", "sort=x",
        "filter=" + "-" * 3000 + "1", "sort=" + ",".join(["id"] * 500), "sort=-", "sort=--id,", "fields=x", "fields=,", "expand=x", "q=%00", "q='%26|!:*",
        "q=" + "x" * 5000, "limit=0", "limit=501", "limit=x", "limit=-1", "limit=99999999999", "cursor=x", "cursor=%C3%A9",
        "cursor=" + "A" * 4000, "count=x", "deleted=x", "nonsense=1", "numbers=x", "filter=%ED%A0%80", "q=%ED%A0%80",
        "filter=title == '%25s'", "filter=1/0 > 1", "filter=9**9 > 1", "filter=id == 'x'", "filter=created_at > 'x'",
    ],
)  # fmt: skip
def test_odd_queries_never_break(zoo: Shop, query: str) -> None:
    answer = zoo.ask("GET", f"/records/beast?{query}")
    assert answer.status_code in (200, 400, 422), answer.data
    if answer.status_code != 200:
        problem(answer, answer.status_code)


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "x", "records": []}, {"mode": [], "records": []}, {"records": {}}, {"records": [1]}, {"mode": "update", "key": "x", "records": [{}]},
        {"mode": "update", "records": [{"id": []}, {"id": {}}, {"id": None}, {"id": "x"}, {}, {"id": ID, "version": "x"}]},
        {"mode": "delete", "records": [{"id": []}, {}, {"id": ID}]}, {"mode": "delete", "atomic": True, "records": [{"id": []}, {}]},
        {"mode": "create", "atomic": "x", "records": []}, {"mode": "upsert", "key": "\0", "records": [{"\0": 1}]},
    ],
)  # fmt: skip
def test_odd_bulk_requests_never_break(zoo: Shop, body: dict[str, Any]) -> None:
    before = dump(zoo)
    answer = zoo.ask("POST", "/records/beast/bulk", json=body)
    assert answer.status_code in (200, 400, 422), answer.data
    if answer.status_code == 200:
        assert all(one["status"] >= 400 for one in answer.get_json()["results"])
    assert dump(zoo) == before


@pytest.mark.parametrize(
    "body",
    [
        {"limit": "x"}, {"limit": None}, {"limit": []}, {"limit": 1.5}, {"limit": 0}, {"limit": 10**9}, {"sort": {}}, {"sort": ["x"]},
        {"group_by": "id"}, {"group_by": ["x"]}, {"group_by": ["id", "id"]}, {"measures": []}, {"measures": {"n": 1}}, {"measures": {"n": "x"}},
        {"measures": {"n": "SUM("}}, {"filter": []}, {"filter": 1}, {"x": 1}, {"measures": {"id": "COUNT()"}, "group_by": ["id"]},
        {"measures": {"a\"b'%s\\": "COUNT()"}}, {"measures": {"\0": "COUNT()"}}, {"group_by": ["'\0'"]}, {"q": []},
    ],
)  # fmt: skip
def test_odd_aggregates_never_break(zoo: Shop, body: dict[str, Any]) -> None:
    answer = zoo.ask("POST", "/records/beast/aggregate", json=body)
    assert answer.status_code in (200, 400, 422), answer.data
    if answer.status_code != 200:
        problem(answer, answer.status_code)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a", "roles": 5}, {"name": "a", "roles": [{}]}, {"name": "a", "roles": "admin"}, {"name": "a", "roles": ["nobody"]}, {"name": []},
        {"name": "a b"}, {"name": "\0"}, {"name": "x" * 61}, {"name": "a", "time_zone": "Mars/Phobos"}, {"name": "a", "time_zone": []},
        {"name": "a", "manager": []}, {"name": "a", "department": {}}, {"name": "a", "active": 1}, {"name": "a", "password": 5},
        {"name": "a", "email": "a\0b"}, {"name": "a", "language": 1}, {"name": "a", "full_name": ["x"]}, {"name": "a", "id": ID},
    ],
)  # fmt: skip
def test_odd_users_are_refused(zoo: Shop, body: dict[str, Any]) -> None:
    before = dump(zoo)
    problem(zoo.ask("POST", "/admin/users", json=body), 422)
    if len(body) > 1:
        body.pop("name")
        me = zoo.ask("GET", "/me").get_json()["id"]
        problem(zoo.ask("PATCH", f"/admin/users/{me}", json=body), 422)
    assert dump(zoo) == before


@pytest.mark.parametrize("path", ["/records/beast/x", f"/records/beast/{ID}", f"/records/beast/{ID}/history", "/records/none",
                                  f"/records/beast/{ID}/shares", "/files/x", f"/files/{ID}", "/admin/users/x", "/nowhere",
                                  f"/records/%00/{ID}", "/records/beast/%00", "/records/o%27%22/x"])  # fmt: skip
def test_what_is_not_there(zoo: Shop, path: str) -> None:
    problem(zoo.ask("GET", path), 404)
