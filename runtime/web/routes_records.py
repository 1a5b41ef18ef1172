"""Records over the API: one, many, grouped, in bulk, found by search, their history."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, request

from runtime.base.errors import Invalid, Malformed, Message, Problem, Stale
from runtime.base.values import load_foreign
from runtime.engine import aggregates, bulk, reading, records, sharing, trail
from runtime.engine.workspace import Session
from runtime.web.http import (
    Services,
    answer,
    flag,
    if_match,
    json_body,
    json_object,
    language,
    names,
    refusal,
    session_of,
    whole,
)

KNOWN = ("filter", "sort", "fields", "expand", "q", "limit", "cursor", "count", "numbers", "deleted")
LONGEST_KEY = 200
NDJSON = "application/x-ndjson"


def ask_of(args: Mapping[str, str]) -> reading.Ask:
    """What the query string asks for. Raises Malformed."""
    for name in args:
        if name not in KNOWN:
            shown = ", ".join(KNOWN)
            text = Message(f"unknown parameter, possible: {shown}", f"未知参数，可用：{shown}")
            raise Malformed(problems=[Problem("unknown_parameter", text, field=name[:60])])
    return reading.Ask(
        filter=args.get("filter", ""),
        sort=tuple(names(args.get("sort"))),
        fields=tuple(names(args["fields"])) if args.get("fields") else None,
        expand=tuple(names(args.get("expand"))),
        q=args.get("q", ""),
        limit=whole("limit", args["limit"]) if args.get("limit") else 50,
        cursor=args.get("cursor", ""),
        count=args.get("count", "none"),
        numbers_as_text=args.get("numbers") == "string",
        deleted=flag("deleted", args.get("deleted", "")),
    )


def options_of(session: Session, body: bytes) -> records.Options:
    """How a write is to be done, from the headers. Raises Malformed."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY:
        raise Malformed(
            Message(
                f"Idempotency-Key has at most {LONGEST_KEY} characters", f"Idempotency-Key 最长 {LONGEST_KEY} 个字符"
            )
        )
    once = None
    if key:
        once = (key, hashlib.sha256(f"{request.method} {request.path}\n".encode() + body).digest())
    return records.Options(
        version=if_match(),
        once=once,
        numbers_as_text=request.args.get("numbers") == "string",
        expand=tuple(names(request.args.get("expand"))),
    )


def written(done: records.Written, status: int, object_name: str) -> Response:
    """The answer to a write: the record, its address and ETag."""
    found = answer(done.body, status, ETag=f'"{done.version}"')
    if status == 201:
        found.headers["Location"] = f"/api/v1/records/{object_name}/{done.id}"
    if done.replayed:
        found.headers["Idempotent-Replayed"] = "true"
    return found


def blueprint(services: Services) -> Blueprint:
    """The routes of records."""
    routes = Blueprint("records", __name__, url_prefix="/api/v1")
    largest = services.settings.largest_body

    @routes.get("/records/<object_name>")
    def listed(object_name: str) -> Response:
        session = session_of(services, settle=False)
        return answer(reading.listed(session, object_name, ask_of(request.args)).body())

    @routes.get("/records/<object_name>/<record_id>")
    def one(object_name: str, record_id: str) -> Response:
        session = session_of(services, settle=False)
        ask = ask_of(request.args) if request.args else reading.Ask()
        body, version = reading.get(session, object_name, record_id, ask)
        tag = f'"{version}"'
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers={"ETag": tag})
        return answer(body, 200, ETag=tag)

    @routes.post("/records/<object_name>")
    def create(object_name: str) -> Response:
        session = session_of(services, settle=False)
        raw = request.get_data(cache=True)
        done = records.create(session, object_name, json_object(largest), options_of(session, raw))
        return written(done, 201, object_name)

    @routes.patch("/records/<object_name>/<record_id>")
    def change(object_name: str, record_id: str) -> Response:
        session = session_of(services, settle=False)
        raw = request.get_data(cache=True)
        try:
            done = records.update(session, object_name, record_id, json_object(largest), options_of(session, raw))
        except Stale as error:
            return stale(session, object_name, record_id, error)
        return written(done, 200, object_name)

    @routes.delete("/records/<object_name>/<record_id>")
    def remove(object_name: str, record_id: str) -> Response:
        session = session_of(services, settle=False)
        try:
            records.delete(session, object_name, record_id, records.Options(version=if_match()))
        except Stale as error:
            return stale(session, object_name, record_id, error)
        return Response(status=204)

    @routes.post("/records/<object_name>/<record_id>/restore")
    def restore(object_name: str, record_id: str) -> Response:
        return answer(records.restore(session_of(services), object_name, record_id))

    @routes.get("/records/<object_name>/<record_id>/history")
    def history(object_name: str, record_id: str) -> Response:
        return answer({"data": trail.history(session_of(services), object_name, record_id)})

    @routes.get("/records/<object_name>/<record_id>/shares")
    def shares(object_name: str, record_id: str) -> Response:
        return answer({"data": sharing.shares(session_of(services), object_name, record_id)})

    @routes.put("/records/<object_name>/<record_id>/shares")
    def share(object_name: str, record_id: str) -> Response:
        return answer({"data": sharing.share(session_of(services), object_name, record_id, json_object(largest))})

    @routes.post("/records/<object_name>/bulk")
    def many(object_name: str) -> Response:
        session = session_of(services, settle=False)
        mode, key, atomic, items = bulk_request(largest)
        found = bulk.bulk(session, object_name, mode, items, key=key, atomic=atomic)
        spoken = language()
        failed = sum(1 for one in found if one.status >= 400)
        status = 422 if atomic and failed else 200
        return answer(
            {"results": [one.json(spoken) for one in found], "ok": len(found) - failed, "failed": failed}, status
        )

    @routes.post("/records/<object_name>/aggregate")
    def aggregate(object_name: str) -> Response:
        session = session_of(services, settle=False)
        return answer(aggregates.aggregate(session, object_name, json_object(largest)))

    @routes.get("/search")
    def search() -> Response:
        session = session_of(services)
        limit = whole("limit", request.args["limit"]) if request.args.get("limit") else 20
        return answer({"data": trail.search(session, request.args.get("q", ""), limit)})

    return routes


def stale(session: Session, object_name: str, record_id: str, error: Stale) -> Response:
    """412 with the record as it is now, so that the caller can merge."""
    g.session = session
    response = refusal(error)
    body, version = reading.get(session, object_name, record_id)
    text = response.get_data()
    response.set_data(text[:-1] + b',"current":' + body + b"}")
    response.headers["ETag"] = f'"{version}"'
    return response


def bulk_request(largest: int) -> tuple[str, str | None, bool, list[dict[str, Any]]]:
    """(mode, key, atomic, records) from JSON, or from NDJSON with the rest in the query string. Raises Malformed."""
    if request.mimetype == NDJSON:
        lines = request.get_data(cache=False).splitlines()
        items = [load_foreign(line) for line in lines if line.strip()]
        mode, key = request.args.get("mode", "create"), request.args.get("key")
        atomic = flag("atomic", request.args.get("atomic", ""))
    else:
        body = json_body(largest)
        if not isinstance(body, dict) or not isinstance(body.get("records"), list):
            raise Malformed(Message("the body must have a list 'records'", "请求正文必须包含列表 records"))
        items, mode, key = body["records"], body.get("mode", "create"), body.get("key")
        atomic = body.get("atomic", False)
    wrong = [number for number, one in enumerate(items) if not isinstance(one, dict)]
    if wrong:
        raise Malformed(Message(f"record {wrong[0] + 1} is not a JSON object", f"第 {wrong[0] + 1} 条不是 JSON 对象"))
    if not isinstance(mode, str) or not (key is None or isinstance(key, str)) or not isinstance(atomic, bool):
        raise Invalid(problems=[Problem("type", Message("mode and key are texts, atomic is true or false",
                                                        "mode 和 key 为文本，atomic 为 true 或 false"))])  # fmt: skip
    return mode, key, atomic, items
