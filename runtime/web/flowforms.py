"""What comes with a decision on a page: the fields of the step as inputs, people, files, words. It decides nothing."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict
from wtforms.meta import DefaultMeta

from runtime.engine import flowargs, presenting, uploads
from runtime.engine.access import ObjectAccess
from runtime.engine.directory import Everybody
from runtime.engine.workspace import Session
from runtime.web.forms import Formdata, KindField, Offers, RecordForm, place_of, take_files
from runtime.web.http import Services
from runtime.web.layout import Place
from runtime.web.texts import gettext, page_language

#: Inputs of the record stand apart from those of the decision.
PREFIX = "v-"
PEOPLE = "user"
OFFERED = 300
LONGEST_ONCE = 60
#: Texts that come with a command as they are.
TEXTS = ("comment", "reason", "to", "kind", "mode", "resubmit")
MANY = ("people", "mentions")


@dataclass(frozen=True)
class Pad:
    """The input of a signature with a decision, as the widget of signatures looks at it."""

    id: str
    held: str = ""
    errors: Sequence[str] = ()
    name: str = "signature"
    many: bool = False
    needed: bool = True
    accepts: str = ",".join(flowargs.PICTURES)

    @property
    def described_by(self) -> str:
        """The id of what is said below."""
        return f"{self.id}-error" if self.errors else ""

    @property
    def chosen(self) -> Sequence[str]:
        """The ids of the pictures that are held."""
        return [self.held] if self.held else []

    def files(self) -> Sequence[Mapping[str, Any]]:
        """What is known of them."""
        return [{"id": one, "name": gettext("Signature")} for one in self.chosen]


def inputs(session: Session, access: ObjectAccess, places: Iterable[Place], names: Sequence[str],
           needed: Sequence[str], values: Mapping[str, Any], formdata: Formdata | None) -> RecordForm:  # fmt: skip
    """Inputs for the fields that a step lets its people set, which their roles may not let them set.

    A value that the caller may not read is not shown; he fills the field in without knowing it.
    """
    known = {place.field.name: place for place in places}
    offers = Offers(session)
    fields = {}
    for name in names:
        definition = access.object.fields.get(name)
        if definition is None or not definition.stored:
            continue
        place = known.get(name) or place_of(definition)
        label = place.label[page_language()]
        fields[name] = KindField(label, place=place, offers=offers, required=name in needed, owner=access.object.name)
    made = RecordForm(fields, prefix=PREFIX, meta=DefaultMeta())
    shown = {name: value for name, value in values.items() if access.readable(name)}
    made.process(formdata, data=shown)
    if formdata is not None:
        made.search(formdata)
    return made


def once() -> str:
    """A key that makes a form count once, however often its button is pressed."""
    return secrets.token_urlsafe(16)


def key_of() -> str | None:
    """The key that came with a form."""
    sent = str(request.form.get("_once", ""))[:LONGEST_ONCE]
    return f"page {sent}" if sent else None


def seen_version() -> int | None:
    """The version of the record that the page has shown."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def asked(people: Everybody) -> dict[str, Any]:
    """The arguments of a command as a form sends them."""
    found: dict[str, Any] = {}
    for name in TEXTS:
        value = request.form.get(name, "").replace("\r\n", "\n").strip()
        if value:
            found[name] = value
    for name in MANY:
        several = [one for one in request.form.getlist(name) if one]
        if several:
            found[name] = several
    meant = mentioned(people, found.get("comment", ""))
    if meant:
        found["mentions"] = list(dict.fromkeys([*found.get("mentions", ()), *meant]))
    picked = [one for one in request.form.getlist("next") if one]
    if picked:
        found["people_for"] = {"next": picked}
    return found


def mentioned(people: Everybody, text: str) -> list[str]:
    """Whom a text speaks to by ``@name``: the longest name that follows counts, as Chinese has no spaces between."""
    if "@" not in text:
        return []
    names: dict[str, str] = {}
    for one in people.users.values():
        if one.active:
            names.setdefault(one.title, one.id)
            names.setdefault(one.name, one.id)
    order = sorted(names, key=len, reverse=True)
    found = []
    for piece in re.split("[@＠]", text)[1:]:
        name = next((one for one in order if one and piece.startswith(one)), None)
        if name is not None:
            found.append(names[name])
    return list(dict.fromkeys(found))


def attached(services: Services, session: Session) -> list[str]:
    """The files of a form: those that went ahead, and those that came with it."""
    contents, largest = services.contents(session), services.settings.largest_file
    found = [one for one in request.form.getlist("files") if one]
    for part in request.files.getlist("files-file"):
        if part.filename:
            found.append(str(uploads.upload(session, contents, part.stream, part.filename, largest)["id"]))
    return found


def signed(services: Services, session: Session) -> str | None:
    """The picture of a signature that came with a form: drawn or chosen now, or taken in with a form before."""
    for part in request.files.getlist("signature-file"):
        if part.filename:
            contents, largest = services.contents(session), services.settings.largest_file
            return str(uploads.upload(session, contents, part.stream, part.filename, largest)["id"])
    return next((one for one in reversed(request.form.getlist("signature")) if one), None)


def take(services: Services, session: Session, form: RecordForm) -> None:
    """Uploads of the step's own fields."""
    contents, largest = services.contents(session), services.settings.largest_file

    def one(part: Any) -> str:
        return str(uploads.upload(session, contents, part.stream, part.filename or "", largest)["id"])

    take_files(form, request.files, one)


def sent() -> Formdata:
    """What the browser sent."""
    return MultiDict(request.form)


def offered(session: Session, text: str = "", limit: int = OFFERED) -> list[presenting.Named]:
    """People to choose from."""
    return presenting.choices(session, PEOPLE, text, limit)
