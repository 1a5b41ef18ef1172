"""Settings of a workspace and what only administrators end: tokens of others, a lost second factor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from zoneinfo import available_timezones

import filetype

from runtime.base.errors import Forbidden, Invalid, Message, Problem
from runtime.engine import audit, second
from runtime.engine.accounts import demand_administration, find_user
from runtime.engine.workspace import ADMIN, LOGO, Session
from runtime.store import people, workspaces

LARGEST_LOGO = 256 * 1024
PICTURES = ("image/png", "image/jpeg", "image/webp")
LANGUAGES = ("zh", "en")
CURRENCY = re.compile(r"[A-Z]{3}")
REGION = re.compile(r"[A-Z]{2}")
LONGEST_NAME = 60


def change(session: Session, values: Mapping[str, str], logo: bytes | None = None, *, remove: bool = False) -> None:
    """Change name, language, time zone, region, currency and logo of the workspace. Raises Forbidden, Invalid."""
    demand_administration(session)
    problems = list(wrong(values, logo))
    if problems:
        raise Invalid(problems=problems)
    row = session.workspace.row
    label = {one: values.get(f"name_{one}", "").strip() or str(row.label.get(one, row.name)) for one in LANGUAGES}
    if remove:
        workspaces.set_picture(session.database, row.schema, LOGO, "", None)
    elif logo is not None:
        workspaces.set_picture(session.database, row.schema, LOGO, str(filetype.guess(logo).mime), logo)
    workspaces.change(session.database, row.name, values, label)  # The stamp moves last: pages ask for the logo anew.
    changed = sorted(one for one in ("language", "time_zone", "region", "currency") if one in values)
    audit.note(session.workspace, session.user_id, "workspace_changed", {"changed": changed, "label": label})


def wrong(values: Mapping[str, str], logo: bytes | None) -> list[Problem]:
    """What is wrong with new settings."""
    found = []

    def say(name: str, en: str, zh: str) -> None:
        found.append(Problem("setting", Message(en, zh), field=name))

    if values.get("language", "zh") not in LANGUAGES:
        say("language", "must be zh or en", "只能是 zh 或 en")
    if values.get("time_zone", "Asia/Shanghai") not in available_timezones():
        say("time_zone", "must be a time zone such as Asia/Shanghai", "必须是时区名称，例如 Asia/Shanghai")
    if not CURRENCY.fullmatch(values.get("currency", "CNY")):
        say("currency", "must be three capital letters such as CNY", "必须是三个大写字母，例如 CNY")
    if not REGION.fullmatch(values.get("region", "CN")):
        say("region", "must be two capital letters such as CN", "必须是两个大写字母，例如 CN")
    for one in LANGUAGES:
        if len(values.get(f"name_{one}", "")) > LONGEST_NAME or "\0" in values.get(f"name_{one}", ""):
            say(f"name_{one}", f"has at most {LONGEST_NAME} characters", f"最多 {LONGEST_NAME} 个字符")
    if logo is not None:
        guess = filetype.guess(logo)
        if len(logo) > LARGEST_LOGO or guess is None or guess.mime not in PICTURES:
            say(
                "logo",
                "must be a PNG, JPEG or WebP picture of at most 256 KB",
                "须为不超过 256 KB 的 PNG、JPEG 或 WebP 图片",
            )
    return found


def revoke(session: Session, token_id: str) -> bool:
    """End anybody's token; False when there is none that lives. Raises Forbidden."""
    demand_administration(session)
    done = people.revoke_token(session.database, session.workspace.schema, token_id)
    if done:
        audit.note(session.workspace, session.user_id, "token_revoked", {"id": token_id})
    return done


def drop_second(session: Session, user_id: str) -> None:
    """Take the second factor from somebody who has lost it. Raises Forbidden, NotFound."""
    demand_administration(session)
    user = find_user(session, user_id)
    if ADMIN in user["roles"] and session.user_id is not None and ADMIN not in session.person.roles:
        raise Forbidden(Message("only an administrator may change an administrator", "只有管理员可以修改管理员"))
    second.drop(session.workspace, user_id, session.user_id)
