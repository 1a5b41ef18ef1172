"""Scenarios: people, records, actions and moves of the clock, then what must have come of it. Nothing is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from time import perf_counter
from zoneinfo import ZoneInfo

from runtime.base.errors import Invalid, Message
from runtime.engine.coverage import Coverage
from runtime.engine.expecting import Failure, Outcome
from runtime.engine.planning import Plan
from runtime.engine.playing import Player
from runtime.engine.staging import on_stage, rehearsal, utc
from runtime.engine.workspace import Session, Workspace
from runtime.meta.load import Document, Loaded
from runtime.store import passed
from runtime.version import VERSION

#: When a scenario begins that does not say: a Monday morning.
BEGINNING = "2026-03-02T09:00:00"


def play(base: Workspace, document: Document, coverage: Coverage | None = None) -> Outcome:
    """One scenario over the tables of a workspace that has nothing in it."""
    outcome = Outcome(document)
    begun = perf_counter()
    try:
        clock = utc(str(document.data.get("now", BEGINNING)), ZoneInfo(base.row.time_zone))
    except Invalid as error:
        problem = document.problem("scenario", Message(error.detail("en"), error.detail("zh")), ("now",))
        outcome.failures.append(Failure(problem))
        return outcome
    with on_stage(base, clock) as stage:
        Player(stage, document, outcome).play()
        if coverage is not None:
            coverage.note(stage)
    outcome.seconds = perf_counter() - begun
    return outcome


def rehearse(
    workspace: Workspace, loaded: Loaded, documents: Sequence[Document], coverage: Coverage | None = None
) -> list[Outcome]:
    """The outcome of each scenario, on a throw-away workspace that is like this one and holds ``loaded``."""
    with rehearsal(workspace.database, workspace.catalog, workspace.row, loaded) as base:
        base.snapshot()
        if coverage is not None:
            coverage.begin(Session(base, user_id=None, channel="rehearsal"))
        return [play(base, one, coverage) for one in documents]


def demand(workspace: Workspace, found: Plan) -> None:
    """Refuse a plan while a scenario of its documents fails; what has passed is not played again. Raises Invalid."""
    documents = list(found.loaded.of("scenario"))
    if not documents or found.nothing:
        return
    row = workspace.row
    like = (found.model.hash, VERSION, row.language, row.time_zone, row.region, row.currency)
    key = hashlib.sha256("\0".join(like).encode()).hexdigest()
    if passed.known(workspace.database, key):
        return
    problems = [one.problem for outcome in rehearse(workspace, found.loaded, documents) for one in outcome.failures]
    if problems:
        raise Invalid(problems=problems)
    passed.note(workspace.database, key)
