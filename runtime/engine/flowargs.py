"""What comes with a command on a workflow from outside: texts of a bearable length, files that are the caller's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from runtime.base.errors import Invalid, Malformed, Message, Problem
from runtime.engine import mending
from runtime.engine.workspace import Session
from runtime.store import files
from runtime.store.database import Connection
from runtime.store.files import FileRow
from runtime.store.ids import is_id

LONGEST = 10_000
MOST_FILES = 20
MOST_PEOPLE = 200
TEXTS = ("comment", "reason", "to", "kind", "resubmit", "mode", "signature")
#: What somebody has seen: the record's version, and how far the workflow had come.
NUMBERS = ("version", "rev")
LARGEST = 2**31 - 1
#: What a signature may be: a picture that every browser shows.
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
LARGEST_SIGNATURE = 2 * 1024 * 1024
PICTURE = Message(
    "a signature is a picture: PNG, JPEG, GIF or WebP of at most 2 MB",
    "签名须为图片：PNG、JPEG、GIF 或 WebP，不超过 2 MB",
)
TWICE = Message("a signature is a file of its own", "签名须为单独的文件")
OTHERS = Message(
    "a file is not there, or not yours, or belongs to something else already", "文件不存在、不是您上传的，或已被使用"
)
LISTS = {"files": MOST_FILES, "people": MOST_PEOPLE, "mentions": MOST_PEOPLE}


def check(args: Mapping[str, Any]) -> None:
    """Raise Malformed for a text that is none or far too long, for lists that are none or hold anything but texts."""
    for name in TEXTS:
        value = args.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > LONGEST or "\0" in value):
            raise Malformed(problems=[Problem(
                "text", Message(f"must be a text of at most {LONGEST} characters", f"须为不超过 {LONGEST} 字的文本"),
                field=name)])  # fmt: skip
    for name, most in LISTS.items():
        value = args.get(name)
        fits = isinstance(value, (list, tuple)) and len(value) <= most and all(isinstance(one, str) for one in value)
        if value is not None and not fits:
            raise Malformed(
                problems=[
                    Problem(
                        "list",
                        Message(f"must be a list of at most {most} texts", f"须为不超过 {most} 项的文本列表"),
                        field=name,
                    )
                ]
            )
    for name in NUMBERS:
        value = args.get(name)
        if value is not None and whole(value) is None:
            said = Message("must be a whole number, as it was read", "须为读取时得到的整数")
            raise Malformed(problems=[Problem("number", said, field=name)])
    mending.check(args.get("lines"))
    for name in ("values", "people_for"):
        if not isinstance(args.get(name) or {}, Mapping):
            raise Malformed(problems=[Problem("mapping", Message("must be an object", "须为键值对象"), field=name)])


def whole(value: Any) -> int | None:
    """A version as it came, None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return int(value) if 0 <= value <= LARGEST and value == int(value) else None


def take_files(session: Session, connection: Connection, instance: str, args: Mapping[str, Any]) -> None:
    """Tie the files of a command to its instance. Raises Invalid for files that are not the caller's own, and for a
    signature that is no picture."""
    wanted = list(dict.fromkeys(args.get("files") or ()))
    take(session, connection, instance, wanted, "files")
    signature = args.get("signature")
    if not signature:
        return
    if signature in wanted:
        raise Invalid(problems=[Problem("file", TWICE, field="signature")])
    row = take(session, connection, instance, [signature], "signature")[0]
    if row.type not in PICTURES or row.size > LARGEST_SIGNATURE:
        raise Invalid(problems=[Problem("picture", PICTURE, field="signature")])


def take(session: Session, connection: Connection, instance: str, wanted: Sequence[str], name: str) -> list[FileRow]:
    """Tie files of the caller's own to an instance. Raises Invalid."""
    if not wanted:
        return []
    user, schema = session.user_id, session.workspace.schema
    known = [one for one in wanted if is_id(one)]
    found: list[FileRow] = []
    if user is not None and len(known) == len(wanted):
        found = files.attach_to_flow(connection, schema, known, instance, user)
    if len(found) < len(wanted):
        raise Invalid(problems=[Problem("file", OTHERS, field=name)])
    return found
