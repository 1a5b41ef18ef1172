"""Files of callers: taken in, handed out to those who may read a field that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import IO, Any

import filetype

from runtime.base.errors import Invalid, Message, NotFound, Problem
from runtime.base.values import load
from runtime.engine import reading, tasks
from runtime.engine.access import object_access
from runtime.engine.workspace import Session
from runtime.kinds.field import HoldsFiles
from runtime.store import files
from runtime.store.files import Contents, FileRow

#: Types that a browser may show by itself; everything else is handed out as plain bytes.
INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")
LONGEST_NAME = 200
UNKNOWN = "application/octet-stream"
TEXTS = {".csv": "text/csv", ".txt": "text/plain", ".json": "application/json", ".md": "text/markdown"}
MISSING = Message("there is no such file", "没有该文件")


def clean_name(name: str) -> str:
    """The last part of a file's name, without characters that mean something to a system."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(one for one in last if one.isprintable() and one not in '<>:"|?*').strip(". ")
    return kept[-LONGEST_NAME:] or "file"


class Head:
    """A stream whose first bytes have been looked at."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.first = stream.read(8192)
        self._rest = stream
        self._left = self.first

    def read(self, size: int = -1) -> bytes:
        """The next bytes, the first ones again."""
        if self._left:
            found, self._left = self._left[:size], self._left[size:] if size >= 0 else b""
            return found
        return self._rest.read(size)


def type_of(first: bytes, name: str) -> str:
    """The type by the content; what has no mark of its own by the name, only where that is harmless."""
    guess = filetype.guess(first)
    if guess is not None:
        return str(guess.mime)
    if b"\0" in first:
        return UNKNOWN
    return TEXTS.get(PurePath(name).suffix.lower(), UNKNOWN)


def upload(session: Session, contents: Contents, stream: IO[bytes], name: str, largest: int) -> dict[str, Any]:
    """Take a file in; it belongs to its uploader until a record holds it. Raises TooLarge, Invalid."""
    head = Head(stream)
    if not head.first:
        raise Invalid(problems=[Problem("empty", Message("the file is empty", "文件为空"), field="file")])
    shown = clean_name(name)
    kind = type_of(head.first, shown)
    digest, size = contents.put(head, largest)  # type: ignore[arg-type]
    row = files.add(session.database, session.workspace.schema, shown, size, kind, digest, session.user_id)
    return {"id": row.id, "name": row.name, "size": row.size, "type": row.type, "sha256": row.sha256}


def readable(session: Session, file_id: str) -> FileRow:
    """A file that the caller may read. Raises NotFound."""
    row = files.find(session.database, session.workspace.schema, file_id)
    if row is None:
        raise NotFound(MISSING)
    if row.record_id is None:
        if row.uploaded_by != session.user_id or session.user_id is None:
            raise NotFound(MISSING)
        return row
    if row.object_key == files.OF_FLOW:
        tasks.seen(session, row.record_id)
        return row
    name = session.layout.names.get(row.object_key or "")
    if name is None:
        raise NotFound(MISSING)
    access = object_access(session.snapshot, session.person, session.model.objects[name])
    field = access.object.by_key.get(row.field_key or "")
    if field is None or not access.may("read") or not access.readable(field.name):
        raise NotFound(MISSING)
    try:
        body, _ = reading.get(session, name, row.record_id, reading.Ask(fields=("id", field.name)))
    except NotFound:
        raise NotFound(MISSING) from None
    held = load(body)[field.name]
    if not isinstance(field.kind, HoldsFiles) or not held or row.id not in field.kind.file_ids(held):
        raise NotFound(MISSING)
    return row


def chunks(contents: Contents, row: FileRow) -> Iterator[bytes]:
    """The content, piece by piece. Raises NotFound when the store has lost it."""
    try:
        yield from contents.chunks(row.sha256)
    except FileNotFoundError:
        raise NotFound(MISSING) from None
