"""Parts of the API's description that several operations on records share: parameters, bodies, answers, headers."""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}
VERSION = {"type": "integer"}
BINARY = {"type": "string", "format": "binary"}
PROBLEM = "application/problem+json"
REFUSED = {"$ref": "#/components/schemas/Problem"}
#: A reference as it reads with ``expand``.
REFERENCE = {
    "type": "object",
    "description": "A reference with expand; no title when you may not read the record · 展开的引用",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "title": {"type": ["string", "null"]}},
}
EXPANDED = {"$ref": "#/components/schemas/Reference"}
#: What a refusal tells beside, see :data:`runtime.web.call.BESIDE`.
BESIDE: dict[str, Any] = {
    "version": VERSION, "rev": VERSION, "state": TEXT, "by": {}, "at": {}, "happened": {},
    "workflow_instance": TEXT, "link": TEXT,
}  # fmt: skip
ETAG = {"ETag": {"description": "The record's version, for If-Match · 记录版本", "schema": TEXT}}
LOCATION = {"Location": {"description": "Where it is · 地址", "schema": TEXT}}
REPEATED = "true: the same key had done it before; the record as it is now · 重复请求"
REPLAYED = {"Idempotent-Replayed": {"description": REPEATED, "schema": TEXT}}
FORMATS = {
    "text/csv": BINARY,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": BINARY,
    "application/x-ndjson": BINARY,
}


def query(name: str, schema: dict[str, Any], text: str, place: str = "query") -> dict[str, Any]:
    """One parameter that may be left out."""
    return {"name": name, "in": place, "required": False, "schema": schema, "description": text}


EXPAND = query("expand", TEXT, "References shown with their title, separated by commas · 展开引用")
NUMBERS = query(
    "numbers",
    {"enum": ["string"]},
    "Numbers as texts of the same digits; the schemas show them without · 数字以文本返回",
)
BYPASS = query(
    "bypass_approval", {"type": "boolean"}, "Without the approval that guarded changes need · 免审批变更"
)  # fmt: skip
KEY = query(
    "Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 200},
    "The same key has its effect once · 幂等键", "header",
)  # fmt: skip
SEEN = query("If-Match", TEXT, "The ETag that you have seen: 412 when it has changed · 已读版本", "header")
KNOWN = query("If-None-Match", TEXT, "The ETag that you have: 304 when it is the same · 已有版本", "header")
READING = [
    query("fields", TEXT, "Only these fields · 返回的字段"), EXPAND, NUMBERS,
    query("deleted", {"type": "boolean"}, "A record in the recycle bin · 回收站中的记录"),
    query("state", {"enum": ["pending"]}, "A record that waits for an approval · 待审批的记录"), KNOWN,
]  # fmt: skip
#: The parameters of lists whose values are limited.
LIMITED: dict[str, dict[str, Any]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
    "count": {"enum": ["none", "estimate", "exact"]},
    "numbers": {"enum": ["string"]},
    "state": {"enum": ["pending"]},
    "format": {"enum": ["csv", "xlsx", "jsonl"]},
}
MODES = {"enum": ["create", "update", "upsert", "delete"], "default": "create"}
BULK_KEY = {**TEXT, "description": "The unique field by which records are found, id when left out · 匹配字段"}
SWITCH = {"type": "boolean", "default": False}
#: What beside lines of NDJSON comes in the query string.
BULK_QUERY = [
    query("mode", MODES, "With NDJSON · 操作"), query("key", BULK_KEY, "With NDJSON · 匹配字段"),
    query("atomic", SWITCH, "With NDJSON: all or none · 全部或全不"),
    query("bypass_approval", SWITCH, "With NDJSON · 免审批变更"),
]  # fmt: skip
RECORDS = {"type": "array", "maxItems": 20_000, "items": {"type": "object"}}
BULK = {
    "application/json": {"schema": {
        "type": "object", "required": ["records"],
        "properties": {"mode": MODES, "key": {**BULK_KEY, "type": ["string", "null"]}, "atomic": SWITCH,
                       "bypass_approval": SWITCH, "records": RECORDS}}},
    "application/x-ndjson": {"schema": {**TEXT, "description": "A record in each line · 每行一条记录"}},
}  # fmt: skip
WRONG = {"type": "array", "items": {"type": "object", "required": ["field", "code", "message"], "properties": {
    "field": {"type": ["string", "null"]}, "code": TEXT, "message": TEXT}}}  # fmt: skip
#: What became of each record, in the order of the request.
RESULTS = {
    "type": "object",
    "required": ["results", "ok", "pending", "failed"],
    "properties": {
        "results": {"type": "array", "items": {"type": "object", "required": ["status", "id"], "properties": {
            "status": {"type": "integer", "description": "As of one request; 424: not done because of others · 状态"},
            "id": {"type": ["string", "null"]}, "version": VERSION, "errors": WRONG, "pending": {"type": "object"}}}},
        "ok": {"type": "integer"}, "pending": {"type": "integer"}, "failed": {"type": "integer"},
    },
}  # fmt: skip
STALE = {
    "description": "Changed meanwhile: the record as it is now is in current · 记录已被修改",
    "headers": ETAG,
    "content": {PROBLEM: {"schema": {"allOf": [REFUSED], "properties": {"current": {"type": "object"}}}}},
}


def bulk(found: dict[str, Any]) -> dict[str, Any]:
    """The operation on many records, completed."""
    found["requestBody"] = {"required": True, "content": BULK}
    found["parameters"] = [*BULK_QUERY, KEY]
    refused = {"description": "With atomic: nothing was done, the results say why; or refused as a whole · 全部未执行",
               "content": {"application/json": {"schema": RESULTS}, PROBLEM: {"schema": REFUSED}}}  # fmt: skip
    found["responses"]["422"] = refused
    return found


def read(found: dict[str, Any]) -> dict[str, Any]:
    """The operation that reads one record, completed."""
    found["responses"]["200"]["headers"] = ETAG
    found["responses"]["304"] = {"description": "You have this version already. 内容未变。", "headers": ETAG}
    return found


def written(found: dict[str, Any], status: str) -> dict[str, Any]:
    """An operation that stores a record, completed: its headers, and what is said to those who are late."""
    new = LOCATION if status == "201" else {}
    found["responses"][status]["headers"] = {**ETAG, **new, **REPLAYED}
    if any(one["name"] == SEEN["name"] for one in found["parameters"]):
        found["responses"]["412"] = STALE
    return found


def file_of(found: dict[str, Any], *types: str) -> dict[str, Any]:
    """An operation that answers with a file."""
    found["responses"]["200"]["content"] = {one: {"schema": BINARY} for one in types or ("application/octet-stream",)}
    return found
