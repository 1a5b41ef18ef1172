"""What can go wrong, told to people in both languages; it never decides what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence in English and Chinese."""

    en: str
    zh: str

    def text(self, language: str) -> str:
        """The sentence in ``language`` (``zh...`` is Chinese, everything else English)."""
        return self.zh if language.startswith("zh") else self.en

    def json(self) -> dict[str, str]:
        """Both sentences, to be kept for readers of either language."""
        return {"en": self.en, "zh": self.zh}

    @classmethod
    def read(cls, kept: str | Mapping[str, Any]) -> Message:
        """What :meth:`json` gave; one text alone, as it was once kept, is the same in both languages."""
        if isinstance(kept, str):
            return cls(kept, kept)
        en = str(kept.get("en", ""))
        return cls(en, str(kept.get("zh", en)))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable ``code``, the sentence, and the place.

    ``field`` names the field of a record or request; ``file``, ``line`` (from 1) and ``path``
    (``fields.amount.max``) the place in a document.
    """

    code: str
    message: Message
    field: str | None = None
    file: str | None = None
    line: int | None = None
    path: str | None = None
    severity: str = "error"

    def at(self, **place: Any) -> Problem:
        """The same problem at another place."""
        return replace(self, **place)

    def show(self, language: str = "en") -> str:
        """``objects/quote.yaml:12 fields.amount.max: the sentence`` for a terminal."""
        where = ""
        if self.file:
            where = self.file + (f":{self.line}" if self.line else "") + " "
        if self.path:
            where += f"{self.path}: "
        elif self.field:
            where += f"{self.field}: "
        return where + self.message.text(language)

    def json(self, language: str = "en") -> dict[str, Any]:
        """The problem as an entry of problem+json's ``errors``."""
        found = {"field": self.field, "code": self.code, "message": self.message.text(language)}
        for name in ("file", "line", "path"):
            if getattr(self, name) is not None:
                found[name] = getattr(self, name)
        if self.severity != "error":
            found["severity"] = self.severity
        return found


class DougongError(Exception):
    """Something was refused. ``status`` is the HTTP status that says the same."""

    status = 500
    title = Message("Internal error", "内部错误")

    def __init__(
        self,
        message: Message | None = None,
        problems: Iterable[Problem] = (),
        *,
        code: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.message = message
        self.problems: Sequence[Problem] = tuple(problems)
        self.code = code or type(self).__name__.lower()
        self.extra = dict(extra or {})
        super().__init__(self.show("en"))

    def detail(self, language: str) -> str:
        """The sentence of the error as a whole."""
        if self.message:
            return self.message.text(language)
        if len(self.problems) == 1:
            return self.problems[0].message.text(language)
        return self.title.text(language)

    @property
    def both(self) -> Message:
        """All of it in both languages."""
        return Message(self.show("en"), self.show("zh"))

    def show(self, language: str = "en") -> str:
        """All of it for a terminal, one problem a line."""
        lines = [] if self.message is None and self.problems else [self.detail(language)]
        lines.extend(problem.show(language) for problem in self.problems)
        return "\n".join(lines)


class Malformed(DougongError):
    """The request cannot be understood."""

    status = 400
    title = Message("The request is malformed", "请求格式有误")


class Unauthorized(DougongError):
    """Nobody, or nobody any more, is logged in."""

    status = 401
    title = Message("Please log in", "请先登录")


class Forbidden(DougongError):
    """The caller may know of the thing and may not do this with it."""

    status = 403
    title = Message("Not allowed", "没有权限")


class NotFound(DougongError):
    """There is no such thing, or the caller may not know of it: the same answer."""

    status = 404
    title = Message("Not found", "未找到")


class Conflict(DougongError):
    """The change meets another record: a duplicate, a reference."""

    status = 409
    title = Message("In conflict with other data", "与现有数据冲突")


class Stale(DougongError):
    """Somebody else was faster."""

    status = 412
    title = Message("The record has been changed meanwhile", "记录已被他人修改")


class TooLarge(DougongError):
    """More than the stated limit."""

    status = 413
    title = Message("Too large", "内容过大")


class Invalid(DougongError):
    """A rule refuses the values."""

    status = 422
    title = Message("Some values are not allowed", "部分内容不符合要求")


class Locked(DougongError):
    """A running workflow holds the record."""

    status = 423
    title = Message("The record is in a workflow", "记录正在流程中")


class Kept(Locked):
    """The approval of the record keeps it as it was approved."""

    title = Message("The record is kept as it was approved", "记录已审批通过并保持锁定")


class TooMany(DougongError):
    """Too many requests; ``extra['retry_after']`` seconds."""

    status = 429
    title = Message("Too many requests", "请求过于频繁")


class Unavailable(DougongError):
    """Not now: the database is away or the pool is exhausted."""

    status = 503
    title = Message("Not available right now", "服务暂不可用")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like ``name``, or None."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def unknown(what: Message, name: str, known: Iterable[str], code: str) -> Problem:
    """``unknown field 'amuont'; did you mean 'amount'? Known: ...`` in both languages."""
    names = sorted(known)
    near = nearest(name, names)
    shown = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
    en = f"unknown {what.en} {name[:80]!r}" + (f", did you mean {near!r}?" if near else ".")
    zh = f"未知的{what.zh}“{name[:80]}”" + (f"，是否为“{near}”？" if near else "。")
    if shown:
        en += f" Known: {shown}"
        zh += f" 可用：{shown}"
    return Problem(code, Message(en, zh))
