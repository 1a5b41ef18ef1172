"""Links: references to many records."""

from __future__ import annotations

from typing import Any, ClassVar

from runtime.formula.types import Type, list_of, ref
from runtime.kinds.field import LIST_OPERATORS, Context, Examples, Field, Invalid, Relates, Valid
from runtime.kinds.fields.link import EXAMPLE, REVERSE, TARGET_FILTER, TO, id_of
from runtime.kinds.fields.multiselect import at_most, items_of
from runtime.kinds.options import option

ID = EXAMPLE[:-1]


class Links(Relates, Field):
    """Any number of records of one object, each once, in the order they were given."""

    name = "links"
    label = {"en": "Links", "zh": "多条关联"}
    help = {"en": "Points to many records of an object.", "zh": "指向某个对象的多条记录。"}
    icon = "affiliate"
    column = "uuid[]"
    blank = ()
    many = True
    operators = LIST_OPERATORS
    sortable = False
    widget = "links"
    options = {
        "to": TO,
        "reverse": REVERSE,
        "filter": TARGET_FILTER,
        "max": option("integer", "At most", "最多条数", minimum=1, maximum=1000, default=200),
    }
    required_options: ClassVar[tuple[str, ...]] = ("to",)
    examples: ClassVar[Examples] = ({"to": "contact"}, {"to": "product", "max": 20, "reverse": "campaigns"})
    valid: ClassVar[Valid] = (
        ({"to": "contact"}, [ID + "2", ID + "1", ID + "2"], [ID + "2", ID + "1"]),
        ({"to": "contact"}, f"{ID}1, {ID.upper()}2", [ID + "1", ID + "2"]),
        ({"to": "contact"}, [{"id": ID + "1"}], [ID + "1"]),
        ({"to": "contact"}, [], None),
    )
    invalid: ClassVar[Invalid] = (
        ({"to": "contact"}, ["x"]),
        ({"to": "contact", "max": 1}, [ID + "1", ID + "2"]),
        ({"to": "contact"}, 5),
        ({"to": "contact"}, [[ID + "1"]]),
    )

    def type(self) -> Type:
        return list_of(ref(self.target_object()))

    def clean(self, raw: Any, context: Context) -> list[str] | None:
        ids = [one for one in dict.fromkeys(map(id_of, items_of(raw))) if one is not None]
        at_most(ids, self.settings.get("max", 200))
        return ids or None

    def text(self, value: Any, context: Context) -> str:
        return ", ".join(value or ())

    def typed(self, value: Any) -> tuple[str, ...]:
        return tuple(value)

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "format": "uuid"}, "uniqueItems": True}
