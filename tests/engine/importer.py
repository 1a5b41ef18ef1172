"""A process that works on an import: ``python -m tests.engine.importer DSN FILES``; it says when it has begun."""

from __future__ import annotations

import sys
from pathlib import Path

from runtime.config import bundled_plugins
from runtime.engine import bulk, import_jobs
from runtime.engine.workspace import Workspaces
from runtime.kinds.catalog import load_catalog
from runtime.store.database import Database
from runtime.store.files import DiskContents


def main() -> None:
    """Work on the oldest import that waits."""
    bulk.BATCH = 50
    workspace = Workspaces(Database(sys.argv[1]), load_catalog(bundled_plugins())).named("main")
    told = iter(["begins"])

    def progress(done: int, total: int | None) -> None:
        for word in told:
            print(word, flush=True)

    import_jobs.work_on(workspace, DiskContents(Path(sys.argv[2])), progress=progress)


if __name__ == "__main__":
    main()
