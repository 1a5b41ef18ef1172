"""Options that several kinds share, as JSON Schema: columns, cards, colors, deadlines. It holds no behaviour."""

from __future__ import annotations

from typing import Any

from runtime.kinds.marks import described, duration, formula, name_of, names_of
from runtime.kinds.options import COLOR, label_schema, one_of, option
from runtime.kinds.people import SOURCE

COLUMNS = described(
    {
        "type": "array",
        "minItems": 1,
        "maxItems": 100,
        "items": {
            "anyOf": [
                {"type": "string", "x-ref": "path"},
                {
                    "type": "object",
                    "properties": {
                        "field": name_of("path", "Field", "字段"),
                        "label": label_schema("Heading", "列标题"),
                        "width": option("integer", "Width in pixels", "宽度（像素）", minimum=30, maximum=1000),
                        "align": one_of(
                            "Alignment",
                            "对齐",
                            {"left": ("Left", "左"), "center": ("Center", "中"), "right": ("Right", "右")},
                        ),
                    },
                    "required": ["field"],
                    "additionalProperties": False,
                },
            ],
            "x-expects": {"en": "the name of a field, or {field:, width:}", "zh": "字段名，或 {field:, width:}"},
        },
    },
    "Columns",
    "列",
    ("Fields in their order, or {field:, width:}", "按顺序的字段，或 {field:, width:}"),
)

CARD = option(
    "object",
    "Card",
    "卡片",
    properties={
        "title": name_of("path", "Title", "标题"),
        "lines": names_of("path", "Lines", "内容行", maxItems=8),
        "picture": name_of("path", "Picture", "图片"),
    },
    additionalProperties=False,
)

COLORS = described(
    {
        "type": "array",
        "maxItems": 30,
        "items": {
            "type": "object",
            "properties": {"when": formula("If", "条件", context="filter"), "color": COLOR},
            "required": ["when", "color"],
            "additionalProperties": False,
        },
    },
    "Colors",
    "颜色",
    ("The first true condition gives the color", "采用第一个满足的条件的颜色"),
)

MEASURE = formula(
    "Measure",
    "指标",
    ("A summary such as SUM(amount) or COUNT()", "汇总，如 SUM(amount) 或 COUNT()"),
    expected=None,
    context="measure",
)

FIELDS = option(
    "object",
    "Fields at this step",
    "本步骤的字段",
    properties={
        "editable": names_of("field", "Editable", "可编辑"),
        "readonly": names_of("field", "Read only", "只读"),
        "required": names_of("field", "Required", "必填"),
        "hidden": names_of("field", "Hidden", "隐藏"),
    },
    additionalProperties=False,
)

TARGET = {
    "anyOf": [
        {"type": "string", "x-ref": "return"},
        {"type": "array", "items": {"type": "string", "x-ref": "return"}, "minItems": 1},
    ]
}

ALLOW = option(
    "object",
    "Allowed actions",
    "允许的操作",
    properties={
        "agree": option("object", "Agree", "同意", additionalProperties=False),
        "reject": option("object", "Reject", "驳回", properties={"to": {"enum": ["end"]}}, additionalProperties=False),
        "return": option(
            "object",
            "Return",
            "退回",
            properties={
                "to": described(
                    TARGET,
                    "To",
                    "退回到",
                    ("start, any_earlier or the names of earlier steps", "start、any_earlier 或前面节点的名称"),
                ),
                "resubmit": one_of(
                    "After that",
                    "重新提交后",
                    {
                        "replay": ("All steps again", "重新走流程"),
                        "direct": ("Straight back here", "直接回到本节点"),
                        "direct_unless_changed": ("Straight back unless changed", "未改关键字段则直接返回"),
                    },
                ),
            },
            additionalProperties=False,
        ),
        "transfer": option("object", "Transfer", "转交", additionalProperties=False),
        "add_sign": option(
            "object",
            "Add signers",
            "加签",
            properties={
                "kinds": option(
                    "array",
                    "Ways",
                    "方式",
                    items={"enum": ["before", "after", "parallel"]},
                    uniqueItems=True,
                    minItems=1,
                ),
                "depth": option("integer", "Depth", "层数", minimum=1, maximum=3),
            },
            additionalProperties=False,
        ),
        "submit": option("object", "Submit", "提交", additionalProperties=False),
    },
    additionalProperties=False,
)

LATE = {"enum": ["remind", "cc_manager", "auto_agree", "auto_reject", "auto_return", "escalate"]}
LATE_TRANSFER = {
    "type": "object",
    "properties": {"transfer": {"anyOf": [{"enum": ["manager_of_assignee", "admin"]}, SOURCE]}},
    "required": ["transfer"],
    "additionalProperties": False,
}
DO = {
    "anyOf": [LATE, LATE_TRANSFER, {"type": "array", "minItems": 1, "items": {"anyOf": [LATE, LATE_TRANSFER]}}],
    "x-expects": {
        "en": "remind, cc_manager, auto_agree, auto_reject, auto_return, escalate, {transfer: ...} or a list of them",
        "zh": "remind、cc_manager、auto_agree、auto_reject、auto_return、escalate、{transfer: ...} 或其列表",
    },
}
DUE = option(
    "object",
    "Deadline",
    "时限",
    properties={
        "in": duration("Within", "期限"),
        "at": formula("At (formula)", "截止时间（公式）", expected=None, context="automation"),
        "steps": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "properties": {
                    "at": {
                        "anyOf": [duration("Before (-) or after", "提前（-）或延后"), {"const": 0}],
                        "x-expects": {"en": "0 or a length of time such as -2wh", "zh": "0 或时长，如 -2wh"},
                    },
                    "do": DO,
                },
                "required": ["at", "do"],
                "additionalProperties": False,
            },
        },
    },
    additionalProperties=False,
)

ON_ERROR = one_of(
    "When it fails",
    "失败时",
    {"block": ("Wait for the administrator", "等待管理员"), "skip": ("Go on", "跳过"), "reject": ("Reject", "驳回")},
    default="block",
)


def grouped(dimensions: int) -> dict[str, Any]:
    """The options of a chart of measures by group: how many groups, and how dates and small groups are put together."""
    return {
        "measure": MEASURE,
        "group": names_of("path", "Grouped by", "分组", minItems=1, maxItems=dimensions),
        "every": one_of(
            "Dates by",
            "日期粒度",
            {
                "day": ("Day", "日"),
                "week": ("Week", "周"),
                "month": ("Month", "月"),
                "quarter": ("Quarter", "季"),
                "year": ("Year", "年"),
            },
        ),
        "top": option("integer", "Only the largest", "仅显示前几项", minimum=1, maximum=200),
    }


#: The options of a channel that speaks through a group's robot.
ROBOT = {
    "secret": option(
        "string",
        "Name of the secret",
        "密钥名称",
        ("The robot's address, kept among the secrets", "机器人地址，保存在密钥中"),
        minLength=1,
        maxLength=100,
    ),
}
