"""Imports in the background: asked for now, done by a worker, continued by another one when the first has died.

Each row's record has an id that follows from the import and the row's number. Whoever goes on begins with the first
row again, finds what is stored by those ids and stores the rest: nothing is lost and nothing is there twice.
"""

from __future__ import annotations

import copy
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

from runtime.base.errors import Conflict, DougongError, Message, NotFound
from runtime.engine import uploads
from runtime.engine.access import demand_object
from runtime.engine.flight import Stop
from runtime.engine.importing import Options
from runtime.engine.imports import Import, Progress
from runtime.engine.outcome import Outcome, stopped_at
from runtime.engine.watch import IMPORTS, Ear
from runtime.engine.workspace import Session, Workspace, Workspaces
from runtime.formula.values import instant_text
from runtime.store import import_jobs as jobs
from runtime.store import outbox
from runtime.store.files import Contents
from runtime.store.import_jobs import Job

log = logging.getLogger("dougong")

#: How often one is begun again when the database was away or its worker died.
MOST_ATTEMPTS = 20
KEPT = ("mapping", "on_duplicate", "key", "blank", "channel", "bypass")
MISSING = Message("there is no such job", "没有该任务")
TAKEN = Message("somebody else has gone on with it, or it was cancelled", "已由其他进程继续，或已取消")
TOO_OFTEN = Message("it was begun too often without coming to an end", "多次尝试后仍未完成")
ENDED = ("done", "stopped", "cancelled")


def submit(session: Session, contents: Contents, stream: IO[bytes], object_name: str, options: Options,
           largest: int) -> str:  # fmt: skip
    """Keep a file and what is asked; the job's id. Raises what refuses the import as a whole."""
    options.check()
    access = demand_object(session.snapshot, session.person, object_name, "import")
    session.settle()
    Import(session, object_name, stream, options, None)  # A wrong header or key is said now.
    stream.seek(0)
    digest, size = contents.put(stream, largest)
    asked = {name: getattr(options, name) for name in KEPT}
    name = uploads.clean_name(options.name)
    made = jobs.add(session.database, session.workspace.schema, session.user_id, access.object.key, name, size,
                    digest, asked, session.language)  # fmt: skip
    outbox.wake(session.database, session.workspace.schema)
    return made


def begun_before(session: Session, contents: Contents, stream: IO[bytes], object_name: str, options: Options,
                 largest: int) -> tuple[str, bool]:  # fmt: skip
    """The id of a new job, or (with True) of the same one that was cut off."""
    access = demand_object(session.snapshot, session.person, object_name, "import")
    digest, _ = contents.put(stream, largest)
    stream.seek(0)
    asked = {name: getattr(options, name) for name in KEPT}
    known = jobs.alike(session.database, session.workspace.schema, session.user_id, access.object.key, digest, asked)
    return (known, True) if known else (submit(session, contents, stream, object_name, options, largest), False)


def find(session: Session, job_id: str) -> Job:
    """A job that the caller may know of: his own, an administrator any. Raises NotFound."""
    found = jobs.find(session.database, session.workspace.schema, job_id)
    mine = found is not None and found.user_id == session.user_id and session.user_id is not None
    if found is None or not (mine or session.person.administrator):
        raise NotFound(MISSING)
    return found


def told(session: Session, job: Job) -> dict[str, Any]:
    """A job for its owner: how far it is, and what came of it."""
    return {
        "id": job.id, "type": "import", "object": session.layout.names.get(job.object, job.object), "file": job.name,
        "state": job.state, "done": job.done, "total": job.total,
        "created_at": instant_text(job.created_at), "updated_at": instant_text(job.updated_at),
        "outcome": dict(job.outcome) if job.state in ENDED and job.outcome else None,
        "failed_rows": f"/api/v1/jobs/{job.id}/failed" if job.failed else None,
    }  # fmt: skip


def cancel(session: Session, job_id: str) -> Job:
    """Nothing more of it is imported; what is stored stays. Raises NotFound, Conflict."""
    job = find(session, job_id)
    if not jobs.cancel(session.database, session.workspace.schema, job.id):
        raise Conflict(Message("it has ended already", "任务已结束"), code="ended")
    return find(session, job_id)


def failed_rows(session: Session, contents: Contents, job_id: str) -> tuple[str, Iterator[bytes]]:
    """(name, content) of the file of failed rows. Raises NotFound."""
    job = find(session, job_id)
    if job.failed is None:
        raise NotFound(MISSING)
    kind = "jsonl" if job.name.lower().endswith(("jsonl", "ndjson")) else "csv"
    return f"failed-{job.id[:8]}.{kind}", contents.chunks(job.failed)


def work_on(workspace: Workspace, contents: Contents, job_id: str | None = None,
            progress: Progress | None = None, errors: IO[bytes] | None = None) -> Outcome | None:  # fmt: skip
    """Go on with a job that nobody works on, this one or the oldest; what came of it, None when there is none."""
    job = jobs.claim(workspace.database, workspace.schema, job_id)
    if job is None:
        return None
    outcome = Outcome()
    state, failed = "stopped", None
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as wrong:
        try:
            if job.attempt > MOST_ATTEMPTS:
                raise Stop(TOO_OFTEN)
            for piece in contents.chunks(job.sha256):
                source.write(piece)
            source.seek(0)
            made = begin(workspace, job, source, wrong, progress)
            outcome = made.run()
            state = "stopped" if outcome.stopped else "done"
            if made.away and job.attempt < MOST_ATTEMPTS:
                state = "queued"
        except DougongError as error:
            outcome.stopped = stopped_at(None, error.message or error.title)
        except Stop as stop:
            outcome.stopped = stopped_at(None, stop.reason)
        except FileNotFoundError:
            outcome.stopped = stopped_at(None, uploads.MISSING)
        if wrong.tell():
            wrong.seek(0)
            failed, _ = contents.put(wrong, 2**31)
            if errors is not None:
                wrong.seek(0)
                shutil.copyfileobj(wrong, errors)
    jobs.end(workspace.database, workspace.schema, job, state, outcome.json(job.language), failed)
    return outcome


def begin(workspace: Workspace, job: Job, source: IO[bytes], wrong: IO[bytes], progress: Progress | None) -> Import:
    """The import of a job, with the rights that its owner has now. Raises DougongError."""
    session = copy.copy(Session(workspace, user_id=job.user_id, channel=str(job.options["channel"])))
    session.settle()
    name = session.layout.names.get(job.object)
    if name is None:
        raise NotFound(Message("the object is no more", "该对象已不存在"))
    options = Options(
        **{**job.options, "name": job.name, "errors": wrong, "origin": job.id, "again": job.attempt > 1},
    )  # fmt: skip

    def hold(done: int, total: int | None) -> None:
        if not jobs.hold(workspace.database, workspace.schema, job, done, total):
            raise Stop(TAKEN)
        if progress is not None:
            progress(done, total)

    return Import(session, name, source, options, hold)


def work_all(workspace: Workspace, contents: Contents) -> int:
    """All that wait in a workspace; how many."""
    count = 0
    while work_on(workspace, contents) is not None:
        count += 1
    return count


def work(known: Workspaces, contents_of: Callable[[Workspace], Contents], ear: Ear) -> None:
    """Go on until it is over."""
    while not ear.over:
        for name in ear.wait():
            count = 0
            try:
                workspace = known.named(name)
                count = work_all(workspace, contents_of(workspace))
            except Exception as error:  # The database is away, or the workspace is being changed: it is tried again.
                log.warning("imports of %s: %r", name, error, exc_info=not isinstance(error, DougongError))
            ear.did(name, {IMPORTS: count})
