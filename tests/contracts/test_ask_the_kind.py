"""Nobody asks a kind for its name to decide what to do: the kind is asked instead."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPARED = r"\s*(?:==|!=|\bin\b|\bnot in\b)\s*[\"'(\[{]"
ASKS_THE_NAME = re.compile(
    rf"\bfield\.type{COMPARED}|\.kind\.name{COMPARED}|\bmatch \w*field\.type\b|\bmatch \w+\.kind\.name\b"
)


def test_no_code_branches_on_the_name_of_a_kind() -> None:
    found = []
    for folder in ("runtime", "builder", "plugins"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                if ASKS_THE_NAME.search(line):
                    found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not found, "ask the kind, never its name:\n" + "\n".join(found)


def test_the_search_finds_what_it_looks_for() -> None:
    for bad in ("if field.type == 'text':", 'if one.kind.name in ("a", "b"):', "match field.type:"):
        assert ASKS_THE_NAME.search(bad)
    for good in ("if field.type().name == 'list':", "kind = field.kind.name", "if field.type is None:"):
        assert not ASKS_THE_NAME.search(good)
