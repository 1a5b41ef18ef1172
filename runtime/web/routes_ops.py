"""What operators look at: is the process up, is it ready."""

from __future__ import annotations

from flask import Blueprint, Response

from runtime.base.errors import DougongError
from runtime.store import migrate
from runtime.web.http import Services, answer


def blueprint(services: Services) -> Blueprint:
    """The routes of operation."""
    routes = Blueprint("ops", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return answer({"status": "ok"})

    @routes.get("/readyz")
    def readyz() -> Response:
        try:
            waiting = migrate.pending(services.workspaces.database)
        except DougongError as error:
            return answer({"status": "database", "detail": error.detail("en")}, 503, Retry_After="2")
        if waiting:
            return answer({"status": "migrations", "schemas": waiting}, 503)
        return answer({"status": "ok"})

    return routes
