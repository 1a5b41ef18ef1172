"""Functions on text. Lengths and places count code points; nothing depends on a locale."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from runtime.base.sqltext import Sql, fmt, join
from runtime.formula import casemap, pattern
from runtime.formula.functions.declare import Function, function, impl
from runtime.formula.values import CTX, MAX_TEXT, capped, norm, number_text, to_local, whole

if TYPE_CHECKING:
    from runtime.formula.env import Env

BLANKS = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000\ufeff"
NUMBER_SHAPE = re.compile(r"([+-]?)(?:([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]+)?|(\.[0-9]+))(%?)\Z")
MAX_NUMBER_TEXT = 80


def parse_number(text: str) -> Decimal | None:
    """The number a text spells (VALUE), or None."""
    text = text.strip(BLANKS)
    if len(text) > MAX_NUMBER_TEXT:
        return None
    match = NUMBER_SHAPE.match(text)
    if not match:
        return None
    sign, whole_part, fraction, bare, percent = match.groups()
    value = Decimal((whole_part or "0").replace(",", "") + (fraction or bare or ""))
    if percent:
        value = value.scaleb(-2, CTX)
    return norm(value.copy_negate() if sign == "-" else value)


def _count(n: Decimal) -> int:
    return max(whole(n), 0)


def _right(t: str, n: Decimal) -> str:
    count = _count(n)
    return t[-count:] if count else ""


def _mid(t: str, start: Decimal, count: Decimal) -> str:
    first = max(whole(start), 1) - 1
    return t[first : first + _count(count)]


def _find(sub: str, t: str, start: Decimal) -> Decimal:
    first = whole(start)
    if not 1 <= first <= len(t) + 1:
        return Decimal(0)
    return Decimal(t.find(sub, first - 1) + 1)


def _substitute(t: str, old: str, new: str) -> str:
    if not old:
        return t
    if len(t) + t.count(old) * (len(new) - len(old)) > MAX_TEXT:
        return ""
    return t.replace(old, new)


def _replace(t: str, start: Decimal, count: Decimal, new: str) -> str:
    first = min(max(whole(start), 1), len(t) + 1) - 1
    return capped(t[:first] + new + t[first + _count(count) :])


def _rept(t: str, n: Decimal) -> str:
    count = _count(n)
    return "" if count > 1000 or count * len(t) > MAX_TEXT else t * count


def _pad(left: bool) -> Any:
    def padded(t: str, n: Decimal, pad: str) -> str:
        size = _count(n)
        if size > MAX_TEXT:
            return ""
        if len(t) >= size or not pad:
            return t[:size]
        fill = (pad * (size // len(pad) + 1))[: size - len(t)]
        return fill + t if left else t + fill

    return padded


def _splitpart(t: str, sep: str, k: Decimal) -> str:
    index = whole(k)
    if index < 1:
        return ""
    found = t.split(sep) if sep else [t]
    return found[index - 1] if index <= len(found) else ""


def _concat(*values: str) -> str:
    return capped("".join(values))


def group_digits(digits: str) -> str:
    """``1234567`` as ``1,234,567``."""
    head = len(digits) % 3
    return ",".join(([digits[:head]] if head else []) + [digits[i : i + 3] for i in range(head, len(digits), 3)])


def _text_number(x: Decimal | None, prefix: str, grouped: bool, places: Decimal, percent: bool, suffix: str) -> str:
    if x is None:
        return ""
    if percent:
        x = x.scaleb(2, CTX)
    k = int(places)
    y = x.quantize(Decimal((0, (1,), -k)), rounding=ROUND_HALF_UP, context=CTX)
    sign = "-" if y < 0 else ""
    head, _, tail = format(y.copy_abs(), "f").partition(".")
    body = group_digits(head) if grouped else head
    return sign + prefix + body + ("." + tail if tail else "") + ("%" if percent else "") + suffix


def date_part(token: str, d: dt.date) -> str:
    """One token of a date format."""
    match token:
        case "YYYY":
            return f"{d.year:04}"
        case "YY":
            return f"{d.year % 100:02}"
        case "MM":
            return f"{d.month:02}"
        case "M":
            return str(d.month)
        case "DD":
            return f"{d.day:02}"
        case "D":
            return str(d.day)
    assert isinstance(d, dt.datetime)
    match token:
        case "HH":
            return f"{d.hour:02}"
        case "H":
            return str(d.hour)
        case "mm":
            return f"{d.minute:02}"
        case "m":
            return str(d.minute)
    return f"{d.second:02}"


DATE_TOKENS = ("YYYY", "YY", "MM", "M", "DD", "D")
TIME_TOKENS = ("HH", "H", "mm", "m", "ss")


def _text_date(x: dt.date | None, *parts: str) -> str:
    if x is None:
        return ""
    return "".join(part[1:] if part[0] == "'" else date_part(part, x) for part in parts)


def _text_instant(env: Env, x: dt.datetime | None, *parts: str) -> str:
    return _text_date(to_local(x, env.zone), *parts) if x is not None else ""


def _sql_parts(value: Sql, parts: Sequence[Sql]) -> Sql:
    """The parts' values are literals of the compiler, never of a user's row; each becomes a parameter."""
    return fmt("fx.format({}, ARRAY[{}]::text[])", value, join(", ", parts))


def _sql_text_date(args: Sequence[Sql], env: Env) -> Sql:
    return _sql_parts(fmt("({})::timestamp", args[0]), args[1:])


def _sql_text_instant(args: Sequence[Sql], env: Env) -> Sql:
    return _sql_parts(fmt("fx.local({}, {})", args[0], Sql("%s::text", (env.tz,))), args[1:])


def _text_duration(x: Decimal | None, *parts: str) -> str:
    if x is None:
        return ""
    left = int(x.copy_abs().to_integral_value(ROUND_DOWN, CTX))
    sign = "-" if x < 0 and left else ""
    tokens = {part.upper() if part in "DH" else part for part in parts}
    days = hours = minutes = 0
    if "D" in tokens:
        days, left = divmod(left, 86_400)
    if tokens & {"H", "HH"}:
        hours, left = divmod(left, 3_600)
    if tokens & {"m", "mm"}:
        minutes, left = divmod(left, 60)
    values = {"D": days, "H": hours, "HH": hours, "m": minutes, "mm": minutes, "s": left, "ss": left}
    out = [part[1:] if part[0] == "'" else str(values[part]).zfill(2 if len(part) == 2 else 1) for part in parts]
    return sign + "".join(out)


def _sql_text_duration(args: Sequence[Sql], env: Env) -> Sql:
    return fmt("fx.format_duration({}, ARRAY[{}]::text[])", args[0], join(", ", args[1:]))


def _optionlabel(env: Env, x: str | None, field: str) -> str:
    return "" if not x else env.option_labels.get(field, {}).get(x, x)


def _sql_optionlabel(args: Sequence[Sql], env: Env) -> Sql:
    field = str(args[1].params[0])
    keys = list(env.option_labels.get(field, {}).items())
    names = Sql("%s::text[], %s::text[]", ([k for k, _ in keys], [v for _, v in keys]))
    return fmt("fx.label({}, {})", args[0], names)


def _sql_concat(args: Sequence[Sql], env: Env) -> Sql:
    return fmt("fx.cap({})", join(" || ", args))


EXAMPLE_MID = [("MID('北京市海淀区', 4, 3)", "海淀区"), ("MID('abc', 0, 2)", "ab"), ("MID('abc', 2, -1)", None)]
FUNCTIONS: list[Function] = [
    function(
        "CONCAT",
        "text",
        "Joins values into one text, like &; blanks add nothing.",
        "把多个值连接成文本，同 &；空值忽略。",
        [("CONCAT('a', 1.50, TRUE)", "a1.5TRUE"), ("CONCAT('甲', '')", "甲")],
        impl("CONCAT", "value:t more:t…", "t", _concat, _sql_concat),
        rule="concat",
        signature="CONCAT(value, …)",
        arity=(1, 64),
    ),
    function(
        "LEN",
        "text",
        "The number of characters.",
        "字符个数。",
        [("LEN('𠮷野家')", "3"), ("LEN('')", "0")],
        impl("LEN", "text:t", "n", lambda t: Decimal(len(t)), "length({})::numeric", bounds=(10, 0)),
    ),
    function(
        "LEFT",
        "text",
        "The first characters of a text.",
        "文本最左边的若干字符。",
        [("LEFT('上海市', 2)", "上海"), ("LEFT('abc')", "a")],
        impl("LEFT", "text:t count:n=1", "t", lambda t, n: t[: _count(n)], "fx.left({}, {})"),
    ),
    function(
        "RIGHT",
        "text",
        "The last characters of a text.",
        "文本最右边的若干字符。",
        [("RIGHT('上海市', 2)", "海市"), ("RIGHT('abc', 0)", None)],
        impl("RIGHT", "text:t count:n=1", "t", _right, "fx.right({}, {})"),
    ),
    function(
        "MID",
        "text",
        "Characters from a place on; the first place is 1.",
        "从指定位置起取若干字符，位置从 1 开始。",
        EXAMPLE_MID,
        impl("MID", "text:t start:n count:n", "t", _mid, "fx.mid({}, {}, {})"),
    ),
    function(
        "UPPER",
        "text",
        "Capital letters, letter by letter.",
        "逐字符转换为大写。",
        [("UPPER('aé中ß')", "AÉ中ß")],
        impl("UPPER", "text:t", "t", casemap.upper, "fx.upper({})"),
    ),
    function(
        "LOWER",
        "text",
        "Small letters, letter by letter.",
        "逐字符转换为小写。",
        [("LOWER('AÉ中')", "aé中")],
        impl("LOWER", "text:t", "t", casemap.lower, "fx.lower({})"),
    ),
    function(
        "TRIM",
        "text",
        "Takes blanks off both ends, full-width ones too.",
        "去掉首尾空白，包括全角空格。",
        [("TRIM('　 a b ')", "a b")],
        impl("TRIM", "text:t", "t", lambda t: t.strip(BLANKS), "fx.trim({})"),
    ),
    function(
        "CONTAINS",
        "text",
        "True when a text contains another, capitals matter.",
        "文本包含另一段文本时为真，区分大小写。",
        [("CONTAINS('深圳科技', '科技')", "true"), ("CONTAINS('abc', 'B')", "false"), ("CONTAINS('abc', '')", "true")],
        impl(
            "CONTAINS",
            "text:t part:t",
            "b",
            lambda t, s: s in t,
            lambda a, e: fmt("(position({} in {}) > 0)", a[1], a[0]),
        ),
    ),
    function(
        "ICONTAINS",
        "text",
        "True when a text contains another, capitals do not matter.",
        "文本包含另一段文本时为真，不区分大小写。",
        [("ICONTAINS('ABC', 'b')", "true")],
        impl(
            "ICONTAINS",
            "text:t part:t",
            "b",
            lambda t, s: casemap.lower(s) in casemap.lower(t),
            lambda a, e: fmt("(position(fx.lower({}) in fx.lower({})) > 0)", a[1], a[0]),
        ),
    ),
    function(
        "STARTSWITH",
        "text",
        "True when a text begins with another.",
        "文本以另一段文本开头时为真。",
        [("STARTSWITH('abc', 'ab')", "true")],
        impl("STARTSWITH", "text:t part:t", "b", lambda t, s: t.startswith(s), "starts_with({}, {})"),
    ),
    function(
        "ENDSWITH",
        "text",
        "True when a text ends with another.",
        "文本以另一段文本结尾时为真。",
        [("ENDSWITH('abc', 'bc')", "true")],
        impl("ENDSWITH", "text:t part:t", "b", lambda t, s: t.endswith(s), "fx.endswith({}, {})"),
    ),
    function(
        "FIND",
        "text",
        "The place of a text inside another, 0 when it is not there.",
        "查找文本所在位置，找不到为 0。",
        [
            ("FIND('b', 'abcb')", "2"),
            ("FIND('b', 'abcb', 3)", "4"),
            ("FIND('x', 'abc')", "0"),
            ("FIND('a', 'abc', 9)", "0"),
        ],
        impl("FIND", "part:t text:t start:n=1", "n", _find, "fx.find({}, {}, {})", bounds=(10, 0)),
    ),
    function(
        "SUBSTITUTE",
        "text",
        "Replaces every occurrence of a text.",
        "替换文本中的所有匹配项。",
        [("SUBSTITUTE('a-b-c', '-', '/')", "a/b/c"), ("SUBSTITUTE('abc', '', 'x')", "abc")],
        impl("SUBSTITUTE", "text:t old:t new:t", "t", _substitute, "fx.substitute({}, {}, {})"),
    ),
    function(
        "REPLACE",
        "text",
        "Replaces characters by their place.",
        "按位置替换字符。",
        [("REPLACE('13812345678', 4, 4, '****')", "138****5678")],
        impl("REPLACE", "text:t start:n count:n new:t", "t", _replace, "fx.replace({}, {}, {}, {})"),
    ),
    function(
        "REPT",
        "text",
        "Repeats a text up to 1,000 times.",
        "重复文本，最多 1,000 次。",
        [("REPT('=', 3)", "==="), ("REPT('a', 0)", None)],
        impl("REPT", "text:t times:n", "t", _rept, "fx.rept({}, {})"),
        rule="rept",
        arity=(2, 2),
    ),
    function(
        "LPAD",
        "text",
        "Fills up on the left to a length, or cuts to it.",
        "在左侧补足到指定长度，过长则截断。",
        [("LPAD('7', 3, '0')", "007"), ("LPAD('abcd', 2)", "ab")],
        impl("LPAD", "text:t length:n pad:t=␠", "t", _pad(True), "fx.lpad({}, {}, {})"),
    ),
    function(
        "RPAD",
        "text",
        "Fills up on the right to a length, or cuts to it.",
        "在右侧补足到指定长度，过长则截断。",
        [("RPAD('7', 3, '.')", "7..")],
        impl("RPAD", "text:t length:n pad:t=␠", "t", _pad(False), "fx.rpad({}, {}, {})"),
    ),
    function(
        "SPLITPART",
        "text",
        "One part of a text that a separator divides; the first is 1.",
        "按分隔符取第几段，从 1 开始。",
        [("SPLITPART('a/b/c', '/', 2)", "b"), ("SPLITPART('a/b', '/', 5)", None)],
        impl("SPLITPART", "text:t separator:t part:n", "t", _splitpart, "fx.splitpart({}, {}, {})"),
    ),
    function(
        "TEXT",
        "text",
        "A number, date or duration as text in a written-out format: '#,##0.00', 'YYYY-MM-DD', 'H:mm'.",
        "按固定格式把数字、日期或时长转换为文本：'#,##0.00'、'YYYY年MM月DD日'、'H:mm'。",
        [
            ("TEXT(1234.5, '#,##0.00')", "1,234.50"),
            ("TEXT(0.125, '0.0%')", "12.5%"),
            ("TEXT(NULL, '0')", None),
            ("TEXT(DATE(2026,1,5), 'YYYY年M月D日')", "2026年1月5日"),
            ("TEXT(DURATION(90,'minute'), 'H:mm')", "1:30"),
            ("TEXT(TRUE, '是;否')", "是"),
        ],
        impl(
            "TEXT.N",
            "x:n prefix:t grouped:b places:n percent:b suffix:t",
            "t",
            _text_number,
            "fx.format_number({}, {}, {}, {}, {}, {})",
            strict=False,
        ),
        impl("TEXT.D", "x:d parts:t…", "t", _text_date, _sql_text_date, strict=False),
        impl("TEXT.DT", "x:dt parts:t…", "t", _text_instant, _sql_text_instant, strict=False, env=True),
        impl("TEXT.DUR", "x:dur parts:t…", "t", _text_duration, _sql_text_duration, strict=False),
        rule="text",
        signature="TEXT(value, format)",
        arity=(2, 2),
    ),
    function(
        "VALUE",
        "text",
        "The number that a text spells; blank when it spells none.",
        "把文本转换为数字；无法识别时为空。",
        [("VALUE(' 1,234.50 ')", "1234.5"), ("VALUE('12%')", "0.12"), ("VALUE('.5')", "0.5"), ("VALUE('1.2.3')", None)],
        impl("VALUE", "text:t", "n", parse_number, "fx.value({})", faults=True, code="NOT_A_NUMBER"),
    ),
    function(
        "MATCHES",
        "text",
        r"True when a simple pattern is found in a text: letters, [a-z], \d \w \s . ^ $ | ( ) ? * + {m,n}.",
        r"文本中能找到简单模式时为真：字符、[a-z]、\d \w \s . ^ $ | ( ) ? * + {m,n}。",
        [(r"MATCHES('138-1234', '^\\d{3}-')", "true"), ("MATCHES('abc', '^b')", "false")],
        impl("MATCHES", "text:t pattern:t!", "b", pattern.matches, "(left({}, 1000) ~ {})"),
        rule="matches",
        arity=(2, 2),
    ),
    function(
        "OPTIONLABEL",
        "text",
        "The label of an option instead of its key.",
        "选项的显示名称。",
        [("OPTIONLABEL(status)", "草稿")],
        impl("OPTIONLABEL", "option:x field:t", "t", _optionlabel, _sql_optionlabel, strict=False, env=True),
        rule="optionlabel",
        signature="OPTIONLABEL(option)",
        arity=(1, 1),
    ),
    function(
        "EXACT",
        "text",
        "True when two texts are the same; like ==.",
        "两段文本完全相同时为真，同 ==。",
        [("EXACT('a', 'A')", "false")],
        rule="exact",
        signature="EXACT(text, text)",
        arity=(2, 2),
    ),
]
HIDDEN = [
    impl("N2T", "x:n", "t", number_text, "(trim_scale({})::text)"),
    impl("D2T", "x:d", "t", dt.date.isoformat, "fx.date_text({})"),
    impl("B2T", "x:b", "t", lambda x: "TRUE" if x else "FALSE", "(CASE WHEN {} THEN 'TRUE' ELSE 'FALSE' END)"),
]
