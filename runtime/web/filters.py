"""The filter builder of a list: rows of field, operator and input, made from the kinds; it writes a formula.

It works as a plain form: every press of a button answers with the rows as they then are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from wtforms.meta import DefaultMeta

from runtime.engine import filtering
from runtime.engine.access import ObjectAccess
from runtime.engine.filtering import MANY, ME, Condition, Conditions, Words
from runtime.engine.workspace import Session
from runtime.kinds.field import BadValue, Chooses, Relates
from runtime.kinds.operators import OPERATORS, Operator
from runtime.meta.model import FieldDef
from runtime.web.forms import SEARCH, Formdata, KindField, Offers, RecordForm, place_of
from runtime.web.shown import context_of
from runtime.web.texts import gettext, page_language

Args = MultiDict[str, str]


class FilterField(KindField):
    """The input of a value to compare with: the field's own, or what its operator needs."""

    def __init__(self, label: str, *, operator: Operator, **more: Any) -> None:
        super().__init__(label, **more)
        self.operator = operator

    @property
    def fragment(self) -> str:
        """The fragment for what the operator takes."""
        kind, takes = self.definition.kind, self.operator.takes
        if isinstance(kind, (Chooses, Relates)) and takes in MANY:
            return "links" if isinstance(kind, Relates) else "multiselect"
        if isinstance(kind, (Chooses, Relates)) and takes != "text":
            return "link" if isinstance(kind, Relates) else "select"
        if takes == "days":
            return "number"
        return "text" if takes in ("text", "item", *MANY) else kind.widget

    @property
    def many(self) -> bool:
        """True when several values can be chosen."""
        return self.operator.takes in MANY and isinstance(self.definition.kind, (Chooses, Relates))

    @property
    def stored_text(self) -> str:
        """The value as the input carries it."""
        if self.data is None or self.operator.takes in ("text", "item", "items", "days"):
            return ", ".join(self.data) if isinstance(self.data, (list, tuple)) else str(self.data or "")
        kind = self.definition.kind
        if isinstance(self.data, (list, tuple)) and self.operator.takes in MANY:
            return ", ".join(kind.text(one, self.context) for one in self.data)
        return kind.text(self.data, self.context)

    def options(self) -> list[tuple[str, str]]:
        """What can be chosen, the caller himself first where it holds people."""
        found = [one for one in super().options() if one[0] != ME]
        return [(ME, gettext("Me")), *found] if filtering.names_people(self.definition) else found


@dataclass
class FilterRow:
    """One row of the builder: its field, operator and the inputs of its values."""

    number: int
    definition: FieldDef
    operator: Operator
    inputs: RecordForm
    error: str = ""

    @property
    def operators(self) -> Sequence[Operator]:
        """What can be picked for the field."""
        return filtering.operators(self.definition)


@dataclass
class Builder:
    """The whole builder. ``plain`` when the formula says more than rows can."""

    rows: list[FilterRow] = field(default_factory=list)
    fields: Sequence[FieldDef] = ()
    any: bool = False
    plain: bool = False
    open: bool = False
    source: str = ""
    settled: bool = True


def _names(session: Session, access: ObjectAccess) -> list[FieldDef]:
    return list(filtering.offered(access).values())


def shown(session: Session, access: ObjectAccess, source: str) -> Builder:
    """The builder for a list that is filtered by a formula."""
    found = filtering.read(access, source, context_of(session))
    made = Builder(fields=_names(session, access), source=source, plain=found is None)
    if found is not None:
        offers = Offers(session)
        made.any = found.any
        made.rows = [stored_row(offers, access, number, one) for number, one in enumerate(found.rows)]
    return made


def stored_row(offers: Offers, access: ObjectAccess, number: int, condition: Condition) -> FilterRow:
    """A row of what a formula says."""
    definition = filtering.offered(access)[condition.name]
    operator = OPERATORS[condition.operator]
    values: list[Any] = [list(condition.values)] if operator.takes in MANY else list(condition.values)
    inputs = inputs_of(offers, number, definition, operator, values, None)
    return FilterRow(number, definition, operator, inputs)


def inputs_of(
    offers: Offers, number: int, definition: FieldDef, operator: Operator, values: Sequence[Any], sent: Formdata | None
) -> RecordForm:
    """The inputs of a row: none, one or two."""
    names = {"nothing": (), "range": ("v", "w")}.get(operator.takes, ("v",))
    label = definition.label[page_language()]
    labels = {"v": label, "w": gettext("%(label)s, to") % {"label": label}}
    made = RecordForm(
        {
            f"{name}-{number}": FilterField(
                labels[name], operator=operator, place=place_of(definition), offers=offers, required=False
            )
            for name in names
        },
        meta=DefaultMeta(),
    )
    data = {f"{name}-{number}": value for name, value in zip(names, values, strict=False)}
    made.process(sent, data=data)
    if sent is not None:
        made.search(sent)
    return made


def sent(session: Session, access: ObjectAccess, args: Args) -> Builder:
    """The builder as the browser sent it, with the formula of its complete rows."""
    known, context, offers = filtering.offered(access), context_of(session), Offers(session)
    made = Builder(fields=list(known.values()), any=args.get("match") == "any", open=True)
    conditions: list[Condition] = []
    for number in range(filtering.MOST_ROWS):
        name = args.get(f"f-{number}", "")
        if name not in known or args.get("drop") == str(number):
            continue
        row, condition = sent_row(offers, known[name], args, number, len(made.rows), context)
        made.rows.append(row)
        if condition is None:
            made.settled = False
        else:
            conditions.append(condition)
    added = args.get("add", "")
    if added in known and len(made.rows) < filtering.MOST_ROWS:
        operator = filtering.operators(known[added])[0]
        number = len(made.rows)
        made.rows.append(
            FilterRow(number, known[added], operator, inputs_of(offers, number, known[added], operator, (), None))
        )
        made.settled = made.settled and operator.takes == "nothing"
        if operator.takes == "nothing":
            conditions.append(Condition(added, operator.key))
    if SEARCH in args:
        made.settled = False
    made.source = filtering.write(access, Conditions(conditions, made.any))
    return made


def sent_row(
    offers: Offers, definition: FieldDef, args: Args, number: int, place: int, context: Any
) -> tuple[FilterRow, Condition | None]:
    """A row that was sent as number ``number`` and stands at ``place`` now."""
    possible = filtering.operators(definition)
    operator = next((one for one in possible if one.key == args.get(f"op-{number}")), possible[0])
    moved: Formdata = MultiDict()
    for name in ("v", "w"):
        moved.setlist(f"{name}-{place}", args.getlist(f"{name}-{number}"))
        if args.get(f"{name}-{number}-search"):
            moved[f"{name}-{place}-search"] = args[f"{name}-{number}-search"]
    inputs = inputs_of(offers, place, definition, operator, (), moved)
    row = FilterRow(place, definition, operator, inputs)
    texts = [*args.getlist(f"v-{number}"), *(args.getlist(f"w-{number}") if operator.takes == "range" else ())]
    try:
        condition = filtering.condition(Words(definition.name, operator.key, texts), definition, context)
    except BadValue as error:
        row.error, condition = error.message.text(page_language()), None
    return row, condition


def carried(args: Mapping[str, str], names: Sequence[str]) -> list[tuple[str, str]]:
    """What a form of the list carries along unseen."""
    return [(name, args[name]) for name in names if args.get(name)]


def hidden(pairs: Sequence[tuple[str, str]]) -> Markup:
    """Hidden inputs."""
    return Markup("").join(Markup('<input type="hidden" name="{}" value="{}">').format(*one) for one in pairs)
