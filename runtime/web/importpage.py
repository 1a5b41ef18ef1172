"""The pages of an import: a file taken in or tried, a large one followed while a worker takes it in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.datastructures import FileStorage

from runtime.base.errors import DougongError, Malformed
from runtime.engine import import_jobs, imports
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.workspace import Session
from runtime.web.http import Services
from runtime.web.render import page, wants_part
from runtime.web.routes_transfer import LARGE, handed_out
from runtime.web.session import page_session
from runtime.web.texts import gettext, page_language
from runtime.web.work import to

#: What becomes of a row whose record is there already.
ON_DUPLICATE = ("fail", "skip", "update", "create")


def add(routes: Blueprint, services: Services) -> None:
    """The routes."""

    def allowed(object_name: str) -> tuple[Session, ObjectAccess]:
        session = page_session()
        return session, demand_object(session.snapshot, session.person, object_name, "import")

    @routes.route("/import/<object_name>", methods=["GET", "POST"])
    def take_in(object_name: str) -> Response:
        return imported(services, *allowed(object_name))

    @routes.get("/import/<object_name>/<job_id>")
    def follow(object_name: str, job_id: str) -> Response:
        session, access = allowed(object_name)
        job = import_jobs.told(session, import_jobs.find(session, job_id))
        template = "import_state.html" if wants_part() else "import.html"
        return shown(session, access, template=template, job=job, outcome=job["outcome"])

    @routes.post("/import/<object_name>/<job_id>/cancel")
    def cancel(object_name: str, job_id: str) -> Response:
        session, access = allowed(object_name)
        job = import_jobs.find(session, job_id)
        if job.state not in import_jobs.ENDED:
            import_jobs.cancel(session, job_id)
        return to(f"/import/{access.object.name}/{job.id}")

    @routes.get("/import/<object_name>/<job_id>/failed")
    def failed(object_name: str, job_id: str) -> Response:
        session, _ = allowed(object_name)
        return handed_out(*import_jobs.failed_rows(session, services.contents(session), job_id))


def imported(services: Services, session: Session, access: ObjectAccess) -> Response:
    """A file of rows taken in, or tried without storing anything; then what became of each row."""
    if request.method != "POST":
        return shown(session, access)
    part = request.files.get("file") or FileStorage()
    try:
        if not part.filename:
            raise Malformed()
        options = imports.Options(
            on_duplicate=request.form.get("on_duplicate", "fail"), key=request.form.get("key") or None,
            dry_run="try" in request.form, name=part.filename,
        )  # fmt: skip
        if (request.content_length or 0) > LARGE and not options.dry_run:
            largest = services.settings.largest_file
            contents = services.contents(session)
            job = import_jobs.submit(session, contents, part.stream, access.object.name, options, largest)
            return to(f"/import/{access.object.name}/{job}")
        outcome = imports.run(session, access.object.name, part.stream, options)
        return shown(session, access, outcome=outcome.json(page_language()))
    except DougongError as error:
        if error.status not in (400, 403, 413, 422):
            raise
        message = error.detail(page_language()) if part.filename else gettext("Choose a file first.")
        return shown(session, access, error.status, message=message)
    finally:
        part.close()


def shown(session: Session, access: ObjectAccess, status: int = 200, *, template: str = "import.html",
          message: str = "", outcome: Any = None, job: Any = None) -> Response:  # fmt: skip
    """The page, with what came of a file."""
    unique = [one for one in access.object.fields.values() if one.unique and access.readable(one.name)]
    return page(
        template, session, status, object=access.object, unique=unique, outcome=outcome, message=message, job=job,
        ways=ON_DUPLICATE, ended=import_jobs.ENDED,
    )  # fmt: skip
