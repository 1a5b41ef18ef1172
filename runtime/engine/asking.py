"""What is asked of records: a page of a list, its place in the list, the statement that is kept for asking again."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from runtime.base.errors import Malformed, Message
from runtime.base.sqltext import Sql
from runtime.base.values import dump, load_foreign
from runtime.formula.env import Env
from runtime.store import query
from runtime.store.database import Question, inline

#: How often a page must be asked for before its statement is prepared.
OFTEN = 3
WRONG_CURSOR = Message("the cursor is not one of this list", "分页游标与当前列表不符")


@dataclass(frozen=True)
class Ask:
    """What a caller asks of a list. Names are checked against his rights before anything else."""

    filter: str = ""
    sort: Sequence[str] = ()
    fields: Sequence[str] | None = None
    expand: Sequence[str] = ()
    q: str = ""
    limit: int = 50
    cursor: str = ""
    count: str = "none"
    numbers_as_text: bool = False
    deleted: bool = False
    #: Records that wait for the approval of their coming, in the place of those in force.
    pending: bool = False
    #: Only these records, beside all else; for pages that know which they mean.
    ids: Sequence[str] | None = None
    #: Only records whose link, by its field's name, holds this id; for the lists on a record's page.
    linked: tuple[str, str] | None = None
    #: Pages also get the title (``_title``) and which of these rights the caller has on the record (``_may``).
    titled: bool = False
    rights: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """One page: the records' JSON texts, one behind the other as `query.page` gives them, the cursor of the next page,
    the count asked for.
    """

    texts: bytes
    next_cursor: str | None
    count: int | None = None

    @cached_property
    def records(self) -> Sequence[bytes]:
        """The JSON text of each record."""
        return query.apart(self.texts)

    def body(self) -> bytes:
        """The answer of the API."""
        count = b"" if self.count is None else b',"count":%d' % self.count
        data = self.texts.replace(query.BETWEEN, b",")
        return b'{"data":[%b],"next_cursor":%b%b}' % (data, dump(self.next_cursor), count)


@dataclass(frozen=True)
class At:
    """What stays open among the parameters of a kept statement: a value of a cursor by its place, ids, a link's id."""

    number: int


IDS = At(-1)
LINKED = At(-2)
NOW = At(-3)
TODAY = At(-4)
CLOCK = {("NOW",): NOW, ("TODAY",): TODAY}
MOMENTS = {mark.number: path for path, mark in CLOCK.items()}


class Moving(Env):
    """What formulas of a kept statement know: all but the moment, which is put in whenever the statement runs."""

    def value(self, path: tuple[str, ...]) -> Any:
        """The value of an environment name; of the clock, the place that stays open for it."""
        return CLOCK[path] if path in CLOCK else super().value(path)


def moving(env: Env) -> Moving:
    """``env`` with the moment left open."""
    return Moving(**{one.name: getattr(env, one.name) for one in fields(env)})


def as_open(env: Env, other: Env) -> Env:
    """``env`` with the moment left open where it is open in the other one."""
    return moving(env) if isinstance(other, Moving) else env


@dataclass
class Kept:
    """The statement of a page, kept as long as the rights hold; the moment, where a formula asks for it, stays open.

    ``timeless``: no condition in it looks at the clock. Lists are not prepared with parameters (a plan that fits any
    value fits none); a statement that comes again and again is prepared with its very values in it, only the place in
    the list stays open, and the moment among the values shown.
    """

    sql: Sql
    keys: int
    timeless: bool
    uses: int = 0
    inlined: Sql | None = None

    def statement(self, ask: Ask, values: Sequence[str | None] | None, env: Env) -> Question:
        """The question, for what stays open in the statement."""
        self.uses += 1
        often = self.uses >= OFTEN and self.timeless
        if often and self.inlined is None:
            self.inlined = inline(self.sql, At)
        chosen = self.inlined if often and self.inlined is not None else self.sql
        return Question(given(chosen, ask, env, values or ()), often)


def given(statement: Sql, ask: Ask, env: Env, values: Sequence[str | None] = ()) -> Sql:
    """A statement with what stays open in it put in."""
    if At not in map(type, statement.params):
        return statement

    def said(mark: At) -> Any:
        if mark.number >= 0:
            return values[mark.number]
        if mark is IDS or mark is LINKED:
            known = ask.ids if mark is IDS else ask.linked
            return None if known is None else list(known) if mark is IDS else known[1]
        return env.value(MOMENTS[mark.number])

    return Sql(statement.text, tuple([said(one) if isinstance(one, At) else one for one in statement.params]))


def make_cursor(ask: Ask, values: Sequence[Any]) -> str:
    """An opaque text: where the page ended, and for which order it holds."""
    raw = dump({"s": list(ask.sort), "v": list(values)})
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(text: str, ask: Ask) -> list[str | None]:
    """The values in a cursor. Raises Malformed."""
    try:
        found = load_foreign(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, Malformed):
        raise Malformed(WRONG_CURSOR) from None
    if not isinstance(found, Mapping) or found.get("s") != list(ask.sort) or not isinstance(found.get("v"), list):
        raise Malformed(WRONG_CURSOR)
    if any(one is not None and not isinstance(one, str) for one in found["v"]):
        raise Malformed(WRONG_CURSOR)
    return list(found["v"])
