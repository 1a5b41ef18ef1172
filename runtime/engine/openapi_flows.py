"""What the description of the API says of tasks and workflows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runtime.engine.openapi_parts import query
from runtime.store.standins import MODES, TAKE_OVER

ACTIONS = (
    "agree, reject, submit, return, transfer, take_over, add_sign, remove_signer, withdraw, retrieve, urge, comment, "
    "copy, revoke, reassign, skip, retry, jump, terminate"
)

#: What a caller says that he has seen, so that nothing else is decided.
SEEN = {
    "version": {
        "type": "integer",
        "description": "The record's version as it was read: 409 when another · 所见记录版本",
    },
    "rev": {"type": "integer", "description": "The workflow's rev as it was read: 409 when another · 所见流程进度"},
}


def paths(operation: Callable[..., dict[str, Any]], parameter: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """The operations."""
    anything = {"type": "object"}
    tag = "workflows"
    by_id = parameter("id", "string", "The id · 编号", "path")
    action = parameter("action", "string", f"One of · 可用操作: {ACTIONS}", "path")
    key = parameter("Idempotency-Key", "string", "The same key has its effect once · 幂等键", "header")
    listing = [
        query("box", {"enum": ["todo", "done", "started", "copied"], "default": "todo"}, "待办、已办、我发起、抄送我"),
        parameter("cursor", "string", "Where the next page begins · 下一页"),
        query("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "1 to 200"),
        parameter("workflow", "string", "Only of this workflow · 流程名称"),
        parameter("q", "string", "Only with this text in the title · 标题包含"),
        parameter("overdue", "boolean", "Only late ones · 仅逾期"),
    ]
    several = {"type": "object", "required": ["action", "tasks"], "properties": {
        "action": {"enum": ["agree", "reject"]}, "comment": {"type": "string"},
        "tasks": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"anyOf": [
            {"type": "string"},
            {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, **SEEN}}]}}}}  # fmt: skip
    results = {"type": "object", "properties": {"data": {"type": "array", "items": {
        "type": "object", "properties": {
            "id": {"type": "string"}, "status": {"type": "integer"}, "state": {"type": "string"},
            "code": {"type": "string"}, "detail": {"type": "string"}}}}}}  # fmt: skip
    people = {"type": "array", "items": {"type": "string"}}
    body = {"type": "object", "properties": {
        "comment": {"type": "string"}, "values": {"type": "object"}, "to": {"type": "string"},
        "resubmit": {"enum": ["replay", "direct", "direct_unless_changed"]},
        "kind": {"enum": ["before", "after", "parallel"]}, "mode": {"enum": ["any", "all", "sequential"]},
        "lines": {"type": "object", "description": "With submit, of a returned change of lines, by relation: "
                  "{add: [values], set: {id: values}, remove: [ids], keep: [ids]} · 退回后提交的明细"},
        "people": people, "mentions": people, "added": {"type": "integer"}, "reason": {"type": "string"},
        "signature": {"type": "string", "description": "Id of an uploaded picture · 签名图片编号"},
        **SEEN}}  # fmt: skip
    start = {"type": "object", "required": ["object", "record"], "properties": {
        "object": {"type": "string"}, "record": {"type": "string"}, "choice": {"type": "object"},
        "version": SEEN["version"]}}  # fmt: skip
    done = {"type": "object", "properties": {
        "instance": {"type": "string"}, "workflow": {"type": "string"}, "state": {"type": "string"},
        "rev": {"type": "integer"},
        "open_tasks": {"type": "array", "items": anything}}}  # fmt: skip
    page = {"type": "object", "properties": {
        "data": {"type": "array", "items": anything}, "next_cursor": {"type": ["string", "null"]}}}  # fmt: skip
    moving = {"type": "object", "properties": {"instance": {"type": "string"}, "dry_run": {"type": "boolean"}}}
    return {
        **standing_in(operation, by_id, tag),
        "/api/v1/tasks": {"get": operation("My tasks · 我的任务", tag, ok=page, parameters=listing)},
        "/api/v1/tasks/batch": {
            "post": operation(
                "Decide several tasks, each by itself · 批量处理任务", tag, body=several, ok=results, parameters=[key]
            )
        },
        "/api/v1/tasks/{id}": {"parameters": [by_id], "get": operation("One task · 任务详情", tag, ok=anything)},
        "/api/v1/tasks/{id}/{action}": {
            "parameters": [by_id, action],
            "post": operation("Act on a task · 处理任务", tag, body=body, ok=done, parameters=[key]),
        },
        "/api/v1/workflows/{id}/start": {
            "parameters": [parameter("id", "string", "The workflow's name · 流程名称", "path")],
            "post": operation("Start a workflow · 发起流程", tag, body=start, ok=done, status="201", parameters=[key]),
        },
        "/api/v1/workflows/{id}/migrate": {
            "parameters": [parameter("id", "string", "The workflow's name · 流程名称", "path")],
            "post": operation(
                "Running instances go on after the live version (administrators) · 迁移运行中的实例",
                tag,
                body=moving,
                ok=page,
            ),
        },
        "/api/v1/workflows/instances/{id}": {
            "parameters": [by_id],
            "get": operation("An instance with its history · 流程实例与历史", tag, ok=anything),
        },
        "/api/v1/workflows/instances/{id}/history.pdf": {"parameters": [by_id], "get": printed(operation, tag)},
        "/api/v1/workflows/instances/{id}/{action}": {
            "parameters": [by_id, action],
            "post": operation("Act on an instance · 处理流程实例", tag, body=body, ok=done, parameters=[key]),
        },
    }


def standing_in(operation: Callable[..., dict[str, Any]], by_id: Mapping[str, Any], tag: str) -> dict[str, Any]:
    """The operations on stand-ins."""
    moment = {"type": "string", "format": "date-time"}
    names = {"type": "array", "items": {"type": "string"}, "description": "None: all workflows · 为空：全部流程"}
    said = "take_over: the stand-in has the tasks; share: both, who is first decides · 由代理人处理；双方均可处理"
    mode = {"enum": list(MODES), "default": TAKE_OVER, "description": said}
    body = {"type": "object", "required": ["stand_in", "until"], "additionalProperties": False, "properties": {
        "stand_in": {"type": "string", "description": "Id or login name · 编号或登录名"}, "from": moment,
        "until": moment, "workflows": names, "mode": mode}}  # fmt: skip
    one = {"type": "object", "properties": {
        "id": {"type": "string"}, "user": {"type": "string"}, "stand_in": {"type": "string"}, "mode": mode,
        "workflows": names, "from": moment, "until": moment, "names": {"type": "object"}}}  # fmt: skip
    page = {"type": "object", "properties": {"data": {"type": "array", "items": one}}}
    made = {"type": "object", "properties": {"id": {"type": "string"}}}
    return {
        "/api/v1/stand-ins": {
            "get": operation("My stand-ins, and for whom I stand in · 我的代理人与我代理的人", tag, ok=page),
            "post": operation("Arrange a stand-in for me · 设置代理人", tag, body=body, ok=made, status="201"),
        },
        "/api/v1/stand-ins/{id}": {
            "parameters": [by_id],
            "delete": operation("End a stand-in of mine · 结束代理", tag, status="204"),
        },
    }


def printed(operation: Callable[..., dict[str, Any]], tag: str) -> dict[str, Any]:
    """The history as a document: an answer that is no JSON."""
    found = operation(
        "The history with its signatures as a PDF, at most 10,000 events · 含签名的流程历史 PDF",
        tag,
    )
    found["responses"]["200"]["content"] = {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}
    return found
