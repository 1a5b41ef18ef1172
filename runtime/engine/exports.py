"""Exporting records as CSV, XLSX or JSON lines: what the caller may read and no more, page by page.

Memory does not grow with the number of records. Rights are asked again for every page, and every export is noted.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from zoneinfo import ZoneInfo

from runtime.base.errors import Invalid, Message, Problem
from runtime.base.values import load
from runtime.engine import audit, reading
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.entries import SEPARATOR
from runtime.engine.linking import Linker
from runtime.engine.tabular import CsvWriter, XlsxWriter
from runtime.engine.workspace import Session
from runtime.formula.types import Type
from runtime.kinds.field import Context, Field
from runtime.meta.model import SYSTEM_PROPERTIES, FieldDef
from runtime.store.binder import SYSTEM_REFERENCES

PAGE = 500
CHUNK = 1 << 16
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson",
}
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Options:
    """What is exported and how. ``fields`` None: the id, all readable fields in the order of the document, the owner.

    Links stand in CSV and XLSX as an import finds them again, here or elsewhere: by the only unique field of the linked
    object, people and departments by name; by the id where there is no such text or the record may not be read.
    ``titles``: the titles of linked records instead, for people; an import knows them where they are unique.
    ``mark``: CSV begins with the mark by which Excel knows UTF-8.
    """

    format: str = "csv"
    filter: str = ""
    fields: Sequence[str] | None = None
    sort: Sequence[str] = ()
    q: str = ""
    titles: bool = False
    mark: bool = True
    ids: Sequence[str] | None = None

    @property
    def content_type(self) -> str:
        """The media type of the file."""
        return TYPES[self.format]


def export(
    session: Session, object_name: str, options: Options = Options(), progress: Progress | None = None
) -> Iterator[bytes]:
    """The file in pieces. Raises what refuses the export (rights, names, filter) before the first piece."""
    if options.format not in TYPES:
        shown = ", ".join(TYPES)
        problem = Problem("choice", Message(f"must be one of {shown}", f"只能是 {shown}"), field="format")
        raise Invalid(problems=[problem])
    own = copy.copy(session)
    own.settle()
    work = Export(own, object_name, options, progress)
    first = work.begin()
    return work.noted(work.pieces(first))


def write(
    session: Session,
    object_name: str,
    target: IO[bytes],
    options: Options = Options(),
    progress: Progress | None = None,
) -> int:
    """Write the whole file; the number of records."""
    count = 0

    def told(done: int, total: int | None) -> None:
        nonlocal count
        count = done
        if progress is not None:
            progress(done, total)

    for piece in export(session, object_name, options, told):
        target.write(piece)
    return count


class Export:
    """One export on its way out."""

    def __init__(self, session: Session, object_name: str, options: Options, progress: Progress | None) -> None:
        self.session = session
        self.object = object_name
        self.options = options
        self.progress = progress
        access = self.access()
        self.names = self._names(access)
        self.count = 0
        expand = [name for name in self.names if target_of(access, name)] if options.titles else []
        self.ask = reading.Ask(
            filter=options.filter, sort=tuple(options.sort), fields=tuple(self.names), expand=tuple(expand),
            q=options.q, limit=PAGE, ids=options.ids,
        )  # fmt: skip
        self.cells = [Cell(session, access, name, session.context()) for name in self.names]
        #: Who knows the texts that name the records of a link, by its name.
        self.linkers: dict[str, Linker] = {}
        if not options.titles and options.format != "jsonl":
            for name in self.names:
                target = target_of(access, name)
                if target is not None and access.fields.get(name) != "masked":
                    self.linkers[name] = Linker(session, target, None, name)

    def access(self) -> ObjectAccess:
        """The caller's rights. Raises NotFound, Forbidden."""
        access = demand_object(self.session.snapshot, self.session.person, self.object)
        access.demand("export")
        access.demand("read")
        return access

    def _names(self, access: ObjectAccess) -> list[str]:
        if self.options.fields is not None:
            return list(dict.fromkeys(self.options.fields))
        if self.options.format == "jsonl":
            return list(access.names)
        return ["id", *(name for name in access.names if name not in SYSTEM_PROPERTIES), "owner"]

    def named(self, page: Sequence[bytes]) -> list[dict[str, Any]]:
        """The records of a page; in their links stands what names the linked ones where that is more than an id."""
        records: list[dict[str, Any]] = [load(one) for one in page]
        for name, linker in self.linkers.items():
            ids = {one for record in records for one in listed(record.get(name))}
            texts = linker.texts(sorted(ids)) if ids else {}
            for record in records if texts else ():
                value = record.get(name)
                many = isinstance(value, list)
                said = [{"id": one, "title": texts.get(one, "")} for one in listed(value)]
                if many:  # A text that would fall apart in a cell with others is no name there.
                    said = [{**one, "title": ""} if SEPARATOR.search(one["title"]) else one for one in said]
                record[name] = said if many else said[0] if said else None
        return records

    def page(self, cursor: str) -> reading.Page:
        """The next page, under the rights that hold now."""

        def work() -> tuple[int, reading.Page]:
            return reading.page(self.session, self.access(), replace(self.ask, cursor=cursor))

        return self.session.repeating(work)

    def begin(self) -> reading.Page:
        """The first page: what is wrong with the request is said here. The export is noted before it is given."""
        first = self.page("")
        detail = {"object": self.object, "format": self.options.format, "filter": self.options.filter[:2000]}
        audit.note(self.session.workspace, self.session.user_id, "export_started", detail)
        return first

    def noted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces, and an entry in the audit when they are through or nobody takes them any more."""
        whole = False
        try:
            yield from pieces
            whole = True
        finally:
            detail = {
                "object": self.object, "format": self.options.format, "filter": self.options.filter[:2000],
                "fields": self.names, "count": self.count, "complete": whole,
            }  # fmt: skip
            audit.note(self.session.workspace, self.session.user_id, "export", detail)

    def pages(self, first: reading.Page) -> Iterator[Sequence[bytes]]:
        """The records of all pages as JSON texts."""
        page = first
        while True:
            yield page.records
            self.count += len(page.records)
            if self.progress is not None:
                self.progress(self.count, None)
            if page.next_cursor is None:
                return
            page = self.page(page.next_cursor)

    def pieces(self, first: reading.Page) -> Iterator[bytes]:
        """The file, piece by piece."""
        if self.options.format == "xlsx":
            yield from self.sheet(first)
            return
        if self.options.format == "jsonl":
            for records in self.pages(first):
                yield b"".join([b"%b\n" % one for one in records])
            return
        writer = CsvWriter(mark=self.options.mark)
        writer.add(self.names)
        for records in self.pages(first):
            for record in self.named(records):
                writer.add([cell.text(record.get(cell.name)) for cell in self.cells])
            yield writer.taken()

    def sheet(self, first: reading.Page) -> Iterator[bytes]:
        """The spreadsheet: written aside, as its table of contents comes last."""
        access = self.access()
        label = access.object.label["zh" if self.session.language.startswith("zh") else "en"]
        writer = XlsxWriter(label)
        with tempfile.TemporaryFile() as aside:
            try:
                writer.add(self.names)
                for records in self.pages(first):
                    for record in self.named(records):
                        writer.add([cell.typed(record.get(cell.name)) for cell in self.cells])
                writer.save(aside)
            except BaseException:
                writer.discard()
                raise
            aside.seek(0)
            while chunk := aside.read(CHUNK):
                yield chunk


def target_of(access: ObjectAccess, name: str) -> str | None:
    """The object that a member refers to, None for one that is no reference."""
    if name in SYSTEM_PROPERTIES:
        return SYSTEM_REFERENCES.get(name)
    field = access.object.fields.get(name)
    return field.relates.target_object() if field is not None and field.stored and field.relates is not None else None


def listed(value: Any) -> list[str]:
    """The ids in the value of a link."""
    return value if isinstance(value, list) else [] if value is None else [str(value)]


class Cell:
    """Turns one member of a record on the wire into a cell."""

    def __init__(self, session: Session, access: ObjectAccess, name: str, context: Context) -> None:
        self.name = name
        self.context = context
        self.zone = ZoneInfo(context.time_zone)
        found: FieldDef | None = access.object.fields.get(name) if name not in SYSTEM_PROPERTIES else None
        self.kind: Field | None = found.kind if found else None
        self.masked = access.fields.get(name) == "masked"
        self.type: Type | None = None
        if found is not None and not self.masked:
            self.type = found.kind.type()
            if found.computed is not None:
                self.type = session.formulas.computed(access.object.name, name).type
        self.instant = name in ("created_at", "updated_at")

    def text(self, value: Any) -> str:
        """The cell of a CSV file; what an import reads back."""
        if value is None or value == []:
            return ""
        if self._plain(value):
            return ", ".join(map(title_of, value)) if isinstance(value, list) else title_of(value)
        assert self.kind is not None
        return self.kind.text(value, self.context)

    def _plain(self, value: Any) -> bool:
        """True for what no field type has to spell: properties, masks, expanded references."""
        if self.kind is None or self.masked:
            return True
        first = value[0] if isinstance(value, list) else value
        return isinstance(first, Mapping) and "title" in first and "id" in first

    def typed(self, value: Any) -> Any:
        """The cell of a spreadsheet: numbers, dates and yes or no as what they are."""
        if value is None or value == []:
            return None
        kind = self.type.name if self.type else ""
        if isinstance(value, bool):
            return value
        if isinstance(value, Decimal) and kind == "number":
            return value
        if isinstance(value, str) and kind == "date":
            return date.fromisoformat(value)
        if isinstance(value, str) and (kind == "datetime" or self.instant):
            return datetime.fromisoformat(value).astimezone(self.zone).replace(tzinfo=None)
        return self.text(value) or None


def title_of(value: Any) -> str:
    """A property, a mask or an expanded reference as text."""
    if isinstance(value, Mapping):
        return str(value.get("title") or value.get("id") or "")
    return str(value)
