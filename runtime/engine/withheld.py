"""Records of a bulk request whose change needs an approval: each waits in a workflow of its own, lines of one record in
one."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.base.errors import DougongError
from runtime.engine import effective, storing
from runtime.engine.access import ObjectAccess
from runtime.engine.finding import ASIDE, Abort, Item, Request, Result, failure
from runtime.engine.guards import Wait
from runtime.engine.saving import Options, Written
from runtime.store.database import Connection


def waiting(request: Request, access: ObjectAccess, items: Sequence[Item]) -> dict[str, Wait]:
    """By draft: why it has to wait. In a dry run those items have their result."""
    if request.approved:
        return {}
    open_ones = [one for one in items if one.result is None and one.draft is not None]
    drafts = [one.draft for one in open_ones if one.draft is not None]
    found = storing.waits(request.session, access, drafts, bypass=request.bypass)
    for one in open_ones:
        assert one.draft is not None
        if one.draft.problems:
            one.result = Result(422, None if one.draft.new else one.draft.id, problems=one.draft.problems)
        elif request.dry and one.draft.id in found:
            one.result = Result(202, one.draft.id, one.draft.version)
    return found


def put_aside(request: Request, access: ObjectAccess, items: Sequence[Item]) -> None:
    """Lines that have to wait with their record get a result that says so, where they are to be gathered first."""
    if (
        not request.gathers
        or request.dry
        or request.bypass
        or effective.owner_of(request.session, access.object) is None
    ):
        return
    asked = [one for one in items if one.result is None and one.draft is not None]
    drafts = [one.draft for one in asked if one.draft is not None]
    found = effective.line_guards(request.session, access, drafts, bypass=False)
    for one in asked:
        why = found.get(one.draft.id) if one.draft is not None and not one.draft.problems else None
        if why is not None:
            one.result = Result(ASIDE, why.parent)


def hold(request: Request, access: ObjectAccess, items: Sequence[Item], connection: Connection) -> None:
    """Hold back what needs an approval: each record's change, or those of all lines of a record, with a workflow."""
    held = waiting(request, access, items)
    groups: dict[str, list[Item]] = {}
    for one in items if held else ():
        if one.result is None and one.draft is not None and one.draft.id in held:
            groups.setdefault(held[one.draft.id].parent or one.draft.id, []).append(one)
    if any(one.result is not None and one.result.status >= 400 for one in items) and request.atomic:
        raise Abort
    for _, group in sorted(groups.items()):  # In the order in which every writer holds records.
        hold_one(request, access, group, held, connection)


def hold_one(
    request: Request, access: ObjectAccess, group: Sequence[Item], held: dict[str, Wait], connection: Connection
) -> None:
    """Hold back the change of one record, or the changes of lines of one."""
    drafts = [one.draft for one in group if one.draft is not None]
    why, first = held[drafts[0].id], group[0].id
    rows = {draft.id: one.id for one, draft in zip(group, drafts, strict=True) if one.id}
    assert request.divert is not None
    try:
        with connection.transaction():
            options = Options(trusted=request.trusted, proposal=None if why.parent else first, rows=rows)
            made = request.divert(request.session, access, drafts, options, why, connection)
    except DougongError as error:
        for one, draft in zip(group, drafts, strict=True):
            one.result = failure(error, draft.id)
        if request.atomic:
            raise Abort from error
        return
    if made is None:
        raise Abort
    for one, draft in zip(group, drafts, strict=True):
        one.result = waits(made, draft.id, new=draft.new and why.parent is None)


def waits(done: Written, record_id: str = "", *, new: bool = False) -> Result:
    """A change that was held back: waiting, or in force already where nobody had to be asked."""
    at_once = 201 if new else 200
    return Result(202 if done.pending else at_once, record_id or done.id, done.version, pending=done.pending)
