"""The description of the API says all that there is."""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from runtime.web import direct, routes_transfer
from tests.conftest import Shop

NOTE = "object: note\nlabel: {en: Note, zh: 便签}\nfields:\n  text: {type: text, label: {en: T, zh: 文}}\n"
BECOMES = "  next: {type: link, to: note}\nconversions:\n  go_on: {into: [{link: next, set: {text: =text}}]}\n"
#: Not for programs: the description itself.
ITSELF = {"/api/v1/openapi.json"}


def in_the_description(name: re.Match[str]) -> str:
    if name[1] == "action":
        return "{action}"
    return "{object}" if "object" in name[1] else "{id}"


def test_every_route_and_parameter(shop: Shop) -> None:
    shop.publish(NOTE + BECOMES)
    described = shop.ask("GET", "/openapi.json").get_json()["paths"]
    there = {path.replace("/note", "/{object}"): methods for path, methods in described.items()}
    missing = []
    for rule in shop.app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/") or rule.rule in ITSELF:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", in_the_description, rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if method.lower() not in there.get(path, {}):
                missing.append(f"{method} {path}")
    assert missing == []
    listing = {one["name"] for one in described["/api/v1/records/note"]["get"]["parameters"]}
    assert listing == set(direct.KNOWN)
    export = {one["name"] for one in described["/api/v1/records/note/export"]["get"]["parameters"]}
    assert export == set(routes_transfer.EXPORT)
    form = described["/api/v1/records/note/import"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"file", *routes_transfer.IMPORT}


def test_not_modified_only_where_the_version_says_all(shop: Shop) -> None:
    shop.publish(
        NOTE
        + "  late: {type: formula, label: Late, value: TODAY(), result: date}\n---\n"
        + NOTE.replace("note", "plain")
    )
    for name, status in (("plain", 304), ("note", 200)):
        made = shop.ask("POST", f"/records/{name}", json={"text": "a"}).get_json()
        path = f"/records/{name}/{made['id']}"
        tag = shop.ask("GET", path).headers["ETag"]
        assert shop.ask("GET", path, headers={"If-None-Match": tag}).status_code == status


BOOK = """
object: book
label: {en: Book, zh: 书}
title: name
fields:
  name: {type: text, label: {en: N, zh: 名}, unique: true}
  size: {type: number, label: {en: S, zh: 大小}}
  part_of: {type: link, label: {en: P, zh: 属于}, to: book}
  kin: {type: links, label: {en: K, zh: 相关}, to: book}
  keeper: {type: user, label: {en: U, zh: 保管}}
"""


class Described:
    """Asks, and compares every answer with what the description promises."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.document = shop.ask("GET", "/openapi.json").get_json()

    def __call__(self, method: str, path: str, status: int, url: str = "", **more: Any) -> Any:
        there = self.document["paths"]["/api/v1" + path]
        operation = there[method.lower()]
        known = {(one["in"], one["name"]) for one in [*operation.get("parameters", ()), *there.get("parameters", ())]}
        asked = re.findall(r"[?&]([a-z_]+)=", url)
        assert {("query", one) for one in asked} | {("header", one) for one in more.get("headers", {})} <= known
        answer = self.shop.ask(method, url or path, **more)
        assert answer.status_code == status, answer.get_data(as_text=True)
        promised = operation["responses"].get(str(status))
        if promised is None:
            assert status >= 400, f"{method} {path} does not tell of {status}"
            promised = self.document["components"]["responses"]["Refused"]
        for name in promised.get("headers", {}).keys() - {"Idempotent-Replayed"}:
            assert name in answer.headers
        if not answer.data:
            assert "content" not in promised
            return answer
        content = promised["content"][answer.mimetype]
        if "json" in answer.mimetype and "ndjson" not in answer.mimetype:
            schema = {"$ref": "#/schema", "schema": content["schema"], "components": self.document["components"]}
            wrong = [one.message for one in Draft202012Validator(schema).iter_errors(json.loads(answer.data))]
            assert wrong == [], f"{method} {url or path}"
        return answer


def test_answers_are_as_described(shop: Shop) -> None:
    keeper = shop.user("keeper", "admin")
    shop.publish(BOOK)
    ask = Described(shop)
    many, one = "/records/book", "/records/book/{id}"
    first = ask("POST", many, 201, json={"name": "a", "size": 1}, headers={"Idempotency-Key": "k"}).get_json()["id"]
    body = {"name": "b", "part_of": first, "kin": [first], "keeper": keeper}
    made = ask("POST", many, 201, f"{many}?expand=part_of,kin,keeper", json=body).get_json()
    assert made["part_of"]["title"] == "a", "the second has references that are shown"
    ask("POST", many, 422, json={"name": "a", "zz": 1})
    path = f"{many}/{made['id']}"
    ask("GET", many, 200, f"{many}?count=exact&expand=part_of,kin,keeper,owner,created_by&limit=2")
    ask("GET", one, 200, f"{path}?expand=part_of,kin,keeper&fields=part_of,kin,keeper")
    ask("GET", one, 304, path, headers={"If-None-Match": '"1"'})
    ask("GET", one, 404, f"{many}/{keeper}")
    ask("PATCH", one, 200, path, json={"size": 2}, headers={"If-Match": '"1"', "Idempotency-Key": "p"})
    ask("PATCH", one, 412, path, json={"size": 3}, headers={"If-Match": '"1"'})
    ask("DELETE", one, 412, path, headers={"If-Match": '"1"'})
    ask("DELETE", one, 409, f"{many}/{first}")
    bulk = {"mode": "create", "atomic": True, "records": [{"name": "c"}, {"name": "a"}]}
    ask("POST", f"{many}/bulk", 422, json=bulk)
    ask("POST", f"{many}/bulk", 200, json={**bulk, "atomic": False}, headers={"Idempotency-Key": "b"})
    lines = {"data": b'{"name":"d"}', "content_type": "application/x-ndjson"}
    ask("POST", f"{many}/bulk", 200, f"{many}/bulk?mode=upsert&key=name", **lines)
    for each in ("csv", "xlsx", "jsonl"):
        ask("GET", f"{many}/export", 200, f"{many}/export?format={each}")
    ask("DELETE", one, 204, path)
    ask("POST", f"{one}/restore", 200, f"{path}/restore")
    ask("POST", f"{many}/aggregate", 200, json={"measures": {"n": "COUNT()"}, "group_by": ["keeper"]})
