"""The page on which a record becomes others, and the same over the API. It knows no object by name."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, flash, request
from werkzeug.datastructures import MultiDict
from wtforms.meta import DefaultMeta

from runtime.base.errors import Conflict, DougongError, Problem
from runtime.base.values import dump
from runtime.engine import converting, records
from runtime.engine.access import ObjectAccess
from runtime.engine.converting import Proposed
from runtime.engine.workspace import Session
from runtime.kinds.field import HoldsFiles
from runtime.meta.model import Conversion
from runtime.web.forms import SEARCH, Formdata, KindField, Offers, RecordForm, make_form, place_of
from runtime.web.render import page
from runtime.web.routes_lists import rights
from runtime.web.session import CSRF_FIELD
from runtime.web.texts import gettext, page_language
from runtime.web.work import to

ONCE = "_once"
#: Before the name of a link: its record is made; the record to use instead.
MAKE, USE = "_make-", "_use-"
SHOWN = (400, 403, 409, 412, 422, 423)


class Picker(KindField):
    """The choice of a record that is there: making one stands beside it."""

    @property
    def creates(self) -> str:
        """Nothing: the page itself makes a new one."""
        return ""


@dataclass
class Step:
    """One record that is made, or chosen, or left out."""

    proposed: Proposed
    form: RecordForm
    picker: RecordForm
    wanted: bool = True
    errors: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The link that the record is made for."""
        return self.proposed.step.link

    def choice(self) -> Any:
        """What the engine is told."""
        if not self.wanted:
            return None
        for one in self.picker:
            if not one.blank:
                return {"id": one.raw()}
        return {"values": self.form.values(new=True, start=self.proposed.values)}


@dataclass
class Converter:
    """The page of one conversion of one record."""

    session: Session
    access: ObjectAccess
    record: Mapping[str, Any]
    conversion: Conversion
    steps: list[Step]
    once: str
    sentences: list[str] = field(default_factory=list)
    status: int = 200

    def refuse(self, error: DougongError) -> None:
        """Put a refusal at the inputs that it speaks of."""
        self.status = error.status
        spoken = page_language()
        for one in list(error.problems) or [Problem(error.code, error.message or error.title)]:
            link, _, name = (one.field or "").partition(".")
            step = next((step for step in self.steps if step.name == link), None)
            text = one.message.text(spoken)
            if step is None:
                self.sentences.append(f"{one.field}: {text}" if one.field else text)
            elif not name or not step.form.refuse(name, text):
                step.errors.append(f"{name}: {text}" if name else text)


def key() -> tuple[str, bytes]:
    """The same form sent twice converts once."""
    content = sorted((name, value) for name, value in request.form.items(multi=True) if name != CSRF_FIELD)
    once = str(request.form.get(ONCE, ""))[:60]
    return f"page {once}", hashlib.sha256(request.path.encode() + dump(content)).digest()


def add(routes: Blueprint) -> None:
    """The page's route."""

    @routes.route("/o/<object_name>/<record_id>/convert/<name>", methods=["GET", "POST"])
    def convert(object_name: str, record_id: str, name: str) -> Response:
        session, access = rights(object_name, "update")
        formdata: Formdata | None = MultiDict(request.form) if request.method == "POST" else None
        back = f"/o/{object_name}/{record_id}"
        try:
            made = opened(session, access, record_id, name, formdata)
        except Conflict as error:
            return repeated(session, access, record_id, name, error)
        if formdata is not None and SEARCH not in formdata and sent(made, access, record_id, name):
            return done(access, record_id, made.conversion)
        return page(
            "convert.html", session, made.status, object=access.object, converter=made, back=back,
            called=made.record["_title"],
        )  # fmt: skip


def done(access: ObjectAccess, record_id: str, conversion: Conversion) -> Response:
    """Back to the record, which names what it has become."""
    flash(gettext("Done: %(label)s") % {"label": conversion.label[page_language()]})
    return to(f"/o/{access.object.name}/{record_id}")


def repeated(session: Session, access: ObjectAccess, record_id: str, name: str, error: Conflict) -> Response:
    """A record that cannot be converted any more: done, when it was this very form that has done it."""
    if request.method == "POST":
        try:
            converting.convert(session, access.object.name, record_id, name, {}, records.Options(once=key()))
            return done(access, record_id, access.object.conversions[name])
        except Conflict:
            pass
    flash(error.detail(page_language()), "alert")
    return to(f"/o/{access.object.name}/{record_id}")


def opened(session: Session, access: ObjectAccess, record_id: str, name: str, formdata: Formdata | None) -> Converter:
    """The page, filled from the record or from what came in. Raises NotFound, Forbidden, Invalid, Conflict."""
    record, conversion = converting.opened(session, access.object.name, record_id, name)
    offers = Offers(session)
    steps = []
    for one in converting.proposed(session, access, record, conversion):
        if not one.creates and not one.picks and one.step.optional:
            continue
        steps.append(step_of(access, one, offers, formdata))
    once = str(request.form.get(ONCE, ""))[:60] or secrets.token_urlsafe(16)
    return Converter(session, access, record, conversion, steps, once)


def step_of(access: ObjectAccess, one: Proposed, offers: Offers, formdata: Formdata | None) -> Step:
    """The inputs of one step."""
    there = one.access
    fields = [there.object.fields[name] for name in one.fields] if one.creates else []
    places = [place_of(field) for field in fields if not isinstance(field.kind, HoldsFiles)]
    link = one.step.link
    known = {source: None for place in places for source in (place.field.readonly,) if isinstance(source, str)}
    form = make_form(places, there, offers, known, values=one.values, formdata=formdata, prefix=f"{link}-")
    pickers = {}
    if one.picks:
        label = gettext("Use one that is there")
        pickers[link] = Picker(label, place=place_of(one.link), offers=offers, required=False, owner=access.object.name)
    picker = RecordForm(pickers, prefix=USE, meta=DefaultMeta())
    picker.process(formdata, data={link: one.chosen or None})
    wanted = formdata is None or not one.step.optional or f"{MAKE}{link}" in formdata
    return Step(one, form, picker, wanted)


def sent(made: Converter, access: ObjectAccess, record_id: str, name: str) -> bool:
    """Convert as the browser says. True when it is done."""
    choices = {step.name: step.choice() for step in made.steps}
    try:
        converting.convert(made.session, access.object.name, record_id, name, choices, records.Options(once=key()))
    except DougongError as error:
        if error.status not in SHOWN:
            raise
        made.refuse(error)
        return False
    return True


def proposals(session: Session, access: ObjectAccess, record_id: str, name: str) -> list[dict[str, Any]]:
    """What a conversion would make, for the API. Raises NotFound, Forbidden, Invalid, Conflict."""
    record, conversion = converting.opened(session, access.object.name, record_id, name)
    return [
        {
            "link": one.step.link, "object": one.access.object.name, "values": dict(one.values),
            "creates": one.creates, "existing": one.picks, "optional": one.step.optional, "id": one.chosen or None,
        }
        for one in converting.proposed(session, access, record, conversion)
    ]  # fmt: skip
