"""Identifiers: UUID version 7 made by the application, so that ids are in the order of creation."""

from __future__ import annotations

import re

import uuid_utils

PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_id() -> str:
    """A new id, larger than all that this process made before."""
    return str(uuid_utils.uuid7())


def is_id(text: object) -> bool:
    """True for the canonical text of a UUID."""
    return isinstance(text, str) and PATTERN.fullmatch(text) is not None
