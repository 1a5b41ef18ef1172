"""One record in a form: what is read for it, what the browser sent, how it is stored through the write path."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import request
from werkzeug.datastructures import FileStorage, MultiDict

from runtime.base.errors import DougongError, Problem, Stale
from runtime.base.values import dump, load
from runtime.engine import compound, locks, presenting, reading, records, uploads
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.saving import Written
from runtime.engine.workspace import Session
from runtime.kinds.field import BadValue, HoldsFiles, Relates
from runtime.store.ids import is_id
from runtime.web.entrance import AGAIN
from runtime.web.forms import (
    SEARCH,
    Formdata,
    Offers,
    RecordForm,
    holds,
    leftover,
    make_form,
    take_files,
)
from runtime.web.http import Services
from runtime.web.layout import Block, Place, Plan, has_small, plan
from runtime.web.lines import LineEditor, Lines
from runtime.web.live import Live
from runtime.web.session import CSRF_FIELD
from runtime.web.shown import Shower, Shown, bare, context_of, links_of
from runtime.web.texts import gettext, ngettext

ONCE = "_once"
WHOLE = "_whole"
NOBODY = "00000000-0000-0000-0000-000000000000"
#: Refusals that are shown in the form, so that nothing typed is lost.
SHOWN = (400, 403, 409, 412, 422, 423)


class Told(Exception):
    """What was refused stands at its inputs already."""


def read(session: Session, access: ObjectAccess, record_id: str, rights: Sequence[str] = ()) -> dict[str, Any]:
    """A record on the wire with its links expanded, its ``_title``, and which of ``rights`` the caller has on it, in
    their order (``_may``). Raises NotFound."""
    expand = (*links_of(access), "owner", "created_by", "updated_by")
    ask = reading.Ask(expand=expand, titled=True, rights=rights)
    body, _ = reading.get(session, access.object.name, record_id, ask)
    found: dict[str, Any] = load(body)
    return found


def on_phone() -> bool:
    """True when the browser says that it is a phone's."""
    hint = request.headers.get("Sec-CH-UA-Mobile")
    return hint == "?1" if hint else "Mobi" in request.headers.get("User-Agent", "")


@dataclass
class Editing:
    """A form on its way: of a new record, or of one that is there."""

    services: Services
    session: Session
    access: ObjectAccess
    record_id: str | None = None
    record: dict[str, Any] | None = None
    title: str = ""
    sentences: list[str] = field(default_factory=list)
    status: int = 200
    done: Written | None = None
    #: True when what was to be made is a line that waits for an approval.
    new_line: bool = False
    form: RecordForm = field(init=False)
    lines: dict[str, Lines] = field(default_factory=dict)

    def __post_init__(self) -> None:
        #: A phone gets the form that is made for it, unless somebody wants all of it.
        self.whole = request.values.get(WHOLE) == "1"
        self.small = on_phone() and not self.whole and has_small(self.session, self.access)
        self.plan: Plan = plan(self.session, self.access, small=self.small)
        self.offers = Offers(self.session)
        self.editor = LineEditor(self.session, self.offers)
        self.once = str(request.form.get(ONCE, ""))[:60] or secrets.token_urlsafe(16)
        self.start = presenting.start_values(self.session, self.access) if self.new else {}
        self.known: Mapping[str, bool | None] = {}
        self.live = Live(self)
        self.editor.beside = self.live.beside()
        if request.method == "GET":
            self.foresee()
        self.refresh()

    def foresee(self) -> None:
        """Note what the form is going to ask, so that it comes along with what it asks first."""
        session, access = self.session, self.access
        links = [
            one.field.kind for one in self.plan.places()
            if isinstance(one.field.kind, Relates) and access.writable(one.field.name)
        ]  # fmt: skip
        found = self.offers.questions(links)
        if self.record_id is not None:
            found += presenting.far_conditions(session, access, self.plan.conditions(), self.record_id)
            found += locks.asked(session, access.object, self.record_id)
        session.database.note(found)

    @property
    def all_fields(self) -> str:
        """What the address of the whole form asks."""
        return urlencode([*request.args.items(multi=True), (WHOLE, "1")])

    @property
    def new(self) -> bool:
        """True while the record is not there."""
        return self.record_id is None

    def refresh(self) -> None:
        """Read the record as it is now."""
        if self.record_id is not None:
            self.record = read(self.session, self.access, self.record_id)
            self.title = str(self.record["_title"])
            self.editor.coming = "_state" in self.record
        record = self.values() if self.new else self.bare_record()
        self.known = presenting.conditions(self.session, self.access, self.plan.conditions(), record, new=self.new)

    def bare_record(self) -> dict[str, Any] | None:
        """The record with the ids of its links."""
        if self.record is None:
            return None
        fields = self.access.object.fields
        return {name: bare(fields[name], one) if name in fields else one for name, one in self.record.items()}

    def values(self) -> dict[str, Any]:
        """What the inputs begin with: the stored values, or defaults and what the address says."""
        if self.record is not None:
            known = self.bare_record() or {}
            return {name: one for name, one in known.items() if self.access.readable(name)}
        found = {**self.start, **self.copied()}
        context = context_of(self.session)
        for name, text in request.args.items():
            one = self.access.object.fields.get(name)
            if one is None or not self.access.writable(name):
                continue
            try:
                found[name] = one.kind.clean(one.kind.parse(text, context), context)
            except BadValue:
                continue
        return found

    @property
    def source(self) -> str:
        """The id of the record that a new one is copied from, '' for none."""
        wanted = str(request.args.get("copy", ""))
        return wanted if self.new and is_id(wanted) and self.access.may("read") else ""

    def copied(self) -> dict[str, Any]:
        """What a copy takes over: what may be read and set and need not be unique. Raises NotFound."""
        if not self.source:
            return {}
        fields = self.access.object.fields
        unique = {name for names in self.access.object.unique for name in names}
        record = read(self.session, self.access, self.source)
        return {
            name: bare(one, record.get(name))
            for name, one in fields.items()
            if self.access.writable(name) and self.access.readable(name) and record.get(name) is not None
            and not one.unique and name not in unique and not isinstance(one.kind, HoldsFiles)
        }  # fmt: skip

    def make(self, formdata: Formdata | None) -> None:
        """The inputs, filled from what is stored or from what came in."""
        self.form = make_form(
            self.plan.places(), self.access, self.offers, self.known, values=self.values(), formdata=formdata,
            follows=self.live.follows,
        )  # fmt: skip
        for block in self.plan.relations("lines"):
            assert block.relation is not None
            if formdata is None:
                self.lines[block.relation.name] = self.editor.read(block, self.record_id, edit=True, copy=self.source)
            else:
                self.lines[block.relation.name] = self.editor.sent(block, self.record_id, formdata)

    def shown(self) -> dict[str, Shown]:
        """The values of the fields that are no inputs."""
        shower = Shower(self.session, self.access)
        fields = self.access.object.fields
        record = self.record or {}
        return {name: shower.value(fields[name], record.get(name)) for name in fields if self.access.visible(name)}

    def wrong(self) -> list[tuple[str, str, str]]:
        """(id, label, sentence) of the inputs with something wrong, in the order of the page."""
        found = [(one.id, one.label.text, " ".join(one.errors)) for one in self.form if one.errors]
        for lines in self.lines.values():
            for number, row in enumerate(lines.rows, 1):
                line = gettext("line %(number)s") % {"number": number}
                found += [(one.id, f"{one.label.text}, {line}", " ".join(one.errors)) for one in row.form if one.errors]
        return found

    def errors_in(self, block: Block) -> bool:
        """True when an input of a section has something wrong: then the section stands open."""
        names = [one.field.name for one in block.parts if isinstance(one, Place)]
        return any(self.form[name].errors for name in names if name in self.form)

    def tabs(self, block: Block) -> list[tuple[Block, bool]]:
        """The tabs in which anything can be entered or seen, and which stands open: the first with something wrong."""
        shown = [one for one in block.parts if isinstance(one, Block) and not self.empty(one) and self.fills(one)]
        opened = next((one for one in shown if self.errors_in(one)), shown[0] if shown else None)
        return [(one, one is opened) for one in shown]

    def fills(self, block: Block) -> bool:
        """True when a tab of a form has more than lists of other records, which a form does not show."""
        return any(isinstance(one, Place) or one.what != "related" for one in block.parts)

    def empty(self, block: Block) -> bool:
        """True for a section of a new record in which nothing can be entered."""
        parts = [one if isinstance(one, Block) else one.field for one in block.parts]
        return self.new and not any(isinstance(one, Block) or one.computed or one.name in self.form for one in parts)

    # -- storing ----------------------------------------------------------------------------------------

    def post(self) -> bool:
        """Take what the browser sent. True when all of it is stored."""
        formdata: Formdata = MultiDict(request.form)
        self.make(formdata)
        if SEARCH in formdata:
            return False
        if AGAIN in formdata:
            self.sentences.append(
                gettext("Your session had ended. Look through it and save; files have to be chosen again.")
            )
            return False
        try:
            self.upload(request.files)
            if self.complete():
                self.store()
                return True
        except Told:
            return False
        except DougongError as error:
            if error.status not in SHOWN:
                raise
            self.refuse(error)
            return False
        self.status = 422
        return False

    def upload(self, files: MultiDict[str, FileStorage]) -> None:
        """Take uploads in; they belong to the caller until the record holds them."""
        contents = self.services.contents(self.session)
        largest = self.services.settings.largest_file

        def one(part: FileStorage) -> str:
            made = uploads.upload(self.session, contents, part.stream, part.filename or "", largest)
            return str(made["id"])

        take_files(self.form, files, one)

    def complete(self) -> bool:
        """False when a search is open or the form itself asks for something that is blank."""

        def say(number: int) -> str:
            if not number:
                return gettext("nothing found; search for something else")
            return ngettext("one record found; choose it", "%(num)s records found; choose one", number) % {
                "num": number
            }

        settled = self.form.pick(say)
        merged = self.merged()
        known = presenting.conditions(
            self.session,
            self.access,
            [said for one in self.plan.places() for said in (one.required, one.readonly) if isinstance(said, str)],
            merged,
        )
        for one in self.form:
            if one.fixed and holds(one.place.readonly, known):
                one.raw_data = None  # No browser sends it: it was switched off before and still is.
            if one.given and one.blank and holds(one.place.required, known):
                one.errors = [*one.errors, gettext("must be filled in")]
                settled = False
        return settled

    def merged(self) -> dict[str, Any]:
        """The record as it would be, as far as the kinds take what came in."""
        found = self.bare_record() or {"id": NOBODY, **self.start}
        context = context_of(self.session)
        for one in self.form:
            raw = one.raw() if one.given else None
            if one.given:
                try:
                    found[one.definition.name] = None if raw is None else one.definition.kind.clean(raw, context)
                except BadValue:
                    found[one.definition.name] = None
        return found

    def store(self) -> None:
        """The record with its lines, all of it or nothing. Raises what refuses."""
        name = self.access.object.name
        raw = self.form.values(new=self.new, start=self.start)
        work = {relation: self.editor.changes(one) for relation, one in self.lines.items()}
        lines = [made for made, _ in work.values()]
        options = records.Options(once=self.key()) if self.new else records.Options(version=self.version())
        try:
            fresh = self.new
            self.done = compound.save(self.session, name, self.record_id, raw, lines, options)
            self.new_line = fresh and not self.done.version and self.done.pending is not None
            self.record_id = self.done.id
        except compound.Refused as error:
            for relation, (_, rows) in work.items():
                self.editor.tell(rows, relation, error.outcome)
            self.status = error.status
            self.sentences += leftover(self.form, error.own)
            raise Told from error

    def key(self) -> tuple[str, bytes]:
        """The same form sent twice makes one record."""
        content = sorted((name, value) for name, value in request.form.items(multi=True) if name != CSRF_FIELD)
        return f"page {self.once}", hashlib.sha256(request.path.encode() + dump(content)).digest()

    def version(self) -> int | None:
        """The version that the form was made from."""
        text = str(request.form.get("version", ""))
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def seen(self) -> int:
        """The version that the form shows: that which was sent, until somebody has been told of a newer one."""
        sent = self.version()
        return int(self.record["version"]) if self.record and (sent is None or self.status == 412) else sent or 0

    def refuse(self, error: DougongError) -> None:
        """Put a refusal at the fields that it speaks of."""
        self.status = error.status
        problems = list(error.problems) or [Problem(error.code, error.message or error.title)]
        if isinstance(error, Stale):
            self.sentences.append(
                gettext(
                    "Somebody else has changed the record meanwhile. Where your value differs, the stored one is "
                    "shown beside it; save again to keep yours."
                )
            )
            self.compare()
            return
        self.sentences += leftover(self.form, problems)

    def compare(self) -> None:
        """Show the stored value at each input that says something else."""
        shown = self.shown()
        for one in self.form:
            if one.given and one.differs:
                found = shown[one.definition.name]
                one.current = found.text or ", ".join(link.text for link in found.links) or "—"


def editing(services: Services, session: Session, object_name: str, record_id: str | None) -> Editing:
    """The form of a record for the caller. Raises NotFound, Forbidden."""
    access = demand_object(session.snapshot, session.person, object_name, "create" if record_id is None else "read")
    if record_id is not None and not is_id(record_id):
        raise reading.not_found(access.object)
    if record_id is not None:
        access.demand("update")
    return Editing(services, session, access, record_id)
