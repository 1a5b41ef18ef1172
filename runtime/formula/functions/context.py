"""Functions about the circumstances: who acts, and what the record was before. All become plain inputs."""

from __future__ import annotations

from runtime.formula.functions.declare import Function, function

CHANGES = ("validation", "automation", "condition")
PEOPLE = ("default", "validation", "condition", "filter", "criteria", "automation", "text")

FUNCTIONS: list[Function] = [
    function(
        "USER",
        "context",
        "The acting user: USER.id, .name, .department, .departments, .manager, .roles.",
        "当前用户：USER.id、.name、.department、.departments、.manager、.roles。",
        [],
        rule="user",
        signature="USER.name",
        arity=(0, 0),
        volatile=True,
        contexts=PEOPLE,
    ),
    function(
        "HASROLE",
        "context",
        "True when the acting user has a role.",
        "当前用户拥有某角色时为真。",
        [("HASROLE('sales')", "true")],
        rule="hasrole",
        signature="HASROLE('role')",
        arity=(1, 1),
        volatile=True,
        contexts=PEOPLE,
    ),
    function(
        "ISNEW",
        "context",
        "True while the record is being created.",
        "记录正在新建时为真。",
        [],
        rule="meta",
        arity=(0, 0),
        contexts=CHANGES,
    ),
    function(
        "ISDELETION",
        "context",
        "True in a workflow that is about the deletion of its record: in its conditions and its title.",
        "流程涉及的是删除记录时为真，可用于该流程的条件与标题。",
        [("ISDELETION()", "false")],
        rule="meta",
        arity=(0, 0),
        contexts=(*CHANGES, "text"),
    ),
    function(
        "ISCHANGED",
        "context",
        "True when a field's value is being changed.",
        "字段的值正在改变时为真。",
        [],
        rule="changed",
        signature="ISCHANGED(field)",
        arity=(1, 1),
        contexts=CHANGES,
    ),
    function(
        "OLD",
        "context",
        "The value of a field before the change.",
        "字段修改前的值。",
        [],
        rule="old",
        signature="OLD(field)",
        arity=(1, 1),
        contexts=CHANGES,
    ),
    function("RECORDID", "context", "The record's own id.", "记录自身的编号。", [], rule="meta", arity=(0, 0)),
]
