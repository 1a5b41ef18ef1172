"""A process that publishes one document and may be killed at any moment: ``python -m tests.engine.publisher DSN FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from runtime.engine import publish
from runtime.engine.workspace import Workspaces
from runtime.kinds.catalog import load_catalog
from runtime.meta import load
from runtime.store.database import Database


def main(dsn: str, file: str) -> None:
    workspace = Workspaces(Database(dsn, pool_size=3), load_catalog(())).named("main")
    texts = [
        ("app.yaml", "app: shop\nversion: 1.0.0\nlabel: {en: Shop, zh: 商店}\n"),
        ("documents/0.yaml", Path(file).read_text()),
    ]
    print("begins", flush=True)
    publish.publish(workspace, load.from_texts(texts, "shop"))
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
