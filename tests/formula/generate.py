"""Random well-typed formulas as text, and adversarial rows to run them on."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from runtime.formula.values import CTX

U = [f"01890000-0000-7000-8000-00000000000{n}" for n in range(1, 4)]
NUMBERS = [
    "0",
    "1",
    "-1",
    "2.5",
    "-2.5",
    "0.5",
    "-0.5",
    "1.005",
    "1e21",
    "-1e21",
    "9999999999999999999999",
    "0.0000000000000001",
    "-0.0000000000000001",
    "1250",
    "-7",
    "7",
    "3",
    "0.1",
    "1234567.891",
    "12345678901234567890.1234567890123456",
    "100",
    "33.3333333333333333",
    "-45",
    "64",
    "12",
    "31",
    "2026",
]
TEXTS = [
    "",
    "a",
    "A",
    "abc",
    "ABC",
    "𠮷野家",
    "Ａ",
    "　",
    " a b ",
    "é",
    "ß",
    "İ",
    "中文",
    "12.5",
    "1,234",
    "-5%",
    "2026-02-28",
    "2026/2/30",
    "\u2028",
    "a,b,c",
    "%",
    "_",
    "\\",
    "'",
    "x" * 60,
    "ǅ",
    "Σς",
    "2026-11-21T10:00:00Z",
    "2026-03-29 02:30",
    "\u00a0z\ufeff",
]
DATES = [
    "2024-02-29",
    "2023-02-28",
    "2026-11-21",
    "0001-01-01",
    "9999-12-31",
    "1999-12-31",
    "2000-01-01",
    "2026-01-31",
    "2027-01-01",
    "2026-02-14",
    "2026-02-17",
    "2100-02-28",
    "1900-03-01",
    "2026-03-29",
    "2026-10-25",
]
INSTANTS = [
    "2026-03-29T00:30:00",
    "2026-03-29T01:00:00",
    "2026-10-25T00:30:00",
    "2026-10-25T01:30:00.123",
    "2026-11-21T12:45:49.123",
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59.999",
    "1970-01-01T00:00:00",
    "2024-02-29T15:59:59.999",
    "2026-01-31T16:00:00",
    "1890-05-05T05:05:05",
    "2040-07-01T22:00:00",
    "1991-04-13T18:30:00",
    "2026-02-13T02:00:00",
]
DURATIONS = ["0", "60", "-60", "3600", "5400.5", "0.001", "-86400", "999999999999.999", "604800", "7"]
CHOICES = {"status": ["draft", "sent", "won"], "level": ["A", "B", "C"]}
OPTION_LITERALS = ["NULL", "'draft'", "'A'", "''"]
UNITS = {
    "d": ["year", "quarter", "month", "week", "day"],
    "dt": ["year", "month", "week", "day", "hour", "minute", "second"],
}


def value_of(rng: random.Random, kind: str, name: str = "") -> Any:
    """One adversarial value, often blank."""
    if rng.random() < 0.2:
        return None
    match kind:
        case "number":
            if name == "price":
                return Decimal(rng.choice(["0", "1.25", "-0.01", "9999999999999.99", "10000", "12345.67"]))
            if name == "qty":
                return Decimal(rng.choice(["0", "1", "-3", "999999999", "12"]))
            return (
                Decimal(rng.choice(NUMBERS))
                if rng.random() < 0.8
                else Decimal(rng.randint(-(10**9), 10**9)).scaleb(-3, CTX)
            )
        case "text":
            return rng.choice(TEXTS)
        case "bool":
            return rng.random() < 0.5
        case "date":
            return dt.date.fromisoformat(rng.choice(DATES))
        case "datetime":
            return dt.datetime.fromisoformat(rng.choice(INSTANTS)).replace(tzinfo=dt.UTC)
        case "duration":
            return Decimal(rng.choice(DURATIONS))
        case "choice":
            return rng.choice(CHOICES.get(name, ["x", "y"]))
        case "list":
            pool = ["x", "y", "z"] if name == "tags" else ["甲", "x", "b c", '"', "𠮷"]
            return tuple(rng.sample(pool, rng.randint(0, 3)))
        case "ref":
            return rng.choice(U)
    raise AssertionError(kind)


class Formulas:
    """Makes formulas of a wanted type: ``n t b d dt dur c L``."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.aggregates = 0
        self.child = False

    def pick(self, options: Sequence[str | Callable[[], str]]) -> str:
        chosen = self.rng.choice(options)
        return chosen if isinstance(chosen, str) else chosen()

    def make(self, kind: str, depth: int) -> str:
        if depth <= 0:
            return self.leaf(kind)
        return self.pick(getattr(self, "make_" + kind)(depth - 1))

    def leaf(self, kind: str) -> str:
        rng, child = self.rng, self.child
        if kind == "n":
            fields = ["qty", "amount", "PARENT.a"] if child else ["a", "b", "c", "price", "qty", "customer.limit"]
            return self.pick([*fields, lambda: rng.choice(["0", "1", "2", "10", "0.5", "3", "1000", "0.01", "16"])])
        if kind == "t":
            fields = ["product", "note", "PARENT.s"] if child else ["s", "t", "u", "customer.name"]
            return self.pick([*fields, lambda: quoted(rng.choice(TEXTS))])
        if kind == "b":
            return self.pick(["done", "PARENT.ok", "TRUE"] if child else ["ok", "no", "TRUE", "FALSE"])
        if kind == "d":
            return self.pick(["day", "PARENT.d"] if child else ["d", "e", "TODAY()", "DATE(2024, 2, 29)"])
        if kind == "dt":
            return self.pick(["PARENT.at"] if child else ["at", "until", "NOW()"])
        if kind == "dur":
            return self.pick(["span"] if child else ["dur", "dur2", "DURATION(90, 'minute')"])
        if kind == "c":
            return self.pick(["PARENT.status"] if child else ["status", "customer.grade", "level"])
        return self.pick(["PARENT.tags"] if child else ["tags", "names", "['x', 'y']"])

    def make_n(self, d: int) -> list[str | Callable[[], str]]:
        n, t = (lambda: self.make("n", d)), (lambda: self.make("t", d))
        D = lambda: self.make(self.rng.choice(["d", "dt"]), d)  # noqa: E731
        out: list[str | Callable[[], str]] = [lambda: self.leaf("n")]
        out += [lambda op=op: f"({n()} {op} {n()})" for op in "+-*/" for _ in range(2)]
        out += [lambda: f"-({n()})", lambda: f"ABS({n()})", lambda: f"SIGN({n()})", lambda: f"INT({n()})"]
        out += [
            lambda f=f: f"{f}({n()}, {self.rng.randint(-16, 17)})" for f in ("ROUND", "ROUNDUP", "ROUNDDOWN", "TRUNC")
        ]
        out += [lambda f=f: f"{f}({n()}, {n()})" for f in ("CEILING", "FLOOR", "MROUND", "MOD", "QUOTIENT", "ROUND")]
        out += [lambda: f"POWER({n()}, {self.rng.randint(-5, 5)})", lambda: f"SQRT({n()})"]
        out += [lambda f=f: f"{f}({n()}, {n()}, {n()})" for f in ("MIN", "MAX", "SUM", "AVG", "PRODUCT", "COALESCE")]
        out += [lambda: f"LEN({t()})", lambda: f"FIND({t()}, {t()}, {n()})", lambda: f"VALUE({t()})"]
        out += [
            lambda f=f: f"{f}({D()})" for f in ("YEAR", "QUARTER", "MONTH", "DAY", "WEEKDAY", "WEEKNUM", "ISOWEEKNUM")
        ]
        out += [lambda f=f: f"{f}({self.make('dt', d)})" for f in ("HOUR", "MINUTE", "SECOND")]
        out += [lambda: f"WEEKNUM({D()}, {self.rng.choice([1, 2, 11, 14, 17, 21])})", lambda: f"WEEKDAY({D()}, 2)"]
        out += [lambda: f"DATEDIF({self.make('d', d)}, {self.make('d', d)}, '{self.rng.choice('DWMY')}')"]
        out += [lambda: f"DATEDIF({self.make('dt', d)}, {self.make('dt', d)}, '{self.rng.choice('DWMYhms')}')"]
        out += [lambda: f"DAYS({D()}, {D()})", lambda: f"({self.make('d', d)} - {self.make('d', d)})"]
        out += [lambda: f"NETWORKDAYS({self.make('d', d)}, {self.make('d', d)}, 'spring')"]
        out += [
            lambda: f"INUNIT({self.make('dur', d)}, 'hour')",
            lambda: f"({self.make('dur', d)} / {self.make('dur', d)})",
        ]
        out += [lambda: f"LISTCOUNT({self.make('L', d)})", lambda: f"IF({self.make('b', d)}, {n()}, {n()})"]
        out += [lambda: f"IF({self.make('b', d)}, {n()})", lambda: f"IFBLANK({n()}, {n()})"]
        out += [lambda: f"SWITCH({n()}, {n()}, {n()}, {n()})"]
        out += [lambda: self.aggregate("n", d)] * 3
        return out

    def aggregate(self, kind: str, d: int) -> str:
        if self.child or self.aggregates >= 3:
            return self.leaf(kind)
        self.aggregates += 1
        self.child = True
        inner = max(0, min(d, 2))
        try:
            where = self.make("b", inner)
            if kind == "b":
                return f"{self.rng.choice(['ANY', 'ALL'])}(lines, {where})"
            if kind == "t":
                name = self.rng.choice(["JOIN", "FIRST", "LAST"])
                value = self.make("t", inner)
                if name == "JOIN":
                    return f"JOIN(lines, {value}, '、', {where})"
                return f"{name}(lines, {value}, {self.make('n', inner)}, {where})"
            name = self.rng.choice(["SUM", "AVG", "MIN", "MAX", "COUNT", "COUNTD", "FIRST"])
            value = self.make("n", inner)
            if name == "COUNT":
                return f"COUNT(lines, {where})"
            if name == "FIRST":
                return f"LAST(lines, {value}, {self.make('d', inner)})"
            return f"{name}(lines, {value}, {where})"
        finally:
            self.child = False

    def make_t(self, d: int) -> list[str | Callable[[], str]]:
        t, n = (lambda: self.make("t", d)), (lambda: self.make("n", d))
        out: list[str | Callable[[], str]] = [lambda: self.leaf("t")]
        out += [lambda: f"({t()} & {self.make(self.rng.choice(['t', 'n', 'd', 'b', 'c']), d)})"] * 3
        out += [lambda f=f: f"{f}({t()})" for f in ("UPPER", "LOWER", "TRIM")]
        out += [lambda f=f: f"{f}({t()}, {n()})" for f in ("LEFT", "RIGHT", "REPT")]
        out += [lambda: f"MID({t()}, {n()}, {n()})", lambda: f"SUBSTITUTE({t()}, {t()}, {t()})"]
        out += [lambda: f"REPLACE({t()}, {n()}, {n()}, {t()})", lambda: f"SPLITPART({t()}, {t()}, {n()})"]
        out += [lambda f=f: f"{f}({t()}, {self.rng.randint(-1, 70)}, {t()})" for f in ("LPAD", "RPAD")]
        out += [lambda: f"TEXT({n()}, '{self.rng.choice(['0', '0.00', '#,##0.0', '¥#,##0', '0.0%', '0.000元'])}')"]
        out += [lambda: f"TEXT({self.make('d', d)}, '{self.rng.choice(['YYYY-MM-DD', 'YY年M月D日', 'D/M'])}')"]
        out += [lambda: f"TEXT({self.make('dt', d)}, '{self.rng.choice(['YYYY-MM-DD HH:mm:ss', 'H时m分'])}')"]
        out += [lambda: f"TEXT({self.make('dur', d)}, '{self.rng.choice(['H:mm', 'D天HH:mm:ss', 'm分'])}')"]
        out += [lambda: f"RMBCAP({n()})", lambda: f"JOIN({self.make('L', d)}, {t()})", lambda: f"IFBLANK({t()}, {t()})"]
        out += [
            lambda: f"IF({self.make('b', d)}, {t()}, {t()})",
            lambda: f"COALESCE({t()}, {t()})",
            lambda: self.aggregate("t", d),
        ]
        return out

    def make_b(self, d: int) -> list[str | Callable[[], str]]:
        t, n, b = (lambda: self.make("t", d)), (lambda: self.make("n", d)), (lambda: self.make("b", d))
        ops = ["==", "!=", "<", "<=", ">", ">="]
        out: list[str | Callable[[], str]] = [lambda: self.leaf("b")]
        out += [
            lambda k=k: f"({self.make(k, d)} {self.rng.choice(ops)} {self.make(k, d)})"
            for k in ("n", "t", "d", "dt", "dur", "n", "t")
        ]
        out += [lambda: f"({self.leaf('t')} {self.rng.choice(ops)} {quoted(self.rng.choice(TEXTS))})"] * 2
        out += [lambda: f"({quoted(self.rng.choice(TEXTS))} {self.rng.choice(ops)} {self.leaf('t')})"]
        out += [lambda: f"({self.leaf('c')} {self.rng.choice(['==', '!='])} {self.rng.choice(OPTION_LITERALS)})"]
        out += [
            lambda: f"({self.leaf('c')} {self.rng.choice(ops)} {t()})",
            lambda: f"({self.leaf('c')} == {self.leaf('c')})",
        ]
        out += [
            lambda: f"({b()} and {b()})",
            lambda: f"({b()} or {b()})",
            lambda: f"(not {b()})",
            lambda: f"XOR({b()}, {b()})",
        ]
        out += [
            lambda: f"ISBLANK({self.make(self.rng.choice(['n', 't', 'd', 'dt', 'c', 'L']), d)})",
            lambda: f"ISNUMBER({t()})",
        ]
        out += [lambda: f"BETWEEN({n()}, {n()}, {n()})", lambda: f"({n()} < {n()} <= {n()})"]
        out += [lambda f=f: f"{f}({t()}, {t()})" for f in ("CONTAINS", "ICONTAINS", "STARTSWITH", "ENDSWITH", "EXACT")]
        out += [
            lambda f=f: f"{f}({self.leaf('t')}, {quoted(self.rng.choice(TEXTS))})" for f in ("CONTAINS", "STARTSWITH")
        ]
        out += [
            lambda: f"MATCHES({t()}, {quoted(self.rng.choice(['[a-c]+', '^[0-9.]+$', 'a|中', '.{2,3}', '[^a]b?']))})"
        ]
        out += [
            lambda: f"({self.leaf('t')} {self.rng.choice(['in', 'not in'])} ['a', '中文', 'ABC'])",
            lambda: f"({n()} in [1, 2, {n()}])",
        ]
        out += [
            lambda: f"({self.leaf('c')} {self.rng.choice(['in', 'not in'])} ['draft', 'A'])",
            lambda: f"HAS({self.leaf('L')}, 'x')",
        ]
        out += [lambda f=f: f"{f}({self.make('L', d)}, {self.make('L', d)})" for f in ("HASANY", "HASALL")]
        out += [
            lambda: f"IF({b()}, {b()}, {b()})",
            lambda: self.aggregate("b", d),
            lambda: f"({self.leaf('d')} == NULL)",
        ]
        if not self.child:
            out += [
                "(owner == USER.id)",
                "(owner == other)",
                "(owner != USER.manager)",
                f"(owner in ['{U[0]}', '{U[1]}'])",
                f"(owner == '{U[1]}')",
                "HASROLE('sales')",
                "('x' in tags)",
            ]
        return out

    def make_d(self, d: int) -> list[str | Callable[[], str]]:
        x, n = (lambda: self.make("d", d)), (lambda: self.make("n", d))
        out: list[str | Callable[[], str]] = [lambda: self.leaf("d"), lambda: f"DATE({n()}, {n()}, {n()})"]
        out += [
            lambda: f"({x()} + {n()})",
            lambda: f"({x()} - {n()})",
            lambda: f"EDATE({x()}, {n()})",
            lambda: f"EOMONTH({x()}, {n()})",
        ]
        out += [
            lambda: f"DATEADD({x()}, {n()}, '{self.rng.choice(UNITS['d'])}')",
            lambda: f"DATEVALUE({self.make('t', d)})",
        ]
        out += [
            lambda: f"DATEVALUE({self.make('dt', d)})",
            lambda: f"STARTOF({x()}, '{self.rng.choice(UNITS['d'][:4])}')",
        ]
        out += [lambda: f"WORKDAY({x()}, {self.rng.randint(-30, 30)}, 'spring')", lambda: f"MIN({x()}, {x()})"]
        out += [lambda: f"IF({self.make('b', d)}, {x()}, {x()})", lambda: f"DATE({n()}, 2, 29)"]
        return out

    def make_dt(self, d: int) -> list[str | Callable[[], str]]:
        x, n = (lambda: self.make("dt", d)), (lambda: self.make("n", d))
        out: list[str | Callable[[], str]] = [lambda: self.leaf("dt")]
        out += [
            lambda: f"DATETIME({self.make('d', d)}, {self.rng.randint(0, 24)}, {n()})",
            lambda: f"DATETIMEVALUE({self.make('t', d)})",
        ]
        out += [
            lambda: f"({x()} + {self.make('dur', d)})",
            lambda: f"({x()} - {self.make('dur', d)})",
            lambda: f"MAX({x()}, {x()})",
        ]
        out += [lambda: f"DATEADD({x()}, {n()}, '{self.rng.choice(UNITS['dt'])}')"] * 2
        out += [lambda: f"STARTOF({x()}, '{self.rng.choice(['day', 'week', 'month', 'year'])}')"]
        return out

    def make_dur(self, d: int) -> list[str | Callable[[], str]]:
        x, n = (lambda: self.make("dur", d)), (lambda: self.make("n", d))
        out: list[str | Callable[[], str]] = [lambda: self.leaf("dur")]
        out += [
            lambda: f"({x()} + {x()})",
            lambda: f"({x()} - {x()})",
            lambda: f"({x()} * {n()})",
            lambda: f"({x()} / {n()})",
        ]
        out += [
            lambda: f"({self.make('dt', d)} - {self.make('dt', d)})",
            lambda: f"DURATION({n()}, 'day')",
            lambda: f"-({x()})",
        ]
        return out

    def make_c(self, d: int) -> list[str | Callable[[], str]]:
        return [lambda: self.leaf("c"), lambda: f"IF({self.make('b', d)}, {self.leaf('c')}, NULL)"]

    def make_L(self, d: int) -> list[str | Callable[[], str]]:
        if self.child:
            return [lambda: self.leaf("L")]
        return [
            lambda: self.leaf("L"),
            lambda: f"IF({self.make('b', d)}, tags, names)",
            lambda: "COALESCE(tags, names)",
        ]


def quoted(text: str) -> str:
    """A text literal of the formula language."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
