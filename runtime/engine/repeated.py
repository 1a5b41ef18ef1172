"""A bulk request that comes again with its Idempotency-Key: what it has made already is not made a second time.

The ids of its new records follow from the key, so a request that was cut off anywhere goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.base.errors import Invalid, Problem
from runtime.base.sqltext import Sql
from runtime.base.values import dump_text, load
from runtime.engine.finding import Result
from runtime.engine.idempotency import OTHER
from runtime.engine.workspace import Session
from runtime.store import batches, proposals
from runtime.store.ids import new_id, row_id

#: The status beside the key of a bulk request: each record has its own.
SEVERAL = 207


def ids_of(session: Session, once: tuple[str, bytes], many: int) -> list[str]:
    """The ids of what a request makes, in the order of its records, the same for the same key.

    Raises Invalid when the key was used for another request.
    """
    key, request = once
    table = session.layout.system("s_idempotency")
    values = (session.user_id, key, request, SEVERAL, dump_text({"origin": new_id()}))
    asked, response = session.database.rows(
        Sql(
            f"INSERT INTO {table} AS i (user_id, key, request, status, response) VALUES (%s::uuid, %s, %s, %s, %s) "
            "ON CONFLICT (user_id, key) DO UPDATE SET key = i.key RETURNING i.request, i.response",
            values,
        )
    )[0]
    if bytes(asked) != request:
        raise Invalid(problems=[Problem("idempotency_key", OTHER)])
    origin = load(response)["origin"]
    return [row_id(origin, number) for number in range(many)]


def made(session: Session, object_name: str, ids: Sequence[str]) -> dict[str, Result]:
    """What an earlier attempt has made of these ids, records or proposals."""
    place = session.layout.object(object_name)
    found = {row[0]: Result(201, row[0], 1) for row in session.database.rows(batches.there(place, ids))}
    waiting = proposals.known(session.database, session.workspace.schema, list(ids))
    found.update({identity: Result((201 if record == identity else 200) if at_once else 202, record)
                  for identity, record, at_once in waiting})  # fmt: skip
    return found


def unmade(
    items: Sequence[Mapping[str, Any]], ids: Sequence[str], there: Mapping[str, Result]
) -> tuple[Sequence[Mapping[str, Any]], Sequence[str]]:
    """The records that are not made yet, and their ids."""
    if not there:
        return items, ids
    left = [(item, one) for item, one in zip(items, ids, strict=True) if one not in there]
    return [item for item, _ in left], [one for _, one in left]
