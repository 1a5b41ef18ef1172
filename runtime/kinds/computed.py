"""What the computed field types share: a value from a formula, wearing the face of the type of its result."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from runtime.formula.types import TEXT, Type
from runtime.kinds.field import BLANK_OPERATORS, Computed, Context, Field
from runtime.kinds.fields.checkbox import Checkbox
from runtime.kinds.fields.date import Date
from runtime.kinds.fields.datetime import DateTime
from runtime.kinds.fields.duration import Duration
from runtime.kinds.fields.long_text import LongText
from runtime.kinds.fields.money import Money
from runtime.kinds.fields.multiselect import items_of
from runtime.kinds.fields.number import Number
from runtime.kinds.fields.percent import Percent
from runtime.kinds.fields.text import plain
from runtime.kinds.options import one_of, option


class Written(LongText):
    """A computed text: as long as a formula's text may be."""

    name = ""

    def clean(self, raw: Any, context: Context) -> str | None:
        return plain(raw) or None


class Key(Written):
    """A computed option key: filtered like an option."""

    operators = ("eq", "ne", "in", "not_in", "blank", "not_blank")

    def type(self) -> Type:
        return Type("choice")


class AsItComes(Field):
    """A result whose type its formula decides: kept in the canonical form of whatever came."""

    name = ""
    column = None
    operators = BLANK_OPERATORS
    sortable = False

    def _face(self, value: Any) -> Field:
        if isinstance(value, bool):
            return FACES["bool"]({})
        if isinstance(value, (int, float, Decimal)):
            return FACES["number"]({})
        if isinstance(value, datetime.datetime):
            return FACES["datetime"]({})
        if isinstance(value, datetime.date):
            return FACES["date"]({})
        return FACES["text"]({})

    def clean(self, raw: Any, context: Context) -> Any:
        if isinstance(raw, (list, tuple)):
            cleaned = [self._face(item).clean(item, context) for item in items_of(raw)]
            return [item for item in cleaned if item is not None] or None
        return self._face(raw).clean(raw, context)

    def text(self, value: Any, context: Context) -> str:
        if isinstance(value, (list, tuple)):
            return ", ".join(self.text(item, context) for item in value)
        return self._face(value).text(value, context)

    def typed(self, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        return {}


#: The face of each result type: what knows how to keep and show such a value.
FACES: Mapping[str, Callable[[Mapping[str, Any]], Field]] = {
    "text": Written,
    "number": Number,
    "money": Money,
    "percent": Percent,
    "bool": Checkbox,
    "date": Date,
    "datetime": DateTime,
    "duration": Duration,
    "choice": Key,
}

VALUE = option("string", "Formula", "公式", minLength=1, maxLength=4000)
RESULT = one_of(
    "Result", "结果类型",
    {
        "text": ("Text", "文本"), "number": ("Number", "数字"), "money": ("Money", "金额"),
        "percent": ("Percent", "百分比"), "bool": ("Yes or no", "是否"), "date": ("Date", "日期"),
        "datetime": ("Date and time", "日期时间"),
        "duration": ("Duration", "时长"), "choice": ("Option", "选项"),
    },
)  # fmt: skip
STORED = option(
    "boolean", "Stored", "存储计算值",
    ("Kept with the record, so that lists sort and filter by it fast; without it the value is computed when it is read",
     "随记录保存，列表按其排序、筛选更快；否则在读取时计算"), default=False,
)  # fmt: skip
SHAPE = {
    "currency": Money.options["currency"],
    "scale": Number.options["scale"],
    "unit": Number.options["unit"],
}


class ComputedField(Computed, Field):
    """A field whose value is computed; whatever is asked of the value, the face of its result answers."""

    column = None
    widget = "readonly"
    #: The result when the document does not say; None: as it comes.
    usual: ClassVar[str | None] = None

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self._result: str | None = self.settings.get("result", self.usual)
        shape = {key: self.settings[key] for key in SHAPE if key in self.settings}
        face = FACES.get(str(self._result), AsItComes)
        self._face = face(shape)
        self.operators, self.sortable = self._face.operators, self._face.sortable

    def result(self) -> Type | None:
        return self._face.type() if self._result in FACES else None

    def type(self) -> Type:
        return self.result() or TEXT

    def clean(self, raw: Any, context: Context) -> Any:
        """The canonical form of a computed value (the engine refuses values that somebody enters)."""
        return self._face.clean(raw, context)

    def parse(self, text: str, context: Context) -> Any:
        return self._face.parse(text, context)

    def text(self, value: Any, context: Context) -> str:
        return self._face.text(value, context)

    def show(self, value: Any, context: Context) -> str:
        return self._face.show(value, context)

    def typed(self, value: Any) -> Any:
        return self._face.typed(value)

    def live(self, context: Context) -> dict[str, Any]:
        return self._face.live(context)

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        return {**self._face.json_schema(), "readOnly": True}
