"""Stand-ins on the page of one's own settings: who acts for me, from when until when, at which workflows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, request

from runtime.base.errors import Invalid, Message, Problem
from runtime.engine import standins
from runtime.engine.directory import everybody
from runtime.engine.workspace import Session
from runtime.store.standins import SHARE, TAKE_OVER, StandIn
from runtime.web.boxes import known_flows
from runtime.web.flowforms import offered
from runtime.web.flowwords import joined
from runtime.web.shown import moment
from runtime.web.texts import gettext

FORM = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class Shown:
    """One stand-in in words."""

    id: str
    name: str
    begins: str
    ends: str
    flows: str
    now: bool
    both: bool


def shown(session: Session) -> dict[str, Any]:
    """What the page shows and offers."""
    mine, others = standins.of(session)
    labels = {one.name: one.label for one in session.model.all("workflow")}
    chosen = request.form if "stand_in" in request.form else {}
    return {
        "mine": [words(session, one, one.to, labels) for one in mine],
        "others": [words(session, one, one.user, labels) for one in others],
        "people": [one for one in offered(session) if one[0] != session.user_id],
        "flows": known_flows(session),
        "chosen": chosen.get("stand_in", ""),
        "from": chosen.get("from", ""),
        "until": chosen.get("until", ""),
        "modes": ((TAKE_OVER, gettext("They decide in my place")), (SHARE, gettext("Both of us can decide"))),
        "mode": chosen.get("mode", TAKE_OVER),
        "only": request.form.getlist("workflows"),
    }


def words(session: Session, one: StandIn, person: str, labels: Mapping[str, Any]) -> Shown:
    """One stand-in."""
    user = everybody(session.snapshot).users.get(person)
    spoken = session.language if session.language in ("en", "zh") else "en"
    names = [labels[each][spoken] if each in labels else each for each in one.workflows]
    now = one.begins <= datetime.now(UTC) < one.ends
    return Shown(
        one.id, user.title if user else person[:8], moment(session, one.begins.isoformat()),
        moment(session, one.ends.isoformat()), joined(names) or gettext("all workflows"), now,
        one.mode == SHARE,
    )  # fmt: skip


def at(session: Session, name: str) -> datetime:
    """The moment that an input says, where the caller is. Raises Invalid."""
    text = request.form.get(name, "")[:40]
    try:
        return datetime.strptime(text[:16], FORM).replace(tzinfo=ZoneInfo(session.context().time_zone))
    except ValueError:
        said = Message("give a day and a time", "请填写日期和时间")
        raise Invalid(problems=[Problem("datetime", said, field=name)]) from None


def arrange(session: Session) -> None:
    """What the form asks for. Raises Invalid."""
    begins = at(session, "from") if request.form.get("from", "").strip() else datetime.now(UTC)
    ends = at(session, "until")
    standins.add(
        session, request.form.get("stand_in", ""), begins, ends, request.form.getlist("workflows"),
        request.form.get("mode", TAKE_OVER),
    )  # fmt: skip
    flash(gettext("The stand-in is arranged."))


def over(session: Session) -> None:
    """A stand-in ends. Raises NotFound."""
    standins.end(session, request.form.get("stand_in_end", ""))
    flash(gettext("Ended."))
