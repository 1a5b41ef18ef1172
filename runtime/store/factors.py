"""The second factors of one workspace: the secret, whether it is in force, hashed recovery codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Database


@dataclass(frozen=True)
class Factor:
    """A second factor as stored. ``last_step`` is the newest moment (of 30 seconds) whose code was used."""

    secret: str
    confirmed: bool
    last_step: int
    recovery: Sequence[str]


def find(database: Database, schema: str, user: str) -> Factor | None:
    """The second factor of a user, in force or only begun."""
    found = database.row(
        Sql(
            f"SELECT secret, confirmed_at IS NOT NULL, last_step, recovery FROM {ident(schema, 's_second_factor')} "
            "WHERE user_id = %s::uuid",
            (user,),
        )
    )
    return Factor(found[0], found[1], found[2], tuple(found[3])) if found else None


def begin(database: Database, schema: str, user: str, secret: str) -> None:
    """Keep a secret that is not in force yet; one in force stays."""
    table = ident(schema, "s_second_factor")
    database.rows(
        Sql(
            f"INSERT INTO {table} AS f (user_id, secret) VALUES (%s::uuid, %s) ON CONFLICT (user_id) "
            "DO UPDATE SET secret = excluded.secret, last_step = 0 WHERE f.confirmed_at IS NULL RETURNING 1",
            (user, secret),
        )
    )


def confirm(database: Database, schema: str, user: str, step: int, recovery: Sequence[str]) -> None:
    """Put the factor in force."""
    database.rows(
        Sql(
            f"UPDATE {ident(schema, 's_second_factor')} SET confirmed_at = now(), last_step = %s, recovery = %s "
            "WHERE user_id = %s::uuid RETURNING 1",
            (step, list(recovery), user),
        )
    )


def use_step(database: Database, schema: str, user: str, step: int) -> bool:
    """Take a moment's code; False when it, or a later one, was used before."""
    statement = Sql(
        f"UPDATE {ident(schema, 's_second_factor')} SET last_step = %s "
        "WHERE user_id = %s::uuid AND last_step < %s RETURNING 1",
        (step, user, step),
    )
    return bool(database.rows(statement))


def use_recovery(database: Database, schema: str, user: str, digest: str) -> bool:
    """Use up a recovery code; False when there is none such."""
    statement = Sql(
        f"UPDATE {ident(schema, 's_second_factor')} SET recovery = array_remove(recovery, %s) "
        "WHERE user_id = %s::uuid AND %s = ANY(recovery) RETURNING 1",
        (digest, user, digest),
    )
    return bool(database.rows(statement))


def drop(database: Database, schema: str, user: str) -> None:
    """Take the factor away."""
    database.rows(Sql(f"DELETE FROM {ident(schema, 's_second_factor')} WHERE user_id = %s::uuid RETURNING 1", (user,)))
