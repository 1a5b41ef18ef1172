"""Long text: several lines, kept outside of the record's main JSON."""

from __future__ import annotations

from typing import Any, ClassVar

from runtime.kinds.field import Context, Examples, Field, Invalid, Valid
from runtime.kinds.fields.text import bounded, plain
from runtime.kinds.options import option

NEW_LINES = str.maketrans({"\x0b": "\n", "\x0c": "\n", "\u2028": "\n", "\u2029": "\n"})


def lines(raw: Any) -> str:
    """``raw`` as text with plain line feeds, no blank end of a line, no blank lines around."""
    text = plain(raw)
    if text.isprintable():  # One line.
        return text.strip()
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(NEW_LINES)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


class LongText(Field):
    """Several lines of plain text."""

    name = "long_text"
    label = {"en": "Long text", "zh": "多行文本"}
    help = {"en": "Notes and descriptions of several lines.", "zh": "多行的备注与说明。"}
    icon = "align-left"
    column = None
    long = True
    operators: tuple[str, ...] = ("contains", "not_contains", "blank", "not_blank")
    sortable = False
    searchable = True
    widget = "textarea"
    options = {
        "max_length": option("integer", "Longest", "最长长度", minimum=1, maximum=32767, default=10000),
        "rows": option("integer", "Height in lines", "显示行数", minimum=2, maximum=40, default=4),
    }
    examples: ClassVar[Examples] = ({}, {"max_length": 2000, "rows": 8})
    valid: ClassVar[Valid] = (
        ({}, " 第一行 \r\n\r\n第二行\n", "第一行\n\n第二行"),
        ({}, "one\x0btwo", "one\ntwo"),
        ({}, " \n ", None),
        ({}, 7, "7"),
    )
    invalid: ClassVar[Invalid] = (({}, ["a"]), ({"max_length": 3}, "abcd"), ({}, "a\0"), ({}, {"a": 1}))

    def clean(self, raw: Any, context: Context) -> str | None:
        return bounded(lines(raw), 0, self.settings.get("max_length", 10000)) or None

    def live(self, context: Context) -> dict[str, Any]:
        return {"reads": "text", "shows": "text"}

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.settings.get("max_length", 10000)}
