"""The steps of the database layout, as web processes know them without what runs them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from runtime.store import revisions


@pytest.mark.parametrize("which", ["shared", "workspace"])
def test_the_last_step_is_the_one_that_runs_last(which: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(revisions.MIGRATIONS / which))
    assert revisions.head(which) == ScriptDirectory.from_config(config).get_current_head()


def test_what_runs_the_steps_is_not_in_a_web_process() -> None:
    """Import-linter sees what is written; here it is what is loaded, by libraries too."""
    program = "import runtime.serving, sys; print([one for one in ('alembic', 'mako', 'ruamel', 'pypinyin') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
