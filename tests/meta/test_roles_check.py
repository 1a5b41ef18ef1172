"""What a role may not see and learns all the same: who can write can try, and line items are asked like others."""

from __future__ import annotations

import pytest

from runtime.base.kind import Catalog
from runtime.meta import load
from runtime.meta.prepare import prepare

THINGS = """
object: product
title: name
fields:
  name: {type: text}
  price: {type: number}
  floor: {type: number}
validations:
  above_floor: {valid: price >= floor, message: {en: too low, zh: 过低}}
---
object: quote
title: name
fields:
  name: {type: text}
---
object: quote_line
title: "name & cost"
fields:
  quote: {type: link, to: quote, reverse: lines, owned: true, required: true}
  name: {type: text}
  cost: {type: number}
---
role: sales
objects:
"""


@pytest.mark.parametrize(
    ("rights", "codes"),
    [
        ("product: {read: all, fields: {floor: hidden}}", []),
        ("product: {read: all, update: none, fields: {floor: masked}}", []),
        ("product: {read: all, update: own, fields: {floor: hidden}}", ["W_ORACLE"]),
        ("product: {read: own, create: true, fields: {floor: hidden}}", ["W_ORACLE"]),
        ("product: {fields: {floor: hidden}}", []),
        ("quote_line: {fields: {cost: hidden}}", []),
        ("{quote: {read: all}, quote_line: {fields: {cost: hidden}}}", ["title_leak"]),
    ],
)
def test_hidden_fields(rights: str, codes: list[str], catalog: Catalog) -> None:
    text = THINGS.rstrip() + f" {rights}\n" if rights.startswith("{") else THINGS + f"  {rights}\n"
    found = prepare(load.from_texts([("x.yaml", text)]), catalog)
    assert [one.code for one in found.problems] == codes


FLOW = """
---
workflow: approval
object: product
title: {title}
nodes:
  - {{approve: boss, who: {{role: admin}}}}
"""


@pytest.mark.parametrize(
    ("title", "codes"),
    [("name", []), ("\"name & ' ' & floor\"", ["W_TITLE"]), ("\"name & ' ' & margin\"", ["W_TITLE"])],
)
def test_the_title_of_a_workflow_tells_those_who_take_part(title: str, codes: list[str], catalog: Catalog) -> None:
    more = "\n  floor: {type: number}\n  margin: {type: formula, value: price - floor, result: number}\n"
    text = THINGS.replace("\n  floor: {type: number}\n", more) + "  product: {read: all, fields: {floor: masked}}\n"
    found = prepare(load.from_texts([("x.yaml", text + FLOW.format(title=title))]), catalog)
    assert [one.code for one in found.problems if one.code.startswith(("W_TITLE", "E_", "title"))] == codes
    assert all("approval" in one.message.en for one in found.problems if one.code == "W_TITLE")
