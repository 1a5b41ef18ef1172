"""Uploading and reading files."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from flask import Blueprint, Response, request

from runtime.base.errors import Malformed, Message
from runtime.engine import uploads
from runtime.store.files import FileRow
from runtime.web.call import too_large
from runtime.web.http import Services, answer, session_of

SLACK = 64 * 1024


def blueprint(services: Services) -> Blueprint:
    """The routes of files."""
    routes = Blueprint("files", __name__, url_prefix="/api/v1/files")
    largest = services.settings.largest_file

    @routes.post("")
    def upload() -> Response:
        session = session_of(services)
        if request.content_length is not None and request.content_length > largest + SLACK:
            raise too_large(largest)
        request.max_content_length = largest + SLACK
        part = request.files.get("file")
        if part is None:
            raise Malformed(
                Message(
                    "send the file as the part 'file' of a multipart form", "请用 multipart 表单的 file 部分上传文件"
                )
            )
        made = uploads.upload(session, services.contents(session), part.stream, part.filename or "", largest)
        return answer(made, 201, Location=f"/api/v1/files/{made['id']}")

    @routes.get("/<file_id>")
    def download(file_id: str) -> Response:
        session = session_of(services)
        row = uploads.readable(session, file_id)
        return handed_out(row, uploads.chunks(services.contents(session), row))

    return routes


def handed_out(row: FileRow, content: Iterator[bytes]) -> Response:
    """A file's bytes: to be kept, never to be run by the browser as a page of this house."""
    found = Response(content, content_type=row.type if row.type in uploads.INLINE else "application/octet-stream")
    found.headers["Content-Length"] = str(row.size)
    found.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.name)}"
    found.headers["X-Content-Type-Options"] = "nosniff"
    found.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    found.headers["Cache-Control"] = "private, no-store"
    return found
