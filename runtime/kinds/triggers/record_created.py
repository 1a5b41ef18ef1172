"""A record is created."""

from __future__ import annotations

from runtime.kinds.trigger import Trigger


class RecordCreated(Trigger):
    """A record is created."""

    name = "record_created"
    label = {"en": "Record created", "zh": "新建记录时"}
    help = {"en": "A record of the object is created.", "zh": "创建该对象的记录时。"}
    icon = "plus"
    examples = ({},)
