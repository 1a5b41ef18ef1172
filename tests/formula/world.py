"""The objects the formula tests speak about, as a scope for the checker and as values for the back ends."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from runtime.base.sqltext import Sql, fmt, ident, param
from runtime.formula.calendar import Calendar
from runtime.formula.env import Env
from runtime.formula.evaluate import Rows
from runtime.formula.scope import Member, Slot
from runtime.formula.sql import COLUMN
from runtime.formula.types import (
    BOOL,
    DATE,
    DATETIME,
    DURATION,
    NUMBER,
    TEXT,
    Type,
    children,
    choice,
    list_of,
    ref,
)

U1 = "01890000-0000-7000-8000-000000000001"
U2 = "01890000-0000-7000-8000-000000000002"
D1 = "01890000-0000-7000-8000-0000000000d1"
R0 = "01890000-0000-7000-8000-0000000000a0"
NOW = dt.datetime(2026, 11, 21, 12, 45, 49, 123000, tzinfo=dt.UTC)
ENV = Env(
    now=NOW,
    tz="Asia/Shanghai",
    user={"id": U1, "name": "李雷", "department": D1, "departments": [D1], "manager": U2, "roles": ["sales", "boss"]},
    calendars={
        "spring": Calendar(
            holidays=frozenset(dt.date(2026, 2, d) for d in range(16, 24)),
            workdays={dt.date(2026, 2, 14): 4, dt.date(2026, 2, 28): 0},
        )
    },
    option_labels={"deal.k_status": {"draft": "草稿", "sent": "已发送"}},
)


@dataclass
class Fields:
    """A scope made of a list of members and the scopes behind links."""

    object: str
    items: list[Member]
    targets: dict[str, Fields] = field(default_factory=dict)
    objects: dict[str, Fields] = field(default_factory=dict)
    former: dict[str, str] = field(default_factory=dict)

    def member(self, name: str) -> Member | None:
        name = self.former.get(name, name)
        return next((m for m in self.items if name == m.name or name in m.labels), None)

    def members(self) -> Iterable[Member]:
        return self.items

    def target(self, member: Member) -> Fields | None:
        return self.targets.get(member.key)

    def lookup(self, object_name: str) -> Fields | None:
        return self.objects.get(object_name)


def m(name: str, t: Type, *labels: str, nullable: bool = True, key: str | None = None) -> Member:
    """A member whose key is ``k_name`` unless given."""
    return Member(name, key or f"k_{name}", t, nullable, labels, indexed=t.name == "children" or name == "code")


SCALARS = [
    m("a", NUMBER),
    m("b", NUMBER),
    m("c", NUMBER),
    m("price", Type("number", digits=15, scale=2), "单价", "合同 金额"),
    m("qty", Type("number", digits=9, scale=0), "数量"),
    m("s", TEXT),
    m("t", TEXT, "名称"),
    m("u", TEXT),
    m("ok", BOOL),
    m("no", BOOL),
    m("status", choice("draft", "sent", "won"), "状态"),
    m("level", choice("A", "B", "C")),
    m("d", DATE, "签约日期"),
    m("e", DATE),
    m("at", DATETIME),
    m("until", DATETIME),
    m("dur", DURATION),
    m("dur2", DURATION),
    m("tags", list_of(choice("x", "y", "z"))),
    m("names", list_of(TEXT)),
    m("owner", ref("user")),
    m("other", ref("user")),
]


def world() -> Fields:
    """The scope of object ``deal`` with everything it links to."""
    department = Fields("department", [m("name", TEXT), m("head", ref("user")), m("budget", NUMBER)])
    user = Fields("user", [m("name", TEXT), m("department", ref("department")), m("manager", ref("user"))])
    user.targets = {"k_department": department, "k_manager": user}
    department.targets = {"k_head": user}
    customer = Fields(
        "customer",
        [m("name", TEXT, "客户名称"), m("owner", ref("user")), m("limit", NUMBER), m("grade", choice("A", "B"))],
    )
    customer.targets = {"k_owner": user}
    product = Fields("product", [m("name", TEXT), m("weight", NUMBER)])
    line = Fields(
        "line",
        [
            m("product", TEXT),
            m("qty", NUMBER),
            m("amount", NUMBER),
            m("note", TEXT),
            m("day", DATE),
            m("done", BOOL),
            m("kind", choice("x", "y")),
            m("item", ref("product")),
            m("span", DURATION),
        ],
    )
    line.targets = {"k_item": product}
    rate = Fields("rate", [m("code", TEXT), m("value", NUMBER), m("since", DATE)])
    deal = Fields("deal", [*SCALARS, m("customer", ref("customer"), "客户"), m("lines", children("line"), "明细")])
    deal.targets = {"k_owner": user, "k_other": user, "k_customer": customer, "k_lines": line}
    customer.targets["k_deals"] = deal
    customer.items.append(m("deals", children("deal")))
    deal.objects = {"rate": rate, "customer": customer}
    deal.former = {"old_price": "price"}
    return deal


def typed(value: Any, t: Type) -> Sql:
    """A value as a SQL parameter of its column type."""
    column = COLUMN[t.name]
    if value is None or (t.name == "text" and value == ""):
        return Sql(f"NULL::{column}")
    if t.name == "list":
        return param(json.dumps(list(value), ensure_ascii=False), "jsonb")
    if t.name == "ref":
        return param(str(UUID(value)), "uuid")
    return param(value, column)


class ValueBinder:
    """Binds each slot to a literal parameter: one record, no tables."""

    def __init__(self, slots: Sequence[Slot], values: Sequence[Any], inner: Any) -> None:
        self.slots = list(slots)
        self.values = list(values)
        self.inner = inner

    def slot(self, slot: Slot) -> Sql:
        return typed(self.values[self.slots.index(slot)], slot.type)

    def children(self, slot_path: tuple[str, ...]) -> tuple[Sql, _RowBinder]:
        return self._rows(next(i for i, s in enumerate(self.slots) if s.path == slot_path and s.kind == "field"))

    def lookup(self, object_key: str) -> tuple[Sql, _RowBinder]:
        return self._rows(next(i for i, s in enumerate(self.slots) if s.kind == "lookup" and s.path == (object_key,)))

    def _rows(self, index: int) -> tuple[Sql, _RowBinder]:
        inner = self.inner[index]
        rows = self.values[index].rows if isinstance(self.values[index], Rows) else (self.values[index] or ())
        names = ", ".join(["q_", *(f"c{i}" for i in range(len(inner)))])
        blank = Sql("(NULL::int" + "".join(f", NULL::{COLUMN[s.type.name]}" for s in inner) + ")")
        text = fmt("{}", blank)
        for row in rows:
            cells = Sql("(1")
            for slot, value in zip(inner, row, strict=True):
                cells = fmt("{}, {}", cells, typed(value, slot.type))
            text = fmt("{}, {})", text, cells)
        source = fmt(f"(VALUES {{}}) AS kid ({names}) WHERE kid.q_ = 1", text)
        return source, _RowBinder(inner, self)


class _RowBinder:
    def __init__(self, inner: Sequence[Slot], outer: ValueBinder) -> None:
        self.inner = list(inner)
        self.outer = outer

    def slot(self, slot: Slot) -> Sql:
        if slot.root == "parent":
            plain = next(s for s in self.outer.slots if (s.kind, s.path) == (slot.kind, slot.path))
            return self.outer.slot(plain)
        return Sql(f"kid.c{self.inner.index(slot)}")

    def children(self, slot_path: tuple[str, ...]) -> Any:
        raise AssertionError("no summaries inside summaries")

    lookup = children


def column_sql(name: str) -> Sql:
    """A column as SQL."""
    return Sql(ident(name))


__all__ = ["ENV", "R0", "Decimal", "Fields", "ValueBinder", "column_sql", "m", "typed", "world"]
