"""A forgotten password: an administrator makes a link by which its owner sets a new one, once and for a day.

Nothing is kept for it: the link is signed over the present password, so that it ends with its first use.
"""

from __future__ import annotations

import hashlib
import hmac
import time

from runtime.base.errors import Forbidden, Message, NotFound, Unauthorized
from runtime.engine import accounts, audit
from runtime.engine.workspace import ADMIN, Session, Workspace, Workspaces
from runtime.store import people
from runtime.store.ids import is_id

HOURS = 24
SCHEMA = "w_"
OVER = Message(
    "this link is used or too old; ask an administrator for another", "链接已使用或已过期，请联系管理员重新生成"
)


def make(session: Session, user_id: str, secret: str) -> str:
    """The token of a link for somebody's new password. Raises Forbidden, NotFound."""
    accounts.demand_administration(session)
    user = people.user_by_id(session.database, session.workspace.schema, user_id) if is_id(user_id) else None
    if user is None or not user.active:
        raise NotFound()
    if ADMIN in user.roles and ADMIN not in session.person.roles:
        raise Forbidden(Message("only an administrator may change an administrator", "只有管理员可以修改管理员"))
    until = int(time.time()) + HOURS * 3600
    audit.note(session.workspace, session.user_id, "reset_link_made", {"user": user.name})
    plain = f"{session.workspace.schema.removeprefix(SCHEMA)}.{user.id}.{until}"
    return f"{plain}.{signed(plain, user, secret)}"


def opened(known: Workspaces, token: str, secret: str) -> tuple[Workspace, people.User]:
    """Whose link it is. Raises Unauthorized for one that is used, too old or nobody's."""
    plain, _, signature = token[:200].rpartition(".")
    schema, user_id, until = ([*plain.split("."), "", "", ""])[:3]
    fits = plain.count(".") == 2 and schema.isascii() and schema.isalnum() and is_id(user_id)
    if not fits or not until.isascii() or not until.isdigit() or int(until[:12]) < time.time():
        raise Unauthorized(OVER)
    workspace = known.in_schema(SCHEMA + schema)
    user = people.user_by_id(workspace.database, workspace.schema, user_id)
    if user is None or not user.active:
        raise Unauthorized(OVER)
    if not hmac.compare_digest(signed(plain, user, secret).encode(), signature.encode("utf-8", "replace")):
        raise Unauthorized(OVER)
    return workspace, user


def reset(known: Workspaces, token: str, secret: str, password: str) -> None:
    """Set the new password; every session and token of the user ends. Raises Unauthorized, Invalid."""
    workspace, user = opened(known, token, secret)
    stored = accounts.hashed(password)
    people.set_user(workspace.database, workspace.schema, user.id, {"password_hash": stored})
    people.revoke_user(workspace.database, workspace.schema, user.id)
    audit.note(workspace, user.id, "password_reset", {"name": user.name})


def signed(plain: str, user: people.User, secret: str) -> str:
    """The signature of a link as long as the password is the present one."""
    said = f"password reset\n{plain}\n{user.password_hash or ''}"
    return hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()
