"""The reference of the formula language as data: functions from the registry, operators, blanks, contexts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runtime.formula.check import CONDITIONS, CONTEXT_WORDS
from runtime.formula.diagnostics import TYPE_WORDS
from runtime.formula.functions.declare import Function
from runtime.formula.functions.registry import FUNCTIONS
from runtime.web.texts import gettext, page_language

#: Types of primitives' parameters and results, by their code, as a name of ``TYPE_WORDS``.
CODES = {
    "n": "number",
    "t": "text",
    "b": "bool",
    "d": "date",
    "day": "date",
    "dt": "datetime",
    "dur": "duration",
    "L": "list",
}


@dataclass(frozen=True)
class Entry:
    """One function as the page shows it."""

    name: str
    signature: str
    help: str
    takes: str
    gives: str
    blank: str
    examples: Sequence[tuple[str, str | None]]
    aliases: Sequence[str]
    contexts: str
    words: str
    server: bool


@dataclass(frozen=True)
class Group:
    """The functions of one category."""

    key: str
    label: str
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Row:
    """One row of a table: what is written, what it means."""

    sign: str
    text: str
    more: str = ""


def groups(asked: str = "") -> list[Group]:
    """The functions by category, those that match ``asked`` where anything is asked."""
    labels = {
        "logic": gettext("Logic"), "number": gettext("Numbers"), "text": gettext("Texts"),
        "date": gettext("Dates and times"), "lists": gettext("Lists and options"),
        "records": gettext("Other records"), "context": gettext("Circumstances"),
    }  # fmt: skip
    found = []
    for key, label in labels.items():
        entries = [entry(one) for one in FUNCTIONS.values() if one.group == key]
        kept = [one for one in entries if all(word in one.words for word in asked.lower().split())]
        if kept:
            found.append(Group(key, label, kept))
    return found


def entry(function: Function) -> Entry:
    """One function in the language of the page; ``words`` are what a search looks at, in both languages."""
    language = page_language()
    words = [function.name, *function.aliases, function.signature, *function.help.values()]
    return Entry(
        name=function.name,
        signature=function.signature.replace("␠", "' '"),
        help=function.help[language],
        takes=takes(function),
        gives=gives(function),
        blank=blank(function),
        examples=function.examples,
        aliases=function.aliases,
        contexts=contexts_of(function),
        words=" ".join(words).lower(),
        server=not function.browser,
    )


def type_word(name: str) -> str:
    """A type in the words of the diagnostics."""
    return TYPE_WORDS[name][page_language() == "zh"]


def coded(codes: Sequence[str]) -> str:
    """Types by their codes, each once; any type where one of them says so."""
    if not codes or "x" in codes:
        return gettext("any type")
    return " / ".join(dict.fromkeys(type_word(CODES[one]) for one in codes))


def takes(function: Function) -> str:
    """What the parameters are, in words; blank where the signature says all there is."""
    names: dict[str, list[str]] = {}
    for impl in function.impls:
        for param in impl.params:
            names.setdefault(param.name, []).append(param.code)
    return ", ".join(f"{name}: {coded(codes)}" for name, codes in names.items())


def gives(function: Function) -> str:
    """The type of the result."""
    fixed = {"and": "bool", "or": "bool", "not": "bool", "isblank": "bool", "between": "bool", "exact": "bool",
             "matches": "bool", "has": "bool", "hasrole": "bool", "changed": "bool", "concat": "text", "rept": "text",
             "text": "text", "optionlabel": "text"}  # fmt: skip
    codes = [impl.result for impl in function.impls]
    if codes:
        return coded(codes)
    return type_word(fixed[function.rule]) if function.rule in fixed else gettext("as its arguments")


def blank(function: Function) -> str:
    """The null rule, in words."""
    if not function.impls:
        return ""
    if any(impl.strict for impl in function.impls):
        if any(impl.faults is not False for impl in function.impls):
            return gettext("Blank when an argument is blank, or when there is no such value.")
        return gettext("Blank when an argument is blank.")
    return gettext("Blank arguments are left out.")


def contexts_of(function: Function) -> str:
    """Where it may be written, blank for everywhere."""
    place = int(page_language() == "zh")
    names = [CONTEXT_WORDS[one][place] for one in function.contexts]
    return ("、" if place else ", ").join(names)


def operators() -> list[Row]:
    """The signs of the language."""
    return [
        Row("+  -  *  /", gettext("Arithmetic on exact decimal numbers; a division by zero is blank."), "7 / 2 = 3.5"),
        Row("&", gettext("Joins texts; numbers and dates become text."), "'A' & 1 = 'A1'"),
        Row("==  !=", gettext("Equal, not equal; two blanks are equal. A single = and <> mean the same."), "a == b"),
        Row("<  <=  >  >=", gettext("Order of numbers, dates and texts; false when one side is blank."), "1 < a <= 10"),
        Row("in  not in", gettext("One of the listed values."), "level in ['A', 'B']"),
        Row("and  or  not", gettext("Both, one of them, the opposite. && and || mean the same."), "a > 1 and not done"),
        Row("x if c else y", gettext("The same as IF(c, x, y)."), "1 if ok else 0"),
        Row("a.b.c", gettext("Follows links to other records."), "customer.owner.name"),
        Row("{ }", gettext("A field by its label, where the label is no simple word."), "{Unit price} * 2"),
        Row("PARENT.  ROW.", gettext("Inside of sums: the record around the rows, or the row itself."),
            "SUM(lines, qty * PARENT.rate)"),
    ]  # fmt: skip


def blanks() -> list[Row]:
    """What blank means."""
    return [
        Row("blank + 5", gettext("5: in arithmetic, what was left blank counts as zero.")),
        Row("1 / 0", gettext("Blank: what cannot be calculated never becomes zero, and 1 + 1/0 is blank too.")),
        Row("blank == 0", gettext("False: blank is equal to blank only.")),
        Row("blank < 5", gettext("False: blank has no place in an order.")),
        Row("not (blank < 5)", gettext("True: a condition is always true or false.")),
        Row("ISBLANK('')", gettext("True: an empty text is blank; 0 and a text of spaces are not.")),
        Row("SUM, COUNT", gettext("Leave blanks out; nothing at all gives 0.")),
        Row("AVG, MIN, MAX", gettext("Leave blanks out; nothing at all gives blank.")),
    ]


def contexts() -> list[Mapping[str, str]]:
    """Where formulas stand: what they must give and what may be written there."""
    place = int(page_language() == "zh")
    yes, no = gettext("yes"), "–"
    given = {"title": "text", "text": "text", **dict.fromkeys(CONDITIONS, "bool")}
    acting = FUNCTIONS["USER"].contexts
    changing = FUNCTIONS["OLD"].contexts
    meanings = {
        "validation": gettext("false: refused, with the message"),
        "condition": gettext("false: hidden, not required, may be written"),
        "filter": gettext("false: left out"),
        "criteria": gettext("false: no access"),
    }
    return [
        {
            "name": words[place],
            "gives": type_word(given[key]) if key in given else gettext("as declared"),
            "meaning": meanings.get(key, gettext("blank stays blank")),
            "clock": no if key == "computed" else yes,
            "user": yes if key in acting else no,
            "change": yes if key in changing else no,
            "sums": no if key == "default" else yes,
        }
        for key, words in CONTEXT_WORDS.items()
    ]
