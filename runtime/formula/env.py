"""What a formula may know besides the record: the moment, the time zone, the user, the calendars."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from runtime.formula.calendar import DEFAULT, Calendar
from runtime.formula.types import DATE, DATETIME, TEXT, Type, list_of, ref
from runtime.formula.values import to_local, zone

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
NOBODY = "00000000-0000-0000-0000-000000000000"

USER_TYPES: dict[str, tuple[Type, bool]] = {
    "id": (ref("user"), False),
    "name": (TEXT, False),
    "department": (ref("department"), True),
    "departments": (list_of(ref("department")), False),
    "manager": (ref("user"), True),
    "roles": (list_of(TEXT), False),
}
ENV_TYPES: dict[tuple[str, ...], tuple[Type, bool]] = {
    ("NOW",): (DATETIME, False),
    ("TODAY",): (DATE, False),
    **{("USER", key): value for key, value in USER_TYPES.items()},
}


def uuid_text(text: str) -> str | None:
    """The canonical spelling of a record id, or None when the text is none."""
    lower = text.lower()
    return lower if UUID.match(lower) else None


@dataclass(frozen=True, slots=True)
class Env:
    """One moment and one user. ``now`` is aware; ``today`` follows from it unless given. ``user`` has the
    keys id, name, department, departments, manager, roles. ``option_labels`` maps ``object.member`` to the
    labels of its options; ``calendars`` maps names to calendars, "" being the workspace's
    own; where nobody keeps that one, it is ``calendar``.
    """

    now: dt.datetime
    tz: str = "Asia/Shanghai"
    today: dt.date | None = None
    user: Mapping[str, Any] = field(default_factory=dict)
    calendar: Calendar = DEFAULT
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    option_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone's rules."""
        return zone(self.tz)

    def value(self, path: tuple[str, ...]) -> Any:
        """The value of an environment name in the form the evaluator takes, text for references."""
        if path == ("NOW",):
            return self.now.replace(microsecond=self.now.microsecond // 1000 * 1000)
        if path == ("TODAY",):
            if self.today is not None:
                return self.today
            local = to_local(self.now, self.zone)
            return local.date() if local else None
        value = self.user.get(path[1])
        t, _nullable = USER_TYPES[path[1]]
        if t.name == "list":
            return tuple(str(item) for item in value or ())
        if path[1] == "id":
            return str(value) if value else NOBODY
        if t.name == "ref":
            return str(value) if value else None
        return str(value) if value else ""

    def named_calendar(self, name: str) -> Calendar:
        """The calendar called ``name``; an unknown one is the workspace's own."""
        return self.calendars.get(name) or self.calendars.get("", self.calendar)
