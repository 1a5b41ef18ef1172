"""Moments of workflows: as text that sorts as they do, and from the dates and moments that formulas give."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from runtime.engine.flow.world import Env


def stamp(moment: datetime) -> str:
    """A moment as text that sorts as the moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str) -> datetime:
    """The moment of a text that `stamp` made."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def as_moment(value: Any, env: Env) -> datetime | None:
    """A moment from a date or a moment; a date begins at midnight where the calendar is."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=env.calendar.zone)
    if isinstance(value, date):
        return datetime.combine(value, time(), env.calendar.zone)
    return None
