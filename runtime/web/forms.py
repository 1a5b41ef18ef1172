"""WTForms forms made from a form document and the caller's rights; the kinds read and write the texts.

A field that the caller may not set is no input at all: what a browser sends for it is not looked at. Nothing is
checked here that the engine checks; its problems come back to their fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from markupsafe import Markup
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms import Field as FormField
from wtforms.form import BaseForm
from wtforms.meta import DefaultMeta

from runtime.base.errors import Problem
from runtime.engine import presenting
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.kinds.field import Chooses, Context, HoldsFiles, Relates
from runtime.meta.model import FieldDef, ObjectDef
from runtime.store.database import Question
from runtime.web import fragments
from runtime.web.layout import Place
from runtime.web.shown import context_of, unseen
from runtime.web.texts import page_language

#: Options of a select before a search is needed.
OFFERED = 50
SEARCH = "_search"
SEARCH_END = "-search"
Formdata = MultiDict[str, Any]


@dataclass
class Offers:
    """The records that links offer, each object asked once for all rows of a page."""

    session: Session
    known: dict[tuple[str, ...], list[presenting.Named]] = field(default_factory=dict)
    named: dict[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def context(self) -> Context:
        """What kinds may know."""
        return context_of(self.session)

    def first(self, relates: Relates, text: str = "") -> list[presenting.Named]:
        """The first records of a link's object, or the first that a text finds."""
        target = relates.target_object()
        only, role = narrowed(relates)
        key = (target, text, only, role)
        if key not in self.known:
            found = presenting.choices(self.session, target, text, OFFERED + 1, only=only, role=role)
            self.known[key] = found
            self.named.update({(target, one): title for one, title in found})
        return self.known[key]

    def questions(self, kinds: Iterable[Relates]) -> list[Question]:
        """What :meth:`first` will ask for these links when nothing is searched."""
        found = []
        for one in kinds:
            only, role = narrowed(one)
            found += presenting.choosing(self.session, one.target_object(), OFFERED + 1, only=only, role=role)
        return found

    def titles(self, relates: Relates, ids: Iterable[str]) -> dict[str, str]:
        """The titles of chosen records, as far as the caller may read them."""
        target = relates.target_object()
        missing = [one for one in ids if (target, one) not in self.named]
        if missing:
            found = presenting.titles(self.session, target, missing)
            self.named.update({(target, one): title for one, title in found.items()})
        return {one: self.named[target, one] for one in ids if (target, one) in self.named}


def narrowed(relates: Relates) -> tuple[str, str]:
    """(filter formula, role) that narrow what a link offers, '' where nothing does."""
    return str(relates.settings.get("filter") or ""), str(relates.settings.get("role") or "")


class Fragment:
    """A WTForms widget: the page fragment that the kind names, a text input when there is none of that name."""

    def __call__(self, field: KindField, **more: Any) -> Markup:
        """The input's HTML."""
        return fragments.control(field, more)


class KindField(FormField):  # type: ignore[misc]
    """One input of one field: reads and writes through the field's kind."""

    widget = Fragment()

    def __init__(
        self,
        label: str,
        *,
        place: Place,
        offers: Offers,
        required: bool,
        owner: str = "",
        fixed: bool = False,
        **more: Any,
    ) -> None:
        """``owner`` is the name of the object that the field belongs to; ``fixed``: it may not be set now."""
        super().__init__(label, **more)
        self.fixed = fixed
        self.owner = owner
        self.raw_data: list[Any] | None = None
        self.place = place
        self.definition: FieldDef = place.field
        self.offers = offers
        self.needed = required
        self.context = offers.context
        self.searched = ""
        self.current = ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """What came in stays apart: ``data`` is what is stored."""

    @property
    def fragment(self) -> str:
        """The page fragment that draws the input."""
        return self.definition.kind.widget

    @property
    def help(self) -> str:
        """What the form or the object says for whoever fills it in."""
        return str(self.place.help.get(page_language(), ""))

    @property
    def given(self) -> bool:
        """True when the browser sent something for the field, were it a blank."""
        return bool(self.raw_data)

    @property
    def many(self) -> bool:
        """True when several values can be chosen."""
        kind = self.definition.kind
        if isinstance(kind, (HoldsFiles, Relates)):
            return bool(kind.many)
        return isinstance(kind, Chooses) and kind.blank == ()

    @property
    def stored_text(self) -> str:
        """The stored value as the input carries it."""
        return "" if self.data is None else self.definition.kind.text(self.data, self.context)

    @property
    def text(self) -> str:
        """What stands in the input: what came in, or the stored value."""
        return str(self.raw_data[-1]) if self.raw_data else self.stored_text

    @property
    def chosen(self) -> list[str]:
        """The chosen keys or ids."""
        kind = self.definition.kind
        if self.raw_data:
            return [str(one) for one in self.raw_data if one]
        if self.data is None:
            return []
        if isinstance(kind, HoldsFiles):
            return list(kind.file_ids(self.data))
        return [str(one) for one in self.data] if self.many else [str(self.data)]

    @property
    def ticked(self) -> bool:
        """True for a checkbox that is on."""
        if not self.raw_data:
            return bool(self.data)
        return str(self.raw_data[-1]).strip() not in ("", "false", "0")

    def options(self) -> list[tuple[str, str]]:
        """(key, label) of all that can be chosen; for links the first records and the chosen ones."""
        kind = self.definition.kind
        if isinstance(kind, Chooses):
            spoken = page_language()
            found = [(one.key, one.label[spoken]) for one in kind.choices()]
            return found + self.beyond(found)
        if not isinstance(kind, Relates):
            return []
        offered = self.offers.first(kind, self.searched)[:OFFERED]
        missing = [one for one, _ in self.beyond(offered)]
        titles = self.offers.titles(kind, missing)
        return [(one, titles[one] or one[:8] if one in titles else unseen()) for one in missing] + [
            (one, name or one[:8]) for one, name in offered
        ]

    def beyond(self, offered: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """What is chosen without being offered."""
        known = {key for key, _ in offered}
        return [(one, one) for one in self.chosen if one not in known]

    @property
    def searchable(self) -> bool:
        """True when there are more records than the select offers."""
        kind = self.definition.kind
        return isinstance(kind, Relates) and (bool(self.searched) or len(self.offers.first(kind)) > OFFERED)

    @property
    def picker(self) -> str:
        """The address that finds records for a link, '' for what is no link."""
        found = isinstance(self.definition.kind, Relates) and self.owner
        return f"/o/{self.owner}/offers/{self.definition.name}" if found else ""

    @property
    def creates(self) -> str:
        """The form of a new record to link to, '' where the caller may not make one."""
        kind, session = self.definition.kind, self.offers.session
        target = session.model.object(kind.target_object()) if isinstance(kind, Relates) and self.owner else None
        if target is None or target.owner_link is not None:
            return ""
        access = object_access(session.snapshot, session.person, target)
        return f"/o/{target.name}/new" if access.may("create") and access.may("read") else ""

    @property
    def accepts(self) -> str:
        """The file types that the field takes, as browsers are told; '' for all."""
        kind = self.definition.kind
        types: Any = kind.settings.get("types") or getattr(kind, "usual_types", ())
        return ",".join(types)

    def files(self) -> list[Mapping[str, Any]]:
        """The entries of the files that are held."""
        kind = self.definition.kind
        if not isinstance(kind, HoldsFiles) or self.data is None:
            return []
        return list(self.data) if kind.many else [self.data]

    def raw(self) -> Any:
        """What came in, as the engine takes it; None for blank."""
        kind = self.definition.kind
        sent = [str(one) for one in self.raw_data or ()]
        if self.many:
            return [one for one in sent if one]
        if isinstance(kind, (Chooses, Relates, HoldsFiles)):
            return next((one for one in reversed(sent) if one), None)
        text = sent[-1] if sent else ""
        return kind.parse(text, self.context) if text.strip() else None

    @property
    def blank(self) -> bool:
        """True when nothing was filled in."""
        return self.raw() in (None, [])

    @property
    def untouched(self) -> bool:
        """True when the input says what is stored."""
        if isinstance(self.definition.kind, (Chooses, Relates, HoldsFiles)):
            return False
        return self.text.replace("\r\n", "\n") == self.stored_text

    @property
    def differs(self) -> bool:
        """True when the input says something else than what is stored."""
        if not isinstance(self.definition.kind, (Chooses, Relates, HoldsFiles)):
            return not self.untouched
        sent, self.raw_data = self.raw_data, None
        stored = self.chosen
        self.raw_data = sent
        return sorted(stored) != sorted(self.chosen)

    @property
    def described_by(self) -> str:
        """The ids of what explains the input to a screen reader."""
        found = [f"{self.id}-help"] if self.help else []
        return " ".join([*found, f"{self.id}-error"] if self.errors else found)


class RecordForm(BaseForm):  # type: ignore[misc]
    """The inputs of one record: the fields of a form that the caller may set."""

    def refuse(self, name: str, text: str) -> bool:
        """Put a sentence at a field; False when the form has no such field."""
        if name not in self:
            return False
        self[name].errors = [*self[name].errors, text]
        return True

    def values(self, *, new: bool, start: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What came in, for the engine. A blank of a new record leaves room for the field's default."""
        found: dict[str, Any] = {}
        for one in self:
            if not one.given or (not new and one.untouched):
                continue
            name = one.definition.name
            if new and one.blank and name not in (start or {}):
                continue
            found[name] = one.raw()
        return found

    @property
    def blank(self) -> bool:
        """True when nothing at all was filled in."""
        return all(one.blank or not one.given for one in self)

    def search(self, formdata: Formdata) -> None:
        """Narrow the selects of links by the texts typed beside them."""
        for one in self:
            one.searched = str(formdata.get(one.name + SEARCH_END, "")).strip()[:100]

    def pick(self, say: Callable[[int], str]) -> bool:
        """A link left open whose search finds one record takes it; False when a search leaves the choice open."""
        settled = True
        for one in self:
            kind = one.definition.kind
            if not one.searched or not one.blank or not isinstance(kind, Relates):
                continue
            found = self[one.short_name].offers.first(kind, one.searched)
            if len(found) == 1:
                one.raw_data = [found[0][0]]
                continue
            one.errors = [*one.errors, say(len(found))]
            settled = False
        return settled


def make_form(
    places: Iterable[Place],
    access: ObjectAccess,
    offers: Offers,
    known: Mapping[str, bool | None],
    *,
    values: Mapping[str, Any],
    formdata: Formdata | None = None,
    prefix: str = "",
    marks: bool = True,
    follows: Callable[[bool | str], bool] = lambda condition: False,
) -> RecordForm:
    """The inputs for the places that the caller may set; ``known`` says which conditions hold now.

    What may not be set now has an input that is switched off when a script ``follows`` the condition, else none.
    """
    fields = {}
    for place in places:
        name = place.field.name
        fixed = [one for one in (place.readonly, place.field.readonly) if holds(one, known)]
        if not access.writable(name) or not all(follows(one) for one in fixed):
            continue
        required = marks and (holds(place.required, known) or holds(place.field.required, known))
        label = place.label[page_language()]
        fields[name] = KindField(
            label, place=place, offers=offers, required=required, owner=access.object.name, fixed=bool(fixed)
        )
    made = RecordForm(fields, prefix=prefix, meta=DefaultMeta())
    made.process(formdata, data=dict(values))
    if formdata is not None:
        made.search(formdata)
    return made


def holds(condition: bool | str, known: Mapping[str, bool | None]) -> bool:
    """True when a condition of a form surely holds."""
    return bool(known.get(condition)) if isinstance(condition, str) else condition


def visible(conditions: Sequence[bool | str], known: Mapping[str, bool | None]) -> bool:
    """False when a condition surely does not hold."""
    return all(known.get(one) is not False if isinstance(one, str) else one for one in conditions)


def take_files(form: RecordForm, files: MultiDict[str, FileStorage], upload: Callable[[FileStorage], str]) -> None:
    """Uploads of a form become ids, beside the ids of files that stay."""
    for one in form:
        if not isinstance(one.definition.kind, HoldsFiles):
            continue
        fresh = [upload(part) for part in files.getlist(one.name + "-file") if part.filename]
        if fresh:
            kept = [item for item in one.raw_data or () if item] if one.many else []
            one.raw_data = [*kept, *fresh]


def place_of(definition: FieldDef) -> Place:
    """A field by itself, as its object has it."""
    return Place(definition, definition.label, definition.help)


def leftover(form: RecordForm, problems: Iterable[Problem], definition: ObjectDef | None = None) -> list[str]:
    """Put problems at their fields; the sentences that have no input here (:func:`sentences`)."""
    spoken = page_language()
    return sentences(
        [one for one in problems if not form.refuse(one.field or "", one.message.text(spoken))], definition
    )


def sentences(problems: Iterable[Problem], definition: ObjectDef | None = None) -> list[str]:
    """Problems as sentences that name fields of ``definition`` by their labels; those of lines say where they are."""
    spoken, found = page_language(), []
    for one in problems:
        text, field = one.message.text(spoken), definition.field(one.field) if definition and one.field else None
        if field is not None:
            text = f"{field.label[spoken]}: {text}"
        elif one.field and not one.field.startswith("lines."):
            text = f"{one.field}: {text}"
        found.append(text)
    return found
