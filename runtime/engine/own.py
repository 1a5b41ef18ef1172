"""What a user may change of himself: language, profile, password, tokens. Everything else needs an administrator."""

from __future__ import annotations

from collections.abc import Mapping

from argon2.exceptions import InvalidHashError, VerificationError

from runtime.base.errors import Invalid, Message, Problem, Unauthorized
from runtime.engine import accounts, audit
from runtime.engine.workspace import Session, Workspace, read_token
from runtime.store import people

LANGUAGES = ("en", "zh")
PROFILE = ("full_name", "email", "time_zone")


def set_language(session: Session, language: str) -> None:
    """The language of the caller's pages and messages. Raises Invalid."""
    if language not in LANGUAGES:
        text = Message("must be en or zh", "只能是 en 或 zh")
        raise Invalid(problems=[Problem("choice", text, field="language")])
    if session.user_id is None or session.person.language == language:
        return
    people.set_user(session.database, session.workspace.schema, session.user_id, {"language": language})
    session.settle()


def set_password(session: Session, old: str, new: str) -> str:
    """A new password; every token of the caller ends and a new one is given. Raises Invalid."""
    workspace = session.workspace
    user = people.user_by_id(session.database, workspace.schema, session.user_id or "")
    if user is None:
        raise Unauthorized(Message("Please log in again", "请重新登录"))
    try:
        accounts.HASHER.verify(user.password_hash or accounts.NOBODY_HASH, old[: accounts.LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        audit.note(workspace, user.id, "password_refused", {"name": user.name})
        text = Message("the present password is wrong", "当前密码错误")
        raise Invalid(problems=[Problem("password", text, field="old_password")]) from None
    stored = accounts.hashed(new)
    people.set_user(session.database, workspace.schema, user.id, {"password_hash": stored})
    people.revoke_user(session.database, workspace.schema, user.id)
    audit.note(workspace, user.id, "password_changed", {"name": user.name})
    return accounts.begin(workspace, user)[0]


def logout(workspace: Workspace, token: str) -> None:
    """End one token; nothing happens when it has ended already."""
    _, digest = read_token(token)
    found = people.token(workspace.database, workspace.schema, digest)
    if found:
        people.revoke_token(workspace.database, workspace.schema, found[0])


def sessions(session: Session) -> list[people.Token]:
    """The caller's living sessions and tokens."""
    return people.living_tokens(session.database, session.workspace.schema, session.user_id)


def revoke(session: Session, token_id: str) -> bool:
    """End one of the caller's sessions or tokens; False when it is none of his."""
    done = people.revoke_token(session.database, session.workspace.schema, token_id, session.user_id)
    if done:
        audit.note(session.workspace, session.user_id, "token_revoked", {"id": token_id})
    return done


def set_profile(session: Session, values: Mapping[str, str]) -> None:
    """The caller's own name, mail address, time zone, and whether mail is sent to him. Raises Invalid."""
    kept: dict[str, str | bool | None] = {name: values[name].strip() or None for name in PROFILE if name in values}
    if "mail" in values:
        kept["mail"] = values["mail"] == "1"
    columns = accounts.columns_of(session.workspace, session.snapshot, kept, session.user_id)
    if session.user_id is not None and columns:
        people.set_user(session.database, session.workspace.schema, session.user_id, columns)
        audit.note(session.workspace, session.user_id, "profile_changed", {"changed": sorted(columns)})
        session.settle()


def new_token(session: Session, name: str, days: int) -> str:
    """A token for the caller's own scripts, shown once. Raises Invalid."""
    name = name.strip()
    if not 1 <= len(name) <= 60 or not 1 <= days <= 366:
        text = Message("say a name of at most 60 characters and 1 to 366 days", "名称不超过 60 字，有效期 1 到 366 天")
        raise Invalid(problems=[Problem("token", text, field="name")])
    user = people.user_by_id(session.database, session.workspace.schema, session.user_id or "")
    if user is None:
        raise Unauthorized(Message("Please log in again", "请重新登录"))
    return accounts.create_token(session.workspace, user, name, days)


def proven(session: Session, password: str) -> people.User:
    """The caller's own row after he has shown his password again. Raises Invalid."""
    user = people.user_by_id(session.database, session.workspace.schema, session.user_id or "")
    try:
        if user is None:
            raise VerificationError
        accounts.HASHER.verify(user.password_hash or accounts.NOBODY_HASH, password[: accounts.LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        text = Message("the present password is wrong", "当前密码错误")
        raise Invalid(problems=[Problem("password", text, field="password")]) from None
    return user
