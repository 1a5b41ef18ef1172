"""The live part of a form: what its script needs to compute while somebody types, and the answers it asks for.

The page says where each value stands by attributes; which fields there are it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from runtime.base.errors import Malformed
from runtime.base.values import dump_text
from runtime.engine import live
from runtime.formula import browser
from runtime.web.forms import visible
from runtime.web.shown import bare, context_of

if TYPE_CHECKING:
    from runtime.meta.model import FieldDef
    from runtime.web.editing import Editing
    from runtime.web.layout import Block, Condition, Place
    from runtime.web.lines import Lines, Row

#: Characters with which text could leave a script element.
UNSAFE = re.compile("[<>&\u2028\u2029]")
MOST_ASKED = 500
UNMARKED = Markup()


def own_conditions(field: FieldDef) -> tuple[Condition, Condition, Condition]:
    """What an object says of its field: visible, read-only, required."""
    return field.visible, field.readonly, field.required


@dataclass
class Live:
    """The live part of one form."""

    form: Editing

    @cached_property
    def plan(self) -> live.Plan:
        """The formulas of the form."""
        form = self.form
        names = tuple(place.field.name for place in form.plan.places())
        lines = []
        for block in form.plan.relations("lines"):
            assert block.relation is not None
            fields = form.editor.rights(block.relation).object.fields
            columns = tuple(name for name in block.names if name in fields and name != block.relation.field)
            lines.append((block.relation, columns))
        conditions = [(live.MAIN, source) for source in form.plan.conditions()]
        for relation, columns in lines:
            fields = form.editor.rights(relation).object.fields
            said = [one for name in columns for one in own_conditions(fields[name])]
            conditions += [(relation.name, source) for source in said if isinstance(source, str)]
        wanted = live.Wanted(names, tuple(lines), tuple(dict.fromkeys(conditions)))
        return live.plan(form.session, form.access, wanted, context_of(form.session))

    @property
    def wanted(self) -> bool:
        """True when there is anything for a script to do."""
        return not self.plan.idle

    @property
    def address(self) -> str:
        """Where the script asks."""
        whole = "?_whole=1" if self.form.whole else ""
        return f"/o/{self.form.access.object.name}/{self.form.record_id or 'new'}/live{whole}"

    @property
    def json(self) -> Markup:
        """All of it, safe inside a script element."""
        form, made = self.form, self.plan
        record = form.bare_record()
        data = {
            **made.data,
            "conditions": [
                formula and {"at": at, "formula": formula} for (at, _), formula in made.data["conditions"].items()
            ],
            "env": browser.environment(form.session.env(), made.compiled),
            "new": form.new,
            "start": sorted(form.access.object.fields[name].key for name in form.start),
            "values": live.values(made, live.MAIN, form.access, record, form.session.user_id),
            "rows": {name: self.rows(lines) for name, lines in form.lines.items()},
            "paths": {at: sorted(links) for at, links in made.paths.items()},
        }
        return Markup(UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", dump_text(data)))

    def rows(self, lines: Lines) -> dict[str, Any]:
        """The values of the stored lines, by id; ``complete``: all of them are on the page."""
        stored = [row for row in lines.rows if row.id]
        return {"complete": not lines.more, "values": {row.id: self.row(lines, row) for row in stored}}

    def row(self, lines: Lines, row: Row) -> dict[str, Any]:
        """The values of one stored line."""
        fields = lines.access.object.fields
        record = {name: bare(fields[name], one) if name in fields else one for name, one in row.record.items()}
        return live.values(self.plan, lines.relation.name, lines.access, record, self.form.session.user_id)

    def beside(self) -> dict[str, list[str]]:
        """The fields of lines, by relation, that formulas read beside what the columns show."""
        found = {}
        for block in self.form.plan.relations("lines"):
            assert block.relation is not None
            access = self.form.editor.rights(block.relation)
            own = (access.object.by_key.get(key) for key in self.plan.needs[block.relation.name])
            found[block.relation.name] = [one.name for one in own if one is not None and access.readable(one.name)]
        return found

    # -- marks on the page ------------------------------------------------------------------------------

    def marks(self, what: str, conditions: Sequence[Condition], at: str = live.MAIN) -> str:
        """The attribute that names the conditions of a part."""
        numbers = self.plan.numbers
        found = [numbers[at, one] for one in conditions if isinstance(one, str) and (at, one) in numbers]
        return f' data-{what}="{" ".join(map(str, found))}"' if found else ""

    def follows(self, condition: Condition) -> bool:
        """True when the script can say whether a condition holds."""
        return isinstance(condition, str) and (live.MAIN, condition) in self.plan.numbers

    def block(self, block: Block) -> Markup:
        """The marks of a section."""
        return Markup(self.shown((block.visible,)))

    def place(self, place: Place) -> Markup:
        """The marks of a field."""
        if not place.conditional:
            return UNMARKED
        required = self.marks("must", (place.required, place.field.required))
        fixed = self.marks("fixed", (place.readonly, place.field.readonly))
        return Markup(self.shown(place.visible) + required + fixed)

    def cell(self, lines: Lines, place: Place) -> Markup:
        """The marks of a field of a line."""
        at, own = lines.relation.name, place.field
        seen, fixed, required = (self.marks(what, (one,), at) for what, one in zip(
            ("when", "fixed", "must"), own_conditions(own), strict=True))  # fmt: skip
        return Markup(seen + fixed + required)

    def shown(self, conditions: Sequence[Condition]) -> str:
        """The marks of what is shown under conditions; ``data-off`` hides it where scripts run."""
        marks = self.marks("when", conditions)
        return f"{marks} data-off" if marks and not visible(conditions, self.form.known) else marks

    # -- answers ----------------------------------------------------------------------------------------

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """What the script cannot know: values of linked records, odd spellings, far formulas. Raises Malformed."""
        form, context = self.form, context_of(self.form.session)
        found: dict[str, Any] = {"links": [], "texts": [], "values": {}}
        try:
            for at, link, ids in question.get("links", ())[:MOST_ASKED]:
                access = self.access(at)
                wanted = [str(one) for one in ids]
                found["links"].append(live.linked(form.session, self.plan, at, access, str(link), wanted))
            for at, name, text in question.get("texts", ())[:MOST_ASKED]:
                found["texts"].append(live.spelled(self.access(at), str(name), str(text), context))
            keys = [str(one) for one in question.get("values", ())][:MOST_ASKED]
            given = dict(question.get("given") or {})
        except (TypeError, ValueError, KeyError):
            raise Malformed() from None
        if keys:
            found["values"] = live.computed(form.session, self.plan, form.access, keys, given, form.record_id, context)
        return found

    def access(self, at: str) -> Any:
        """The rights on the record itself or on its lines. Raises KeyError."""
        if at == live.MAIN:
            return self.form.access
        relations = {one.relation.name: one.relation for one in self.form.plan.relations("lines") if one.relation}
        return self.form.editor.rights(relations[at])
