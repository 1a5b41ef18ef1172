"""Image: uploaded pictures."""

from __future__ import annotations

from runtime.kinds.fields.file import MANY, MAX_COUNT, MAX_SIZE, File
from runtime.kinds.fields.link import EXAMPLE

# No SVG: it can carry scripts.
PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")


class Image(File):
    """One picture, or several where ``many`` says so."""

    name = "image"
    label = {"en": "Image", "zh": "图片"}
    help = {"en": "Uploaded pictures, shown small in lists.", "zh": "上传的图片，列表中显示缩略图。"}
    icon = "photo"
    widget = "image"
    usual_types = PICTURES
    options = {"many": MANY, "max_count": MAX_COUNT, "max_size": MAX_SIZE}
    examples = ({}, {"many": True, "max_size": 5})
    valid = (
        ({}, EXAMPLE, {"id": EXAMPLE}),
        ({"many": True}, [EXAMPLE], [{"id": EXAMPLE}]),
        ({}, [], None),
    )
    invalid = (({}, "a.png"), ({}, True), ({"many": True, "max_count": 1}, [EXAMPLE, EXAMPLE[:-1] + "2"]))
