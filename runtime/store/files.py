"""Uploaded files: content on disk under its hash, what is known of each file in the workspace."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from runtime.base.errors import Message, TooLarge
from runtime.base.sqltext import Sql, ident
from runtime.store.database import Connection, Database, run
from runtime.store.ids import is_id, new_id

CHUNK = 256 * 1024
#: Stands in the place of an object's key for files of workflows: no object's key has a space.
OF_FLOW = "a workflow"
COLUMNS = "id::text, name, size, type, sha256, uploaded_by::text, object_key, field_key, record_id::text"


class Contents(Protocol):
    """Where contents are kept, by their hash: a disk, or a storage service later."""

    def put(self, source: IO[bytes], limit: int) -> tuple[str, int]:
        """Keep a content; (sha256, size). Raises TooLarge, and then nothing is kept."""

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """The content, piece by piece. Raises FileNotFoundError."""


class DiskContents:
    """Contents in a folder of the workspace: written beside, checked, then moved into place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def put(self, source: IO[bytes], limit: int) -> tuple[str, int]:
        """Keep a content; (sha256, size). Raises TooLarge."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        size = 0
        half = self.folder / f".{secrets.token_hex(12)}"
        try:
            with half.open("xb") as target:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        limit_mb = limit // 2**20
                        raise TooLarge(Message(f"a file may have at most {limit_mb} MB", f"文件最大 {limit_mb} MB"))
                    digest.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            place = self._path(digest.hexdigest())
            place.parent.mkdir(exist_ok=True)
            half.replace(place)
        finally:
            half.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """The content, piece by piece. Raises FileNotFoundError."""
        with self._path(sha256).open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk


@dataclass(frozen=True)
class FileRow:
    """What is known of one uploaded file. ``record_id`` is None until a record holds it."""

    id: str
    name: str
    size: int
    type: str
    sha256: str
    uploaded_by: str | None
    object_key: str | None
    field_key: str | None
    record_id: str | None


def add(database: Database, schema: str, name: str, size: int, kind: str, sha256: str, by: str | None) -> FileRow:
    """Note an uploaded file."""
    identity = new_id()
    database.rows(
        Sql(
            f"INSERT INTO {ident(schema, 's_file')} (id, name, size, type, sha256, uploaded_by) "
            "VALUES (%s, %s, %s, %s, %s, %s::uuid)",
            (identity, name, size, kind, sha256, by),
        )
    )
    return FileRow(identity, name, size, kind, sha256, by, None, None, None)


def find(database: Database, schema: str, file_id: str) -> FileRow | None:
    """One file, or None."""
    if not is_id(file_id):
        return None
    row = database.row(Sql(f"SELECT {COLUMNS} FROM {ident(schema, 's_file')} WHERE id = %s::uuid", (file_id,)))
    return FileRow(*row) if row else None


def attach(schema: str, object_key: str, field_key: str, file_ids: list[str], record_id: str) -> Sql:
    """The statement that ties files to the record that holds them; gives those that no other place holds."""
    return Sql(
        f"UPDATE {ident(schema, 's_file')} SET object_key = %s, field_key = %s, record_id = %s::uuid "
        "WHERE id = ANY(%s::uuid[]) AND (record_id IS NULL OR "
        "(record_id = %s::uuid AND object_key = %s AND field_key = %s)) RETURNING 1",
        (object_key, field_key, record_id, file_ids, record_id, object_key, field_key),
    )


def attach_to_flow(
    connection: Connection, schema: str, file_ids: Sequence[str], instance: str, user: str
) -> list[FileRow]:
    """Tie files that somebody has uploaded, and nothing holds yet, to an instance of a workflow; those that it were."""
    rows = run(connection, Sql(
        f"UPDATE {ident(schema, 's_file')} SET object_key = %s, record_id = %s::uuid WHERE id = ANY(%s::uuid[]) "
        f"AND record_id IS NULL AND uploaded_by = %s::uuid RETURNING {COLUMNS}",
        (OF_FLOW, instance, list(file_ids), user)))  # fmt: skip
    return [FileRow(*row) for row in rows]


def of_flow(database: Database, schema: str, instance: str) -> list[FileRow]:
    """The files that came with what people said in an instance."""
    rows = database.rows(Sql(
        f"SELECT {COLUMNS} FROM {ident(schema, 's_file')} WHERE record_id = %s::uuid AND object_key = %s",
        (instance, OF_FLOW)))  # fmt: skip
    return [FileRow(*row) for row in rows]


def remove_loose(database: Database, schema: str) -> int:
    """Forget files that no record took within a day. Their contents may serve other files and stay."""
    rows = database.rows(
        Sql(
            f"DELETE FROM {ident(schema, 's_file')} "
            "WHERE record_id IS NULL AND created_at < now() - interval '1 day' RETURNING id"
        )
    )
    return len(rows)
