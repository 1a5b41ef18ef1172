"""What a role may not see and a title or a rule would tell it all the same. It grants nothing.

formula.md, decision 13: a title that shows a hidden field is an error, a rule that asks about one a warning, unless
the role may write no record at all and so has nothing to try the rule with. The title of a workflow, which only those
read who take part in it, is a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.meta.formulas import Formulas, Node
from runtime.meta.load import Document
from runtime.meta.model import Model, ObjectDef

HIDING = ("hidden", "masked")


def check_role(
    model: Model,
    formulas: Formulas,
    needs: Mapping[Node, frozenset[Node]],
    document: Document,
    workflows: Sequence[Document] = (),
) -> Iterator[Problem]:
    """The problems of one role: hidden fields that a title shows (error), a rule asks about, or the title of one of
    the ``workflows`` shows (warnings).
    """
    entries = document.data.get("objects") or {}
    for name, rights in entries.items():
        definition = model.object(name)
        hidden = {one for one, right in (rights.get("fields") or {}).items() if right in HIDING}
        if definition is None or not hidden:
            continue
        given = _deciding(model, entries, definition)
        if given.get("read", "none") == "none":
            continue
        shown = _shown(model, needs, needs.get((definition.key, "title"), ()))
        told = _told(model, formulas, needs, definition, workflows)
        tries = bool(given.get("create")) or given.get("update", "none") != "none"
        asked = _asked(formulas, definition) if tries else set()
        for one in sorted(hidden):
            field = definition.field(one)
            path = ("objects", name, "fields", one)
            if field is not None and (definition.key, field.key) in shown:
                said = Message(
                    f"the title of {name!r} shows the field {one!r}, which this role may not see",
                    f"“{name}”的标题会显示该角色无权查看的字段“{one}”",
                )
                yield document.problem("title_leak", said, path)
            for workflow in told.get((definition.key, field.key), ()) if field is not None else ():
                said = Message(
                    f"the title of the workflow {workflow!r} shows the field {one!r}, which this role may not see: "
                    "whoever takes part in it reads it in tasks, notices and mails",
                    f"流程“{workflow}”的标题会显示该角色无权查看的字段“{one}”：参与者会在任务、通知和邮件中看到",
                )
                yield document.problem("W_TITLE", said, path, severity="warning")
            if field is not None and (definition.key, field.key) in asked:
                said = Message(
                    f"a rule of {name!r} depends on {one!r}: by trying values this role can learn about it",
                    f"“{name}”的校验规则依赖字段“{one}”：该角色可通过尝试取值推知其内容",
                )
                yield document.problem("W_ORACLE", said, path, severity="warning")


def _deciding(model: Model, entries: Mapping[str, Any], definition: ObjectDef) -> Mapping[str, Any]:
    """What the role says of the object whose rights decide: for line items that is their parent."""
    at, seen = definition, {definition.name}
    while (link := at.owner_link) is not None and link.relates is not None:
        parent = model.object(link.relates.target_object())
        if parent is None or parent.name in seen:
            break
        seen.add(parent.name)
        at = parent
    found = [one for name, one in entries.items() if model.object(name) is at]
    return found[0] if found else {}


def _told(
    model: Model, formulas: Formulas, needs: Mapping[Node, frozenset[Node]], definition: ObjectDef,
    workflows: Sequence[Document],
) -> dict[Node, list[str]]:  # fmt: skip
    """What the titles of workflows about an object show: by field, the workflows."""
    found: dict[Node, list[str]] = {}
    for document in workflows:
        title = document.data.get("title")
        if isinstance(title, str) and model.object(str(document.data.get("object"))) is definition:
            first = formulas.deps.get((definition.name, title), frozenset())
            for node in _shown(model, needs, first):
                found.setdefault(node, []).append(document.name)
    return found


def _shown(model: Model, needs: Mapping[Node, frozenset[Node]], start: Iterable[Node]) -> set[Node]:
    """Everything that a computed value rests on; what a field exposes is a decision and stops the way."""
    exposed = {(one.key, field.key) for one in model.objects.values() for field in one.fields.values() if field.expose}
    found: set[Node] = set()
    stack = list(start)
    while stack:
        node = stack.pop()
        if node in found or node in exposed:
            continue
        found.add(node)
        stack.extend(needs.get(node, ()))
    return found


def _asked(formulas: Formulas, definition: ObjectDef) -> set[Node]:
    """What the validations of an object look at."""
    found: set[Any] = set()
    for rule in definition.validations:
        found |= formulas.deps.get((definition.name, rule.valid), frozenset())
    return found
