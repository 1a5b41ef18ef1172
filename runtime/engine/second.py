"""The second factor: codes of an authenticator (TOTP), each good once, and recovery codes that are kept hashed."""

from __future__ import annotations

import hashlib
import secrets
import time

import pyotp

from runtime.base.errors import Invalid, Message, Problem, Unauthorized
from runtime.engine import audit
from runtime.engine.workspace import Workspace
from runtime.store import factors

STEP = 30
CODES = 10
ISSUER = "Dougong"
WRONG_CODE = Message("the code is wrong or was used already", "验证码错误或已被使用")


class CodeNeeded(Unauthorized):
    """Name and password are right; the code of the second factor is missing."""

    def __init__(self, user: str) -> None:
        text = Message("enter the code of your authenticator too", "请同时输入身份验证器的验证码")
        super().__init__(text, code="second_factor", extra={"user": user})


def demanded(workspace: Workspace, user: str) -> bool:
    """True when the user has put a second factor in force."""
    found = factors.find(workspace.database, workspace.schema, user)
    return found is not None and found.confirmed


def digest(code: str) -> str:
    """The hash under which a recovery code is kept."""
    return hashlib.sha256(code.strip().lower().replace("-", "").encode()).hexdigest()


def matching_step(secret: str, code: str) -> int | None:
    """The moment that a code belongs to: now, the one before or after; None for none."""
    text = "".join(one for one in code if one.isdigit())
    now = int(time.time()) // STEP
    totp = pyotp.TOTP(secret)
    return next((step for step in (now, now - 1, now + 1) if secrets.compare_digest(totp.at(step * STEP), text)), None)


def passes(workspace: Workspace, user: str, code: str) -> bool:
    """True for a code that was not used before, or a recovery code, which is used up."""
    found = factors.find(workspace.database, workspace.schema, user)
    if found is None or not found.confirmed or len(code) > 100:
        return False
    step = matching_step(found.secret, code)
    if step is not None:
        return factors.use_step(workspace.database, workspace.schema, user, step)
    if factors.use_recovery(workspace.database, workspace.schema, user, digest(code)):
        audit.note(workspace, user, "recovery_code_used", {"left": len(found.recovery) - 1})
        return True
    return False


def begin(workspace: Workspace, user: str, name: str) -> tuple[str, str]:
    """(secret, address for the authenticator) of a factor that is not in force before :func:`confirm`."""
    found = factors.find(workspace.database, workspace.schema, user)
    secret = found.secret if found is not None and not found.confirmed else pyotp.random_base32()
    if found is None:
        factors.begin(workspace.database, workspace.schema, user, secret)
    return secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def confirm(workspace: Workspace, user: str, code: str) -> list[str]:
    """Put the factor in force; the recovery codes, shown once. Raises Invalid for a wrong code."""
    found = factors.find(workspace.database, workspace.schema, user)
    step = matching_step(found.secret, code) if found is not None and not found.confirmed else None
    if step is None:
        raise Invalid(problems=[Problem("second_factor_wrong", WRONG_CODE, field="code")])
    codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(CODES)]
    factors.confirm(workspace.database, workspace.schema, user, step, [digest(one) for one in codes])
    audit.note(workspace, user, "second_factor_on", {})
    return codes


def drop(workspace: Workspace, user: str, by: str | None) -> None:
    """Take the factor away."""
    factors.drop(workspace.database, workspace.schema, user)
    audit.note(workspace, by, "second_factor_off", {"user": user})
