"""What a deletion would take along, or blank, although that needs an approval of its own: then it is refused.

An approval says what becomes of one record; nobody has been asked about the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy

from runtime.base.errors import Conflict, DougongError, Message, Problem
from runtime.engine import effective, guards, presenting
from runtime.engine.workspace import Session
from runtime.meta.model import FieldDef, ObjectDef
from runtime.store import flows, records
from runtime.store.database import Connection, run

DEEPEST = 10
GOES = Message(
    "{name} would go with it, and its deletion needs an approval: ask for that first, then delete this record",
    "{name}会随之删除，而其删除须经审批：请先申请删除该记录，再删除本记录",
)
LINES = Message(
    "lines of {name} would change with it, which needs an approval: change those lines first, then delete this record",
    "{name}的明细会随之变更，而该变更须经审批：请先变更这些明细，再删除本记录",
)
BLANKS = Message(
    "{field} of {name} would be blanked, which needs an approval: change it there first, then delete this record",
    "{name}的“{field}”会被清空，而该变更须经审批：请先在该记录变更，再删除本记录",
)


def on_delete(field: FieldDef) -> str:
    """``restrict``, ``clear`` or ``cascade``: what happens to the record when what the field links to is deleted."""
    return "cascade" if field.owned else str(field.doc.get("on_delete", "restrict"))


class Along:
    """The records beside those that a deletion is about, looked at in its transaction before anything is marked."""

    def __init__(self, session: Session, connection: Connection) -> None:
        self.connection = connection
        #: Asked as everybody would be: that one deletion has been approved says nothing of the others.
        self.session = copy(session)
        self.session.applying = None
        self.session.database = flows.Looking(connection)
        self.reader = session
        self.any = any(guards.guards_of(session, one) for one in session.model.objects.values())
        self.going: set[str] = set()

    def check(self, definition: ObjectDef, ids: Sequence[str], depth: int = 0) -> None:
        """Raise Conflict when something of it needs an approval."""
        if not self.any or not ids or depth > DEEPEST:
            return
        self.going.update(ids)
        for source, field in self.session.model.links_to.get(definition.name, ()):
            rule = on_delete(field)
            if rule == "restrict":
                continue
            found = [one for one in self.linking(source, field, ids) if one not in self.going]
            if rule == "clear":
                held = effective.cleared(self.session, source, field.key, found)
                self.refuse(BLANKS, source, held, field)
                self.lines(source, found)
                continue
            self.refuse(GOES, source, effective.deletions(self.session, source, found), field)
            if not field.owned:
                self.lines(source, found)
            self.check(source, found, depth + 1)

    def linking(self, source: ObjectDef, field: FieldDef, ids: Sequence[str]) -> list[str]:
        """The live records whose link leads to one of them."""
        place = self.session.layout.object(source.name)
        return [row[0] for row in run(self.connection, records.linking(place, field.key, ids))]

    def lines(self, source: ObjectDef, ids: Iterable[str]) -> None:
        """Lines of records that stay are a part of those."""
        parent = effective.owner_of(self.session, source)
        if parent is not None:
            upper = {one for one in effective.owners(self.session, source, ids).values() if one not in self.going}
            self.refuse(LINES, parent, effective.of_lines(self.session, source, upper), None)

    def refuse(self, why: Message, about: ObjectDef, held: Mapping[str, object], field: FieldDef | None) -> None:
        """Raise Conflict, naming the first of those that are held as far as the caller may read it."""
        if not held:
            return
        named = self.named(about, sorted(held)[0])
        fields = (field.label["en"], field.label["zh"]) if field else ("", "")
        said = Message(why.en.format(name=named.en, field=fields[0]), why.zh.format(name=named.zh, field=fields[1]))
        raise Conflict(problems=[Problem("needs_approval", said)], code="needs_approval")

    def named(self, about: ObjectDef, record_id: str) -> Message:
        """How a record is called for whoever deletes."""
        title = ""
        try:
            reader = Session(self.reader.workspace, user_id=self.reader.user_id, channel=self.reader.channel)
            title = presenting.titles(reader, about.name, [record_id]).get(record_id, "")
        except DougongError:
            pass  # Whoever has asked for it is gone meanwhile: nobody is told a name.
        if not title:
            return Message(f"a record of {about.label['en']!r}", f"一条“{about.label['zh']}”记录")
        return Message(f"{title!r} ({about.label['en']})", f"“{title}”（{about.label['zh']}）")
