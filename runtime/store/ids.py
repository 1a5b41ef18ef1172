"""Identifiers: UUID version 7 made by the application, so that ids are in the order of creation."""

from __future__ import annotations

import hashlib
import re
import uuid

import uuid_utils

PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_id() -> str:
    """A new id, larger than all that this process made before."""
    return str(uuid_utils.uuid7())


def row_id(whole: str, number: int) -> str:
    """The id of the ``number``-th part (below 2**32) of what has the id ``whole``: the same every time, in order.

    A UUID version 7 of the same moment; what is left beside the number tells this whole from others.
    """
    moment = uuid.UUID(whole).int >> 80
    mark = int.from_bytes(hashlib.sha256(whole.encode()).digest()[:6], "big") >> 6
    made = moment << 80 | 7 << 76 | number >> 20 << 64 | 2 << 62 | (number & 0xFFFFF) << 42 | mark
    return str(uuid.UUID(int=made))


def is_id(text: object) -> bool:
    """True for the canonical text of a UUID."""
    return isinstance(text, str) and PATTERN.fullmatch(text) is not None
