"""What the script of a form asks while somebody types. It answers no more than the form itself would show."""

from __future__ import annotations

from flask import Blueprint, Response

from runtime.web.editing import editing
from runtime.web.http import Services, answer, json_object
from runtime.web.session import page_session

LARGEST = 2**20
NEW = "new"


def blueprint(services: Services) -> Blueprint:
    """The route of live forms."""
    routes = Blueprint("live", __name__)

    @routes.post("/o/<object_name>/<record_id>/live")
    def live(object_name: str, record_id: str) -> Response:
        form = editing(services, page_session(), object_name, None if record_id == NEW else record_id)
        return answer(form.live.answer(json_object(LARGEST)))

    return routes
