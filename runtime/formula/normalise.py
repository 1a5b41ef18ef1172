"""The lexer: formula text as people type it, in, a list of plain tokens with their places, out.

It accepts spreadsheet and full-width spellings and refuses everything that is not a formula before any
parser sees it. It never looks at fields or types.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from runtime.formula.diagnostics import refuse, shown

MAX_SOURCE = 4_000
MAX_TOKENS = 1_000
MAX_NESTING = 60
MAX_SIGNS = 3
MAX_TEXT = 1_000

NAME = "name"
NUMBER = "number"
TEXT = "text"
OP = "op"
KEYWORD = "keyword"


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` and ``value`` in plain spelling, ``start`` and ``end`` in the original source. ``number``
    holds the exact value of a number; ``braced`` tells ``{a name}`` from a bare one.
    """

    kind: str
    value: str
    start: int
    end: int
    number: Decimal | None = None
    braced: bool = False


# one code point -> the spelling it stands for outside of texts
PLAIN = dict(
    zip(
        "（），；：＝＞＜＋－＊／！＆｜．｛｝［］％０１２３４５６７８９、−×÷",
        "(),;:=><+-*/!&|.{}[]%0123456789,-*/",
        strict=True,
    )
)
WIDE = {"≠": "!=", "≤": "<=", "≥": ">="}
DOUBLE_QUOTES = '"“”„‟＂'
SINGLE_QUOTES = "'‘’‚‛＇"
CLOSING = {'"': '"', "'": "'", "＂": '＂"', "＇": "＇'"}
ESCAPES = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "t": "\t"}
TWO = {"==": "==", "!=": "!=", "<>": "!=", "<=": "<=", ">=": ">=", "&&": "and", "||": "or"}
ONE = set("()+-*/&<>,.[]")
KEYWORDS = {"and", "or", "not", "in", "if", "else"}
CONSTANTS = {"true": "TRUE", "false": "FALSE", "null": "NULL", "none": "NULL"}
OPENING = {"(": ")", "[": "]"}

WHY: dict[str, tuple[str, str]] = {
    "control": ("control characters are not allowed.", "不允许控制字符。"),
    "unknown": ("a formula has no use for this sign.", "公式中不使用此符号。"),
    "text_end": ("the text has no closing quote.", "文本缺少结束引号。"),
    "brace_end": ("the name has no closing brace }.", "名称缺少右花括号 }。"),
    "brace_empty": ("the braces hold no name.", "花括号内没有名称。"),
    "escape": (r"allowed escapes are \\ \' \" \n \t \uXXXX.", r"允许的转义为 \\ \' \" \n \t \uXXXX。"),
    "prefix": ("letters directly before a text are not allowed; join with &.", "文本前不能紧跟字母；请用 & 连接。"),
    "adjacent": ("join two texts with &.", "两段文本请用 & 连接。"),
    "number": ("write numbers with the digits 0-9 and one point.", "数字请用 0-9 和一个小数点。"),
    "power": ("use POWER(base, exponent).", "请使用 POWER(底数, 指数)。"),
    "modulo": ("use MOD(number, divisor), and x / 100 for per cent.", "请使用 MOD(数, 除数)；百分比写作 x / 100。"),
    "quotient": ("use QUOTIENT(number, divisor).", "请使用 QUOTIENT(被除数, 除数)。"),
    "semicolon": ("separate arguments with a comma.", "参数之间请用逗号分隔。"),
    "bars": ("use || or OR(…).", "请使用 || 或 OR(…)。"),
    "assign": ("a formula cannot assign; compare with ==.", "公式不能赋值；比较请用 ==。"),
    "arrow": ("write >= or <=.", "请写 >= 或 <=。"),
    "bang": ("write NOT(…) or !=.", "请写 NOT(…) 或 !=。"),
    "keyword": ("this word of a programming language is not part of formulas.", "公式中没有这个编程关键字。"),
    "colon": ("a colon has no use in a formula.", "公式中不使用冒号。"),
}
BAD_OPS = [
    ("**", "power"),
    ("//", "quotient"),
    (":=", "assign"),
    ("=>", "arrow"),
    ("=<", "arrow"),
    ("<<", "unknown"),
    (">>", "unknown"),
    ("^", "power"),
    ("%", "modulo"),
    (";", "semicolon"),
    ("|", "bars"),
    ("~", "unknown"),
    ("!", "bang"),
    (":", "colon"),
]
BAD_WORDS = {"lambda", "for", "while", "import", "yield", "await", "async", "is", "def", "class", "return"}
FIXES = {"=>": ">=", "=<": "<=", ";": ",", "|": "||"}


def tokenise(source: str) -> list[Token]:
    """The tokens of ``source``; raises Refused with a diagnostic."""
    if len(source) > MAX_SOURCE:
        raise refuse("E_LIMIT_SOURCE", (0, MAX_SOURCE), {"got": len(source), "max": MAX_SOURCE})
    for place, ch in enumerate(source):
        if ch == "\0" or "\ud800" <= ch <= "\udfff":
            raise _bad(source, place, place + 1, "control")
    tokens = _Lexer(source).run()
    if not tokens:
        raise refuse("E_EMPTY", (0, len(source)))
    return tokens


def _bad(source: str, start: int, end: int, why: str, fix: str | None = None) -> Exception:
    english, chinese = WHY[why]
    params = {"found": shown(source[start:end]), "why": english, "why_zh": chinese}
    return refuse("E_TOKEN", (start, end), params, fix)


def plain_name(text: str) -> str:
    """A name in the form in which scopes are asked for it."""
    return unicodedata.normalize("NFKC", text)


class _Lexer:
    def __init__(self, source: str) -> None:
        self.source = source
        self.plain = "".join(PLAIN.get(ch, ch) for ch in source)
        self.tokens: list[Token] = []
        self.place = 0
        self.open: list[Token] = []
        self.signs = 0

    def run(self) -> list[Token]:
        self._skip_blanks()
        if self.plain[self.place : self.place + 1] == "=":
            self.place += 1
        while True:
            self._skip_blanks()
            if self.place >= len(self.source):
                break
            self._next()
            if len(self.tokens) > MAX_TOKENS:
                last = self.tokens[-1]
                raise refuse("E_LIMIT_TOKENS", (last.start, last.end), {"max": MAX_TOKENS})
        if self.open:
            token = self.open[-1]
            closing = OPENING[token.value]
            params = {
                "found": token.value,
                "why": f"the closing {closing} is missing.",
                "why_zh": f"缺少右括号 {closing}。",
            }
            raise refuse("E_SYNTAX", (token.start, token.end), params)
        return self.tokens

    def _skip_blanks(self) -> None:
        while self.place < len(self.source) and (
            self.source[self.place].isspace() or self.source[self.place] in "\ufeff\u200b"
        ):
            self.place += 1

    def _next(self) -> None:
        ch = self.plain[self.place]
        if ch in DOUBLE_QUOTES or ch in SINGLE_QUOTES:
            self._text()
        elif ch == "{":
            self._braced()
        elif ch in "0123456789" or (
            ch == "."
            and self.plain[self.place + 1 : self.place + 2] in tuple("0123456789")
            and not self._after_operand()
        ):
            self._number()
        elif ch == "_" or ch.isidentifier() or plain_name(ch).isidentifier():
            self._word()
        else:
            self._operator()

    def _push(self, token: Token) -> None:
        if token.kind == OP and token.value in "+-":
            self.signs = self.signs + 1 if not self._after_operand() else 0
        elif token.value == "not" and token.kind == KEYWORD:
            self.signs += 1
        else:
            self.signs = 0
        if self.signs > MAX_SIGNS:
            raise refuse("E_LIMIT_SIGNS", (token.start, token.end), {"max": MAX_SIGNS})
        self.tokens.append(token)
        self.place = token.end

    def _after_operand(self) -> bool:
        """True where an operator may follow: after a value or a closing bracket."""
        if not self.tokens:
            return False
        last = self.tokens[-1]
        return last.kind in (NAME, NUMBER, TEXT) or (last.kind == OP and last.value in ")]")

    def _text(self) -> None:
        start = self.place
        first = self.plain[start]
        group = DOUBLE_QUOTES if first in DOUBLE_QUOTES else SINGLE_QUOTES
        closing = CLOSING.get(first, group)
        if self.tokens and self.tokens[-1].end == start and self.tokens[-1].kind in (NAME, KEYWORD):
            last = self.tokens[-1]
            if not last.braced:
                raise _bad(self.source, last.start, start + 1, "prefix")
        if self.tokens and self.tokens[-1].kind == TEXT:
            raise _bad(self.source, start, start + 1, "adjacent", "& " + self.source[start])
        out: list[str] = []
        place = start + 1
        while True:
            if place >= len(self.source):
                raise _bad(self.source, start, len(self.source), "text_end")
            ch = self.source[place]
            if ch in closing:
                break
            if ch == "\\":
                decoded, place = self._escape(place)
                out.append(decoded)
            else:
                out.append(ch)
                place += 1
        value = "".join(out)
        if len(value) > MAX_TEXT:
            raise refuse("E_LIMIT_TEXT", (start, place + 1), {"got": len(value), "max": MAX_TEXT})
        self._push(Token(TEXT, value, start, place + 1))

    def _escape(self, place: int) -> tuple[str, int]:
        ch = self.source[place + 1 : place + 2]
        if ch in ESCAPES and ch:
            return ESCAPES[ch], place + 2
        digits = self.source[place + 2 : place + 6]
        if ch == "u" and len(digits) == 4 and all(d in "0123456789abcdefABCDEF" for d in digits):
            code = int(digits, 16)
            if code and not 0xD800 <= code <= 0xDFFF:
                return chr(code), place + 6
        raise _bad(self.source, place, min(place + 2, len(self.source)), "escape")

    def _braced(self) -> None:
        start = self.place
        end = self.plain.find("}", start)
        if end < 0:
            raise _bad(self.source, start, len(self.source), "brace_end")
        name = self.source[start + 1 : end].strip()
        if not name:
            raise _bad(self.source, start, end + 1, "brace_empty")
        self._push(Token(NAME, name, start, end + 1, braced=True))

    def _number(self) -> None:
        text, start, place = self.plain, self.place, self.place
        digits = "0123456789"

        def run(at: int) -> int:
            while at < len(text) and text[at] in digits:
                at += 1
            return at

        place = run(place)
        if text[place : place + 1] == "." and text[place + 1 : place + 2] in tuple(digits):
            place = run(place + 1)
        if text[place : place + 1] in ("e", "E"):
            after = place + 1 + (text[place + 1 : place + 2] in ("+", "-"))
            if text[after : after + 1] in tuple(digits):
                place = run(after)
        following = text[place : place + 1]
        if following and (following == "_" or following.isidentifier() or following == "."):
            raise _bad(self.source, start, place + 1, "number")
        spelling = text[start:place]
        value = _exact(spelling)
        if value is None:
            raise refuse("E_LIMIT_NUMBER", (start, place), {"found": shown(spelling)})
        self._push(Token(NUMBER, spelling, start, place, number=value))

    def _word(self) -> None:
        start = place = self.place
        while place < len(self.source):
            ch = self.plain[place]
            if not ("a" + ch).isidentifier() and not ("a" + plain_name(ch)).isidentifier():
                break
            place += 1
        raw = self.source[start:place]
        word = plain_name(raw)
        lower = word.lower()
        if self.tokens and self.tokens[-1].kind == OP and self.tokens[-1].value == ".":
            self._push(Token(NAME, word, start, place))
            return
        if lower in KEYWORDS and self._is_keyword(lower, word, place):
            self._push(Token(KEYWORD, lower, start, place))
            return
        if lower in BAD_WORDS and (word == lower) and self._clashes(place):
            raise _bad(self.source, start, place, "keyword")
        self._push(Token(NAME, word, start, place))

    def _clashes(self, place: int) -> bool:
        """A word of Python between two operands, or before one, is meant as Python."""
        rest = self.plain[place:].lstrip()
        return self._after_operand() or (bool(rest) and (rest[0].isidentifier() or rest[0] in ":\"'"))

    def _is_keyword(self, lower: str, word: str, place: int) -> bool:
        """AND, OR, IF and NOT before a bracket are functions where a value must stand."""
        bracket = self.plain[place:].lstrip()[:1] == "("
        if self._after_operand():
            return True
        if lower == "in" and self.tokens and self.tokens[-1].value == "not":
            return True
        if lower == "not":
            return not (bracket and word == "NOT")
        return not bracket

    def _operator(self) -> None:
        start = self.place
        ch = self.plain[start]
        if ch in WIDE:
            self._push(Token(OP, WIDE[ch], start, start + 1))
            return
        pair = self.plain[start : start + 2]
        for bad, why in BAD_OPS:
            if pair.startswith(bad) and pair not in TWO:
                raise _bad(self.source, start, start + len(bad), why, FIXES.get(bad))
        if pair in TWO:
            value = TWO[pair]
            self._push(Token(KEYWORD if value in KEYWORDS else OP, value, start, start + 2))
        elif ch == "=":
            self._push(Token(OP, "==", start, start + 1))
        elif ch in ONE:
            token = Token(OP, ch, start, start + 1)
            self._brackets(token)
            self._push(token)
        else:
            raise _bad(self.source, start, start + 1, "unknown" if ch.isprintable() else "control")

    def _brackets(self, token: Token) -> None:
        if token.value in OPENING:
            self.open.append(token)
            if len(self.open) > MAX_NESTING:
                raise refuse("E_LIMIT_NESTING", (token.start, token.end), {"max": MAX_NESTING})
        elif token.value in ")]":
            if not self.open or OPENING[self.open[-1].value] != token.value:
                params = {
                    "found": token.value,
                    "why": "this bracket closes nothing.",
                    "why_zh": "此括号没有对应的左括号。",
                }
                raise refuse("E_SYNTAX", (token.start, token.end), params)
            self.open.pop()


def _exact(spelling: str) -> Decimal | None:
    """The number as written, or None where it is out of range; never through a float."""
    mantissa, _, exponent = spelling.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    if len(exponent) > 4 or len(whole) + len(fraction) > 200:
        return None
    value = Decimal(spelling)
    sign, digits, power = value.as_tuple()
    if not value:
        return Decimal(0)
    assert isinstance(power, int)
    kept = list(digits)
    while kept and kept[-1] == 0 and power < 0:
        kept.pop()
        power += 1
    if len(kept) + power > 22 or power < -16:
        return None
    if power > 0:
        kept.extend([0] * power)
        power = 0
    return Decimal((sign, tuple(kept), power))
