"""How documents say who: the sources of approvers, assignees and receivers as one JSON Schema. It resolves nobody."""

from __future__ import annotations

from typing import Any

from runtime.kinds.marks import SENTENCE, described, formula, name_of, names_of
from runtime.kinds.options import Option, one_of, option

LEVEL = option("integer", "Levels up", "向上层级", minimum=1, maximum=10, default=1)
OF = described(
    {"type": "string", "minLength": 1, "maxLength": 100},
    "Of whom",
    "以谁为准",
    (
        "initiator, assignee, or a field that holds a person or department",
        "initiator、assignee，或保存人员、部门的字段",
    ),
)
POOL = option(
    "object",
    "Among",
    "人员范围",
    properties={
        "role": name_of("role", "Role", "角色"),
        "department": option("string", "Department", "部门", minLength=1, maxLength=100),
        "users": option("array", "People", "人员", items={"type": "string"}, minItems=1, maxItems=200),
    },
    minProperties=1,
    additionalProperties=False,
)


def _levels(en: str, zh: str) -> Option:
    return option("object", en, zh, properties={"of": OF, "level": LEVEL}, additionalProperties=False)


SOURCES: dict[str, Any] = {
    "user": option("string", "Person", "指定人员", minLength=1, maxLength=100),
    "users": option("array", "People", "多名人员", items={"type": "string"}, minItems=1, maxItems=200),
    "role": name_of("role", "Everybody in the role", "角色"),
    "roles": names_of("role", "Everybody in the roles", "多个角色", minItems=1),
    "field": name_of(
        "people",
        "Who a field names",
        "字段中的人员",
        ("A field or a path such as customer.owner", "字段，或 customer.owner 这样的路径"),
    ),
    "manager_of": name_of("people", "Manager of whom a field names", "字段中人员的上级"),
    "manager": _levels("Manager", "上级"),
    "department_head": _levels("Head of department", "部门负责人"),
    "dept_of": OF,
    "chain": option(
        "object",
        "Managers one after another",
        "逐级上级",
        properties={
            "from": OF,
            "levels": option("integer", "Levels", "级数", minimum=1, maximum=20),
            "until_role": name_of("role", "Up to the role", "直到角色"),
            "skip_missing": option("boolean", "Pass over missing ones", "缺失则跳过"),
        },
        additionalProperties=False,
    ),
    "initiator": option("boolean", "Who started it", "发起人"),
    "initiator_choice": option(
        "object",
        "Chosen when it is submitted",
        "发起时选择",
        properties={
            "from": {"anyOf": [{"enum": ["all", "dept"]}, POOL]},
            "min": option("integer", "At least", "至少", minimum=0, maximum=200),
            "max": option("integer", "At most", "最多", minimum=1, maximum=200),
        },
        additionalProperties=False,
    ),
    "previous_choice": name_of("node", "Chosen by an earlier approver", "由前面的审批人选择"),
    "node": name_of("node", "Who decided there", "该节点的处理人"),
    "expression": formula("Formula that gives the person", "人员公式", expected=None, context="automation"),
    "group": name_of("role", "Queue", "待领取队列"),
    "most_senior": POOL,
    "least_loaded": POOL,
    "round_robin": POOL,
    "table": option(
        "array",
        "Rules in order",
        "分配规则表",
        minItems=1,
        maxItems=200,
        items={
            "type": "object",
            "properties": {
                "when": formula("If", "条件", context="automation"),
                "to": {
                    "type": "object",
                    "minProperties": 1,
                    "properties": {
                        "user": {"type": "string"},
                        "role": name_of("role", "Role", "角色"),
                        "field": name_of("people", "Field", "字段"),
                        "most_senior": POOL,
                        "least_loaded": POOL,
                        "round_robin": POOL,
                    },
                    "additionalProperties": False,
                },
            },
            "required": ["to"],
            "additionalProperties": False,
        },
    ),
}

SOURCE = {"type": "object", "minProperties": 1, "properties": SOURCES, "additionalProperties": False}


def who(en: str, zh: str, help: SENTENCE | None = None) -> Option:
    """One source of people, or a list of them in order."""
    return described(
        {"anyOf": [SOURCE, {"type": "array", "items": SOURCE, "minItems": 1, "maxItems": 20}, {"enum": ["initiator"]}]},
        en,
        zh,
        help,
    )


MODE = described(
    {
        "anyOf": [
            one_of(
                "Mode",
                "方式",
                {"any": ("One is enough", "或签"), "all": ("All", "会签"), "sequential": ("One after another", "依次")},
            ),
            option(
                "object",
                "Share",
                "比例",
                properties={"ratio": option("number", "Per cent", "百分比", minimum=1, maximum=100)},
                required=["ratio"],
                additionalProperties=False,
            ),
            option(
                "object",
                "Votes",
                "票数",
                properties={"votes": option("integer", "Votes", "票数", minimum=1, maximum=200)},
                required=["votes"],
                additionalProperties=False,
            ),
        ],
        "x-expects": {
            "en": "any, all, sequential, {ratio: 60} or {votes: 2}",
            "zh": "any、all、sequential、{ratio: 60} 或 {votes: 2}",
        },
    },
    "How many must agree",
    "审批方式",
    None,
)

EMPTY = described(
    {
        "anyOf": [
            option(
                "object",
                "Policy",
                "策略",
                properties={
                    "policy": one_of(
                        "Policy",
                        "策略",
                        {
                            "auto_pass": ("Pass", "自动通过"),
                            "to_admin": ("To the administrator", "转管理员"),
                            "to_user": ("To a person", "转指定人员"),
                            "manager_of_initiator": ("To the manager", "转发起人上级"),
                            "block": ("Wait", "阻塞"),
                            "reject": ("Reject", "自动驳回"),
                        },
                    ),
                    "user": option("string", "Person", "人员", minLength=1),
                },
                required=["policy"],
                additionalProperties=False,
            ),
        ],
    },
    "When nobody is found",
    "审批人为空时",
    None,
)
