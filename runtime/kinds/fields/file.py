"""File: uploaded files of any type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from runtime.base.errors import Message
from runtime.formula.types import TEXT_LIST, Type
from runtime.kinds.field import BLANK_OPERATORS, Context, Examples, Field, HoldsFiles, Invalid, Valid, bad
from runtime.kinds.fields.link import EXAMPLE, id_of
from runtime.kinds.fields.multiselect import at_most, items_of
from runtime.kinds.options import option

MEGABYTE = 1024 * 1024
ENTRY = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string"},
        "size": {"type": "integer"},
        "type": {"type": "string"},
    },
    "required": ["id"],
}
MANY = option("boolean", "Several", "允许多个", default=False)
MAX_COUNT = option("integer", "At most", "最多个数", minimum=1, maximum=100, default=20)
MAX_SIZE = option("number", "Largest file, MB", "单个大小上限（MB）", exclusiveMinimum=0, maximum=1024)


class File(HoldsFiles, Field):
    """One uploaded file, or several where ``many`` says so."""

    name = "file"
    label = {"en": "File", "zh": "附件"}
    help = {"en": "Uploaded files.", "zh": "上传的文件。"}
    icon = "paperclip"
    column = None
    operators: tuple[str, ...] = BLANK_OPERATORS
    sortable = False
    searchable = True
    widget = "file"
    options = {
        "many": MANY,
        "max_count": MAX_COUNT,
        "max_size": MAX_SIZE,
        "types": option(
            "array", "Allowed types", "允许的类型",
            ("Content types such as application/pdf or image/*", "内容类型，如 application/pdf 或 image/*"),
            items={"type": "string", "pattern": "^[a-z]+/([a-z0-9.+-]+|\\*)$"}, maxItems=50,
        ),
    }  # fmt: skip
    examples: ClassVar[Examples] = ({}, {"many": True, "max_count": 5, "max_size": 20, "types": ["application/pdf"]})
    valid: ClassVar[Valid] = (
        ({}, EXAMPLE.upper(), {"id": EXAMPLE}),
        ({}, {"id": EXAMPLE, "name": "a.pdf", "size": 1}, {"id": EXAMPLE}),
        ({}, [EXAMPLE], {"id": EXAMPLE}),
        ({"many": True}, [EXAMPLE, EXAMPLE], [{"id": EXAMPLE}]),
        ({"many": True}, [], None),
        ({}, "", None),
    )
    invalid: ClassVar[Invalid] = (
        ({}, "contract.pdf"),
        ({}, {"name": "a.pdf"}),
        ({}, [EXAMPLE, EXAMPLE[:-1] + "2"]),
        ({}, 5),
    )

    #: Content types where the options do not say; empty: all.
    usual_types: ClassVar[tuple[str, ...]] = ()

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self.many = bool(self.settings.get("many", False))

    def type(self) -> Type:
        return TEXT_LIST

    def clean(self, raw: Any, context: Context) -> Any:
        items = [raw] if isinstance(raw, Mapping) else items_of(raw)
        ids = [one for one in dict.fromkeys(map(id_of, items)) if one is not None]
        at_most(ids, self.settings.get("max_count", 20) if self.many else 1)
        entries = [{"id": one} for one in ids]
        if not entries:
            return None
        return entries if self.many else entries[0]

    def _entries(self, value: Any) -> list[Mapping[str, Any]]:
        return list(value) if isinstance(value, (list, tuple)) else [value] if value else []

    def text(self, value: Any, context: Context) -> str:
        return ", ".join(str(one.get("name") or one["id"]) for one in self._entries(value))

    def typed(self, value: Any) -> tuple[str, ...]:
        """The names of the files."""
        return tuple(str(one["name"]) for one in self._entries(value) if one.get("name"))

    def search_text(self, value: Any) -> str:
        return " ".join(self.typed(value))

    def json_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": ENTRY} if self.many else dict(ENTRY)

    def accepts(self, content_type: str, size: int) -> Message | None:
        largest = self.settings.get("max_size")
        if largest is not None and size > largest * MEGABYTE:
            return Message(f"is larger than {largest} MB", f"超过 {largest} MB")
        allowed = self.settings.get("types") or self.usual_types
        bare = content_type.partition(";")[0].strip().lower()
        if not allowed or bare in allowed or f"{bare.partition('/')[0]}/*" in allowed:
            return None
        listed = ", ".join(allowed)
        return bad(
            "type", f"has the type {bare[:80]}; allowed: {listed}", f"类型为 {bare[:80]}，仅允许：{listed}"
        ).message
