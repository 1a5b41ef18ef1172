"""Documents to the model: keys that survive renames, the scope of formulas, differences."""

from __future__ import annotations

from typing import Any

from runtime.base.kind import Catalog
from runtime.formula.compiler import compile
from runtime.meta import load
from runtime.meta.build import assign_keys, build
from runtime.meta.diff import Change, diff, text_diff
from runtime.meta.model import Model
from runtime.meta.prepare import prepare
from runtime.meta.references import satisfies
from runtime.meta.scope import ModelScope


def loaded(fields: str, name: str = "quote", more: str = "") -> load.Loaded:
    return load.from_texts(
        [("objects/a.yaml", f"object: {name}\n{more}fields:\n" + "".join(f"  {one}\n" for one in fields.split(";")))]
    )


def model(fields: str, catalog: Catalog, name: str = "quote", more: str = "") -> Model:
    return build(loaded(fields, name, more), catalog)


def test_keys_survive_a_rename(catalog: Catalog) -> None:
    first = loaded("a: {type: text}; b: {type: number}".replace("; ", ";"))
    keys = assign_keys(None, {}, first)
    assert keys == {"quote": {"key": "quote", "fields": {"a": "a", "b": "b"}}}
    old = build(first, catalog, keys)
    second = loaded("c: {type: text, was: a};b: {type: number}")
    keys = assign_keys(old, {"quote": ["a", "b"]}, second)
    assert keys["quote"]["fields"] == {"c": "a", "b": "b"}
    old = build(second, catalog, keys)
    third = loaded("d: {type: text, was: c};b: {type: number}")
    assert assign_keys(old, {"quote": ["a", "b"]}, third)["quote"]["fields"] == {"d": "a", "b": "b"}


def test_a_deleted_field_never_comes_back(catalog: Catalog) -> None:
    old = model("a: {type: text}", catalog)
    keys = assign_keys(old, {"quote": ["a", "salary", "salary_2"]}, loaded("a: {type: text};salary: {type: number}"))
    assert keys["quote"]["fields"] == {"a": "a", "salary": "salary_3"}


def test_a_rename_and_a_new_field_of_the_old_name(catalog: Catalog) -> None:
    old = model("a: {type: text}", catalog)
    keys = assign_keys(old, {"quote": ["a"]}, loaded("b: {type: text, was: a};a: {type: text}"))
    assert keys["quote"]["fields"] == {"b": "a", "a": "a_2"}


def test_an_object_keeps_its_key_and_a_deleted_one_does_not_come_back(catalog: Catalog) -> None:
    old = model("a: {type: text}", catalog)
    renamed = assign_keys(old, {"quote": ["a"]}, loaded("a: {type: text}", "offer", "was: quote\n"))
    assert renamed["offer"] == {"key": "quote", "fields": {"a": "a"}}
    again = assign_keys(Model({}, {}, {}), {"quote": ["a"]}, loaded("a: {type: text}"))
    assert again["quote"] == {"key": "quote_2", "fields": {"a": "a"}}


def test_the_hash_is_of_the_content(catalog: Catalog) -> None:
    one = load.from_texts([("a.yaml", "object: a\nfields: {x: {type: number, max: 1.50}}\n")])
    two = load.from_texts([("b/c.yaml", "# comment\nobject: a\nfields:\n  x:\n    type: number\n    max: 1.5\n")])
    three = load.from_texts([("a.yaml", "object: a\nfields: {x: {type: number, max: 1.6}}\n")])
    assert build(one, catalog).hash == build(two, catalog).hash != build(three, catalog).hash


CUSTOMERS = """
object: customer
title: name
fields:
  name: {type: text, label: {en: Full name, zh: 全称}}
  level: {type: select, was: grade, options: {A: A, B: B}}
  secret: {type: number}
---
object: order
fields:
  customer: {type: link, to: customer, reverse: orders}
  amount: {type: money}
  level: {type: lookup, value: customer.level}
  title: {type: number}
"""


def scopes(catalog: Catalog) -> Model:
    found = prepare(load.from_texts([("a.yaml", CUSTOMERS)]), catalog)
    assert found.ok and found.model
    return found.model


def type_of(model: Model, source: str, about: str, **more: Any) -> str | None:
    found = compile(source, ModelScope(model, about, **more), context="virtual")
    return str(found.type) if found.ok else None


def test_names_of_a_scope(catalog: Catalog) -> None:
    found = scopes(catalog)
    assert type_of(found, "SUM(orders.amount)", "customer") == "number"
    assert type_of(found, "{全称} & {Full name} & name", "customer") == "text"
    assert type_of(found, "grade", "customer") == type_of(found, "level", "customer") == "choice"
    assert type_of(found, "level", "order") == "choice"
    assert type_of(found, "customer.title & customer.owner.department.head.name", "order") == "text"
    assert type_of(found, "title", "order") == "number"
    assert type_of(found, "customer.orders", "order") is None
    assert type_of(found, "id", "order") == "ref(order)"
    assert type_of(found, "created_by.manager.email & created_by.title", "order") == "text"


def test_what_may_not_be_read_is_not_there(catalog: Catalog) -> None:
    found = scopes(catalog)

    def readable(about: str, field: str) -> bool:
        return (about, field) not in {("customer", "secret"), ("order", "customer")}

    hidden = compile("secret", ModelScope(found, "customer", readable), context="virtual").diagnostics
    unknown = compile("secrex", ModelScope(found, "customer", readable), context="virtual").diagnostics
    assert [one.code for one in hidden] == [one.code for one in unknown]
    assert "secret" not in unknown[0].message["en"]
    assert type_of(found, "COUNT(orders)", "customer", readable=readable) is None
    assert all(one.name not in ("secret", "orders") for one in ModelScope(found, "customer", readable).members())


def changes(old: str, new: str, catalog: Catalog) -> list[Change]:
    return diff(model(old, catalog), model(new, catalog))


def test_differences_of_fields(catalog: Catalog) -> None:
    assert changes("a: {type: text}", "a: {type: text}", catalog) == []
    added = changes("a: {type: text}", "a: {type: text};b: {type: text}", catalog)
    assert [(one.kind, one.field) for one in added] == [("added", "b")]
    removed = changes("a: {type: text};b: {type: text}", "a: {type: text}", catalog)
    assert [(one.kind, one.field) for one in removed] == [("removed", "b")]
    option = changes("a: {type: text, max_length: 3}", "a: {type: text, max_length: 4}", catalog)
    assert [(one.kind, one.path, one.before, one.after) for one in option] == [("changed", "fields.a.max_length", 3, 4)]
    assert option[0].sentence().en == "Object 'quote', field 'a', max_length: changed from 3 to 4"
    assert option[0].sentence().zh == "对象“quote”的字段“a”的 max_length：由 3 改为 4"
    renamed = changes("a: {type: text}", "b: {type: text, was: a}", catalog)
    assert [(one.kind, one.before, one.after) for one in renamed] == [("renamed", "a", "b")]
    retyped = changes("a: {type: text}", "a: {type: number}", catalog)
    assert [(one.kind, one.before, one.after) for one in retyped] == [("type_changed", "text", "number")]
    moved = changes("a: {type: text};b: {type: text}", "b: {type: text};a: {type: text}", catalog)
    assert [one.kind for one in moved] == ["reordered"]


def test_one_changed_field_is_one_hunk() -> None:
    old = loaded(";".join(f"f{number}: {{type: text}}" for number in range(60)))
    new = load.from_texts(
        [(file, text.replace("f30: {type: text}", "f30: {type: number}")) for file, text in old.texts()]
    )
    assert text_diff(old, new).count("@@ ") == 1
    assert text_diff(old, old) == ""


def test_versions() -> None:
    assert satisfies("1.2.0", ">=1.0,<2")
    assert satisfies("1.2.0", "1.2")
    assert not satisfies("2.0.0", ">=1.0,<2")
    assert not satisfies("1.10.0", "<1.9")
    assert satisfies("1.10.0", "!=1.9, >1.9")
