"""Writes the hand-checked cases as compiled formulas with their values, for the browser part's own tests.

python tests/formula/write_cases.py build/formula-cases.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from test_cases import ALL, ENVS, prepared_case

from runtime.formula import browser


def main(target: Path) -> None:
    """One file: the environment, and for each case its text, formula, values and expected result."""
    made = [(case, *prepared_case(case)) for case in ALL]
    cases = [
        {
            "source": case[0],
            "formula": browser.formula(compiled),
            "values": browser.values(compiled, values),
            "expected": case[1],
            "tz": case[4],
        }
        for case, compiled, values in made
    ]
    formulas = [compiled for _, compiled, _ in made]
    data = {"envs": {tz: browser.environment(env, formulas) for tz, env in ENVS.items()}, "cases": cases}
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
