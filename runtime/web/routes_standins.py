"""Stand-ins over the API: everybody arranges his own."""

from __future__ import annotations

from flask import Blueprint, Response

from runtime.engine import standins
from runtime.web.http import Services, answer, json_object, session_of


def add(routes: Blueprint, services: Services) -> None:
    """The routes of stand-ins."""
    largest = services.settings.largest_body

    @routes.get("/stand-ins")
    def stand_ins() -> Response:
        return answer({"data": standins.plain(session_of(services))})

    @routes.post("/stand-ins")
    def stand_in() -> Response:
        return answer({"id": standins.asked(session_of(services), json_object(largest))}, 201)

    @routes.delete("/stand-ins/<identity>")
    def stand_in_over(identity: str) -> Response:
        standins.end(session_of(services), identity)
        return Response(status=204)
