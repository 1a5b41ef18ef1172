"""Records over the API: one, many, grouped, in bulk, found by search, their history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request

from runtime.base import rows
from runtime.base.errors import Invalid, Malformed, Message, Problem
from runtime.base.values import load
from runtime.engine import aggregates, bulk, converting, records, sharing, trail
from runtime.engine.access import demand_object
from runtime.web import call, direct, routes_flows, routes_standins
from runtime.web.conversions import proposals
from runtime.web.http import Services, answer, body, current, flag, json_object, language, session_of, whole

NDJSON = "application/x-ndjson"


def blueprint(services: Services) -> Blueprint:
    """The routes of records."""
    routes = Blueprint("records", __name__, url_prefix="/api/v1")
    largest = services.settings.largest_body

    @routes.route("/records/<object_name>", methods=["GET", "POST"])
    @routes.route("/records/<object_name>/<record_id>", methods=["GET", "PATCH", "DELETE"])
    def record(object_name: str, record_id: str = "") -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        route = direct.ROUTES[method, bool(record_id)]
        return route(services, current(), object_name, record_id).response()

    @routes.post("/records/<object_name>/<record_id>/restore")
    def restore(object_name: str, record_id: str) -> Response:
        body = records.restore(session_of(services), object_name, record_id)
        return answer(body, 202 if "_state" in load(body) else 200)

    @routes.get("/records/<object_name>/<record_id>/history")
    def history(object_name: str, record_id: str) -> Response:
        return answer({"data": trail.history(session_of(services), object_name, record_id)})

    @routes.get("/records/<object_name>/<record_id>/convert/<action>")
    def becomes(object_name: str, record_id: str, action: str) -> Response:
        session = session_of(services)
        access = demand_object(session.snapshot, session.person, object_name, "update")
        return answer({"data": proposals(session, access, record_id, action)})

    @routes.post("/records/<object_name>/<record_id>/convert/<action>")
    def convert(object_name: str, record_id: str, action: str) -> Response:
        session = session_of(services)
        sent = body(largest)
        choices = call.json_of(sent) if sent else {}
        options = direct.options_of(current(), sent)
        made = converting.convert(session, object_name, record_id, action, choices, options)
        return direct.written(made, 200, object_name).response()

    @routes.get("/records/<object_name>/<record_id>/shares")
    def shares(object_name: str, record_id: str) -> Response:
        return answer({"data": sharing.shares(session_of(services), object_name, record_id)})

    @routes.put("/records/<object_name>/<record_id>/shares")
    def share(object_name: str, record_id: str) -> Response:
        return answer({"data": sharing.share(session_of(services), object_name, record_id, json_object(largest))})

    @routes.post("/records/<object_name>/bulk")
    def many(object_name: str) -> Response:
        session = session_of(services, settle=False)
        sent = body(largest)
        once = direct.options_of(current(), sent + request.query_string).once
        mode, key, atomic, bypass, items = bulk_request(sent)
        found = bulk.bulk(session, object_name, mode, items, key=key, atomic=atomic, bypass=bypass, once=once)
        spoken = language()
        failed = sum(1 for one in found if one.status >= 400)
        status = 422 if atomic and failed else 200
        pending = sum(1 for one in found if one.pending is not None)
        counts = {"ok": len(found) - failed - pending, "pending": pending, "failed": failed}
        return answer({"results": [one.json(spoken) for one in found], **counts}, status)

    @routes.post("/records/<object_name>/aggregate")
    def aggregate(object_name: str) -> Response:
        session = session_of(services, settle=False)
        return answer(aggregates.aggregate(session, object_name, json_object(largest)))

    routes_flows.add(routes, services)
    routes_standins.add(routes, services)

    @routes.get("/search")
    def search() -> Response:
        session = session_of(services)
        limit = whole("limit", request.args["limit"]) if request.args.get("limit") else 20
        return answer({"data": trail.search(session, request.args.get("q", ""), limit)})

    return routes


def bulk_request(text: bytes) -> tuple[str, str | None, bool, bool, Sequence[dict[str, Any]]]:
    """(mode, key, atomic, without approval, records) from JSON, or NDJSON and the query string. Raises Malformed."""
    items: Sequence[dict[str, Any]]
    if request.mimetype == NDJSON:
        items = rows.lines(text)
        mode, key = request.args.get("mode", "create"), request.args.get("key")
        atomic = flag("atomic", request.args.get("atomic", ""))
        bypass = flag("bypass_approval", request.args.get("bypass_approval", ""))
    else:
        sent = rows.request(text, "records")
        if not isinstance(sent, dict) or not isinstance(sent.get("records"), (list, rows.Rows)):
            raise Malformed(Message("the body must have a list 'records'", "请求正文必须包含列表 records"))
        items, mode, key = sent["records"], sent.get("mode", "create"), sent.get("key")
        atomic, bypass = sent.get("atomic", False), sent.get("bypass_approval", False)
        for which, one in enumerate(items, 1) if isinstance(items, list) else ():
            if not isinstance(one, dict):
                raise Malformed(Message(f"record {which} is not a JSON object", f"第 {which} 条不是 JSON 对象"))
    switches = isinstance(atomic, bool) and isinstance(bypass, bool)
    if not isinstance(mode, str) or not (key is None or isinstance(key, str)) or not switches:
        raise Invalid(problems=[Problem("type", Message(
            "mode and key are texts, atomic and bypass_approval are true or false",
            "mode 和 key 为文本，atomic 和 bypass_approval 为 true 或 false"))])  # fmt: skip
    return mode, key, atomic, bypass, items
