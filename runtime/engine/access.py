"""Who may do what with which records and fields: the only place that decides, for every reader and writer.

Rights are compiled once per person and stamp. An unreadable field is not there; a criterion with nothing to
compare with denies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

from runtime.base.errors import Forbidden, Message, NotFound
from runtime.base.sqltext import EMPTY, Sql, join
from runtime.engine.asking import as_open
from runtime.engine.workspace import ADMIN, Person, Snapshot
from runtime.formula import sql as formula_sql
from runtime.meta.model import SYSTEM_OBJECTS, SYSTEM_PROPERTIES, FieldDef, ObjectDef, Piece
from runtime.store.binder import TableBinder
from runtime.store.layout import PROPERTIES

LEVELS = ("none", "own", "department", "department_below", "all")
FIELD_LEVELS = ("hidden", "masked", "read", "write")
SCOPED = ("read", "update", "delete", "assign", "share")
SWITCHES = ("create", "import", "export", "bulk")
#: What people call doing what a right is about, in Chinese; in English where its own name is no word for it.
DOING = {
    "create": "新建", "read": "查看", "update": "修改", "delete": "删除", "import": "导入", "export": "导出",
    "bulk": "批量处理", "assign": "转交", "share": "共享",
}  # fmt: skip
VERBS = {"bulk": "bulk-edit"}
DENY = Sql("false")
MOST_KEPT = 300
T = TypeVar("T")


@dataclass(frozen=True)
class Scope:
    """How far a right goes: a level, or formulas; several roles add up."""

    level: str = "none"
    where: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """True when the right is not given at all."""
        return self.level == "none" and not self.where

    @property
    def everything(self) -> bool:
        """True when the right holds for every record."""
        return self.level == "all"

    def covers(self, other: Scope) -> bool:
        """True when every record of ``other`` is surely one of ours."""
        if self.everything or other.nothing:
            return True
        return LEVELS.index(self.level) >= LEVELS.index(other.level) and set(other.where) <= set(self.where)


@dataclass(frozen=True)
class Way:
    """One way in which a right may be given: the role ('' for a share), how far it goes, whether it holds here."""

    role: str
    scope: str
    holds: Sql
    formula: bool = False


def scope_of(values: Iterable[Any]) -> Scope:
    """The union of what several roles say for one right."""
    level, where = "none", []
    for value in values:
        if value is True:
            value = "all"
        if isinstance(value, Mapping):
            where.append(str(value["where"]))
        elif value in LEVELS and LEVELS.index(value) > LEVELS.index(level):
            level = str(value)
    return Scope(level, tuple(sorted(set(where))))


class ObjectAccess:
    """One person's rights on one object."""

    def __init__(self, snapshot: Snapshot, person: Person, definition: ObjectDef) -> None:
        self.snapshot = snapshot
        self.person = person
        self.object = definition
        self.everything = person.id is None or ADMIN in person.roles
        self._given = [] if self.everything else self._entries()
        self._grants = [entry for _, entry in self._given]
        self.parent = self._parent()
        self._levels: dict[str, str] = {}
        #: Statements and formulas kept by readers; they live as long as the rights.
        self.kept: dict[Any, Any] = {}

    def _entries(self) -> list[tuple[str, Mapping[str, Any]]]:
        found = []
        for name in self.person.roles:
            role: Piece | None = self.snapshot.model.piece("role", name)
            for named, entry in (role.doc.get("objects", {}) if role else {}).items():
                if self.snapshot.model.object(named) is self.object:
                    found.append((name, self._by_present_names(entry)))
        return found

    def _by_present_names(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        """A role's entry with its fields called as they are now: what was hidden stays so under a new name."""
        fields = {}
        for name, level in entry.get("fields", {}).items():
            field = self.object.field(name)
            fields[field.name if field else name] = level
        return {**entry, "fields": fields}

    def _parent(self) -> ObjectAccess | None:
        link = self.object.owner_link
        if link is None or link.relates is None:
            return None
        target = self.snapshot.model.object(link.relates.target_object())
        if target is None or target.name == self.object.name:
            return None
        return object_access(self.snapshot, self.person, target)

    # -- whole object -----------------------------------------------------------------------------------

    @cached_property
    def scopes(self) -> Mapping[str, Scope]:
        """How far each scoped right goes; line items have their parent's."""
        if self.everything:
            return dict.fromkeys(SCOPED, Scope("all"))
        if self.parent is not None:
            upper = self.parent.scopes
            return {
                "read": upper["read"],
                "update": upper["update"],
                "delete": upper["update"],
                "assign": Scope(),
                "share": Scope(),
            }
        return {right: scope_of(entry.get(right, "none") for entry in self._grants) for right in SCOPED}

    def may(self, right: str) -> bool:
        """True when the person has the right on any record of the object at all."""
        if self.everything:
            return True
        if right in SWITCHES:
            if self.parent is not None:
                return self.parent.may("update") if right in ("create", "bulk") else self.parent.may(right)
            return any(bool(entry.get(right, False)) for entry in self._grants)
        return not self.scopes[right].nothing

    @cached_property
    def bypasses(self) -> bool:
        """True when a role says that changes need not wait for an approval. Nobody else may, administrators neither:
        who administers is not who answers for a credit limit."""
        if self.person.id is None:
            return False
        return any(bool(entry.get("bypass_approval", False)) for _, entry in self._entries())

    @property
    def known(self) -> bool:
        """True when the person may know that the object exists."""
        return self.may("read") or self.may("create")

    def keep(self, key: Any, make: Callable[[], T]) -> T:
        """What ``make`` gives, made once for these rights; the oldest go when there are too many."""
        found = self.kept.get(key)
        if found is None:
            found = make()
            if len(self.kept) >= MOST_KEPT:
                self.kept.pop(next(iter(self.kept)), None)
            self.kept[key] = found
        return cast("T", found)

    def demand(self, right: str) -> None:
        """Raise NotFound when the object is unknown to the person, Forbidden when the right is missing."""
        if not self.known:
            raise unknown_object(self.object.name)
        if not self.may(right):
            raise Forbidden(
                Message(
                    f"you may not {VERBS.get(right, right)} records of {self.object.label['en']!r}",
                    f"您没有权限{DOING[right]}“{self.object.label['zh']}”的记录",
                )
            )

    # -- records ----------------------------------------------------------------------------------------

    def criterion(self, right: str, binder: TableBinder) -> Sql:
        """The condition under which the person has the right on the record at ``binder``; empty for always."""
        if self.everything:
            return EMPTY
        if self.parent is not None:
            link = self.object.owner_link
            assert link is not None
            return self.parent.criterion("read" if right == "read" else "update", trusted(binder).hop(link.key))
        scope = self.scopes[right]
        if scope.everything:
            return EMPTY
        ways = [self._level(scope.level, binder)] if scope.level != "none" else []
        ways += [self._where(source, binder) for source in scope.where]
        if self.object.key in self.snapshot.shared and right in ("read", "update"):
            ways.append(self._shared(right, binder))
        ways = [way for way in ways if way is not DENY]
        if not ways:
            return DENY
        return Sql("(") + join(" OR ", ways) + ")"

    def ways(self, right: str, binder: TableBinder) -> list[Way]:
        """What :meth:`criterion` adds up, one by one: which role, or share, gives the right on the record."""
        if self.everything:
            return [Way(ADMIN, "all", Sql("true"))]
        found = []
        for role, entry in self._given:
            value = entry.get(right, "none")
            if isinstance(value, Mapping):
                found.append(Way(role, str(value["where"]), self._where(str(value["where"]), binder), formula=True))
            else:
                level = scope_of([value]).level
                holds = {"all": Sql("true"), "none": DENY}.get(level) or self._level(level, binder)
                found.append(Way(role, level, holds))
        if right in ("read", "update"):
            found.append(Way("", "shared", self._shared(right, binder)))
        return found

    def _level(self, level: str, binder: TableBinder) -> Sql:
        owner = f"{binder.alias}.owner_id"
        if self.person.id is None:
            return DENY
        own = Sql(f"{owner} = %s::uuid", (self.person.id,))
        if level == "own":
            return own
        departments = (self.person.department,) if level == "department" else self.person.departments
        wanted = [one for one in departments if one]
        if not wanted:
            return own
        table = binder.layout.system("s_user")
        return Sql(
            f"({owner} = %s::uuid OR {owner} = ANY(ARRAY(SELECT u.id FROM {table} u WHERE "
            "u.department_id = ANY(%s::uuid[]))))",
            (self.person.id, wanted),
        )

    def _where(self, source: str, binder: TableBinder) -> Sql:
        compiled = self.snapshot.formulas.condition(self.object.name, source, "criteria")
        if not compiled.ok:
            return DENY
        inner = trusted(binder)
        inner.env = as_open(self.snapshot.env(self.person), binder.env)
        return Sql("(") + formula_sql.predicate(compiled, inner, inner.env) + ")"

    def _shared(self, right: str, binder: TableBinder) -> Sql:
        levels = ["write"] if right == "update" else ["read", "write"]
        table = binder.layout.system("s_share")
        return Sql(
            f"{binder.alias}.id IN (SELECT h.record_id FROM {table} h WHERE h.object_key = %s "
            "AND h.level = ANY(%s) AND ("
            "(h.kind = 'user' AND h.grantee = %s) OR (h.kind = 'role' AND h.grantee = ANY(%s)) "
            "OR (h.kind = 'department' AND h.grantee = ANY(%s))))",
            (
                self.object.key, levels, self.person.id, list(self.person.roles), list(self.person.departments_above),
            ),
        )  # fmt: skip

    # -- fields -----------------------------------------------------------------------------------------

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The level of each field: hidden, masked, read or write."""
        return {name: self.level(name) for name in self.object.fields}

    def level(self, name: str) -> str:
        """The level of one field, found once. Computed ones ask others, of other objects too, never in a circle."""
        found = self._levels.get(name)
        if found is None:
            field = self.object.fields[name]
            found = self._computed(field) if field.computed is not None else self._declared(name)
            self._levels[name] = found
        return found

    def _declared(self, name: str) -> str:
        if self.everything:
            return "write"
        best = -1
        for entry in self._readable_grants():
            best = max(best, FIELD_LEVELS.index(str(entry.get("fields", {}).get(name, "write"))))
        return FIELD_LEVELS[best] if best >= 0 else "hidden"

    def _readable_grants(self) -> list[Mapping[str, Any]]:
        if self.parent is not None:
            return self._grants or ([{}] if self.parent.may("read") else [])
        return [
            entry
            for entry in self._grants
            if not scope_of([entry.get("read", "none")]).nothing or bool(entry.get("create", False))
        ]

    def _computed(self, field: FieldDef) -> str:
        level = self._declared(field.name)
        if level in ("hidden", "masked"):
            return level
        if field.expose or self.everything:
            return "read"
        compiled = self.snapshot.formulas.computed(self.object.name, field.name)
        if not compiled.ok:
            return "hidden"
        for object_key, member in compiled.deps:
            if not self._input(object_key, member):
                return "hidden"
        return "read"

    def _input(self, object_key: str, member: str) -> bool:
        if object_key in SYSTEM_OBJECTS:
            return True
        if object_key == self.object.key:
            own = self.object.by_key.get(member)
            return own is None or self.level(own.name) in ("read", "write")
        name = self.snapshot.layout.names.get(object_key)
        if name is None:
            return False
        other = object_access(self.snapshot, self.person, self.snapshot.model.objects[name])
        if not self._as_widely(other):
            return False
        there = other.object.by_key.get(member)
        return there is None or other.level(there.name) in ("read", "write")

    def _as_widely(self, other: ObjectAccess) -> bool:
        """True when another object's records are read as widely: no criterion of one tells of the other."""
        if other.parent is not None and other.parent.object.name == self.object.name:
            return True
        if self.parent is not None and self.parent.object.name == other.object.name:
            return True
        mine, theirs = self.scopes["read"], other.scopes["read"]
        return theirs.everything or (not mine.where and theirs.covers(mine))

    def readable(self, name: str) -> bool:
        """True when the field's value may be known."""
        return self.fields.get(name, "hidden") in ("read", "write")

    def visible(self, name: str) -> bool:
        """True when the field is on the wire at all (a masked one is, as its mask)."""
        return self.fields.get(name, "hidden") != "hidden"

    def writable(self, name: str) -> bool:
        """True when the field may be set (computed and numbered ones never are)."""
        field = self.object.fields.get(name)
        return field is not None and field.stored and field.numbered is None and self.fields.get(name) == "write"

    @cached_property
    def settable(self) -> frozenset[str]:
        """The names of the fields that may be set."""
        return frozenset(name for name in self.object.fields if self.writable(name))

    @cached_property
    def firm(self) -> bool:
        """True when the criteria of all rights say the same at any moment."""
        formulas = self.snapshot.formulas
        at: ObjectAccess | None = self
        while at is not None:
            sources = {source for scope in at.scopes.values() for source in scope.where}
            if not all(formulas.timeless(formulas.condition(at.object.name, one, "criteria")) for one in sources):
                return False
            at = at.parent
        return True

    @cached_property
    def names(self) -> Sequence[str]:
        """The names of the wire record, in order."""
        return [*SYSTEM_PROPERTIES, *(name for name in self.object.fields if self.visible(name))]


def trusted(binder: TableBinder) -> TableBinder:
    """The binder on behalf of the system: rights are decided over all values, readable or not."""
    return binder.at(binder.object, binder.alias, trusted=True)


def unknown_object(name: str) -> NotFound:
    """The same answer for an object that is not there and one that the caller may not know."""
    return NotFound(Message(f"there is no object {name[:60]!r}", f"没有名为“{name[:60]}”的对象"))


def object_access(snapshot: Snapshot, person: Person, definition: ObjectDef) -> ObjectAccess:
    """The person's rights on an object, compiled once."""
    found = person.access.get(definition.name)
    if found is None or found.snapshot is not snapshot:
        found = person.access[definition.name] = ObjectAccess(snapshot, person, definition)
    return found


def demand_object(snapshot: Snapshot, person: Person, name: str, right: str | None = None) -> ObjectAccess:
    """The rights on the object called ``name``. Raises NotFound, Forbidden."""
    definition = snapshot.model.objects.get(name)
    if definition is None:
        raise unknown_object(name)
    found = object_access(snapshot, person, definition)
    if not found.known:
        raise unknown_object(name)
    if right:
        found.demand(right)
    return found


def readable(snapshot: Snapshot, person: Person, object_name: str, member: str) -> bool:
    """True when the person may know the values of this field or property of any object: for formulas asked."""
    if object_name in SYSTEM_OBJECTS:
        return True
    definition = snapshot.model.objects.get(object_name)
    if definition is None:
        return False
    access = object_access(snapshot, person, definition)
    if not access.may("read"):
        return False
    return member in PROPERTIES or member == "title" or member not in definition.fields or access.readable(member)


def guard(snapshot: Snapshot, person: Person, binder: TableBinder) -> Sql:
    """The read criterion at any row that a caller's formula reaches."""
    definition = snapshot.model.objects.get(binder.object)
    if definition is None:
        return EMPTY
    return object_access(snapshot, person, definition).criterion("read", binder)
