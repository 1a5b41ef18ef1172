"""Names in documents that point somewhere: whether they point at something. It changes nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from runtime.base.errors import Message, nearest, unknown
from runtime.formula.scope import Member, Scope
from runtime.meta.formulas import Formulas
from runtime.meta.model import SYSTEM_OBJECTS, Model
from runtime.meta.scope import PROPERTIES, ModelScope

WORDS = {
    "object": Message("object", "对象"),
    "role": Message("role", "角色"),
    "view": Message("view", "视图"),
    "form": Message("form", "表单"),
    "workflow": Message("workflow", "流程"),
    "automation": Message("automation", "自动化"),
    "dashboard": Message("dashboard", "仪表盘"),
    "app": Message("app", "应用"),
}
#: The role of the built-in administrator.
ADMIN = "admin"
PART = re.compile(r"[<>=!]+|[0-9.]+")


class References:
    """Looks names up in one model. Every method gives None, or the sentence that says what is wrong."""

    def __init__(self, model: Model, formulas: Formulas) -> None:
        self.model = model
        self.formulas = formulas

    def names(self, what: str) -> Collection[str]:
        """All names of a piece."""
        if what == "object":
            return self.model.objects
        if what == "app":
            return self.model.apps
        if what == "role":
            return (*self.model.pieces.get("role", {}), ADMIN)
        return self.model.pieces.get(what, {})

    def follow(self, what: str, name: Any, about: str | None) -> str | None:
        """The object that ``name`` leads to: an object, a workflow's, a relation or a link of the object ``about``."""
        if not isinstance(name, str):
            return None
        if what == "object":
            found = self.model.object(name)
            return found.name if found else None
        if what == "workflow":
            piece = self.model.piece("workflow", name)
            return str(piece.object) if piece else None
        scope = self.formulas.scope(about) if about else None
        if not isinstance(scope, ModelScope):
            return None
        if what == "relation":
            return scope.relation(name)
        member = scope.member(name)
        target = scope.target(member) if member else None
        return target.name if isinstance(target, ModelScope) else None

    def check(self, what: str, name: str, about: str | None) -> Message | None:
        """What is wrong with ``name``, which should name a ``what`` of (or near) the object ``about``."""
        if what == "menu":
            piece, _, rest = name.partition("/")
            return self.piece(piece, rest, None) if piece in WORDS else None
        if what == "variant":
            return self.piece("role", name.removeprefix("role/"), None) if name.startswith("role/") else None
        if what in WORDS:
            return self.piece(what, name, about if what == "view" else None)
        finder = getattr(self, "_" + what, None)
        scope = self.formulas.scope(about) if about else None
        if finder is None or scope is None:
            return None if about != "" or finder is None else _no_object(name)
        message: Message | None = finder(name, scope)
        return message

    def piece(self, what: str, name: str, about: str | None) -> Message | None:
        """A document by name; a view must be about the object around it."""
        if what == "object" and self.model.object(name):
            return None
        if name not in self.names(what):
            return unknown(WORDS[what], name, self.names(what), "").message
        found = self.model.piece(what, name)
        if about and found is not None and found.object not in (None, about):
            target = self.model.object(str(found.object))
            if target is None or target.name != about:
                return Message(f"the {what} {name!r} is about {found.object!r}, not about {about!r}",
                               f"{WORDS[what].zh}“{name}”针对“{found.object}”，而不是“{about}”")  # fmt: skip
        return None

    # --- names within an object ----------------------------------------------------------------------
    def _field(self, name: str, scope: Scope) -> Message | None:
        return None if _own(scope, name) else unknown_field(name, scope)

    def _made_link(self, name: str, scope: Scope) -> Message | None:
        """A link that can hold a record that is made for it: one record, of an object of the model, not its owner."""
        definition = scope.definition if isinstance(scope, ModelScope) else None
        field = definition.field(name) if definition else None
        if field is None:
            return unknown_field(name, scope)
        relates = field.relates
        made = relates is not None and field.stored and not relates.many and not field.owned
        if not made or relates is None or relates.target_object() in SYSTEM_OBJECTS:
            return Message(f"the field {name!r} is not a link to one record of another object",
                           f"字段“{name}”不是指向单条业务记录的关联字段")  # fmt: skip
        return None

    def _own_workflow(self, name: str, scope: Scope) -> Message | None:
        """A workflow about the object itself: only such a one can have approved its records."""
        return self.piece("workflow", name, scope.definition.name if isinstance(scope, ModelScope) and scope.definition
                          else None)  # fmt: skip

    def _path(self, name: str, scope: Scope) -> Message | None:
        return self._follow_path(name, scope)[1]

    def _sort(self, name: str, scope: Scope) -> Message | None:
        """What lists can be put in order by: properties, the title, and own fields of a type that has an order."""
        bare = name.removeprefix("-")
        found, message = self._follow_path(bare, scope)
        if found is None:
            return message
        if "." in bare:
            return Message(f"cannot sort by {name!r}: it belongs to another object; a lookup field can be sorted by",
                           f"不能按“{name}”排序：它属于其他对象；可改用引用字段")  # fmt: skip
        if found.type.name in ("list", "children"):
            return Message(f"cannot sort by {name!r}: it holds several values", f"不能按“{name}”排序：它包含多个值")
        definition = scope.definition if isinstance(scope, ModelScope) else None
        field = definition.field(bare) if definition else None
        if field is not None and not field.kind.sortable:
            return Message(
                f"cannot sort by {name!r}: its values have no order", f"不能按“{name}”排序：其值没有先后顺序"
            )
        return None

    def _writable(self, name: str, scope: Scope) -> Message | None:
        if name == "owner":
            return None
        if name in PROPERTIES or name == "id":
            return Message(f"the system property {name!r} cannot be set", f"系统属性“{name}”不能赋值")
        definition = scope.definition if isinstance(scope, ModelScope) else None
        field = definition.field(name) if definition else None
        if field is None:
            return unknown_field(name, scope)
        if not field.stored:
            return Message(f"the field {name!r} is computed and cannot be set", f"字段“{name}”为计算字段，不能赋值")
        if field.numbered:
            return Message(
                f"the field {name!r} is numbered by the system and cannot be set", f"字段“{name}”由系统编号，不能赋值"
            )
        return None

    def _people(self, name: str, scope: Scope) -> Message | None:
        found, message = self._follow_path(name, scope)
        if found is None:
            return message
        kind = found.type.item or found.type
        if kind.of not in SYSTEM_OBJECTS:
            return Message(f"the field {name!r} does not hold people", f"字段“{name}”不是人员或部门字段")
        return None

    def _relation(self, name: str, scope: Scope) -> Message | None:
        found = scope.member(name)
        if found is None or found.type.name != "children":
            return unknown(Message("relation", "关系"), name, relations(scope), "").message
        return None

    def _owned(self, name: str, scope: Scope) -> Message | None:
        message = self._relation(name, scope)
        if message is None and isinstance(scope, ModelScope) and not self.model.reverses[scope.name][name].owned:
            return Message(f"the relation {name!r} is not owned: only line items are edited as lines",
                           f"关系“{name}”不是明细：只有明细可以按行编辑")  # fmt: skip
        return message

    def _follow_path(self, name: str, scope: Scope) -> tuple[Member | None, Message | None]:
        """The member at the end of ``customer.owner``."""
        here: Scope | None = scope
        found: Member | None = None
        for step in name.split("."):
            if here is None:
                return None, Message(f"{name!r} does not follow links: {found.name if found else ''!r} is not one",
                                     f"“{name}”无法逐级引用：“{found.name if found else ''}”不是关联字段")  # fmt: skip
            found = _own(here, step)
            if found is None:
                return None, unknown_field(step, here)
            here = here.target(found) if found.type.name == "ref" else None
        return found, None


def _own(scope: Scope, name: str) -> Member | None:
    """A field or property by its present or former name: labels and relations do not count."""
    found = scope.member(name)
    if found is None or found.type.name == "children":
        return None
    if isinstance(scope, ModelScope) and scope.definition is not None:
        known = scope.definition.field(name) or name in PROPERTIES or name in ("id", "title")
        return found if known else None
    return found


def relations(scope: Scope) -> list[str]:
    """The relations that lead to an object."""
    return [one.name for one in scope.members() if one.type.name == "children"]


def unknown_field(name: str, scope: Scope) -> Message:
    """``unknown field 'amuont' of 'quote', did you mean ...``"""
    names = sorted(one.name for one in scope.members() if one.type.name != "children")
    title = scope.name if isinstance(scope, ModelScope) else scope.object
    near = nearest(name, names)
    shown = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
    en = f"unknown field {name!r} of {title!r}" + (f", did you mean {near!r}?" if near else ".") + f" Known: {shown}"
    zh = f"“{title}”没有字段“{name}”" + (f"，是否为“{near}”？" if near else "。") + f" 可用：{shown}"
    return Message(en, zh)


def _no_object(name: str) -> Message:
    return Message(f"{name!r} names a field, but no object is stated here", f"“{name}”是字段名，但此处没有指定对象")


def satisfies(version: str, wanted: str) -> bool:
    """Whether ``1.2.0`` lies in ``>=1.0,<2``."""
    have = _numbers(version)
    for part in wanted.split(","):
        tokens: Iterable[str] = PART.findall(part)
        *sign, number = tokens
        want = _numbers(number)
        order = (have > want) - (have < want)
        right = {">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0, "!=": order != 0}
        if not right.get(sign[0] if sign else "==", order == 0):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(one) for one in version.split(".") if one.isdigit()]
    return tuple([*numbers, 0, 0, 0][:3])
