"""Signatures: where a decision is to be signed, and where there is nothing to sign."""

from __future__ import annotations

from typing import Any

from runtime.base.errors import Invalid, Message, Problem
from runtime.engine.flow.definition import Step

NEEDED = Message("a signature is needed here", "此处须手写签名")
NOTHING = Message("nothing is signed by this action here; leave signature out", "此处该操作无需签名，请去掉 signature")


def asks(step: Step | None) -> bool:
    """Whether decisions at a step are to be signed."""
    opinion: dict[str, Any] = step.options.get("opinion", {}) if step else {}
    return bool(opinion.get("signature"))


def takes(step: Step | None, name: str) -> bool:
    """Whether a command at a step may be signed: decisions, and adding signers, which may be one."""
    return step is not None and asks(step) and name in (*step.kind.decisions, "add_sign")


def missing(step: Step, name: str, signature: Any) -> list[Problem]:
    """What is wrong with a decision that has to be signed and is not."""
    if not takes(step, name) or signature:
        return []
    return [Problem("signature", NEEDED, field="signature")]


def refuse_other(step: Step | None, name: str, signature: Any) -> None:
    """Raise Invalid for a signature that nobody asks for: it would be lost."""
    if signature and not takes(step, name):
        raise Invalid(problems=[Problem("not_signed", NOTHING, field="signature")])
