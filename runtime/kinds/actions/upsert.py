"""Changes a record found by a key, or creates it."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import name_of, values_of, within


class Upsert(Action):
    """Changes a record found by a key, or creates it."""

    name = "upsert"
    label = {"en": "Change or create", "zh": "更新或新建"}
    help = {"en": "Changes the record with the same key, or creates it.", "zh": "按关键字段更新，没有则新建。"}
    icon = "replace"
    options = {
        "object": name_of("object", "Object", "对象"),
        "key": within(name_of("field", "Key", "关键字段"), "object", "object"),
        "set": values_of("Values", "赋值", of={"key": "object", "as": "object"}),
    }  # fmt: skip
    required_options = ("object", "key", "set")
    examples = ({"object": "customer", "key": "code", "set": {"code": "=code"}},)
