"""The browser's evaluator, run in Node: one long-lived process that speaks JSON lines."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runtime.formula import browser
from runtime.formula.compiler import Compiled
from runtime.formula.env import Env

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "tests" / "formula" / "engine.ts"
FOLDER = ROOT / "build" / "formula-engine"
PATH = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"


def missing() -> str | None:
    """Why there is no engine, or None."""
    if shutil.which("node", path=PATH) is None:
        return "Node is not installed: make puts it into .venv"
    return None if (ROOT / "node_modules" / "vite").is_dir() else "node_modules is not there: call make browser"


def build(folder: Path = FOLDER) -> Path:
    """The engine as one file, made anew when a source is younger."""
    made = folder / "engine.js"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:  # Tests run in several processes.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build(made)


def _build(made: Path) -> Path:
    sources = [SOURCE, *(ROOT / "runtime/web/src/core/formula").glob("*.ts"), ROOT / "runtime/formula/casemap.json"]
    if made.exists() and made.stat().st_mtime > max(one.stat().st_mtime for one in sources):
        return made
    command = ["node", "node_modules/vite/bin/vite.js", "build", "--ssr", str(SOURCE), "--outDir", str(made.parent)]
    subprocess.run(
        [*command, "--emptyOutDir", "false", "--logLevel", "warn"],
        cwd=ROOT,
        check=True,
        env={**os.environ, "PATH": PATH},
    )
    return made


class Engine:
    """Ask it in order; each question has one answer."""

    def __init__(self, script: Path) -> None:
        self.process = subprocess.Popen(
            ["node", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PATH": PATH, "TZ": "America/New_York", "LANG": "tr_TR.UTF-8"},
        )

    def send(self, question: Any) -> None:
        """Ask without waiting: Node works while the caller does too."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()

    def receive(self) -> Any:
        assert self.process.stdout is not None
        found = json.loads(self.process.stdout.readline())
        assert not isinstance(found, dict) or "error" not in found, found["error"]
        return found

    def ask(self, question: Any) -> Any:
        self.send(question)
        return self.receive()

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)

    def environment(self, env: Env, compiled: Sequence[Compiled]) -> None:
        self.ask({"env": browser.environment(env, compiled)})

    def results(self, compiled: Compiled, rows: Sequence[Sequence[Any]]) -> list[str | None]:
        """The canonical text for each row of slot values."""
        found: list[str | None] = self.ask(question(compiled, rows))
        return found


def question(compiled: Compiled, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """What to ask the engine about rows of slot values."""
    given = [browser.values(compiled, row) for row in rows]
    return {"formula": browser.formula(compiled), "rows": given}
