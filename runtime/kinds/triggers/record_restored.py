"""A deleted record is restored."""

from __future__ import annotations

from runtime.kinds.trigger import Trigger


class RecordRestored(Trigger):
    """A deleted record is restored."""

    name = "record_restored"
    label = {"en": "Record restored", "zh": "恢复记录时"}
    help = {"en": "A deleted record comes back.", "zh": "恢复已删除的记录时。"}
    icon = "restore"
    examples = ({},)
