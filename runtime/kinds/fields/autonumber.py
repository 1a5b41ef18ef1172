"""Autonumber: a number that the system gives, such as QT-202611-0001."""

from __future__ import annotations

import re
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.kinds.field import Context, Field, Numbered
from runtime.kinds.fields.text import bounded, plain
from runtime.kinds.options import option

TOKEN = re.compile(r"\{(YYYY|YY|MM|DD|0{1,12})\}")


class Autonumber(Numbered, Field):
    """A text with a counter; the counter starts again with each year, month or day that the pattern names."""

    name = "autonumber"
    label = {"en": "Auto number", "zh": "自动编号"}
    help = {"en": "A number given by the system when the record is created.", "zh": "创建记录时由系统给出的编号。"}
    icon = "hash"
    widget = "readonly"
    searchable = True
    options = {
        "pattern": option(
            "string", "Pattern", "编号规则",
            ("Text with {YYYY} {YY} {MM} {DD} and the counter {0000}", "可用 {YYYY} {YY} {MM} {DD} 与流水号 {0000}"),
            minLength=1, maxLength=60, default="{0000}",
        ),
        "gap_free": option(
            "boolean", "No gaps", "连续不断号",
            ("Never leaves a number out; records of one period are created one after the other",
             "绝不跳号；同一周期内的记录依次创建"),
            default=False,
        ),
        "start": option("integer", "First number", "起始值", minimum=0, maximum=999999999999, default=1),
    }  # fmt: skip
    examples = ({}, {"pattern": "QT-{YYYY}{MM}-{0000}"}, {"pattern": "INV{YY}-{00000}", "gap_free": True, "start": 100})
    valid = (
        ({}, "0001", "0001"),
        ({"pattern": "QT-{YYYY}{MM}-{0000}"}, " QT-202611-0001 ", "QT-202611-0001"),
        ({}, 17, "17"),
        ({}, "", None),
    )
    invalid = (({}, ["1"]), ({}, True), ({}, "x" * 101))

    @property
    def _pattern(self) -> str:
        return str(self.settings.get("pattern", "{0000}"))

    def _tokens(self) -> list[str]:
        return TOKEN.findall(self._pattern)

    def clean(self, raw: Any, context: Context) -> str | None:
        return bounded(" ".join(plain(raw).split()), 0, 100) or None

    def period(self, today: Any) -> str:
        tokens = self._tokens()
        parts = 3 if "DD" in tokens else 2 if "MM" in tokens else 1 if {"YYYY", "YY"} & {*tokens} else 0
        return "-".join(today.isoformat()[:10].split("-")[:parts])

    def number(self, counter: int, today: Any) -> str:
        """The text for the ``counter``-th record of the period, from 1."""
        year, month, day = today.isoformat()[:10].split("-")
        dates = {"YYYY": year, "YY": year[2:], "MM": month, "DD": day}
        count = counter + self.settings.get("start", 1) - 1
        return TOKEN.sub(lambda found: dates.get(found[1]) or str(count).zfill(len(found[1])), self._pattern)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": 100, "readOnly": True}

    def check(self) -> list[Problem]:
        tokens = self._tokens()
        found = []
        counters = sum(token[0] == "0" for token in tokens)
        if counters != 1:
            en = "the pattern needs exactly one counter such as {0000}"
            found.append(Problem("no_counter", Message(en, "编号规则须恰好包含一个流水号，如 {0000}"), path="pattern"))
        if re.search(r"[{}]", TOKEN.sub("", self._pattern)):
            en = "allowed in braces: {YYYY} {YY} {MM} {DD} and zeros as in {0000}"
            zh = "花括号内只能是 {YYYY} {YY} {MM} {DD} 或若干个 0"
            found.append(Problem("token", Message(en, zh), path="pattern"))
        year = {"YYYY", "YY"} & {*tokens}
        if ("MM" in tokens and not year) or ("DD" in tokens and "MM" not in tokens):
            en = "numbers would come again: a month needs the year, a day the month"
            found.append(Problem("period", Message(en, "编号会重复：含月份须含年份，含日期须含月份"), path="pattern"))
        return found
