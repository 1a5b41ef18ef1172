"""Who stands in for whom, when and for which workflows. It decides nothing and checks no right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Database
from runtime.store.ids import new_id

COLUMNS = "d.id::text, d.user_id::text, d.to_id::text, d.workflows, d.from_at, d.until_at, d.mode"
#: The stand-in has the tasks; or both have them, and who is first decides.
TAKE_OVER, SHARE = "take_over", "share"
MODES = (TAKE_OVER, SHARE)


@dataclass(frozen=True)
class StandIn:
    """Somebody acts for somebody else for a while; no workflows means all of them."""

    id: str
    user: str
    to: str
    workflows: Sequence[str]
    begins: datetime
    ends: datetime
    mode: str = TAKE_OVER


def of(database: Database, schema: str, user: str) -> list[StandIn]:
    """What somebody has arranged, or was asked for, and is not over yet."""
    rows = database.rows(Sql(
        f"SELECT {COLUMNS} FROM {ident(schema, 's_delegation')} d WHERE (d.user_id = %s::uuid OR d.to_id = %s::uuid) "
        "AND d.until_at > now() ORDER BY d.from_at, d.id", (user, user)))  # fmt: skip
    return [StandIn(*row) for row in rows]


def alone(database: Database, schema: str) -> None:
    """Nobody else arranges anything until the end of the transaction."""
    database.rows(Sql(f"LOCK TABLE {ident(schema, 's_delegation')} IN SHARE ROW EXCLUSIVE MODE"))


def overlapping(database: Database, schema: str, begins: datetime, ends: datetime) -> list[StandIn]:
    """Everything that is in force at some moment of a period."""
    rows = database.rows(Sql(
        f"SELECT {COLUMNS} FROM {ident(schema, 's_delegation')} d WHERE d.from_at < %s AND d.until_at > %s",
        (ends, begins)))  # fmt: skip
    return [StandIn(*row) for row in rows]


def add(database: Database, schema: str, user: str, to: str, workflows: Sequence[str], begins: datetime,
        ends: datetime, mode: str = TAKE_OVER) -> str:  # fmt: skip
    """A new stand-in; its id. Somebody's first one moves the stamp: :func:`arranging` has changed."""
    identity, table = new_id(), ident(schema, "s_delegation")
    database.rows(Sql(
        f"WITH made AS (INSERT INTO {table} (id, user_id, to_id, workflows, from_at, until_at, mode) "
        "VALUES (%s::uuid, %s::uuid, %s::uuid, %s, %s, %s, %s)) "
        f"UPDATE {ident(schema, 's_live')} SET stamp = stamp + 1 "
        f"WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE user_id = %s::uuid)",
        (identity, user, to, list(workflows), begins, ends, mode, user)))  # fmt: skip
    return identity


def delegate(database: Database, schema: str, user: str, workflow: str, now: datetime) -> tuple[str, str] | None:
    """Who stands in for somebody at a workflow, and in which mode."""
    found = database.row(Sql(
        f"SELECT to_id::text, mode FROM {ident(schema, 's_delegation')} WHERE user_id = %s::uuid AND from_at <= %s AND "
        "until_at > %s AND (workflows = '{}' OR %s = ANY(workflows)) ORDER BY from_at DESC LIMIT 1",
        (user, now, now, workflow)), prepare=True)  # fmt: skip
    return (str(found[0]), str(found[1])) if found else None


def arranging(database: Database, schema: str) -> frozenset[str]:
    """Who has ever arranged that somebody stands in for him: of everybody else :func:`delegate` need not be asked."""
    rows = database.rows(Sql(
        f"SELECT id::text FROM {ident(schema, 's_user')} u WHERE EXISTS "
        f"(SELECT 1 FROM {ident(schema, 's_delegation')} d WHERE d.user_id = u.id)"))  # fmt: skip
    return frozenset(row[0] for row in rows)


def end(database: Database, schema: str, user: str, identity: str) -> bool:
    """It is over now; False when it is none of his, or over already."""
    return bool(database.rows(Sql(
        f"UPDATE {ident(schema, 's_delegation')} SET until_at = greatest(from_at, now()) WHERE id = %s::uuid "
        "AND user_id = %s::uuid AND until_at > now() RETURNING 1", (identity, user))))  # fmt: skip
