"""The field kind: everything the house may ask of a field type. It never reads or writes a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from runtime.base.errors import Message, Problem
from runtime.base.kind import Kind
from runtime.formula.types import TEXT, Type

TEXT_OPERATORS = ("eq", "ne", "contains", "not_contains", "starts", "ends", "in", "not_in", "blank", "not_blank")
ORDER_OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "between", "in", "not_in", "blank", "not_blank")
CHOICE_OPERATORS = ("eq", "ne", "in", "not_in", "blank", "not_blank")
LIST_OPERATORS = ("has", "has_any", "has_all", "blank", "not_blank")
BOOL_OPERATORS = ("is_true", "is_false")
BLANK_OPERATORS = ("blank", "not_blank")


Examples = tuple[Mapping[str, Any], ...]
Valid = tuple[tuple[Mapping[str, Any], Any, Any], ...]
Invalid = tuple[tuple[Mapping[str, Any], Any], ...]


class BadValue(Exception):
    """A value that its field type refuses; ``code`` is stable, ``message`` for people."""

    def __init__(self, code: str, message: Message) -> None:
        super().__init__(message.en)
        self.code = code
        self.message = message


def bad(code: str, en: str, zh: str) -> BadValue:
    """A BadValue from its two sentences."""
    return BadValue(code, Message(en, zh))


def shown(raw: Any) -> str:
    """The beginning of ``raw`` for a message: at most 40 characters, nothing that a page cannot carry."""
    text = str(raw[:41] if isinstance(raw, str) else type(raw).__name__)
    text = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return text if len(text) <= 40 else text[:40] + "…"


@dataclass(frozen=True, slots=True)
class Context:
    """What a field type may know about where it works: one workspace and one caller."""

    language: str = "en"
    time_zone: str = "Asia/Shanghai"
    region: str = "CN"
    currency: str = "CNY"


class Field(Kind):
    """One field of one object: made with the options that its document gives.

    A value has three forms. *Raw*: whatever came in (JSON from the API, a text from a form or a file).
    *Stored*: the canonical JSON value kept in ``data`` and sent over the API (text, Decimal, bool, list,
    dict; None is blank). *Typed*: the Python value that formulas and the typed column work with.
    """

    family = "field"

    #: PostgreSQL type of the typed column beside the JSON; None: the value lives in the JSON alone.
    column: ClassVar[str | None] = "text"
    #: True: kept in ``ext`` instead of ``data`` (long texts).
    long: ClassVar[bool] = False
    #: What a blank reads as over the API: None, False or ().
    blank: ClassVar[Any] = None
    # What follows may also be set on an instance, in __init__, where it depends on the options.
    #: Filter operators of the filter builder, by key.
    operators: tuple[str, ...] = TEXT_OPERATORS
    sortable: bool = True
    #: SQL for the masked form; ``{x}`` is the value as text. No percent signs, no other braces.
    mask: str = "'****'"
    #: For a composite value kept as a JSON object: SQL that gives its line of text; ``{x}`` is the jsonb.
    #: :meth:`typed` must give the same text.
    line: ClassVar[str | None] = None
    #: The input of the form: a name of the page fragments; an unknown one falls back to a text input.
    widget: str = "text"
    #: True when the value takes part in the record's full-text search.
    searchable: bool = False

    #: Pairs ``(options, raw, stored)`` that must be taken, and ``(options, raw)`` that must be refused.
    valid: ClassVar[Valid] = ()
    invalid: ClassVar[Invalid] = ()

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.settings: Mapping[str, Any] = options or {}

    def type(self) -> Type:
        """The static type of the value in formulas."""
        return TEXT

    def clean(self, raw: Any, context: Context) -> Any:
        """The stored value for ``raw``, None for blank. Raises BadValue and nothing else, whatever comes.

        The stored and the typed form of a value are always raw forms of it too.
        """
        raise NotImplementedError

    def parse(self, text: str, context: Context) -> Any:
        """A raw value from a cell of a file or an input of a form: what :meth:`clean` then takes."""
        return text

    def text(self, value: Any, context: Context) -> str:
        """The stored value as files and inputs carry it, readable; '' for blank. :meth:`parse` reads it back."""
        return "" if value is None else str(value)

    def show(self, value: Any, context: Context) -> str:
        """The stored value as pages, messages and prints show it (``¥1,234.50``); need not be read back."""
        return self.text(value, context)

    def typed(self, value: Any) -> Any:
        """The typed value for a stored one (never None): what formulas and the typed column take."""
        return value

    def search_text(self, value: Any) -> str:
        """What a search finds the record by; '' for nothing."""
        return str(value)

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of the stored value, for OpenAPI (without null)."""
        return {"type": "string"}

    def live(self, context: Context) -> dict[str, Any]:
        """How a page's script reads an input of this kind and shows a value (runtime/web/src/core/dialect.ts).

        ``reads`` ``ask``: what people write here only the server can read; it is asked.
        """
        if isinstance(self, (Chooses, Relates)):
            return {"reads": "keys" if self.type().name == "list" else "key", "shows": "text"}
        return {"reads": "ask", "shows": "text"}

    def check(self) -> Iterable[Problem]:
        """What is wrong with the options beyond their JSON Schema (``path`` relative to the field)."""
        return ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a choice: its key, its label in both languages, and all that its document says of it."""

    key: str
    label: Mapping[str, str]
    doc: Mapping[str, Any] = field(default_factory=dict)


class Chooses:
    """Mixin: the value is one or several of given options; boards, charts and filters ask for them."""

    #: True: the options are steps in an order (a stage may say ``probability`` and ``end`` in its ``doc``).
    ordered: ClassVar[bool] = False

    def choices(self) -> Sequence[Choice]:
        """The options in the order of the document."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Gate:
    """What a record must hold before its value may become the one that the gate stands before.

    ``label`` is how people call that value. ``require`` are fields that must be filled, ``completeness`` the least
    share in per cent of the fields that people fill, ``valid`` a formula that must hold, ``workflow`` one that must
    have approved the record. ``message`` is what the builder wants said, None for the usual sentence.
    """

    label: Mapping[str, str]
    require: Sequence[str] = ()
    completeness: Decimal | None = None
    valid: str | bool | None = None
    workflow: str | None = None
    message: Message | None = None


class Gated:
    """Mixin: some values may be taken only by records that hold what their gate demands."""

    def gate(self, value: Any) -> Gate | None:
        """The gate before a stored value, None where there is none."""
        raise NotImplementedError

    def gates(self) -> bool:
        """True when there is any."""
        raise NotImplementedError


class Relates:
    """Mixin: the value points to records. ``target_object`` is an object's name; ``user`` and
    ``department`` are the system's own."""

    many: ClassVar[bool] = False
    settings: Mapping[str, Any]

    def target_object(self) -> str:
        """The name of the object that the value points to."""
        return str(self.settings["to"])

    def targets(self, value: Any) -> Sequence[str]:
        """The ids in a stored value."""
        return tuple(value) if self.many else (value,)


class Computed:
    """Mixin: the value is not entered but computed from a formula; nothing is stored."""

    settings: Mapping[str, Any]

    def source(self) -> str:
        """The formula's source."""
        return str(self.settings["value"])

    def result(self) -> Type | None:
        """The type that the formula must have, or None when it is taken as it comes."""
        return None


class Numbered:
    """Mixin: the value is given by the system when the record is created."""

    settings: Mapping[str, Any]

    def gap_free(self) -> bool:
        """True: no number is ever left out, creations of one period wait for each other."""
        return bool(self.settings.get("gap_free", False))

    def period(self, today: Any) -> str:
        """The counter that a date belongs to (``'2026-11'``); '' for one counter for ever."""
        raise NotImplementedError

    def number(self, counter: int, today: Any) -> str:
        """The stored value for the counter's next step."""
        raise NotImplementedError


class HoldsFiles:
    """Mixin: the value names uploaded files. Raw is an id (or a list of ids) or what was read; ``clean``
    keeps the id alone, the engine completes it to ``{"id","name","size","type"}`` (a list when ``many``)."""

    many: bool = False
    settings: Mapping[str, Any]

    def file_ids(self, value: Any) -> Sequence[str]:
        """The ids of the files in a stored value."""
        entries = value if self.many else [value]
        return [str(entry["id"]) for entry in entries]

    def accepts(self, content_type: str, size: int) -> Message | None:
        """None, or why such a file is refused here."""
        return None
