"""The entries of the audit in words: what happened, and its details without what says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from runtime.engine import presenting
from runtime.engine.workspace import Session
from runtime.meta.model import SYSTEM_OBJECTS
from runtime.store.ids import is_id
from runtime.web.texts import gettext, page_language

LONGEST = 160


def events() -> dict[str, str]:
    """What each event is called; one that is not here is shown by its name."""
    return {
        "login": gettext("Logged in"),
        "login_refused": gettext("Login refused"),
        "password_changed": gettext("Password changed"),
        "password_refused": gettext("Password change refused"),
        "password_reset": gettext("Password set by a link"),
        "reset_asked": gettext("Link for a new password asked for"),
        "reset_link_made": gettext("Link for a new password made"),
        "reset_link_sent": gettext("Link for a new password sent"),
        "second_factor_on": gettext("Second factor turned on"),
        "second_factor_off": gettext("Second factor turned off"),
        "recovery_code_used": gettext("Recovery code used"),
        "token_created": gettext("Token made"),
        "token_revoked": gettext("Token or session ended"),
        "profile_changed": gettext("Own profile changed"),
        "user_created": gettext("Person added"),
        "user_changed": gettext("Person changed"),
        "department_created": gettext("Department added"),
        "department_changed": gettext("Department changed"),
        "workspace_changed": gettext("Settings of the workspace changed"),
        "calendar_changed": gettext("Working calendar changed"),
        "calendar_removed": gettext("Working calendar removed"),
        "stand_in_added": gettext("Stand-in arranged"),
        "stand_in_ended": gettext("Stand-in ended"),
        "shared": gettext("Record shared"),
        "bypass_approval": gettext("Key fields changed without approval"),
        "deleted_by_force": gettext("Record deleted by force"),
        "workflow_intervention": gettext("Administrator in a workflow"),
        "publish": gettext("New version published"),
        "import": gettext("Records imported"),
        "export_started": gettext("Export begun"),
        "export": gettext("Records exported"),
    }


def keys() -> dict[str, str]:
    """What the details are called."""
    return {
        "name": gettext("Name"),
        "user": gettext("Person"),
        "roles": gettext("Roles"),
        "object": gettext("Object"),
        "record": gettext("Record"),
        "file": gettext("File"),
        "filter": gettext("Filter"),
        "format": gettext("Format"),
        "changed": gettext("Changed"),
        "changes": gettext("Changes"),
        "version": gettext("Version"),
        "note": gettext("Note"),
        "total": gettext("Rows"),
        "records": gettext("Records"),
        "created": gettext("Added"),
        "updated": gettext("Updated"),
        "skipped": gettext("Skipped"),
        "failed": gettext("Failed"),
        "pending": gettext("Waiting"),
        "unprocessed": gettext("Not processed"),
        "stopped": gettext("Stopped"),
        "on_duplicate": gettext("Duplicates"),
        "left": gettext("Left"),
        "code": gettext("Code"),
        "reason": gettext("Reason"),
        "ended": gettext("Workflows ended"),
        "action": gettext("Action"),
        "workflow": gettext("Workflow"),
    }


def members() -> dict[str, str]:
    """What is called how that administrators change of people, departments and the workspace."""
    return {
        "name": gettext("Name"),
        "full_name": gettext("Name"),
        "email": gettext("Mail address"),
        "department": gettext("Department"),
        "manager": gettext("Superior"),
        "handover": gettext("Successor"),
        "roles": gettext("Roles"),
        "active": gettext("May log in"),
        "password": gettext("Password"),
        "language": gettext("Language"),
        "time_zone": gettext("Time zone"),
        "currency": gettext("Usual currency"),
        "region": gettext("Region (for phone numbers)"),
        "parent": gettext("Belongs to"),
        "head": gettext("Head"),
        "calendar": gettext("Working calendar"),
    }


def told(session: Session, entries: Sequence[Mapping[str, Any]]) -> list[list[tuple[str, str]]]:
    """For each entry (what it is, what it says) of its details; zeros and blanks are left out.

    People, departments and records are told by their names, as far as the reader may know these.
    """
    wanted = set(chain.from_iterable(map(ids_in, entries)))
    names = {object_name: presenting.titles(session, object_name, wanted) for object_name in SYSTEM_OBJECTS}
    known = {key: one for found in names.values() for key, one in found.items()}
    for object_name in {str(one.get("object")) for one in entries} & session.model.objects.keys():
        about = [one for one in entries if one.get("object") == object_name]
        known |= presenting.titles(session, object_name, chain.from_iterable(map(ids_in, about)))
    words = Words(session, known)
    return [words.detail(one) for one in entries]


def ids_in(value: Any) -> Iterator[str]:
    """The ids anywhere in the details of an entry."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from ids_in(one)
    elif isinstance(value, str) and is_id(value):
        yield value


class Words:
    """Says details in the language of the page; ``names`` are those of ids."""

    def __init__(self, session: Session, names: Mapping[str, str]) -> None:
        self.session = session
        self.names = names
        self.keys, self.members = keys(), members()

    def detail(self, entry: Mapping[str, Any]) -> list[tuple[str, str]]:
        """(what it is, what it says)."""
        called = {**self.members, **self.keys}
        return [
            ("" if name == "id" else called.get(name, name), self.said(name, one)[:LONGEST])
            for name, one in entry.items() if one
        ]  # fmt: skip

    def said(self, name: str, value: Any) -> str:
        """A detail as people read it."""
        if value is None or value == "":
            return "—"
        if isinstance(value, bool):
            return gettext("yes") if value else gettext("no")
        if isinstance(value, Mapping):
            return ", ".join(f"{self.members.get(key, key)}: {self.said(key, one)}" for key, one in value.items())
        if isinstance(value, (list, tuple)):
            return ", ".join(dict.fromkeys(self.said(name, one) for one in value))
        text = str(value)
        if name == "changed":
            return self.members.get(text, text)
        if name == "object" and text in self.session.model.objects:
            return self.session.model.objects[text].label[page_language()]
        return self.names.get(text, text)
