"""Importing a file of rows: each row becomes a record through the same write path as one from a form, in batches.

Memory does not grow with the file. The counts of the outcome add up to the rows of the file, whatever happens.

A mapping says ``column: field``, or ``column: {field: customer, match: number}``, or the other way round
``field: {column: "Order ID", match: number}``; ``column: null`` leaves a column out. Without one, columns are found by
the fields' names and labels. A column ``ref`` (where no field has that name) names the rows for links of later rows
to the same object, and through :attr:`Options.refs` for links of later files.
"""

from __future__ import annotations

import copy
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

from runtime.base.errors import DougongError, Invalid, Message, Problem, Unavailable
from runtime.engine import audit, bulk, gathering, repeated
from runtime.engine.access import ObjectAccess
from runtime.engine.columns import Columns, Target, usual_key
from runtime.engine.entries import Entries, Entry
from runtime.engine.finding import ASIDE
from runtime.engine.flight import Flight, Group, Pair, Stop, finished
from runtime.engine.flows import divert
from runtime.engine.importing import Options, Request
from runtime.engine.outcome import FailedRows, Outcome, stopped_at
from runtime.engine.rehearsal import Rehearsal
from runtime.engine.tabular import Table, open_table
from runtime.engine.triggers import stir
from runtime.engine.workspace import Session
from runtime.store.ids import is_id, row_id

log = logging.getLogger("dougong")

MOST_BROKEN = 20
BROKEN = Message("the row could not be stored; the fault has been noted", "该行无法保存，故障已记录")
FAULT = Message("an unexpected fault, it has been noted", "意外故障，已记录")
UNASKED = Message(
    "the import stopped before this line was asked for with the others of its record",
    "导入中止，该明细未随所属记录提交审批",
)
INTERRUPTED = Message("it was interrupted", "操作被中断")
USUAL = Options()
Progress = Callable[[int, int | None], None]


def run(
    session: Session,
    object_name: str,
    source: IO[bytes] | Path,
    options: Options = USUAL,
    progress: Progress | None = None,
) -> Outcome:
    """Import a file. Raises what refuses it as a whole, before anything is stored; afterwards nothing."""
    options.check()
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return run(session, object_name, stream, _named(options, source), progress)
    work = copy.copy(session)
    work.channel = options.channel
    return Import(work, object_name, source, options, progress).run()


def _named(options: Options, source: Path) -> Options:
    return options if options.name else Options(**{**vars(options), "name": source.name})


class Import:
    """One file on its way in."""

    def __init__(
        self, session: Session, object_name: str, source: IO[bytes], options: Options, progress: Progress | None
    ) -> None:
        session.settle()
        self.session = session
        self.object = object_name
        #: Lines that wait with their record, gathered while the others are read.
        self.aside, self.gathers = gathering.Aside(), True
        self.options = options
        self.progress = progress
        self.key = options.key
        self.outcome = Outcome(options.dry_run)
        access = self.request("create").access()
        self.table: Table = open_table(source, options.name)
        refs = options.refs if options.refs is not None else {}
        self.entries = Entries(session, object_name, typed=self.table.typed, refs=refs, dry=options.dry_run)
        self.planned = 0
        self.of_field: dict[str, str] = {}
        self.columns = self._columns(access)
        self.failed = FailedRows(options.errors, session.language, lines=self.table.typed)
        self.rehearsal = Rehearsal(session, object_name) if options.dry_run else None
        self.broken = 0
        self.read = 0
        #: The first row of what is being worked on, for the sentence that says where it stopped.
        self.first: int | None = None
        #: True when it ended because the database was away: it may be tried again.
        self.away = False
        #: The batches that are being stored, the oldest first.
        self.flights: deque[Flight] = deque()
        #: The rows of the batch that is being counted that something was decided about.
        self.decided: set[int] = set()

    def request(self, mode: str, key: str | None = None) -> Request:
        """A request for a batch."""
        duplicate = "create" if mode == "create" else self.options.on_duplicate
        return Request(
            self.session, self.object, mode, key, dry=self.options.dry_run, on_duplicate=duplicate,
            bypass=self.options.bypass, divert=divert, gathers=self.gathers,
        )  # fmt: skip

    # -- what the columns mean --------------------------------------------------------------------------

    def _columns(self, access: ObjectAccess) -> Columns:
        """Find the key and the targets of the header. Raises Invalid."""
        update = self.options.on_duplicate in ("update", "skip")
        if self.table.typed:
            next(iter(self.table.rows()), None)  # The names of the first line.
        if self.key is None and self.options.on_duplicate != "create":
            self.key = usual_key(access, self.table.columns, self.options.mapping, update)
        if self.options.on_duplicate == "create":
            self.key = None
        if self.key not in (None, "id"):
            bulk.key_field(access, str(self.key))
        elif self.key is None and update:
            text = Message(
                "say by which unique field the records are found (key)", "请指定用于查找记录的唯一字段（key）"
            )
            raise Invalid(problems=[Problem("key", text, field="key")])
        columns = Columns(access, self.key, self.options.mapping)
        self.entries.key = self.key
        self._plan(columns)
        if self.key is not None and self.key not in self.of_field and not self.table.typed:
            text = Message(f"the file has no column for {self.key!r}", f"文件中没有“{self.key}”对应的列")
            raise Invalid(problems=[Problem("key", text, field="key")])
        if not self.entries.targets and self.table.columns:
            text = Message("no column of the file is a field that you can set", "文件中没有您可以填写的字段列")
            raise Invalid(problems=[Problem("no_columns", text, field="file"), *columns.warnings])
        return columns

    def _plan(self, columns: Columns) -> None:
        """The targets of columns that are new."""
        found: list[Target] = columns.targets(self.table.columns, self.planned, more=self.table.typed)
        self.planned = len(self.table.columns)
        self.entries.add_targets(found)
        self.of_field.update({one.name: one.column for one in found})
        self.outcome.warnings = columns.warnings

    # -- the way through the file -----------------------------------------------------------------------

    def run(self) -> Outcome:
        """All of it."""
        try:
            return self.through()
        finally:
            self.aside.close()

    def through(self) -> Outcome:
        """From the first row to the last, and what was gathered on the way."""
        try:
            with ThreadPoolExecutor(bulk.AT_ONCE) as self.threads:
                for batch in gathering.batches(self.entries, self.rows()):
                    self.work(batch)
                self.land_all()
                self.gathers = False
                for batch in self.aside.batches():
                    self.work(batch)
                    self.land_all()  # What is tried beforehand holds its numbers: two at once would wait for long.
        except Stop as stop:
            self.away = stop.away
            self.stopped(stop.reason)
        except DougongError as error:
            self.away = isinstance(error, Unavailable)
            self.stopped(error.problems[0].message if error.problems else _said(error))
        except KeyboardInterrupt:
            self.stopped(INTERRUPTED)
        except Exception:
            log.exception("an import into %s stopped", self.object)
            self.stopped(FAULT)
        while self.flights:  # What was under way has been stored in the meantime.
            with suppress(Stop):
                self.land()
        for entry in self.aside.rows():
            self.fail(entry, [Problem("stopped", UNASKED)])
        self.outcome.total = self._total()
        self.note()
        return self.outcome

    def stopped(self, reason: Message) -> None:
        """Say why it ended; lines that were gathered stand in no order, each is named by itself."""
        self.outcome.stopped = stopped_at(self.first if self.gathers else None, reason)

    def _total(self) -> int:
        if self.table.total is not None:
            return self.table.total
        if self.outcome.stopped is None:
            return self.read
        try:
            return max(self.read, sum(1 for _ in self.table.rows()))
        except DougongError:
            return self.read

    def rows(self) -> Iterator[Entry]:
        """The entries of all rows; rows that are wrong as such fail at once."""
        for number, cells, wrong in self.table.rows():
            self.read += 1
            if len(self.table.columns) > self.planned:
                self._plan(self.columns)
            entry = Entry(number, cells) if wrong else self.entries.make(number, cells)
            if wrong:
                entry.problems.append(wrong)
            hopeless = [one for one in entry.problems if one.field not in self.entries.linkers]
            if hopeless:
                self.fail(entry, entry.problems)
                continue
            yield entry

    def tell(self) -> None:
        """Say how far it is."""
        if self.progress is not None:
            self.progress(self.outcome.done, self.table.total)

    # -- one batch --------------------------------------------------------------------------------------

    def work(self, batch: Sequence[Entry]) -> None:
        """Prepare a batch while those before are being stored; then count the oldest and let this one go."""
        batch = self.unstored(batch) if self.options.again else batch
        keys = {one.key for one in batch if one.key is not None}
        self.clear(keys)  # A row that comes again must find what was stored of it.
        groups = []
        try:
            self.session.settle()
            for mode, pairs in self.grouped(batch).items():
                if pairs:
                    groups.append(self.group(mode, pairs))
        finally:
            self.first = first = min((one.number for one in batch), default=self.first or 0)
        keys = keys.union(*(one.work.keys() for one in groups if one.error is None))
        self.clear(keys)
        if len(self.flights) == bulk.AT_ONCE:
            self.land()
        self.flights.append(Flight(first, keys, groups, self.threads.submit(finished, groups)))
        if self.options.dry_run or self.entries.chained:
            self.land_all()

    def clear(self, keys: set[Any]) -> None:
        """Count the batches under way until none has any of these keys."""
        while any(not keys.isdisjoint(one.keys) for one in self.flights):
            self.land()

    def land_all(self) -> None:
        """Count all batches that are being stored."""
        while self.flights:
            self.land()

    def group(self, mode: str, pairs: Sequence[Pair]) -> Group:
        """Rows that are stored in the same way, prepared; what goes wrong is looked at when they are counted."""
        work = bulk.Work(self.asked(mode), [raw for _, raw in pairs], 0, self.ids(pairs))
        found = Group(mode, pairs, work)
        try:
            work.prepare()
        except Exception as error:
            found.error = error
        return found

    def ids(self, pairs: Sequence[Pair]) -> list[str]:
        """The ids of the records that the rows make, [] when any will do."""
        origin = self.options.origin
        return [row_id(origin, entry.number) for entry, _ in pairs] if origin else []

    def unstored(self, batch: Sequence[Entry]) -> list[Entry]:
        """The rows of which an earlier attempt has made neither a record nor a proposal; the others are counted."""
        wanted = {row_id(str(self.options.origin), one.number): one for one in batch}
        made = repeated.made(self.session, self.object, list(wanted))
        for identity, entry in wanted.items():
            if identity in made:
                self.count(entry, made[identity])
        return [entry for identity, entry in wanted.items() if identity not in made]

    def asked(self, mode: str) -> Request:
        """The request for rows that are stored in one way."""
        return self.request(mode, "id" if mode != "create" and self.by_id() else self.key)

    def land(self) -> None:
        """Count the oldest of the batches that are being stored."""
        flight = self.flights.popleft()
        before, self.first = self.first, flight.first
        self.decided.clear()
        stops = []
        for group, found in zip(flight.groups, flight.done.result(), strict=True):
            try:
                self.store(group.mode, group.pairs, found)
            except Stop as stop:
                stops.append(stop)
        if not self.options.dry_run:
            stir(self.session, self.object)
        if stops:
            self.stop(flight, stops[0])
        self.first = before
        self.tell()

    def stop(self, flight: Flight, stop: Stop) -> None:
        """It cannot go on. Where rows behind this batch may be stored, those left out are named one by one."""
        if self.flights or not self.gathers:
            for entry, _ in [pair for group in flight.groups for pair in group.pairs]:
                if entry.number not in self.decided:
                    self.fail(entry, [Problem("stopped", stop.reason)])
            self.land_all()
            self.first = None
        raise stop

    def store(self, mode: str, pairs: Sequence[Pair], found: Callable[[], list[bulk.Result]]) -> None:
        """Count rows. One on which the database breaks is found by halves and fails by itself."""
        try:
            results = found()
        except DougongError as error:
            raise Stop(_said(error), isinstance(error, Unavailable)) from error
        except Exception as error:
            if len(pairs) > 1:
                half = len(pairs) // 2
                for part in (pairs[:half], pairs[half:]):
                    raws = [raw for _, raw in part]
                    self.store(mode, part, partial(bulk.process, self.asked(mode), raws, 0, self.ids(part)))
                return
            self.broken += 1
            log.exception("row %s of an import into %s", pairs[0][0].number, self.object)
            if self.broken > MOST_BROKEN:
                raise Stop(FAULT) from error
            self.fail(pairs[0][0], [Problem("internal", BROKEN)])
            return
        for (entry, _), result in zip(pairs, results, strict=True):
            self.count(entry, result)
        away = next((one for one in results if one.status == 503), None)
        if away is not None:
            raise Stop(away.problems[0].message, away=True)

    def grouped(self, batch: Sequence[Entry]) -> dict[str, list[Pair]]:
        """The rows by how they are stored: surely new, or found by the key."""
        groups: dict[str, list[Pair]] = {"create": [], "upsert": []}
        if self.key is None:
            groups["create"] = [(entry, entry.raw) for entry in batch]
            return groups
        found = self.known(batch) if self.asked_first() else {}
        by_id = self.by_id()
        for entry in batch:
            raw = dict(entry.raw)
            row = found.get(entry.key) if entry.key is not None else None
            if row is not None and self.options.blank == "clear":
                raw.update({name: None for name in entry.blank if self.clearable(name)})
            if by_id and self.key != "id":  # A key that nobody sets: the record is named by its id instead.
                raw.pop(self.key, None)
                if row is None and entry.key is not None:
                    text = Message("there is no such record", "没有该记录")
                    self.fail(entry, [Problem("not_found", text, field=self.key)])
                    continue
                if row is not None:
                    raw["id"] = row[1]
            groups["create" if by_id and raw.get("id") is None else "upsert"].append((entry, raw))
        return groups

    def by_id(self) -> bool:
        """True when records are found by their ids in the end."""
        return self.key == "id" or not self.columns.access.writable(str(self.key))

    def asked_first(self) -> bool:
        """True when it must be known beforehand which records are there."""
        return self.options.blank == "clear" or (self.key != "id" and self.by_id())

    def known(self, batch: Sequence[Entry]) -> dict[Any, Any]:
        """Key -> row of the records that are there."""
        request = self.request("upsert", self.key)
        access = request.access()
        field = None if self.key == "id" else bulk.key_field(access, str(self.key))
        keys = [one.key for one in batch if one.key is not None and (field is not None or is_id(one.key))]
        return bulk.look_up(request, access, field, keys)

    def clearable(self, name: str) -> bool:
        """True for a field whose value an empty cell may clear."""
        return name != self.key and name in self.columns.access.object.fields and self.columns.access.writable(name)

    def count(self, entry: Entry, result: bulk.Result) -> None:
        """Count what became of a row."""
        if self.rehearsal is not None:
            result = self.rehearsal.after(entry, result, self.key, self.options.on_duplicate)
        if result.status == ASIDE:
            problems = self.aside.put(str(result.id), entry)
            if problems:
                self.fail(entry, problems)
            self.decided.add(entry.number)
            return
        if result.status == 503:
            return
        if result.status == 201:
            self.outcome.created += 1
        elif result.status == 200:
            self.outcome.updated += 1
        elif result.status == 202:
            self.outcome.pending += 1
        elif result.status == 304:
            self.outcome.skipped += 1
        else:
            self.fail(entry, result.problems)
            return
        self.decided.add(entry.number)
        self.entries.keep_ref(entry, result.id)

    def fail(self, entry: Entry, problems: Sequence[Problem]) -> None:
        """Count a failed row and keep it for the file of failed rows; what is wrong with a link is said once."""
        self.decided.add(entry.number)
        own = {one.field: one for one in entry.problems}
        told = [own.get(one.field, one) if one.field else one for one in problems]
        shown = list(dict.fromkeys(told)) or entry.problems
        self.outcome.fail(entry.number, shown, self.of_field)
        self.failed.add(self.table.columns, entry.number, entry.cells, shown)

    def note(self) -> None:
        """The entry in the audit."""
        if self.options.dry_run:
            return
        detail = {
            "object": self.object, "file": self.options.name[:200], "on_duplicate": self.options.on_duplicate,
            "stopped": self.outcome.stopped is not None, **self.outcome.counts(),
        }  # fmt: skip
        try:
            audit.note(self.session.workspace, self.session.user_id, "import", detail)
        except DougongError:
            log.warning("the import into %s could not be noted in the audit: the database is away", self.object)


def _said(error: DougongError) -> Message:
    """The sentence of a refusal."""
    return error.message or (error.problems[0].message if error.problems else error.title)


__all__ = ["Options", "Outcome", "run"]
