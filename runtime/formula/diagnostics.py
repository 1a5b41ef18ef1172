"""What the formula room says to people: every diagnostic code with its words in English and Chinese.

It never decides that something is wrong; the lexer, parser and checker do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ERROR = "error"
WARNING = "warning"
INFO = "info"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. ``start`` and ``end`` are code-point offsets in the source as the user wrote it;
    ``fix`` is a text that may replace that span, or None.
    """

    code: str
    severity: str
    start: int
    end: int
    message: Mapping[str, str]
    params: Mapping[str, Any] = field(default_factory=dict)
    fix: str | None = None


MESSAGES: dict[str, tuple[str, str]] = {
    "E_EMPTY": ("The formula is empty; write a value, a field or a function.", "公式为空；请填写一个值、字段或函数。"),
    "E_TOKEN": ("{found} cannot be used here: {why}", "此处不能使用 {found}：{why_zh}"),
    "E_SYNTAX": (
        "The formula cannot be read at {found}: {why}",
        "公式在 {found} 处无法识别：{why_zh}",
    ),
    "E_LIMIT_SOURCE": (
        "The formula has {got} characters; at most {max} are allowed.",
        "公式有 {got} 个字符，最多允许 {max} 个。",
    ),
    "E_LIMIT_TOKENS": (
        "The formula has more than {max} parts; split it into several fields.",
        "公式超过 {max} 个组成部分；请拆分为多个字段。",
    ),
    "E_LIMIT_NESTING": (
        "Brackets are nested deeper than {max}; split the formula into several fields.",
        "括号嵌套超过 {max} 层；请把公式拆分为多个字段。",
    ),
    "E_LIMIT_SIGNS": ("More than {max} signs in a row; one is enough.", "连续符号超过 {max} 个；一个即可。"),
    "E_LIMIT_DEPTH": (
        "The formula is nested deeper than {max} levels; split it into several fields.",
        "公式嵌套超过 {max} 层；请拆分为多个字段。",
    ),
    "E_LIMIT_NODES": (
        "The formula has more than {max} steps; split it into several fields.",
        "公式步骤超过 {max} 个；请拆分为多个字段。",
    ),
    "E_LIMIT_ARGS": (
        "{name} has {got} arguments; at most {max} are allowed.",
        "{name} 有 {got} 个参数，最多允许 {max} 个。",
    ),
    "E_LIMIT_LIST": ("The list has {got} items; at most {max} are allowed.", "列表有 {got} 项，最多允许 {max} 项。"),
    "E_LIMIT_TEXT": (
        "The text has {got} characters; at most {max} are allowed in a formula.",
        "文本有 {got} 个字符，公式中最多允许 {max} 个。",
    ),
    "E_LIMIT_NUMBER": (
        "The number {found} is out of range; allowed are 22 digits before and 16 after the point.",
        "数字 {found} 超出范围；小数点前最多 22 位，后最多 16 位。",
    ),
    "E_LIMIT_AGGREGATES": (
        "More than {max} summaries of other records; move some into rollup fields.",
        "对其他记录的汇总超过 {max} 个；请把一部分移到汇总字段中。",
    ),
    "E_UNKNOWN_FIELD": (
        "There is no field called {name}.{suggest}",
        "没有名为 {name} 的字段。{suggest_zh}",
    ),
    "E_UNKNOWN_FUNC": ("There is no function called {name}.{suggest}", "没有名为 {name} 的函数。{suggest_zh}"),
    "E_FUNC_NO_CALL": (
        "{name} is a function; write {name}(…).",
        "{name} 是函数；请写成 {name}(…)。",
    ),
    "E_ARITY": (
        "{name} takes {want} arguments but got {got}: {signature}",
        "{name} 需要 {want} 个参数，实际为 {got} 个：{signature}",
    ),
    "E_TYPE": (
        "{where} needs {want}, but this is {got}.{hint}",
        "{where_zh} 需要{want_zh}，但这里是{got_zh}。{hint_zh}",
    ),
    "E_TYPE_CMP": (
        "{left} and {right} cannot be compared with {op}.{hint}",
        "{left_zh}与{right_zh}不能用 {op} 比较。{hint_zh}",
    ),
    "E_DT_PLUS_NUMBER": (
        "A number cannot be added to a date with time; use DATEADD(…, n, 'day') for calendar days "
        "or 'hour' for exact hours.",
        "日期时间不能直接加减数字；按日历天用 DATEADD(…, n, 'day')，按小时用 'hour'。",
    ),
    "E_BOOL_EXPECTED": (
        "A condition (true or false) is needed here, but this is {got}.{hint}",
        "此处需要条件（真或假），但这里是{got_zh}。{hint_zh}",
    ),
    "E_PATH_TOMANY": (
        "{name} stands for many records; use it inside SUM, COUNT, AVG, MIN, MAX, ANY, ALL, JOIN, FIRST or LAST.",
        "{name} 代表多条记录；请放在 SUM、COUNT、AVG、MIN、MAX、ANY、ALL、JOIN、FIRST 或 LAST 中使用。",
    ),
    "E_PATH_NOT_LINK": (
        "{name} is {got}, not a link to another record; nothing can follow the point.",
        "{name} 是{got_zh}，不是关联记录，后面不能再用点号。",
    ),
    "E_PATH_DEPTH": (
        "The path passes {got} links; at most {max} are allowed.",
        "路径经过 {got} 个关联，最多允许 {max} 个。",
    ),
    "E_NOT_CONST": (
        "This argument of {name} must be written out as a fixed {want}, not computed.",
        "{name} 的这个参数必须直接写出固定的{want_zh}，不能是计算结果。",
    ),
    "E_BAD_UNIT": (
        "{found} is not a unit {name} knows; allowed are {allowed}.",
        "{name} 不支持单位 {found}；可用：{allowed}。",
    ),
    "E_BAD_FORMAT": (
        "The format {found} cannot be used: {why}",
        "格式 {found} 不可用：{why_zh}",
    ),
    "E_BAD_REGEX": ("The pattern cannot be used: {why}", "匹配模式不可用：{why_zh}"),
    "E_BAD_LITERAL": (
        "{found} is not allowed here; {name} allows {allowed}.",
        "此处不允许 {found}；{name} 允许 {allowed}。",
    ),
    "E_CYCLE": (
        "The computed values need each other in a cycle: {path}",
        "计算字段循环引用：{path}",
    ),
    "E_VOLATILE_STORED": (
        "{name} changes by itself, so a stored field cannot use it; make the field virtual.",
        "{name} 会自行变化，存储字段不能使用；请把字段设为虚拟字段。",
    ),
    "E_CONTEXT_FUNC": (
        "{name} cannot be used here; it is allowed in {allowed}.",
        "此处不能使用 {name}；可用于：{allowed_zh}。",
    ),
    "E_CONTEXT_AGG": (
        "{name} over other records cannot be used here; {why}",
        "此处不能对其他记录使用 {name}；{why_zh}",
    ),
    "E_NESTED_AGG": (
        "{name} cannot stand inside another summary; put the inner one into a field of {object}.",
        "{name} 不能嵌套在另一个汇总中；请把内层汇总做成 {object} 的字段。",
    ),
    "E_MEASURE_FIELD": (
        "In a measure {name} must stand inside SUM, COUNT, COUNTD, AVG, MIN or MAX.",
        "在指标中，{name} 必须放在 SUM、COUNT、COUNTD、AVG、MIN 或 MAX 里。",
    ),
    "E_UNKNOWN_OBJECT": ("There is no object called {name}.", "没有名为 {name} 的对象。"),
    "E_INTERNAL": ("The formula could not be checked; please report it.", "公式检查失败，请反馈该问题。"),
    "W_ALWAYS_TRUE": ("This condition is always true.", "此条件永远为真。"),
    "W_ALWAYS_FALSE": ("This condition is always false.", "此条件永远为假。"),
    "W_CHOICE_VALUE": (
        "{found} is not an option; the options are {allowed}.{suggest}",
        "{found} 不是选项；可选值：{allowed}。{suggest_zh}",
    ),
    "W_DIV_NULL": (
        "Division by the fixed number 0 always gives a blank result.",
        "除以固定的 0，结果始终为空。",
    ),
    "W_SLOW": (
        "{name} has to look at all records of {object} each time: {why}",
        "{name} 每次都要查看 {object} 的全部记录：{why_zh}",
    ),
    "W_NULLABLE_RESULT": (
        "The result may be blank, for example when an input is; give a value for that case with IFBLANK(…, value).",
        "结果可能为空，例如输入为空时；请用 IFBLANK(…, 值) 给出该情况下的值。",
    ),
    "E_NOT_IN_BROWSER": (
        "{name} needs records that a form does not have: while somebody types, the server is asked for the value.",
        "{name} 需要表单之外的记录：填写时由服务器计算该值。",
    ),
    "W_TEXT_LIMIT": ("More than {max} repetitions give a blank result.", "重复次数超过 {max} 时结果为空。"),
}

#: Codes that find nothing wrong.
INFORMING = ("E_NOT_IN_BROWSER",)

TYPE_WORDS: dict[str, tuple[str, str]] = {
    "text": ("a text", "文本"),
    "number": ("a number", "数字"),
    "bool": ("true or false", "真假值"),
    "date": ("a date", "日期"),
    "datetime": ("a date with time", "日期时间"),
    "duration": ("a duration", "时长"),
    "choice": ("an option", "选项"),
    "list": ("a list", "列表"),
    "ref": ("a link to a record", "关联记录"),
    "children": ("a set of records", "一组记录"),
    "null": ("blank", "空值"),
}


def make(
    code: str, span: tuple[int, int], params: Mapping[str, Any] | None = None, fix: str | None = None
) -> Diagnostic:
    """A diagnostic with its words filled in; missing parameters become empty text."""
    values: dict[str, Any] = dict(params or {})
    filled = _Blank(values)
    english, chinese = MESSAGES[code]
    severity = INFO if code in INFORMING else {"E": ERROR, "W": WARNING}[code[0]]
    message = {"en": english.format_map(filled), "zh": chinese.format_map(filled)}
    return Diagnostic(code, severity, span[0], span[1], message, values, fix)


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


class Refused(Exception):
    """Ends the compilation of one formula with a diagnostic; never leaves the room."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.code)
        self.diagnostic = diagnostic


def refuse(
    code: str, span: tuple[int, int], params: Mapping[str, Any] | None = None, fix: str | None = None
) -> Refused:
    """The exception to raise for an error that makes the rest unreadable."""
    return Refused(make(code, span, params, fix))


def shown(text: str, limit: int = 40) -> str:
    """A piece of user text as it may be quoted in a message."""
    text = "".join(ch if ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in text[: limit + 1])
    return text[:limit] + "…" if len(text) > limit else text
