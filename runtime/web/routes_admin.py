"""Users and departments over the API."""

from __future__ import annotations

from flask import Blueprint, Response

from runtime.engine import accounts
from runtime.web.http import Services, answer, json_object, session_of

SMALL = 64 * 1024


def blueprint(services: Services) -> Blueprint:
    """The routes of administration."""
    routes = Blueprint("admin", __name__, url_prefix="/api/v1/admin")

    @routes.get("/users")
    def users() -> Response:
        return answer({"data": accounts.all_users(session_of(services))})

    @routes.post("/users")
    def create_user() -> Response:
        made = accounts.create_user(session_of(services), json_object(SMALL))
        return answer(made, 201, Location=f"/api/v1/admin/users/{made['id']}")

    @routes.get("/users/<user_id>")
    def user(user_id: str) -> Response:
        return answer(accounts.find_user(session_of(services), user_id))

    @routes.patch("/users/<user_id>")
    def change_user(user_id: str) -> Response:
        return answer(accounts.change_user(session_of(services), user_id, json_object(SMALL)))

    @routes.get("/departments")
    def departments() -> Response:
        return answer({"data": accounts.all_departments(session_of(services))})

    @routes.post("/departments")
    def create_department() -> Response:
        made = accounts.create_department(session_of(services), json_object(SMALL))
        return answer(made, 201, Location=f"/api/v1/admin/departments/{made['id']}")

    @routes.get("/departments/<department_id>")
    def department(department_id: str) -> Response:
        return answer(accounts.find_department(session_of(services), department_id))

    @routes.patch("/departments/<department_id>")
    def change_department(department_id: str) -> Response:
        return answer(accounts.change_department(session_of(services), department_id, json_object(SMALL)))

    return routes
