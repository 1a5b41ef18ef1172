"""What a workflow guards (``on_change`` with ``mode: proposal``): fields, lines and deletions that can wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runtime.base.errors import Message, Problem, unknown
from runtime.kinds.field import HoldsFiles
from runtime.meta import entering
from runtime.meta.load import Document
from runtime.meta.model import SYSTEM_PROPERTIES, Model

Place = tuple[str | int, ...]
Doc = Mapping[str, Any]


def guarded(document: Document, model: Model) -> Iterator[Problem]:
    """Fields whose change is to wait for an approval: people must be able to change them, and a proposal hold them."""
    start: Doc = document.data.get("start") or {}
    change = start.get("on_change")
    definition = model.object(str(document.data.get("object")))
    if not isinstance(change, Mapping) or change.get("mode") != "proposal" or definition is None:
        return
    for number, name in enumerate(change.get("fields", ())):
        place = ("start", "on_change", "fields", number)
        field = definition.field(name) if isinstance(name, str) else None
        if field is None:
            if name in SYSTEM_PROPERTIES and name != "owner":
                said = Message(f"the system property {name!r} is never changed by people; nothing could wait",
                               f"系统属性“{name}”不由人修改，无需审批")  # fmt: skip
                yield document.problem("workflow.guarded", said, place)
        elif not field.stored or field.numbered is not None:
            said = Message(f"the field {name!r} is computed or numbered by the system; guard what it is made from",
                           f"字段“{name}”由系统计算或编号，请改为控制其来源字段")  # fmt: skip
            yield document.problem("workflow.guarded", said, place)
        elif isinstance(field.kind, HoldsFiles):
            said = Message(f"the field {name!r} holds files, which cannot wait for an approval",
                           f"字段“{name}”为文件，不能等待审批")  # fmt: skip
            yield document.problem("workflow.guarded", said, place)


def coming(document: Document, model: Model) -> Iterator[Problem]:
    """New records that are to wait: they must be records that somebody makes by themselves."""
    definition = model.object(str(document.data.get("object")))
    if definition is None or not entering.pends(document.data):
        return
    link = definition.owner_link
    if link is not None:
        upper = link.relates.target_object() if link.relates else ""
        said = Message(
            f"records of {definition.name!r} are lines of {upper!r} and wait with it; "
            "guard them there: on_change: {lines: [...], mode: proposal}",
            f"“{definition.name}”是“{upper}”的明细，随其一并等待；请在该对象的流程中控制："
            "on_change: {lines: [...], mode: proposal}",
        )
        yield document.problem("workflow.on_create", said, ("start", "on_create"))
    start: Doc = document.data.get("start") or {}
    given = start.get("trigger")
    named = given if isinstance(given, list) else [given]
    if given is not None and "on_create" not in named:
        said = Message(
            "on_create: {mode: pending} begins by new records: add on_create to trigger, or leave trigger out",
            "on_create: {mode: pending} 由新建记录启动：请在 trigger 中加入 on_create，或省略 trigger",
        )
        yield document.problem("workflow.on_create", said, ("start", "trigger"))


def guarded_lines(document: Document, model: Model) -> Iterator[Problem]:
    """Lines and deletions can only wait; what is guarded as lines must be lines of the object."""
    start: Doc = document.data.get("start") or {}
    change = start.get("on_change")
    definition = model.object(str(document.data.get("object")))
    if not isinstance(change, Mapping) or definition is None:
        return
    place: Place = ("start", "on_change")
    waits = change.get("mode") == "proposal"
    if not waits and "fields" not in change:
        said = Message("say which fields: on_change: {fields: [...]}", "请写明字段：on_change: {fields: [...]}")
        yield document.problem("workflow.on_change", said, place)
    for key in ("lines", "delete"):
        if key in change and not waits:
            said = Message(f"{key} is for changes that wait: add mode: proposal",
                           f"{key} 仅用于待审批的变更：请添加 mode: proposal")  # fmt: skip
            yield document.problem("workflow.on_change", said, (*place, key))
    if waits and not (change.get("fields") or change.get("lines") or change.get("delete")):
        said = Message("nothing is guarded: add fields, lines or delete: true",
                       "未指定受控内容：请添加 fields、lines 或 delete: true")  # fmt: skip
        yield document.problem("workflow.on_change", said, place)
    relations = model.reverses.get(definition.name, {})
    owned = [name for name, one in relations.items() if one.owned]
    lines: Any = change.get("lines", ())
    for number, name in enumerate(lines):
        named = name if isinstance(lines, Mapping) else number
        if isinstance(name, str) and name not in owned:
            said = unknown(Message("line relation", "明细关系"), name, owned, "").message
            if name in relations:
                said = Message(f"{name!r} are no lines: their records do not belong to this one (owned: true)",
                               f"“{name}”不是明细：其记录不归属于本记录（owned: true）")  # fmt: skip
            yield document.problem("workflow.guarded", said, (*place, "lines", named))
            continue
        source = model.object(relations[name].source) if name in relations else None
        for at, one in enumerate(lines[name] if isinstance(lines, Mapping) else ()):
            here = (*place, "lines", name, at)
            own = source.field(one) if source is not None and isinstance(one, str) else None
            if own is None:
                known = list(source.fields) if source is not None else []
                said = unknown(Message("field", "字段"), str(one), known, "").message
                yield document.problem("workflow.guarded", said, here)
            elif not own.stored or own.numbered is not None:
                said = Message(f"the field {one!r} is computed or numbered by the system; guard what it is made from",
                               f"字段“{one}”由系统计算或编号，请改为控制其来源字段")  # fmt: skip
                yield document.problem("workflow.guarded", said, here)
