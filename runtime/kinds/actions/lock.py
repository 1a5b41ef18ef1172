"""Locks the record."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import names_of


class Lock(Action):
    """Locks the record."""

    name = "lock"
    label = {"en": "Lock", "zh": "锁定"}
    help = {"en": "Nobody changes the record until it is unlocked.", "zh": "锁定记录，解锁前不可修改。"}
    icon = "lock"
    options = {
        "fields": names_of("field", "Only the fields", "仅字段"),
    }  # fmt: skip
    examples = ({}, {"fields": ["amount"]})
