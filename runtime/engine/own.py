"""What a user may change of himself: his language, his password. Everything else needs the right to administer."""

from __future__ import annotations

from argon2.exceptions import InvalidHashError, VerificationError

from runtime.base.errors import Invalid, Message, Problem, Unauthorized
from runtime.engine import accounts, audit
from runtime.engine.workspace import Session, Workspace, read_token
from runtime.store import people

LANGUAGES = ("en", "zh")


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
    return accounts.login(workspace, user.name, new)[0]


def logout(workspace: Workspace, token: str) -> None:
    """End one token; nothing happens when it has ended already."""
    _, digest = read_token(token)
    found = people.token(workspace.database, workspace.schema, digest)
    if found:
        people.revoke_token(workspace.database, workspace.schema, found[0])
