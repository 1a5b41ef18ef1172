"""The inbox: what the caller was told, in sentences, and what he has read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, request

from runtime.engine import notices, resetting
from runtime.engine.directory import everybody
from runtime.engine.workspace import Session
from runtime.web.flowwords import at_moment, state_word
from runtime.web.http import Services
from runtime.web.render import page
from runtime.web.session import local, page_session
from runtime.web.texts import gettext, ngettext
from runtime.web.work import to

EACH = 30


@dataclass(frozen=True)
class Told:
    """One notice in words."""

    id: str
    text: str
    href: str
    at: str
    unread: bool
    words: str = ""


def blueprint(services: Services) -> Blueprint:
    """The pages of notices."""
    routes = Blueprint("notices", __name__, url_prefix="/notifications")

    @routes.get("")
    def inbox() -> Response:
        session = page_session()
        unread, cursor = request.args.get("unread") == "1", request.args.get("cursor", "")[:40]
        found = notices.listing(session, unread=unread, cursor=cursor, limit=EACH)
        told = [words(session, one) for one in found["data"]]
        return page(
            "notifications.html", session, told=told, unread=unread, cursor=cursor, next=found["next_cursor"] or "",
            newest=told[0].id if told and not cursor else "",
        )  # fmt: skip

    @routes.post("/read")
    def read_all() -> Response:
        number = notices.read_all(page_session(), request.form.get("until", ""))
        flash(ngettext("%(num)s notice is read.", "%(num)s notices are read.", number) % {"num": number})
        return to("/notifications")

    @routes.post("/<notice>")
    def read(notice: str) -> Response:
        notices.opened(page_session(), notice)
        return to(local(request.form.get("next") or "/notifications"))

    return routes


def words(session: Session, one: Mapping[str, Any]) -> Told:
    """One notice as a sentence."""
    title = str(one["title"] or one["text"] or "")
    text, more = sentence(session, one, title)
    href = f"/tasks/{one['task']}" if one["task"] else f"/tasks/flows/{one['instance']}" if one["instance"] else ""
    return Told(str(one["id"]), text, href, at_moment(session, one["created_at"]), one["read_at"] is None, more)


def sentence(session: Session, one: Mapping[str, Any], title: str) -> tuple[str, str]:
    """(what happened, what was said)."""
    people = everybody(session.snapshot).users
    who = people.get(one["initiator"] or "")
    values = {"title": title, "name": who.title if who else gettext("The system")}
    type, kind = str(one["type"]), one["kind"]
    if type == "task" and kind == "resubmit":
        return gettext("Returned to you, to be mended: %(title)s") % values, ""
    if type == "task" and kind == "admin_fix":
        return gettext("It cannot go on without an administrator: %(title)s") % values, ""
    said = {
        "task": gettext("%(name)s needs your decision: %(title)s"), "copied": gettext("A copy for you: %(title)s"),
        "reminded": gettext("A reminder, this is waiting for you: %(title)s"),
        "urged": gettext("%(name)s urges you: %(title)s"),
    }.get(type)  # fmt: skip
    if said is not None:
        return said % values, ""
    if type == resetting.ASKED:
        return gettext("A link for a new password was asked for; it goes to your mail address"), gettext(
            "If it was not you, you need not do anything."
        )
    if type == "dropped":
        return gettext("The record was deleted by an administrator, its workflow has ended: %(title)s") % values, str(
            one["text"]
        )
    if type == "commented":
        return gettext("A comment for you: %(title)s") % values, str(one["text"])
    word = state_word(type)
    if word != type and one["title"]:
        return f"{word}: {title}" if session.language == "en" else f"{word}：{title}", ""
    return title or gettext("A notice"), "" if title == one["text"] else str(one["text"])
