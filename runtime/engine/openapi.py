"""The API's description of itself (OpenAPI 3.1), made from the live model and what the caller may do."""

from __future__ import annotations

from typing import Any

from runtime.engine import openapi_flows, openapi_parts
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.meta import entering
from runtime.meta.model import FieldDef
from runtime.version import VERSION

ID = {"type": "string", "format": "uuid"}
INSTANT = {"type": "string", "format": "date-time"}
PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457). 拒绝的原因。",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        **openapi_parts.BESIDE,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": ["string", "null"]},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
OLD_AND_NEW = {
    "type": "array",
    "description": "Old and new values of the fields that you may read · 可见字段的新旧值",
    "items": {"type": "object", "properties": {"field": {"type": "string"}, "old": {}, "new": {}}},
}
#: A change of a record that waits or waited for an approval.
PROPOSAL = {
    "type": "object",
    "properties": {
        "instance": ID,
        "kind": {"enum": ["update", "delete", "child_changes", "create"]},
        "state": {"enum": ["open", "conflict", "applied", "rejected", "withdrawn", "terminated"]},
        "created_by": {**ID, "type": ["string", "null"]}, "created_at": INSTANT,
        "closed_at": {**INSTANT, "type": ["string", "null"]}, "why": {"type": "string"}, "changes": OLD_AND_NEW,
        "lines": {"type": "array", "items": {"type": "object", "properties": {
            "relation": {"type": "string"}, "object": {"type": "string"}, "id": ID, "title": {"type": "string"},
            "what": {"enum": ["added", "changed", "removed"]}, "changes": OLD_AND_NEW}}},
        "computed": {**OLD_AND_NEW, "description": "What follows for computed fields · 计算字段随之产生的变化"},
    },
}  # fmt: skip
LIST_PARAMETERS = (
    ("filter", "string", "A formula: level == 'A' and amount > 1000 · 筛选公式"),
    ("sort", "string", "Fields separated by commas, '-' before one: descending · 排序"),
    ("fields", "string", "Only these fields · 返回的字段"),
    ("expand", "string", "References shown with their title · 展开引用"),
    ("q", "string", "Search text, pinyin and initials · 搜索（支持拼音及首字母）"),
    ("limit", "integer", "1 to 500, default 50 · 每页条数"),
    ("cursor", "string", "next_cursor of the page before · 上一页返回的游标"),
    ("count", "string", "none, estimate or exact · 计数方式"),
    ("numbers", "string", "'string' gives numbers as texts; the schemas show them without · 数字以文本返回"),
    ("deleted", "boolean", "What is in the recycle bin · 回收站中的记录"),
    ("state", "string", "pending: new records that wait for approval and concern you · 与您有关的待审批新建记录"),
)


def document(session: Session, server: str) -> dict[str, Any]:
    """The whole description for this caller."""
    paths: dict[str, Any] = {**common_paths(), **openapi_flows.paths(operation, parameter)}
    schemas: dict[str, Any] = {"Problem": PROBLEM, "Reference": openapi_parts.REFERENCE}
    tags = []
    for definition in session.model.objects.values():
        access = object_access(session.snapshot, session.person, definition)
        if access.known:
            schemas[definition.name] = record_schema(access)
            schemas[f"{definition.name}_write"] = write_schema(access)
            paths.update(record_paths(access))
            tags.append({"name": definition.name, "description": two(definition.label)})
    if session.person.administrator:
        paths.update(admin_paths())
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Dougong · {session.workspace.row.name}", "version": VERSION,
                 "description": "Made from the live model, for your rights. 根据当前模型和您的权限生成。"},
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Refused": {
                    "description": "Refused; nothing has changed. 已拒绝，未做任何更改。",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
        },
    }  # fmt: skip


def two(label: Any) -> str:
    """A label in both languages."""
    return str(label["en"]) if label["en"] == label["zh"] else f"{label['en']} · {label['zh']}"


def blank_or(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a value that may be blank."""
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema:
        return {**schema, "type": [kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def field_schema(field: FieldDef) -> dict[str, Any]:
    """One field's value."""
    found = dict(field.kind.json_schema()) if field.kind.blank is not None else blank_or(dict(field.kind.json_schema()))
    found["title"] = two(field.label)
    if field.help.get("en"):
        found["description"] = two(field.help)
    return found


def expandable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a reference on the wire: the id, or with ``expand`` more; of several, a list of such."""
    if "array" in schema.get("type", ()):
        return {**schema, "items": expandable(schema.get("items", {}))}
    beside: dict[str, Any] = {name: schema[name] for name in ("title", "description") if name in schema}
    plain = {name: value for name, value in schema.items() if name not in beside}
    return {"anyOf": [plain, openapi_parts.EXPANDED], **beside}


def record_schema(access: ObjectAccess) -> dict[str, Any]:
    """A record on the wire, as this caller reads it."""
    person = expandable(blank_or(ID))
    properties: dict[str, Any] = {
        "id": ID, "version": {"type": "integer"}, "created_at": INSTANT, "created_by": person,
        "updated_at": INSTANT, "updated_by": person, "owner": person,
    }  # fmt: skip
    if access.object.key in entering.objects(access.snapshot.model):
        properties["_state"] = {"const": entering.PENDING, "description": "Only while it waits · 仅待审批时出现"}
    for name, field in access.object.fields.items():
        if access.readable(name):
            found = field_schema(field)
            properties[name] = found if field.relates is None else expandable(found)
        elif access.visible(name):
            properties[name] = {"type": ["string", "null"], "title": two(field.label), "description": "masked · 已脱敏"}
    return {"type": "object", "title": two(access.object.label), "properties": properties}


def write_schema(access: ObjectAccess) -> dict[str, Any]:
    """What this caller may send."""
    fields = {name: field_schema(field) for name, field in access.object.fields.items() if access.writable(name)}
    required = [
        name for name, field in access.object.fields.items()
        if field.required is True and field.default is None and access.writable(name)
    ]  # fmt: skip
    found: dict[str, Any] = {
        "type": "object",
        "properties": {**fields, "owner": blank_or(ID)},
        "additionalProperties": False,
    }
    if required:
        found["x-required-on-create"] = required
    return found


def operation(
    summary: str, tag: str, *, body: Any = None, ok: Any = None, status: str = "200", **more: Any
) -> dict[str, Any]:
    """One operation."""
    found: dict[str, Any] = {"summary": summary, "tags": [tag], **more}
    answer: dict[str, Any] = {"description": "Done. 成功。"}
    if ok is not None:
        answer["content"] = {"application/json": {"schema": ok}}
    found["responses"] = {status: answer, "default": {"$ref": "#/components/responses/Refused"}}
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return found


def parameter(name: str, kind: str, text: str, place: str = "query") -> dict[str, Any]:
    """One parameter."""
    schema = openapi_parts.LIMITED.get(name, {"type": kind}) if place == "query" else {"type": kind}
    return {"name": name, "in": place, "required": place == "path", "schema": schema, "description": text}


def conversion(access: ObjectAccess, record: dict[str, Any], by_id: dict[str, Any]) -> dict[str, Any]:
    """The operations that make other records out of one."""
    name, label = access.object.name, two(access.object.label)
    known = list(access.object.conversions)
    action = {**parameter("action", "string", "The conversion · 转化", "path"), "schema": {"enum": known}}
    choice = {"oneOf": [
        {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
        {"type": "object", "properties": {"values": {"type": "object"}}},
        {"type": "null"},
    ]}  # fmt: skip
    said = {
        "type": "object",
        "description": "For each link: an existing record, values of the new one, or null to leave it out · "
        "各关联字段：已有记录、新记录的取值，或 null（不产生）",
        "additionalProperties": choice,
    }
    rows = {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object"}}}}
    headers = [openapi_parts.KEY, openapi_parts.SEEN, openapi_parts.EXPAND, openapi_parts.NUMBERS]
    return {
        "parameters": [*by_id["parameters"], action],
        "get": operation(f"What it would become · 转化预览: {label}", name, ok=rows),
        "post": openapi_parts.written(
            operation(f"Convert · 转化: {label}", name, body=said, ok=record, parameters=headers), "200"
        ),
    }


def waits(record: dict[str, Any]) -> dict[str, Any]:
    """The answer to a change that waits for an approval: what waits, and the record with the values in force."""
    pending = {"type": "object", "properties": {
        "instance": ID, "workflow": {"type": "string"}, "state": {"type": "string"},
        "kind": {"enum": ["update", "delete", "child_changes", "create"],
                 "description": "A change, a deletion, one with lines, a new record · 变更、删除、含明细的变更、新建"},
        "fields": {"type": "array", "items": {"type": "string"}},
        "lines": {"type": "integer", "description": "How many lines change · 变化的明细行数"}}}  # fmt: skip
    schema = {"type": "object", "required": ["pending", "record"], "properties": {"pending": pending, "record": record}}
    return {
        "description": "Not changed yet: the change waits for an approval. 尚未生效：变更等待审批。",
        "content": {"application/json": {"schema": schema}},
    }


def coming(made: dict[str, Any] | None, back: dict[str, Any] | None, record: dict[str, Any]) -> None:
    """What making a record, and bringing one back, answer where new records wait for an approval."""
    if made is not None:
        made["responses"]["202"] = waits(record)
    if back is not None:
        back["post"]["responses"]["202"] = {
            "description": "It waits for its approval again. 重新等待审批。",
            "content": {"application/json": {"schema": record}},
        }


def by_force(access: ObjectAccess) -> list[dict[str, Any]]:
    """The parameters of administrators, who may delete what a workflow holds."""
    if not access.person.administrator:
        return []
    said = (
        "End the workflow that holds it and delete it; needs a reason (administrators) · 强制删除并终止流程，须填写原因"
    )
    return [parameter("force", "boolean", said), parameter("reason", "string", "Why, with force · 强制删除的原因")]


def record_paths(access: ObjectAccess) -> dict[str, Any]:
    """The operations on one object that this caller may do."""
    name = access.object.name
    tag, label = name, two(access.object.label)
    record, write = {"$ref": f"#/components/schemas/{name}"}, {"$ref": f"#/components/schemas/{name}_write"}
    page = {
        "type": "object",
        "properties": {"data": {"type": "array", "items": record}, "next_cursor": {"type": ["string", "null"]},
                       "count": {"type": "integer"}},
    }  # fmt: skip
    base = f"/api/v1/records/{name}"
    by_id = {"parameters": [parameter("id", "string", "The record's id · 记录 id", "path")]}
    many: dict[str, Any] = {}
    single: dict[str, Any] = dict(by_id)
    found: dict[str, Any] = {}
    if access.may("read"):
        listing = [parameter(*one) for one in LIST_PARAMETERS]
        many["get"] = operation(f"List · 列表: {label}", tag, ok=page, parameters=listing)
        reading = operation(f"Read · 读取: {label}", tag, ok=record, parameters=openapi_parts.READING)
        single["get"] = openapi_parts.read(reading)
        rows = {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object"}}}}
        asked = {"type": "object", "properties": {"data": {"type": "array", "items": PROPOSAL}}}
        still = parameter("open", "boolean", "Only those that wait · 仅待审批")
        proposals = operation(f"Changes that wait or waited · 变更提案: {label}", tag, ok=asked, parameters=[still])
        found[f"{base}/{{id}}/proposals"] = {**by_id, "get": proposals}
        found[f"{base}/{{id}}/history"] = {**by_id, "get": operation(f"History · 历史: {label}", tag, ok=rows)}
        measures = {
            "type": "object",
            "properties": {"filter": {"type": "string"}, "group_by": {"type": "array", "items": {"type": "string"}},
                           "measures": {"type": "object", "additionalProperties": {"type": "string"}},
                           "sort": {"type": "array", "items": {"type": "string"}}, "limit": {"type": "integer"},
                           "q": {"type": "string"}},
        }  # fmt: skip
        found[f"{base}/aggregate"] = {"post": operation(f"Aggregate · 汇总: {label}", tag, body=measures, ok=rows)}
    if access.may("create"):
        making = [openapi_parts.KEY, openapi_parts.BYPASS, openapi_parts.EXPAND, openapi_parts.NUMBERS]
        many["post"] = operation(f"Create · 新建: {label}", tag, body=write, ok=record, status="201", parameters=making)
        openapi_parts.written(many["post"], "201")
        if access.parent is not None:
            many["post"]["responses"]["202"] = waits(blank_or(record))  # A line that is not there yet.
    if access.may("update"):
        changing = [openapi_parts.SEEN, openapi_parts.KEY, openapi_parts.BYPASS, openapi_parts.EXPAND,
                    openapi_parts.NUMBERS]  # fmt: skip
        single["patch"] = operation(f"Change · 修改: {label}", tag, body=write, ok=record, parameters=changing)
        openapi_parts.written(single["patch"], "200")
        single["patch"]["responses"]["202"] = waits(record)
        if access.object.conversions:
            found[f"{base}/{{id}}/convert/{{action}}"] = conversion(access, record, by_id)
    if access.may("delete"):
        removing = [openapi_parts.SEEN, openapi_parts.BYPASS, *by_force(access)]
        single["delete"] = operation(f"Delete · 删除: {label}", tag, status="204", parameters=removing)
        single["delete"]["responses"]["412"] = openapi_parts.STALE
        single["delete"]["responses"]["202"] = waits(record)
        found[f"{base}/{{id}}/restore"] = {**by_id, "post": operation(f"Restore · 恢复: {label}", tag, ok=record)}
    if access.may("bulk"):
        several = operation(f"Bulk · 批量: {label}", tag, ok=openapi_parts.RESULTS)
        found[f"{base}/bulk"] = {"post": openapi_parts.bulk(several)}
    found |= file_paths(access, base, tag, label)
    if access.may("share"):
        wish = {
            "type": "object",
            "required": ["kind", "with"],
            "properties": {"kind": {"enum": ["user", "role", "department"]}, "with": {"type": "string"},
                           "level": {"enum": ["read", "write", "none"]}},
        }  # fmt: skip
        everybody = {"type": "object", "properties": {"data": {"type": "array", "items": wish}}}
        found[f"{base}/{{id}}/shares"] = {
            **by_id,
            "get": operation(f"Shares · 共享: {label}", tag, ok=everybody),
            "put": operation(f"Share · 设置共享: {label}", tag, body=wish, ok=everybody),
        }
    if access.object.key in entering.objects(access.snapshot.model):
        coming(many.get("post"), found.get(f"{base}/{{id}}/restore"), record)
    if many:
        found[base] = many
    if len(single) > 1:
        found[f"{base}/{{id}}"] = single
    return found


def file_paths(access: ObjectAccess, base: str, tag: str, label: str) -> dict[str, Any]:
    """Export and import of one object."""
    found: dict[str, Any] = {}
    if access.may("export"):
        wanted = [
            parameter("format", "string", "csv, xlsx or jsonl · 格式"),
            *(parameter(*one) for one in LIST_PARAMETERS[:3]),
            parameter("q", "string", "Search · 搜索"),
            parameter("titles", "boolean", "Titles of linked records · 关联记录显示标题"),
            parameter("mark", "boolean", "CSV begins with the mark by which Excel knows UTF-8 · CSV 带 BOM"),
        ]
        exported = operation(f"Export · 导出: {label}", tag, parameters=wanted)
        found[f"{base}/export"] = {"get": openapi_parts.file_of(exported, *openapi_parts.FORMATS)}
    if access.may("import"):
        form = {"type": "object", "properties": {
            "file": {"type": "string", "format": "binary"}, "mapping": {"type": "string"},
            "on_duplicate": {"enum": ["skip", "update", "create", "fail"]}, "key": {"type": "string"},
            "dry_run": {"type": "boolean"}, "bypass_approval": {"type": "boolean"},
            "blank": {"enum": ["keep", "clear"]}, "background": {"type": "boolean"}}}  # fmt: skip
        sent = operation(f"Import · 导入: {label}", tag, ok={"type": "object"})
        sent["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
        sent["responses"]["202"] = {
            "description": "A large file: a job at Location · 大文件：任务地址见 Location",
            "headers": openapi_parts.LOCATION,
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
        found[f"{base}/import"] = {"post": sent}
    return found


def common_paths() -> dict[str, Any]:
    """What everybody may do."""
    anything = {"type": "object"}
    login = {
        "type": "object",
        "required": ["username", "password"],
        "properties": {"username": {"type": "string"}, "password": {"type": "string"},
                       "workspace": {"type": "string", "default": "main"},
                       "code": {"type": "string", "description": "Of the second factor · 两步验证码"}},
    }  # fmt: skip
    token = {"type": "object", "required": ["token", "expires_at"], "properties": {
        "token": {"type": "string"}, "expires_at": INSTANT}}  # fmt: skip
    formula = {
        "type": "object",
        "required": ["object", "source"],
        "properties": {"object": {"type": "string"}, "source": {"type": "string"}, "context": {"type": "string"},
                       "expected_type": {"type": "string"}, "evaluate": {"type": "boolean"},
                       "record": {"type": "string"}, "field": {"type": "string"}},
    }  # fmt: skip
    upload = operation("Upload a file · 上传文件", "files", ok=anything, status="201")
    form = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
    upload["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    file_id = [parameter("id", "string", "The file's id · 文件 id", "path")]
    job_id = [parameter("id", "string", "The job's id · 任务 id", "path")]
    most = {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    q = [parameter("q", "string", "Text · 文本"), openapi_parts.query("limit", most, "1 to 100")]
    return {
        "/api/v1/login": {"post": {**operation("Log in · 登录", "account", body=login, ok=token), "security": []}},
        "/api/v1/logout": {"post": operation("Log out · 退出", "account", ok=anything)},
        "/api/v1/me": {"get": operation("Who am I · 当前用户", "account", ok=anything)},
        "/api/v1/model": {"get": operation("The model · 模型", "model", ok=anything)},
        "/api/v1/catalog": {"get": operation("The kinds · 类型目录", "model", ok=anything)},
        "/api/v1/formula/check": {"post": operation("Check a formula · 检查公式", "model", body=formula, ok=anything)},
        "/api/v1/search": {"get": operation("Search · 搜索", "search", ok=anything, parameters=q)},
        "/api/v1/files": {"post": upload},
        "/api/v1/files/{id}": {"parameters": file_id, "get": openapi_parts.file_of(
            operation("Read a file · 读取文件", "files"), "*/*")},
        "/api/v1/jobs/{id}": {"parameters": job_id, "get": operation("A job · 后台任务", "jobs", ok=anything)},
        "/api/v1/jobs/{id}/cancel": {
            "parameters": job_id, "post": operation("Cancel a job · 取消后台任务", "jobs", ok=anything)},
        "/api/v1/jobs/{id}/failed": {"parameters": job_id, "get": openapi_parts.file_of(
            operation("Its failed rows · 失败行", "jobs"))},
    }  # fmt: skip


def admin_paths() -> dict[str, Any]:
    """What administrators may do."""
    anything = {"type": "object"}
    found: dict[str, Any] = {}
    for name, label in (("users", "users · 用户"), ("departments", "departments · 部门")):
        by_id = [parameter("id", "string", "id", "path")]
        found[f"/api/v1/admin/{name}"] = {
            "get": operation(f"List {label}", "admin", ok=anything),
            "post": operation(f"Create {label}", "admin", body=anything, ok=anything, status="201"),
        }
        found[f"/api/v1/admin/{name}/{{id}}"] = {
            "parameters": by_id,
            "get": operation(f"Read {label}", "admin", ok=anything),
            "patch": operation(f"Change {label}", "admin", body=anything, ok=anything),
        }
    return found
