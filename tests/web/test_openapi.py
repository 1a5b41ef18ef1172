"""The description of the API says all that there is."""

from __future__ import annotations

import re

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
