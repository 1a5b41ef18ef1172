"""What comes with a command on a workflow from outside: texts of a bearable length, files that are the caller's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.base.errors import Invalid, Malformed, Message, Problem
from runtime.engine.workspace import Session
from runtime.store import files
from runtime.store.database import Connection
from runtime.store.ids import is_id

LONGEST = 10_000
MOST_FILES = 20
MOST_PEOPLE = 200
TEXTS = ("comment", "reason", "to", "kind", "resubmit", "mode")
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
    for name in ("values", "people_for"):
        if not isinstance(args.get(name) or {}, Mapping):
            raise Malformed(problems=[Problem("mapping", Message("must be an object", "须为键值对象"), field=name)])


def take_files(session: Session, connection: Connection, instance: str, args: Mapping[str, Any]) -> None:
    """Tie the files of a command to its instance. Raises Invalid for files that are not the caller's own."""
    wanted = list(dict.fromkeys(args.get("files") or ()))
    if not wanted:
        return
    known = [one for one in wanted if is_id(one)]
    user = session.user_id
    if user is None or len(known) < len(wanted) or files.attach_to_flow(
        connection, session.workspace.schema, known, instance, user
    ) < len(wanted):  # fmt: skip
        said = Message("a file is not there, or not yours, or belongs to something else already",
                       "文件不存在、不是您上传的，或已被使用")  # fmt: skip
        raise Invalid(problems=[Problem("file", said, field="files")])
