"""The web application as servers start it: settings from the environment."""

from __future__ import annotations

import os
from pathlib import Path

from runtime.app import create_app
from runtime.base import memory
from runtime.base.beside import follow
from runtime.config import from_environment

app = create_app(
    from_environment(os.environ["DOUGONG_DATABASE_URL"], Path(os.environ.get("DOUGONG_DATA", "data")).resolve())
)
memory.settle()
follow()
