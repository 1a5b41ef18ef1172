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
    ``item`` and ``items``, one or some of what a list holds.
    """

    key: str
    label: Mapping[str, str]
    formula: str
    takes: str = "value"


def _made(key: str, en: str, zh: str, formula: str, takes: str = "value") -> Operator:
    return Operator(key, {"en": en, "zh": zh}, formula, takes)


OPERATORS: Mapping[str, Operator] = {
    one.key: one
    for one in (
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
