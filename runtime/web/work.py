"""What forms of pages do when their work is done."""

from __future__ import annotations

from flask import Response, make_response, redirect


def to(path: str) -> Response:
    """Go on to another page after a form."""
    return make_response(redirect(path, 303))
