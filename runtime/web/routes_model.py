"""The model as the caller may see it, the kinds, formula checks, and the API's description of itself."""

from __future__ import annotations

from flask import Blueprint, Response, request

from runtime.engine import describe, openapi
from runtime.web.http import Services, answer, json_object, session_of

SMALL = 64 * 1024


def blueprint(services: Services) -> Blueprint:
    """The routes of the model."""
    routes = Blueprint("model", __name__)

    @routes.get("/api/v1/model")
    def model() -> Response:
        return answer(describe.model(session_of(services)))

    @routes.get("/api/v1/catalog")
    def catalog() -> Response:
        session_of(services)
        return answer(services.workspaces.catalog.describe())

    @routes.post("/api/v1/formula/check")
    def formula() -> Response:
        return answer(describe.check_formula(session_of(services), json_object(SMALL)))

    @routes.get("/api/v1/openapi.json")
    def specification() -> Response:
        return answer(openapi.document(session_of(services), request.host_url.rstrip("/")))

    return routes
