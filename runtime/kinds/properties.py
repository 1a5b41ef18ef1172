"""The kinds of what every record has beside its fields: its moments and its people, shown and asked like fields."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.kinds.field import Field
from runtime.kinds.fields.datetime import DateTime
from runtime.kinds.fields.number import Number
from runtime.kinds.fields.text import Text
from runtime.kinds.fields.user import User

#: Name -> (English label, Chinese label, kind), in the order in which pages offer them.
PROPERTIES: Mapping[str, tuple[str, str, Field]] = {
    "owner": ("Owner", "负责人", User({})),
    "created_at": ("Created", "创建时间", DateTime({})),
    "created_by": ("Created by", "创建人", User({})),
    "updated_at": ("Changed", "修改时间", DateTime({})),
    "updated_by": ("Changed by", "修改人", User({})),
    "id": ("ID", "ID", Text({})),
    "version": ("Version", "版本", Number({"scale": 0})),
}
