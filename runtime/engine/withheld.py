"""Records of a bulk request whose change needs an approval: each waits in a workflow of its own."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.base.errors import DougongError
from runtime.engine import guards
from runtime.engine.access import ObjectAccess
from runtime.engine.finding import Abort, Item, Request, Result, failure
from runtime.engine.flows import divert
from runtime.engine.guards import Guard
from runtime.engine.saving import Options, Written
from runtime.store.database import Connection


def waiting(request: Request, access: ObjectAccess, items: Sequence[Item]) -> dict[str, list[Guard]]:
    """By draft: what guards it. In a dry run those items have their result."""
    drafts = [one.draft for one in items if one.result is None and one.draft is not None]
    found = guards.held(request.session, access, drafts, bypass=request.bypass)
    for one in items if request.dry and found else ():
        if one.result is None and one.draft is not None and one.draft.id in found:
            one.result = Result(202, one.draft.id, one.draft.version)
    return found


def hold(request: Request, access: ObjectAccess, items: Sequence[Item], connection: Connection) -> None:
    """Hold back what needs an approval, each change with a workflow of its own."""
    held = waiting(request, access, items)
    for one in items if held else ():
        draft = one.draft
        if one.result is not None or draft is None or draft.id not in held:
            continue
        try:
            with connection.transaction():
                options = Options(trusted=request.trusted, proposal=one.id)
                made = divert(request.session, access, draft, options, held[draft.id], connection)
        except DougongError as error:
            one.result = failure(error, draft.id)
            if request.atomic:
                raise Abort from error
            continue
        if made is None:
            raise Abort
        one.result = waits(made)


def waits(done: Written) -> Result:
    """A change that was held back: waiting, or in force already where nobody had to be asked."""
    return Result(202 if done.pending else 200, done.id, done.version, pending=done.pending)
