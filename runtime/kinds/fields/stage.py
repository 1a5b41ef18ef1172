"""Stage: where a record stands in an ordered process, with probability and ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.kinds.field import Gate, Gated
from runtime.kinds.fields.select import ORDER, WAS, Select, label_of
from runtime.kinds.marks import formula, name_of, names_of
from runtime.kinds.options import COLOR, label_schema, one_of, option

GATE = option(
    "object", "Gate", "准入条件", ("What a record needs before it may enter this stage", "进入该阶段前须满足的条件"),
    properties={
        "require": names_of("field", "Fields that must be filled", "必填字段"),
        "completeness": option(
            "number", "Completeness at least, %", "完整度至少（%）",
            ("The share of the record's fields that are filled", "记录中已填写字段所占比例"),
            minimum=0, maximum=100,
        ),
        "valid": formula("Condition (formula)", "条件公式", context="validation"),
        "workflow": name_of("own_workflow", "Workflow that must have approved", "须通过的流程"),
        "message": label_schema("Message when refused", "不满足时的提示"),
    },
    additionalProperties=False,
    minProperties=1,
)  # fmt: skip


class Stage(Gated, Select):
    """An ordered select: boards have its stages as columns, funnels and forecasts its probabilities."""

    name = "stage"
    label = {"en": "Stage", "zh": "阶段"}
    help = {
        "en": "Steps of a process in their order, each with a probability; the last ones win or lose.",
        "zh": "按顺序排列的业务阶段，可设成功概率；末尾为赢单或输单。",
    }
    icon = "progress"
    widget = "stage"
    ordered = True
    choices_option = "stages"
    options = {
        "stages": {
            **ORDER,
            "minProperties": 2,
            "maxProperties": 50,
            "x-label": {"en": "Stages", "zh": "阶段"},
            "additionalProperties": label_schema(
                "Stage", "阶段",
                probability=option("number", "Probability, %", "成功概率（%）", minimum=0, maximum=100),
                end=one_of("End", "终点", {"won": ("Won", "成功"), "lost": ("Lost", "失败")}),
                gate=GATE, color=COLOR, was=WAS,
            ),
        },
    }  # fmt: skip
    required_options = ("stages",)
    examples = (
        {
            "stages": {
                "qualify": {"en": "Qualify", "zh": "需求确认", "probability": 20},
                "propose": {"en": "Propose", "zh": "方案报价", "probability": 50, "gate": {"completeness": 5}},
                "won": {"en": "Won", "zh": "赢单", "end": "won"},
                "lost": {"en": "Lost", "zh": "输单", "end": "lost"},
            }
        },
    )
    valid = (
        (examples[0], "won", "won"),
        (examples[0], "方案报价", "propose"),
        (examples[0], "Qualify", "qualify"),
        (examples[0], "", None),
    )
    invalid = ((examples[0], "almost"), (examples[0], 3), (examples[0], {"won": True}))

    @cached_property
    def _gates(self) -> Mapping[str, Gate]:
        return {one.key: gate_of(one.label, one.doc["gate"]) for one in self.choices() if one.doc.get("gate")}

    def gate(self, value: Any) -> Gate | None:
        return self._gates.get(value)

    def gates(self) -> bool:
        return bool(self._gates)

    def check(self) -> Iterable[Problem]:
        found = list(super().check())
        ends = {one.key: one.doc.get("end") for one in self.choices() if one.doc.get("end")}
        last_open = max((place for place, one in enumerate(self.choices()) if one.key not in ends), default=-1)
        if last_open < 0:
            found.append(Problem("no_open_stage", Message("every stage is an end", "所有阶段都是终点"), path="stages"))
        if "won" not in ends.values():
            en = "no stage has `end: won`, so nothing can ever be won"
            found.append(Problem("no_won_stage", Message(en, "没有标记 end: won 的阶段，永远无法赢单"), path="stages"))
        for place, one in enumerate(self.choices()):
            end, probability = one.doc.get("end"), one.doc.get("probability")
            right = {"won": 100, "lost": 0}.get(str(end))
            if right is not None and probability is not None and probability != right:
                en = f"an end that is {end} has the probability {right}"
                message = Message(en, f"终点“{end}”的概率只能是 {right}")
                found.append(Problem("probability", message, path=f"stages.{one.key}.probability"))
            if end and place < last_open:
                en = f"the end {one.key!r} stands before an open stage"
                message = Message(en, f"终点“{one.key}”排在未结束的阶段之前")
                found.append(Problem("end_before_open", message, path=f"stages.{one.key}.end"))
        return found


def gate_of(label: Mapping[str, str], doc: Mapping[str, Any]) -> Gate:
    """A gate from its document."""
    said = label_of("", doc["message"]) if doc.get("message") else None
    least = doc.get("completeness")
    return Gate(
        label, tuple(doc.get("require", ())), None if least is None else Decimal(str(least)), doc.get("valid"),
        doc.get("workflow"), Message(said["en"], said["zh"]) if said else None,
    )  # fmt: skip
