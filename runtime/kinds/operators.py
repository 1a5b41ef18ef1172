"""The operators of the filter builder: what a kind's ``operators`` name, how each is called and written as a formula.

``{f}`` stands for the field, ``{v}`` and ``{w}`` for values, ``{l}`` for a list of values. It reads no record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Operator:
    """One operator. ``takes`` says what is entered beside it.

    ``nothing``; ``text``, any text; ``value``, a value of the field; ``range``, two of them; ``values``, some of them;
    ``item`` and ``items``, one or some of what a list holds; ``days``, a number of days.
    """

    key: str
    label: Mapping[str, str]
    formula: str
    takes: str = "value"


def _made(key: str, en: str, zh: str, formula: str, takes: str = "value") -> Operator:
    return Operator(key, {"en": en, "zh": zh}, formula, takes)


#: Days that move with the calendar: key, labels, first and last day, what is entered.
WEEK, MONTH, QUARTER, YEAR = (f"STARTOF(TODAY(), '{unit}')" for unit in ("week", "month", "quarter", "year"))
SPANS = (
    ("today", "is today", "为今天", "TODAY()", ""),
    ("yesterday", "is yesterday", "为昨天", "DATEADD(TODAY(), -1, 'day')", ""),
    ("tomorrow", "is tomorrow", "为明天", "DATEADD(TODAY(), 1, 'day')", ""),
    ("this_week", "is in this week", "在本周", WEEK, f"DATEADD({WEEK}, 6, 'day')"),
    ("last_week", "is in last week", "在上周", f"DATEADD({WEEK}, -7, 'day')", f"DATEADD({WEEK}, -1, 'day')"),
    ("next_week", "is in next week", "在下周", f"DATEADD({WEEK}, 7, 'day')", f"DATEADD({WEEK}, 13, 'day')"),
    ("this_month", "is in this month", "在本月", MONTH, "EOMONTH(TODAY(), 0)"),
    ("last_month", "is in last month", "在上月", f"EDATE({MONTH}, -1)", "EOMONTH(TODAY(), -1)"),
    ("next_month", "is in next month", "在下月", f"EDATE({MONTH}, 1)", "EOMONTH(TODAY(), 1)"),
    ("this_quarter", "is in this quarter", "在本季度", QUARTER, f"EOMONTH({QUARTER}, 2)"),
    ("this_year", "is in this year", "在今年", YEAR, f"EOMONTH({YEAR}, 11)"),
    ("last_days", "is in the last … days", "在过去 … 天内", "DATEADD(TODAY(), -{v}, 'day')", "TODAY()"),
    ("next_days", "is in the next … days", "在未来 … 天内", "TODAY()", "DATEADD(TODAY(), {v}, 'day')"),
)
#: Before the key of a span where the field holds instants: the day counts that they fall on.
INSTANT = "at_"


def _spans(prefix: str, day: str) -> list[Operator]:
    made = []
    for key, en, zh, first, last in SPANS:
        formula = f"BETWEEN({day}, {first}, {last})" if last else f"{day} == {first}"
        made.append(_made(prefix + key, en, zh, formula, "days" if "{v}" in formula else "nothing"))
    made.append(_made(f"{prefix}past", "is before today", "早于今天", f"{day} < TODAY()", "nothing"))
    return made


DAYS, INSTANTS = _spans("", "{f}"), _spans(INSTANT, "DATEVALUE({f})")
OPERATORS: Mapping[str, Operator] = {
    one.key: one
    for one in (
        *DAYS,
        *INSTANTS,
        _made("eq", "is", "等于", "{f} == {v}"),
        _made("ne", "is not", "不等于", "{f} != {v}"),
        _made("lt", "is less than", "小于", "{f} < {v}"),
        _made("le", "is at most", "小于等于", "{f} <= {v}"),
        _made("gt", "is more than", "大于", "{f} > {v}"),
        _made("ge", "is at least", "大于等于", "{f} >= {v}"),
        _made("between", "is between", "介于", "BETWEEN({f}, {v}, {w})", "range"),
        _made("contains", "contains", "包含", "ICONTAINS({f}, {v})", "text"),
        _made("not_contains", "does not contain", "不包含", "NOT(ICONTAINS({f}, {v}))", "text"),
        _made("starts", "begins with", "开头是", "STARTSWITH({f}, {v})", "text"),
        _made("ends", "ends with", "结尾是", "ENDSWITH({f}, {v})", "text"),
        _made("in", "is one of", "属于", "{f} in {l}", "values"),
        _made("not_in", "is none of", "不属于", "{f} not in {l}", "values"),
        _made("has", "has", "含有", "HAS({f}, {v})", "item"),
        _made("has_any", "has any of", "含有任一", "HASANY({f}, {l})", "items"),
        _made("has_all", "has all of", "含有全部", "HASALL({f}, {l})", "items"),
        _made("blank", "is blank", "为空", "ISBLANK({f})", "nothing"),
        _made("not_blank", "is not blank", "不为空", "NOT(ISBLANK({f}))", "nothing"),
        _made("is_true", "is yes", "为是", "{f}", "nothing"),
        _made("is_false", "is no", "为否", "NOT({f})", "nothing"),
    )
}
