"""From the cells of a row to what the write path takes: texts read by the field's type, links looked up by batch."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.base.errors import Problem
from runtime.engine.columns import REF, Target
from runtime.engine.linking import Linker
from runtime.engine.workspace import Session
from runtime.kinds.field import BadValue, Context, Field
from runtime.store.ids import new_id

#: What stands between the records that one cell names.
SEPARATOR = re.compile(r"[,;|，；、\n]")
#: Names that a caller gives records for the time of his imports: (object, ref) -> id, "" in a dry run.
Refs = MutableMapping[tuple[str, str], str]
#: How one column is read: its place, the name, the field type's reading, or the target when it is a special one.
Step = tuple[int, str, Callable[[str, Context], Any] | None, Target | None]
#: A raw value that every link refuses: the place of a text that names no record.
NOBODY: dict[str, Any] = {}


@dataclass(slots=True)
class Entry:
    """One row on its way. ``named`` are the texts of its links; ``pending`` the links to rows that a dry run
    has not stored."""

    number: int
    cells: list[Any]
    raw: dict[str, Any] = field(default_factory=dict)
    blank: list[str] = field(default_factory=list)
    named: list[tuple[Target, list[str]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    pending: set[str] = field(default_factory=set)
    key: Any = None
    ref: str | None = None


class Entries:
    """Makes the entries of one file."""

    def __init__(self, session: Session, object_name: str, *, typed: bool, refs: Refs | None, dry: bool) -> None:
        self.session = session
        self.object = object_name
        self.typed = typed
        self.refs = refs
        self.dry = dry
        self.context = session.context()
        self.targets: list[Target] = []
        self._steps: list[Step] = []
        self.linkers: dict[str, Linker] = {}
        self.key: str | None = None
        #: In a dry run the texts by which rows before this batch are named.
        self._promised: dict[str, set[str]] = {}

    def add_targets(self, targets: Sequence[Target]) -> None:
        """More columns. Raises Invalid for a match that is not there."""
        for one in targets:
            self.targets.append(one)
            if one.links_to is not None:
                self.linkers[one.name] = Linker(self.session, one.links_to, one.match, one.name)
            self._steps.append(self._step(one))

    @property
    def chained(self) -> bool:
        """True when a row may name another of the same file."""
        named = any(one.name == REF for one in self.targets)
        return named or any(one.links_to == self.object for one in self.targets)

    def make(self, number: int, cells: list[Any]) -> Entry:
        """The entry of one row."""
        made = Entry(number, cells)
        raw, width, context = made.raw, len(cells), self.context
        for index, name, parse, target in self._steps:
            cell = cells[index] if index < width else None
            if cell is None or (cell.__class__ is str and (not cell or cell.isspace())):
                made.blank.append(name)
            elif parse is not None:
                try:
                    raw[name] = parse(cell, context)
                except BadValue as error:
                    made.problems.append(Problem(error.code, error.message, field=name))
            elif target is None:
                raw[name] = cell
            else:
                self._special(made, target, cell)
        if self.key is not None and self.key in raw:
            made.key = self._key(raw[self.key])
        return made

    def _step(self, target: Target) -> Step:
        """How the cells of a column are read: by the field's type, as they come, or in a way of their own."""
        field = target.field
        if field is None or target.name in self.linkers:
            return target.index, target.name, None, target
        plain = self.typed or type(field.kind).parse is Field.parse
        return target.index, target.name, None if plain else field.kind.parse, None

    def _special(self, made: Entry, target: Target, cell: Any) -> None:
        """A link, the owner, the id or a name for the time of the import."""
        if target.name in self.linkers:
            self._link(made, target, cell)
        elif target.name == REF:
            made.ref = str(cell).strip()
        else:
            made.raw[target.name] = cell.strip() if isinstance(cell, str) else cell

    def _link(self, made: Entry, target: Target, cell: Any) -> None:
        if isinstance(cell, str):
            texts = [cell.strip()]
            if target.many:
                texts = [text for text in (str(one).strip() for one in SEPARATOR.split(cell)) if text]
            made.named.append((target, texts))
        elif isinstance(cell, list) and all(isinstance(one, str) for one in cell):
            made.named.append((target, [one.strip() for one in cell]))
        else:
            made.raw[target.name] = cell

    def _key(self, raw: Any) -> Any:
        """What a row is found by, in one spelling."""
        definition = self.session.model.objects.get(self.object)
        key = definition.fields.get(self.key or "") if definition else None
        if key is None:
            return raw
        try:
            return key.kind.clean(raw, self.context)
        except BadValue:
            return None

    # -- links ------------------------------------------------------------------------------------------

    def resolve(self, entries: Sequence[Entry]) -> list[Entry]:
        """Put ids in the place of texts; gives back the rows that wait for another row of this batch."""
        for name, linker in self.linkers.items():
            linker.learn({text for one in entries for target, texts in one.named if target.name == name
                          for text in texts if not self._referred(target, text)})  # fmt: skip
        promised = self._promises(entries)
        waiting = []
        for one in entries:
            if self._fill(one, promised):
                waiting.append(one)
        if len(waiting) == len(entries):
            for one in entries:
                self._fill(one, {})
            waiting = []
        if self.dry:
            for name, texts in promised.items():
                self._promised.setdefault(name, set()).update(texts)
        return waiting

    def _referred(self, target: Target, text: str) -> str | None:
        return self.refs.get((target.links_to or "", text)) if self.refs else None

    def _promises(self, entries: Sequence[Entry]) -> dict[str, set[str]]:
        """For each link to this very object: the texts by which rows of the batch are named."""
        found: dict[str, set[str]] = {}
        for name, linker in self.linkers.items():
            if linker.object != self.object:
                continue
            own = linker.named_by()
            texts = {str(one.raw[own]).strip() for one in entries if own in one.raw} if own else set()
            found[name] = texts | {one.ref for one in entries if one.ref}
        return found

    def _fill(self, entry: Entry, promised: dict[str, set[str]]) -> bool:
        """Fill in the links of one row; True when it has to wait."""
        problems = []
        for target, texts in entry.named:
            linker = self.linkers[target.name]
            ids: list[str] = []
            for text in texts:
                found = self._referred(target, text)
                if found is None:
                    found = linker.find(text)
                if found is None and self.dry and self._will_be(entry, target.name, text, promised):
                    found = ""
                elif found is None and text in promised.get(target.name, ()) and not self._itself(entry, linker, text):
                    return True
                if found is None:
                    problems.append(linker.problem(text))
                elif found == "":  # A row of this dry run: it would be there.
                    entry.pending.add(target.name)
                    found = new_id()
                ids.append(found or "")
            if any(one.field == target.name for one in problems):
                entry.raw[target.name] = NOBODY
            else:
                entry.raw[target.name] = ids if target.many else ids[0] if ids else None
        entry.problems += problems
        return False

    def _will_be(self, entry: Entry, name: str, text: str, promised: dict[str, set[str]]) -> bool:
        known = text in promised.get(name, ()) or text in self._promised.get(name, ())
        return known and not self._itself(entry, self.linkers[name], text)

    def _itself(self, entry: Entry, linker: Linker, text: str) -> bool:
        own = linker.named_by()
        return entry.ref == text or (own in entry.raw and str(entry.raw[own]).strip() == text)

    def keep_ref(self, entry: Entry, record_id: str | None) -> None:
        """The record that a row has become can be referred to from now on."""
        if entry.ref and self.refs is not None:
            self.refs[(self.object, entry.ref)] = "" if self.dry or record_id is None else record_id
