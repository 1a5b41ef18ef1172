"""Administration of working calendars: hours of the week, days off, make-up workdays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError
from runtime.engine import calendars
from runtime.engine.flow.worktime import DAYS, Calendar, public_days
from runtime.engine.workspace import Session
from runtime.web.render import page, url_query
from runtime.web.routes_admin_pages import administrator
from runtime.web.texts import gettext, page_language
from runtime.web.work import to

YEARS = 2


def add(routes: Blueprint) -> None:
    """The routes of calendars."""

    @routes.route("/admin/calendars", methods=["GET", "POST"])
    def working_time() -> Response:
        session = administrator()
        name = request.values.get("name", "") or calendars.DEFAULT
        if request.method == "POST":
            return changed(session, name)
        return calendar_page(session, name)


def changed(session: Session, name: str) -> Response:
    """A calendar kept, begun or forgotten."""
    sent: Mapping[str, str] = request.form
    copied = str(sent.get("new", ""))
    try:
        if "drop" in sent:
            calendars.drop(session, name)
            flash(gettext("Removed."))
            return to("/admin/calendars")
        if copied:
            name = name.strip().lower()
            sent = texts_of(calendars.one(session, copied))
        calendars.save(session, name, sent, new=bool(copied))
    except DougongError as error:
        if error.status not in (409, 422):
            raise
        return calendar_page(session, copied or name, error, None if copied else sent)
    flash(gettext("Saved."))
    return to(f"/admin/calendars?{url_query(name=name)}")


def calendar_page(
    session: Session, name: str, error: DougongError | None = None, sent: Mapping[str, str] | None = None
) -> Response:
    """One calendar with what is known of its country."""
    found = calendars.one(session, name)
    year = date.today().year
    known = [(one, *map(days_of, public_days(found.country, one))) for one in range(year, year + YEARS)
             if found.country]  # fmt: skip
    return page(
        "admin_calendars.html", session, error.status if error else 200, name=name, names=calendars.names(session),
        message=error.show(page_language()) if error else "", days=list(zip(DAYS, weekdays(), strict=True)),
        shown={one: (sent or {}).get(one, text) for one, text in texts_of(found).items()}, years=known,
        kept=name in calendars.kept(session),
    )  # fmt: skip


def weekdays() -> tuple[str, ...]:
    """What the days of the week are called."""
    return (
        gettext("Monday"), gettext("Tuesday"), gettext("Wednesday"), gettext("Thursday"), gettext("Friday"),
        gettext("Saturday"), gettext("Sunday"),
    )  # fmt: skip


def texts_of(found: Calendar) -> dict[str, str]:
    """A calendar as its inputs carry it."""
    hours = {day: calendars.spelled(spans) for day, spans in zip(DAYS, found.week, strict=True)}
    return {
        **hours, "country": found.country or "", "holidays": "\n".join(days_of(found.off)),
        "workdays": "\n".join(days_of(found.on)),
    }  # fmt: skip


def days_of(found: frozenset[date]) -> list[str]:
    """Days in their order."""
    return [one.isoformat() for one in sorted(found)]
