"""Link: a reference to one record."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from runtime.formula.types import Type, ref
from runtime.kinds.field import CHOICE_OPERATORS, Context, Examples, Field, Invalid, Relates, Valid, bad, shown
from runtime.kinds.marks import within
from runtime.kinds.options import one_of, option

EXAMPLE = "0190f3c2-7a1b-7c00-8000-000000000001"
CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
WRITTEN = re.compile(r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}")
TO = option(
    "string", "Object", "关联对象", ("Name of the object that is linked", "被关联对象的名称"),
    minLength=1, maxLength=63,
)  # fmt: skip
REVERSE = option(
    "string", "Name on the other side", "反向名称",
    ("What the linked record calls its list of these", "被关联记录一侧的列表名称"), pattern="^[a-z][a-z0-9_]{0,62}$",
)  # fmt: skip
FILTER = option(
    "string", "Only records for which (formula)", "可选范围公式",
    ("Records that may be chosen", "满足公式的记录才可选择"), maxLength=4000,
)  # fmt: skip
#: The same, checked against the object that the link leads to.
TARGET_FILTER = within({**FILTER, "x-formula": {"expected": "bool", "context": "filter"}}, "to", "object")


def id_of(raw: Any) -> str | None:
    """``raw`` (an id, or an expanded record with its ``id``) as a lower-case id, None for blank. Raises BadValue."""
    if isinstance(raw, str) and CANONICAL.fullmatch(raw):
        return raw
    if isinstance(raw, Mapping):
        raw = raw.get("id")
        if not isinstance(raw, str):
            raise bad("not_an_id", "must be the id of a record", "必须是记录的 id")
    if isinstance(raw, uuid.UUID):
        return str(raw)
    if isinstance(raw, str):
        text = raw.strip()
        if not text:
            return None
        if WRITTEN.fullmatch(text):
            return str(uuid.UUID(text))
    raise bad("not_an_id", f"{shown(raw)!r} is not the id of a record", f"“{shown(raw)}”不是记录的 id")


class Link(Relates, Field):
    """One record of another object; ``owned`` makes this object the line items of the other."""

    name = "link"
    label = {"en": "Link", "zh": "关联"}
    help = {"en": "Points to one record of an object.", "zh": "指向某个对象的一条记录。"}
    icon = "link"
    column = "uuid"
    operators = CHOICE_OPERATORS
    sortable = False
    widget = "link"
    options = {
        "to": TO,
        "reverse": REVERSE,
        "owned": option(
            "boolean", "Line items", "作为明细",
            ("Records live inside of the linked one and share its rights", "记录归属于被关联记录，共享其权限"),
            default=False,
        ),
        "on_delete": one_of(
            "When the linked record is deleted", "被关联记录删除时",
            {
                "restrict": ("Refuse", "禁止删除"), "clear": ("Empty the link", "清空关联"),
                "cascade": ("Delete too", "一并删除"),
            },
        ),
        "filter": TARGET_FILTER,
    }  # fmt: skip
    required_options: ClassVar[tuple[str, ...]] = ("to",)
    examples: ClassVar[Examples] = (
        {"to": "customer"},
        {"to": "quote", "reverse": "lines", "owned": True},
        {"to": "customer", "on_delete": "restrict"},
    )
    valid: ClassVar[Valid] = (
        ({"to": "customer"}, EXAMPLE.upper(), EXAMPLE),
        ({"to": "customer"}, {"id": EXAMPLE, "title": "x"}, EXAMPLE),
        ({"to": "customer"}, EXAMPLE.replace("-", ""), EXAMPLE),
        ({"to": "customer"}, "", None),
    )
    invalid: ClassVar[Invalid] = (
        ({"to": "customer"}, "张三"),
        ({"to": "customer"}, 7),
        ({"to": "customer"}, []),
        ({"to": "customer"}, {"title": "x"}),
    )

    def type(self) -> Type:
        return ref(self.target_object())

    def clean(self, raw: Any, context: Context) -> str | None:
        return id_of(raw)

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}
