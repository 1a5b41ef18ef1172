"""The API reference as a page, rendered on the server from the API's own description for whoever is logged in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request

from runtime.engine import openapi
from runtime.web.http import Services
from runtime.web.render import page
from runtime.web.session import maybe_session
from runtime.web.texts import gettext, page_language

HEAD = re.compile(r"([^:·]+) · ([^:·]+): (.*)", re.DOTALL)
SAMPLES: Mapping[str, Any] = {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}, "string": "..."}
FORMATS = {
    "date": "2026-11-21",
    "date-time": "2026-11-21T04:05:06.000Z",
    "uuid": "0190f3c2-7a1b-7c00-8000-000000000001",
}
METHODS = ("get", "post", "put", "patch", "delete")
SAMPLE_FIELDS = 3


@dataclass(frozen=True)
class Line:
    """A parameter, or a field of a body."""

    name: str
    place: str
    type: str
    text: str
    required: bool


@dataclass(frozen=True)
class Endpoint:
    """One operation."""

    method: str
    path: str
    summary: str
    lines: Sequence[Line]
    curl: str


@dataclass
class Group:
    """The operations of one tag."""

    name: str
    label: str
    endpoints: list[Endpoint] = field(default_factory=list)


def blueprint(services: Services) -> Blueprint:
    """The reference."""
    routes = Blueprint("docs", __name__)

    @routes.get("/docs")
    def docs() -> Response:
        session = maybe_session()
        server = request.host_url.rstrip("/")
        if session is None:
            open_paths = {
                path: item for path, item in openapi.common_paths().items()
                if any(one.get("security") == [] for one in item.values() if isinstance(one, Mapping))
            }  # fmt: skip
            found: dict[str, Any] = {"paths": open_paths, "tags": [], "components": {"schemas": {}}}
        else:
            found = openapi.document(session, server)
        return page("docs.html", session, groups=groups(found, server), server=server)

    return routes


def spoken(text: str) -> str:
    """The half of ``English · 中文`` that the page speaks; ``A · 甲: name`` keeps the name."""
    language = page_language()
    head = HEAD.fullmatch(text)
    if head:
        first = head[2] if language == "zh" else head[1]
        return f"{first}: {spoken(head[3])}"
    halves = text.split(" · ")
    return halves[1 if language == "zh" else 0] if len(halves) == 2 else text


def groups(document: Mapping[str, Any], server: str) -> list[Group]:
    """The operations by tag: first what everybody has, then object by object."""
    labels = {one["name"]: spoken(one.get("description", one["name"])) for one in document["tags"]}
    fixed = {
        "account": gettext("Account"), "model": gettext("Model"), "search": gettext("Search"),
        "files": gettext("Files"), "jobs": gettext("Background jobs"), "workflows": gettext("Workflows"),
        "admin": gettext("Administration"),
    }  # fmt: skip
    found: dict[str, Group] = {}
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in METHODS:
            if method in item:
                tag = item[method]["tags"][0]
                group = found.setdefault(tag, Group(tag, labels.get(tag) or fixed.get(tag, tag)))
                group.endpoints.append(endpoint(document, server, path, method, item[method], shared))
    return list(found.values())


def endpoint(
    document: Mapping[str, Any], server: str, path: str, method: str, said: Mapping[str, Any], shared: Sequence[Any]
) -> Endpoint:
    """One operation with an example."""
    lines = [
        Line(
            one["name"],
            one["in"],
            type_name(one.get("schema", {})),
            spoken(one.get("description", "")),
            one["required"],
        )
        for one in [*shared, *said.get("parameters", [])]
    ]
    content = said.get("requestBody", {}).get("content", {})
    media = next(iter(content), "")
    body = resolved(document, content[media]["schema"]) if media else {}
    lines += body_lines(body)
    return Endpoint(method.upper(), path, spoken(said["summary"]), lines, curl(server, path, method, said, media, body))


def body_lines(body: Mapping[str, Any]) -> Iterator[Line]:
    """The fields of a body."""
    required = [*body.get("required", ()), *body.get("x-required-on-create", ())]
    for name, schema in body.get("properties", {}).items():
        text = " ".join(spoken(schema[one]) for one in ("title", "description") if schema.get(one))
        yield Line(name, "body", type_name(schema), text, name in required)


def resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind a reference."""
    ref = schema.get("$ref", "")
    found: Mapping[str, Any] = document["components"]["schemas"].get(ref.rsplit("/", 1)[-1], {}) if ref else schema
    return found


def type_name(schema: Mapping[str, Any]) -> str:
    """A type in a word; the options of a choice."""
    if "anyOf" in schema:
        names = [type_name(one) for one in schema["anyOf"]]
        return " | ".join(dict.fromkeys(one for one in names if one != "null"))
    if "enum" in schema:
        keys = [str(one) for one in schema["enum"] if one is not None]
        return " | ".join(keys[:8]) + (" | …" if len(keys) > 8 else "")
    kind = schema.get("type", "")
    name = next((one for one in kind if one != "null"), "") if isinstance(kind, list) else str(kind)
    if name == "array":
        return f"[{type_name(schema.get('items', {}))}]"
    return f"{name} ({schema['format']})" if schema.get("format") else name


def sample(schema: Mapping[str, Any]) -> Any:
    """A value that shows the form of a field."""
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    kind = schema.get("type", "string")
    return SAMPLES.get(kind[0] if isinstance(kind, list) else kind, "...")


def curl(server: str, path: str, method: str, said: Mapping[str, Any], media: str, body: Mapping[str, Any]) -> str:
    """The operation as a command for a terminal."""
    parts = ["curl"] + ([f"-X {method.upper()}"] if method not in ("get", "post") or not media else [])
    if method == "get":
        parts = ["curl"]
    if said.get("security") != []:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    properties = body.get("properties", {})
    if media == "application/json":
        required = [*body.get("required", ()), *body.get("x-required-on-create", ())]
        names = [*required, *(one for one in properties if one not in required and one != "owner")]
        wanted = names[: max(len(required), SAMPLE_FIELDS)]
        values = {name: sample(properties[name]) for name in wanted if name in properties}
        parts += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(values, ensure_ascii=False)}'"]
    elif media:
        parts.append("-F file=@rows.csv" if "mapping" in properties else "-F file=@picture.png")
    return " \\\n  ".join([*parts, f"'{server}{path}'"])
