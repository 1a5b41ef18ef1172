"""A record is deleted."""

from __future__ import annotations

from runtime.kinds.trigger import Trigger


class RecordDeleted(Trigger):
    """A record is deleted."""

    name = "record_deleted"
    label = {"en": "Record deleted", "zh": "删除记录时"}
    help = {"en": "A record of the object is deleted.", "zh": "删除该对象的记录时。"}
    icon = "trash"
    examples = ({},)
