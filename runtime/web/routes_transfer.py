"""Records in and out as files: import and export over the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from flask import Blueprint, Response, request

from runtime.base.errors import Malformed, Message, Problem
from runtime.base.values import load_foreign
from runtime.engine import exports, import_jobs, imports
from runtime.web.call import too_large
from runtime.web.http import Services, answer, flag, names, session_of

SLACK = 256 * 1024
IMPORT = ("mapping", "on_duplicate", "key", "dry_run", "blank", "bypass_approval", "background")
#: Files above so many bytes are imported in the background unless the caller wants to wait.
LARGE = 2 * 2**20
EXPORT = ("format", "filter", "fields", "sort", "q", "titles", "mark")


def known(given: Mapping[str, str], allowed: tuple[str, ...]) -> None:
    """Raises Malformed for a name that is none of those allowed."""
    for name in given:
        if name not in allowed:
            shown = ", ".join(allowed)
            text = Message(f"unknown parameter, possible: {shown}", f"未知参数，可用：{shown}")
            raise Malformed(problems=[Problem("unknown_parameter", text, field=name[:60])])


def mapping_of(text: str | None) -> Mapping[str, Any] | None:
    """The mapping of a form, None for none. Raises Malformed."""
    if not text or not text.strip():
        return None
    found = load_foreign(text)
    if not isinstance(found, dict):
        raise Malformed(Message("mapping must be a JSON object", "mapping 必须是 JSON 对象"))
    return found


def import_options(form: Mapping[str, str], name: str) -> imports.Options:
    """How a file is to be imported. Raises Malformed."""
    known(form, IMPORT)
    usual = imports.Options()
    return imports.Options(
        mapping=mapping_of(form.get("mapping")),
        on_duplicate=form.get("on_duplicate") or usual.on_duplicate,
        key=form.get("key") or None,
        dry_run=flag("dry_run", form.get("dry_run", "")),
        blank=form.get("blank") or usual.blank,
        name=name,
        bypass=flag("bypass_approval", form.get("bypass_approval", "")),
    )


def export_options(args: Mapping[str, str]) -> exports.Options:
    """What is to be exported. Raises Malformed."""
    known(args, EXPORT)
    return exports.Options(
        format=args.get("format") or "csv",
        filter=args.get("filter", ""),
        fields=names(args["fields"]) if args.get("fields") else None,
        sort=tuple(names(args.get("sort"))),
        q=args.get("q", ""),
        titles=flag("titles", args.get("titles", "")),
        mark=flag("mark", args.get("mark", "true")),
    )


def blueprint(services: Services) -> Blueprint:
    """The routes of import and export."""
    routes = Blueprint("transfer", __name__, url_prefix="/records")
    largest = services.settings.largest_file

    @routes.post("/<object_name>/import")
    def take_in(object_name: str) -> Response:
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
        options = import_options(request.form, part.filename or "")
        large = (request.content_length or 0) > LARGE and not options.dry_run
        if flag("background", request.form.get("background") or str(large).lower()) and not options.dry_run:
            with closing(part):
                contents = services.contents(session)
                made = import_jobs.submit(session, contents, part.stream, object_name, options, largest)
            job = import_jobs.told(session, import_jobs.find(session, made))
            return answer(job, 202, Location=f"/api/v1/jobs/{made}")
        with closing(part):
            outcome = imports.run(session, object_name, part.stream, options)
        return answer(outcome.json(session.language))

    @routes.get("/<object_name>/export")
    def hand_out(object_name: str) -> Response:
        session = session_of(services)
        options = export_options(request.args)
        pieces = exports.export(session, object_name, options)
        found = Response(pieces, content_type=options.content_type)
        found.headers["Content-Disposition"] = f'attachment; filename="{object_name}.{options.format}"'
        found.headers["X-Content-Type-Options"] = "nosniff"
        found.headers["Cache-Control"] = "private, no-store"
        return found

    whole = Blueprint("transfers", __name__, url_prefix="/api/v1")
    whole.register_blueprint(routes)
    whole.register_blueprint(jobs(services))
    return whole


def jobs(services: Services) -> Blueprint:
    """The routes of imports in the background."""
    routes = Blueprint("jobs", __name__, url_prefix="/jobs")

    @routes.get("/<job_id>")
    def one(job_id: str) -> Response:
        session = session_of(services)
        return answer(import_jobs.told(session, import_jobs.find(session, job_id)))

    @routes.post("/<job_id>/cancel")
    def cancel(job_id: str) -> Response:
        session = session_of(services)
        return answer(import_jobs.told(session, import_jobs.cancel(session, job_id)))

    @routes.get("/<job_id>/failed")
    def failed(job_id: str) -> Response:
        session = session_of(services)
        return handed_out(*import_jobs.failed_rows(session, services.contents(session), job_id))

    return routes


def handed_out(name: str, pieces: Iterator[bytes]) -> Response:
    """A file to keep."""
    found = Response(pieces, content_type="application/octet-stream")
    found.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    found.headers["X-Content-Type-Options"] = "nosniff"
    found.headers["Cache-Control"] = "private, no-store"
    return found
