"""A forgotten password: a link by which its owner sets a new one, once. An administrator makes one for a day; who asks
for one himself gets it by mail, for an hour.

Nothing is kept for it: the link is signed over the present password, so that it ends with its first use. What is asked
for is a notice like any other, without the link; the link is made when the letter is written (``mailing``).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from datetime import datetime, timedelta

from runtime.base.errors import Forbidden, Message, NotFound, Unauthorized
from runtime.engine import accounts, audit
from runtime.engine.workspace import ADMIN, Session, Workspace, Workspaces
from runtime.store import notices, outbox, people
from runtime.store.ids import is_id

HOURS = 24
#: How long a link by mail is good, counted from the asking.
MAILED = timedelta(hours=1)
#: One letter in this time, whoever asks and however often.
PAUSE = timedelta(minutes=5)
#: So many people of one mail address are written to.
MOST = 5
#: The type of the notice.
ASKED = "password_link"
SCHEMA = "w_"
OVER = Message("this link is used or too old; ask for another", "链接已使用或已过期，请重新申请")


def make(session: Session, user_id: str, secret: str) -> str:
    """The token of a link for somebody's new password. Raises Forbidden, NotFound."""
    accounts.demand_administration(session)
    user = people.user_by_id(session.database, session.workspace.schema, user_id) if is_id(user_id) else None
    if user is None or not user.active:
        raise NotFound()
    if ADMIN in user.roles and ADMIN not in session.person.roles:
        raise Forbidden(Message("only an administrator may change an administrator", "只有管理员可以修改管理员"))
    audit.note(session.workspace, session.user_id, "reset_link_made", {"user": user.name})
    return token_of(session.workspace, user, int(time.time()) + HOURS * 3600, secret)


def token_of(workspace: Workspace, user: people.User, until: int, secret: str) -> str:
    """What a link for a user's new password says, good until a moment."""
    plain = f"{workspace.schema.removeprefix(SCHEMA)}.{user.id}.{until}"
    return f"{plain}.{signed(plain, user, secret)}"


def ask(workspace: Workspace, typed: str) -> None:
    """Somebody who is not logged in asks for a link, for the people of a user name or mail address.

    It does the same, and takes as long, whether there are any.
    """
    with workspace.database.transaction() as connection:
        # First, so that of two at the same time the second sees what the first has done.
        audit.noted(connection, workspace.schema, None, "reset_asked", {"name": typed[:60]})
        notices.ask_link(connection, workspace.schema, ASKED, typed, PAUSE, MOST)
    outbox.wake(workspace.database, workspace.schema)


def mailed(workspace: Workspace, user_id: str, asked_at: datetime, secret: str) -> str | None:
    """The token for a letter; None when its time is over or there is nobody any more."""
    user = people.user_by_id(workspace.database, workspace.schema, user_id)
    until = int((asked_at + MAILED).timestamp())
    if not secret or user is None or not user.active or not user.password_hash or until <= time.time():
        return None
    return token_of(workspace, user, until, secret)


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
