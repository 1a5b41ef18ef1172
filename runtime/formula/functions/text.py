"""Functions on text. Lengths and places count code points; nothing depends on a locale."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from runtime.base.sqltext import Sql, fmt, join
from runtime.formula import casemap, pattern, texts
from runtime.formula.functions.declare import Function, function, impl
from runtime.formula.values import number_text

if TYPE_CHECKING:
    from runtime.formula.env import Env


DATE_TOKENS = ("YYYY", "YY", "MM", "M", "DD", "D")
TIME_TOKENS = ("HH", "H", "mm", "m", "ss")


def _sql_parts(value: Sql, parts: Sequence[Sql]) -> Sql:
    """The parts' values are literals of the compiler, never of a user's row; each becomes a parameter."""
    return fmt("fx.format({}, ARRAY[{}]::text[])", value, join(", ", parts))


def _sql_text_date(args: Sequence[Sql], env: Env) -> Sql:
    return _sql_parts(fmt("({})::timestamp", args[0]), args[1:])


def _sql_text_instant(args: Sequence[Sql], env: Env) -> Sql:
    return _sql_parts(fmt("fx.local({}, {})", args[0], Sql("%s::text", (env.tz,))), args[1:])


def _sql_text_duration(args: Sequence[Sql], env: Env) -> Sql:
    return fmt("fx.format_duration({}, ARRAY[{}]::text[])", args[0], join(", ", args[1:]))


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
        impl("CONCAT", "value:t more:t…", "t", texts.concat, _sql_concat),
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
        impl("LEFT", "text:t count:n=1", "t", lambda t, n: t[: texts.whole_count(n)], "fx.left({}, {})"),
    ),
    function(
        "RIGHT",
        "text",
        "The last characters of a text.",
        "文本最右边的若干字符。",
        [("RIGHT('上海市', 2)", "海市"), ("RIGHT('abc', 0)", None)],
        impl("RIGHT", "text:t count:n=1", "t", texts.right, "fx.right({}, {})"),
    ),
    function(
        "MID",
        "text",
        "Characters from a place on; the first place is 1.",
        "从指定位置起取若干字符，位置从 1 开始。",
        EXAMPLE_MID,
        impl("MID", "text:t start:n count:n", "t", texts.mid, "fx.mid({}, {}, {})"),
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
        impl("TRIM", "text:t", "t", lambda t: t.strip(texts.BLANKS), "fx.trim({})"),
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
        impl("FIND", "part:t text:t start:n=1", "n", texts.find, "fx.find({}, {}, {})", bounds=(10, 0)),
    ),
    function(
        "SUBSTITUTE",
        "text",
        "Replaces every occurrence of a text.",
        "替换文本中的所有匹配项。",
        [("SUBSTITUTE('a-b-c', '-', '/')", "a/b/c"), ("SUBSTITUTE('abc', '', 'x')", "abc")],
        impl("SUBSTITUTE", "text:t old:t new:t", "t", texts.substitute, "fx.substitute({}, {}, {})"),
    ),
    function(
        "REPLACE",
        "text",
        "Replaces characters by their place.",
        "按位置替换字符。",
        [("REPLACE('13812345678', 4, 4, '****')", "138****5678")],
        impl("REPLACE", "text:t start:n count:n new:t", "t", texts.replace, "fx.replace({}, {}, {}, {})"),
    ),
    function(
        "REPT",
        "text",
        "Repeats a text up to 1,000 times.",
        "重复文本，最多 1,000 次。",
        [("REPT('=', 3)", "==="), ("REPT('a', 0)", None)],
        impl("REPT", "text:t times:n", "t", texts.rept, "fx.rept({}, {})"),
        rule="rept",
        arity=(2, 2),
    ),
    function(
        "LPAD",
        "text",
        "Fills up on the left to a length, or cuts to it.",
        "在左侧补足到指定长度，过长则截断。",
        [("LPAD('7', 3, '0')", "007"), ("LPAD('abcd', 2)", "ab")],
        impl("LPAD", "text:t length:n pad:t=␠", "t", texts.pad(True), "fx.lpad({}, {}, {})"),
    ),
    function(
        "RPAD",
        "text",
        "Fills up on the right to a length, or cuts to it.",
        "在右侧补足到指定长度，过长则截断。",
        [("RPAD('7', 3, '.')", "7..")],
        impl("RPAD", "text:t length:n pad:t=␠", "t", texts.pad(False), "fx.rpad({}, {}, {})"),
    ),
    function(
        "SPLITPART",
        "text",
        "One part of a text that a separator divides; the first is 1.",
        "按分隔符取第几段，从 1 开始。",
        [("SPLITPART('a/b/c', '/', 2)", "b"), ("SPLITPART('a/b', '/', 5)", None)],
        impl("SPLITPART", "text:t separator:t part:n", "t", texts.splitpart, "fx.splitpart({}, {}, {})"),
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
            texts.text_number,
            "fx.format_number({}, {}, {}, {}, {}, {})",
            strict=False,
        ),
        impl("TEXT.D", "x:d parts:t…", "t", texts.text_date, _sql_text_date, strict=False),
        impl("TEXT.DT", "x:dt parts:t…", "t", texts.text_instant, _sql_text_instant, strict=False, env=True),
        impl("TEXT.DUR", "x:dur parts:t…", "t", texts.text_duration, _sql_text_duration, strict=False),
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
        impl("VALUE", "text:t", "n", texts.parse_number, "fx.value({})", faults=True, code="NOT_A_NUMBER"),
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
        impl("OPTIONLABEL", "option:x field:t", "t", texts.optionlabel, _sql_optionlabel, strict=False, env=True),
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
