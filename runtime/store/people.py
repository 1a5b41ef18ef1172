"""Users, departments and tokens of one workspace. It checks no right; every change moves the rights stamp."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import Conflict, Message, NotFound
from runtime.base.sqltext import Sql, ident, join
from runtime.store.database import Connection, Database, run
from runtime.store.ids import is_id, new_id

USER_COLUMNS = (
    "id::text", "name", "full_name", "email", "active", "roles", "department_id::text", "manager_id::text",
    "language", "time_zone", "password_hash", "mail", "handover_id::text",
)  # fmt: skip
WRITABLE = (
    "full_name",
    "email",
    "active",
    "roles",
    "department_id",
    "manager_id",
    "handover_id",
    "language",
    "time_zone",
    "password_hash",
)


@dataclass(frozen=True)
class User:
    """One user as stored."""

    id: str
    name: str
    full_name: str
    email: str | None
    active: bool
    roles: Sequence[str]
    department: str | None
    manager: str | None
    language: str | None
    time_zone: str | None
    password_hash: str | None
    mail: bool = True
    #: Who takes over his work once he has left.
    handover: str | None = None

    @property
    def title(self) -> str:
        """How the user is shown."""
        return self.full_name or self.name


@dataclass(frozen=True)
class Department:
    """One department as stored."""

    id: str
    name: str
    parent: str | None
    head: str | None
    #: The working calendar that it names for itself and what is under it.
    calendar: str | None = None


def touch(connection: Connection, schema: str) -> None:
    """Move the stamp: every process looks again at its next request."""
    run(connection, Sql(f"UPDATE {ident(schema, 's_live')} SET stamp = stamp + 1"))


def users(database: Database, schema: str, where: Sql | None = None) -> list[User]:
    """Users by name, all or those that meet a condition."""
    statement = Sql(f"SELECT {', '.join(USER_COLUMNS)} FROM {ident(schema, 's_user')}")
    if where:
        statement = statement + " WHERE " + where
    return [User(*row) for row in database.rows(statement + " ORDER BY name")]


def user_by_name(database: Database, schema: str, name: str) -> User | None:
    """The user who logs in as ``name``, or None."""
    found = users(database, schema, Sql("name = %s", (name,)))
    return found[0] if found else None


def user_called(database: Database, schema: str, name: str) -> User | None:
    """The same however its letters are typed: a phone makes the first one large. None where it could be two."""
    found = users(database, schema, Sql("name = %s OR lower(name) = %s", (name, name.lower())))
    exactly = [one for one in found if one.name == name]
    return exactly[0] if exactly else found[0] if len(found) == 1 else None


def user_by_id(database: Database, schema: str, user_id: str) -> User | None:
    """The user with this id, or None."""
    if not is_id(user_id):
        return None
    found = users(database, schema, Sql("id = %s::uuid", (user_id,)))
    return found[0] if found else None


def add_user(database: Database, schema: str, name: str, values: Mapping[str, Any]) -> str:
    """A new user's id. Raises Conflict when the name is taken, or one that differs in large and small letters only."""
    identity = new_id()
    columns = ["id", "name", *values]
    alike = Sql(f"SELECT name FROM {ident(schema, 's_user')} WHERE name = %s OR lower(name) = %s", (name, name.lower()))
    with database.transaction() as connection:
        touch(connection, schema)  # Whoever adds one at the same time waits here, and finds this one.
        for (there,) in run(connection, alike):
            raise Conflict(Message(f"there is a user {there!r} already", f"已有名为“{there}”的用户"))
        run(
            connection,
            Sql(f"INSERT INTO {ident(schema, 's_user')} ({', '.join(map(ident, columns))}) VALUES (")
            + join(", ", [Sql("%s", (value,)) for value in (identity, name, *values.values())])
            + ")",
        )
    return identity


def hash_anew(database: Database, schema: str, user_id: str, before: str, after: str) -> None:
    """Another hash of the same password; nothing where the password has been changed meanwhile."""
    database.rows(
        Sql(
            f"UPDATE {ident(schema, 's_user')} SET password_hash = %s WHERE id = %s::uuid AND password_hash = %s",
            (after, user_id, before),
        )
    )


def set_user(database: Database, schema: str, user_id: str, values: Mapping[str, Any]) -> None:
    """Change a user. Raises NotFound."""
    if not values:
        return
    sets = join(", ", [Sql(f"{ident(name)} = %s", (value,)) for name, value in values.items()])
    with database.transaction() as connection:
        done = run(
            connection,
            Sql(f"UPDATE {ident(schema, 's_user')} SET updated_at = now(), ")
            + sets
            + Sql(" WHERE id = %s::uuid RETURNING id", (user_id,)),
        )
        if not done:
            raise NotFound(Message("there is no such user", "没有该用户"))
        touch(connection, schema)


def departments(database: Database, schema: str) -> list[Department]:
    """All departments, by name."""
    rows = database.rows(
        Sql(
            f"SELECT id::text, name, parent_id::text, head_id::text, calendar FROM {ident(schema, 's_department')} "
            "WHERE deleted_at IS NULL ORDER BY name"
        )
    )
    return [Department(*row) for row in rows]


def alone(connection: Connection, schema: str) -> None:
    """Nobody else moves people or departments until the end of the transaction."""
    run(connection, Sql(f"LOCK TABLE {ident(schema, 's_department')} IN SHARE ROW EXCLUSIVE MODE"))


def add_department(
    database: Database, schema: str, name: str, parent: str | None, head: str | None, calendar: str | None = None
) -> str:
    """A new department's id. Raises Conflict when the parent has one of that name."""
    identity = new_id()
    with database.transaction() as connection:
        try:
            run(
                connection,
                Sql(
                    f"INSERT INTO {ident(schema, 's_department')} (id, name, parent_id, head_id, calendar) "
                    "VALUES (%s, %s, %s::uuid, %s::uuid, %s)",
                    (identity, name, parent, head, calendar),
                ),
            )
        except pg.UniqueViolation:
            raise Conflict(Message(f"there is a department {name!r} already", f"已有名为“{name}”的部门")) from None
        touch(connection, schema)
    return identity


def set_department(database: Database, schema: str, department_id: str, values: Mapping[str, Any]) -> None:
    """Change a department's name, parent or head. Raises NotFound, Conflict."""
    sets = join(", ", [Sql(f"{ident(name)} = %s", (value,)) for name, value in values.items()])
    with database.transaction() as connection:
        try:
            done = run(
                connection,
                Sql(f"UPDATE {ident(schema, 's_department')} SET ")
                + sets
                + Sql(" WHERE id = %s::uuid AND deleted_at IS NULL RETURNING id", (department_id,)),
            )
        except pg.UniqueViolation:
            raise Conflict(Message("the name is taken at this place", "同级已有同名部门")) from None
        if not done:
            raise NotFound(Message("there is no such department", "没有该部门"))
        touch(connection, schema)


def below(all_departments: Iterable[Department], top: str | None) -> tuple[str, ...]:
    """``top`` and every department under it."""
    if top is None:
        return ()
    children: dict[str | None, list[str]] = {}
    for one in all_departments:
        children.setdefault(one.parent, []).append(one.id)
    found, todo = [], [top]
    while todo:
        current = todo.pop()
        if current in found:
            continue
        found.append(current)
        todo.extend(children.get(current, ()))
    return tuple(found)


def above(all_departments: Iterable[Department], bottom: str | None) -> tuple[str, ...]:
    """``bottom`` and every department over it."""
    parents = {one.id: one.parent for one in all_departments}
    found: list[str] = []
    while bottom is not None and bottom not in found:
        found.append(bottom)
        bottom = parents.get(bottom)
    return tuple(found)


def add_token(
    database: Database, schema: str, user_id: str, name: str, digest: bytes, expires: datetime | None,
    *, purpose: str = "script", agent: str = "",
) -> str:  # fmt: skip
    """Keep the hash of a new token. ``purpose`` is script or session, ``agent`` what the browser calls itself."""
    identity = new_id()
    database.rows(
        Sql(
            f"INSERT INTO {ident(schema, 's_token')} (id, user_id, name, hash, expires_at, purpose, agent) "
            "VALUES (%s, %s::uuid, %s, %s, %s, %s, %s)",
            (identity, user_id, name, digest, expires, purpose, agent),
        )
    )
    return identity


def token(database: Database, schema: str, digest: bytes) -> tuple[str, str, datetime | None] | None:
    """(id, user, expiry) of the token with this hash that is not revoked, or None."""
    found = database.row(
        Sql(
            f"SELECT id::text, user_id::text, expires_at FROM {ident(schema, 's_token')} "
            "WHERE hash = %s AND revoked_at IS NULL",
            (digest,),
        )
    )
    return (found[0], found[1], found[2]) if found else None


def tokens(database: Database, schema: str, user_id: str | None = None) -> list[tuple[Any, ...]]:
    """(id, user name, name, created, expires, revoked) of all tokens or of one user's, newest first."""
    statement = Sql(
        "SELECT t.id::text, u.name, t.name, t.created_at, t.expires_at, t.revoked_at "
        f"FROM {ident(schema, 's_token')} t "
        f"JOIN {ident(schema, 's_user')} u ON u.id = t.user_id"
    )
    if user_id:
        statement = statement + Sql(" WHERE t.user_id = %s::uuid", (user_id,))
    return database.rows(statement + " ORDER BY t.id DESC")


@dataclass(frozen=True)
class Token:
    """A token that lives."""

    id: str
    user: str
    name: str
    created: datetime
    expires: datetime | None
    purpose: str
    agent: str


def living_tokens(database: Database, schema: str, user_id: str | None = None) -> list[Token]:
    """The tokens that live, of all users or of one, newest first."""
    statement = Sql(
        "SELECT t.id::text, coalesce(nullif(u.full_name, ''), u.name), t.name, t.created_at, t.expires_at, t.purpose, "
        f"t.agent FROM {ident(schema, 's_token')} t JOIN {ident(schema, 's_user')} u ON u.id = t.user_id "
        "WHERE t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())"
    )
    if user_id:
        statement = statement + Sql(" AND t.user_id = %s::uuid", (user_id,))
    return [Token(*row) for row in database.rows(statement + " ORDER BY t.id DESC LIMIT 500")]


def revoke_token(database: Database, schema: str, token_id: str, user_id: str | None = None) -> bool:
    """Revoke one token (of one user); False when there is none that lives."""
    if not is_id(token_id):
        return False
    condition = Sql(" WHERE id = %s::uuid AND revoked_at IS NULL", (token_id,))
    if user_id:
        condition = condition + Sql(" AND user_id = %s::uuid", (user_id,))
    with database.transaction() as connection:
        done = run(
            connection,
            Sql(f"UPDATE {ident(schema, 's_token')} SET revoked_at = now()") + condition + " RETURNING id",
        )
        if done:
            touch(connection, schema)
    return bool(done)


def revoke_user(database: Database, schema: str, user_id: str) -> None:
    """Revoke all tokens of a user (password changed, user disabled)."""
    with database.transaction() as connection:
        run(
            connection,
            Sql(
                f"UPDATE {ident(schema, 's_token')} SET revoked_at = now() WHERE user_id = "
                "%s::uuid AND revoked_at IS NULL",
                (user_id,),
            ),
        )
        touch(connection, schema)


def shared_objects(database: Database, schema: str) -> frozenset[str]:
    """The storage keys of the objects of which any record is shared with somebody."""
    rows = database.rows(Sql(f"SELECT DISTINCT object_key FROM {ident(schema, 's_share')}"))
    return frozenset(row[0] for row in rows)


def share(
    database: Database,
    schema: str,
    object_key: str,
    record_id: str,
    kind: str,
    grantee: str,
    level: str,
    by: str | None,
) -> None:
    """Share one record with a user, role or department; again with another level changes it."""
    with database.transaction() as connection:
        run(
            connection,
            Sql(
                f"INSERT INTO {ident(schema, 's_share')} (object_key, record_id, kind, grantee, level, created_by) "
                "VALUES (%s, %s::uuid, %s, %s, %s, %s::uuid) "
                "ON CONFLICT (object_key, record_id, kind, grantee) DO UPDATE SET level = excluded.level",
                (object_key, record_id, kind, grantee, level, by),
            ),
        )
        touch(connection, schema)


def unshare(database: Database, schema: str, object_key: str, record_id: str, kind: str, grantee: str) -> None:
    """Take a share back."""
    with database.transaction() as connection:
        run(
            connection,
            Sql(
                f"DELETE FROM {ident(schema, 's_share')} "
                "WHERE object_key = %s AND record_id = %s::uuid AND kind = %s AND grantee = %s",
                (object_key, record_id, kind, grantee),
            ),
        )
        touch(connection, schema)


def shares(database: Database, schema: str, object_key: str, record_id: str) -> list[tuple[str, str, str]]:
    """(kind, grantee, level) of all shares of a record."""
    rows = database.rows(
        Sql(
            f"SELECT kind, grantee, level FROM {ident(schema, 's_share')} "
            "WHERE object_key = %s AND record_id = %s::uuid ORDER BY kind, grantee",
            (object_key, record_id),
        )
    )
    return [(row[0], row[1], row[2]) for row in rows]
