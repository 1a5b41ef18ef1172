"""A gallery: one card a record."""

from __future__ import annotations

from runtime.kinds.marks import name_of
from runtime.kinds.options import one_of
from runtime.kinds.parts import CARD, COLORS
from runtime.kinds.view import View


class Gallery(View):
    """A gallery: one card a record."""

    name = "gallery"
    label = {"en": "Gallery", "zh": "画廊"}
    help = {"en": "One card a record, with a picture.", "zh": "一张卡片一条记录，可显示图片。"}
    icon = "layout-grid"
    look = "gallery"
    options = {
        "picture": name_of("field", "Picture", "图片字段"),
        "card": CARD,
        "colors": COLORS,
        "size": one_of(
            "Size",
            "大小",
            {"small": ("Small", "小"), "medium": ("Medium", "中"), "large": ("Large", "大")},
            default="medium",
        ),
    }
    required_options = ("card",)
    examples = ({"card": {"title": "name"}}, {"picture": "photo", "card": {"title": "name", "lines": ["price"]}})
