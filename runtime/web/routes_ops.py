"""What operators look at: is the process up, is it ready, its figures."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST

from runtime.base.errors import DougongError, Message, NotFound, Unauthorized
from runtime.store import beats, revisions
from runtime.web.http import Services, answer, current


def blueprint(services: Services) -> Blueprint:
    """The routes of operation."""
    routes = Blueprint("ops", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return answer({"status": "ok"})

    @routes.get("/readyz")
    def readyz() -> Response:
        try:
            waiting = revisions.pending(services.workspaces.database)
            workers = 0 if waiting else beats.there(services.workspaces.database)
        except DougongError as error:
            return answer({"status": "database", "detail": error.detail("en")}, 503, Retry_After="2")
        if waiting:
            return answer({"status": "migrations", "schemas": waiting}, 503)
        # A process without a worker still answers; who watches the installation sees that nothing happens by itself.
        return answer({"status": "ok", "workers": workers})

    @routes.get("/metrics")
    def metrics() -> Response:
        token = services.settings.metrics_token
        if not token:
            raise NotFound(
                Message("there are no figures: set DOUGONG_METRICS_TOKEN", "未启用：请设置 DOUGONG_METRICS_TOKEN")
            )
        if not secrets.compare_digest(current().bearer.encode(), token.encode()):
            raise Unauthorized(Message("this is not the token of the figures", "令牌不正确"))
        return Response(services.metrics.text(), content_type=CONTENT_TYPE_LATEST)

    return routes
