"""Signature: drawn by hand."""

from __future__ import annotations

from runtime.kinds.fields.file import File
from runtime.kinds.fields.link import EXAMPLE


class Signature(File):
    """A picture of a signature, drawn in the form."""

    name = "signature"
    label = {"en": "Signature", "zh": "手写签名"}
    help = {"en": "Signed by finger, pen or mouse.", "zh": "用手指、触笔或鼠标签名。"}
    icon = "signature"
    widget = "signature"
    searchable = False
    usual_types = ("image/png",)
    options = {}
    examples = ({},)
    valid = (({}, EXAMPLE, {"id": EXAMPLE}), ({}, {"id": EXAMPLE.upper()}, {"id": EXAMPLE}), ({}, "", None))
    invalid = (({}, "me"), ({}, [EXAMPLE, EXAMPLE[:-1] + "2"]), ({}, 7))
