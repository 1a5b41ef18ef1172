"""An import has ended."""

from __future__ import annotations

from runtime.kinds.trigger import Trigger


class ImportFinished(Trigger):
    """An import has ended."""

    name = "import_finished"
    label = {"en": "Import finished", "zh": "导入完成"}
    help = {"en": "An import into the object has ended.", "zh": "该对象导入完成时。"}
    icon = "table-import"
    examples = ({},)
