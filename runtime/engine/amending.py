"""What is proposed, as its workflow sees it and as its steps change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runtime.base.errors import Conflict, Invalid, Message
from runtime.engine import adopting, entering, storing
from runtime.engine.access import ObjectAccess
from runtime.engine.drafts import Draft
from runtime.engine.guards import OWNER, moved
from runtime.engine.prepare import Preparation
from runtime.engine.proposed import standing
from runtime.engine.proposing import possible
from runtime.engine.saving import Options
from runtime.engine.storing import RETRY
from runtime.engine.workspace import Session
from runtime.store import proposals
from runtime.store.database import Connection

GOES = Message("the record is to be deleted, nothing can be set in it", "该记录将被删除，不能修改其字段")


def overlay(session: Session, draft: Draft, instance: str) -> None:
    """Show a record as it would be: what conditions and approvers of the workflow look at. ``OLD`` tells what is."""
    one = proposals.read(session.database, session.workspace.schema, instance)
    if one is None or one.state not in proposals.OPEN:
        return
    places = session.layout.object(session.layout.names[one.object_key]).places
    for key, value in one.patch.items():
        if key == OWNER:
            draft.owner = value
        elif value is None:
            draft.values.pop(key, None)
        elif key in places:
            draft.values[key] = value


def amend(session: Session, connection: Connection, instance: str, values: Mapping[str, Any], *, trusted: bool) -> None:
    """Change what is proposed, under every rule of a save. Raises Invalid, Forbidden, Conflict."""
    one, writer, access = adopting.opened(session, instance)
    if one.kind == proposals.DELETE:
        raise Conflict(GOES)
    if one.kind == proposals.CREATE:
        mend(writer, connection, access, one.record_id, values, Options(trusted=trusted))
        return
    raw = {**adopting.raw_of(access.object, one.patch), **values}
    draft = adopting.read(writer, access, one.record_id, raw, Options(trusted=trusted))
    storing.owner(writer, access, draft, trusted)
    Preparation(writer, access, trusted=trusted, lines_follow=one.kind == proposals.LINES).run([draft])
    if draft.problems:
        raise Invalid(problems=draft.problems)
    keys = moved(draft)
    possible(writer, access, draft, keys, trusted, connection)
    patch = {key: draft.owner if key == OWNER else draft.values.get(key) for key in sorted(keys)}
    base = {key: one.base.get(key, value) for key, value in standing(draft, keys).items()}
    proposals.change(connection, session.workspace.schema, replace(one, patch=patch, base=base))
    if one.kind == proposals.LINES:
        adopting.rehearse(session, connection, instance)


def mend(
    writer: Session, connection: Connection, access: ObjectAccess, record_id: str, values: Mapping[str, Any],
    options: Options,
) -> None:  # fmt: skip
    """Set fields of a new record that waits, through the write path. Raises Invalid, Forbidden, Conflict."""
    if not values:
        return
    with entering.lifted(writer, connection, access.object, record_id):
        draft = adopting.read(writer, access, record_id, values, options)
        if storing.write(writer, access, draft, options, None) is None:
            raise Conflict(RETRY)
