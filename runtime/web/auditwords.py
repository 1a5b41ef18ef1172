"""The entries of the audit in words: what happened, and its details without what says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.engine.workspace import Session
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


def detail(session: Session, entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what it is, what it says) of an entry; zeros and blanks are left out."""
    called = keys()
    return [(called.get(name, name), said(session, name, one)[:LONGEST]) for name, one in entry.items() if one]


def said(session: Session, name: str, value: Any) -> str:
    """A detail as people read it."""
    if value is True:
        return gettext("yes")
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {said(session, '', one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(said(session, "", one) for one in value)
    if name == "object" and value in session.model.objects:
        return session.model.objects[value].label[page_language()]
    return str(value)
