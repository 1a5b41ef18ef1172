"""The house itself: floors, imports at the top, rooms of a bearable size, a sentence for everything public."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 450, 80
GOOD_FILE, GOOD_FUNCTION = 400, 60
FILES = sorted(one for folder in ("runtime", "builder", "plugins") for one in (ROOT / folder).rglob("*.py"))
#: One-line primitives of the formula language: what each does is said once, with the function that stands on it.
SAID_ELSEWHERE = ("figures", "moments", "pattern", "rules", "simple", "texts", "tree")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def trees() -> Iterator[tuple[str, ast.Module, int]]:
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        yield str(file.relative_to(ROOT)), ast.parse(text), text.count("\n")


def functions(tree: ast.AST) -> Iterator[Function]:
    return (one for one in ast.walk(tree) if isinstance(one, Function))


def test_a_module_imports_only_from_floors_below() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_stand_at_the_top() -> None:
    found = [
        f"{name}:{one.lineno}"
        for name, tree, _ in trees()
        for function in functions(tree)
        for one in ast.walk(function)
        if isinstance(one, (ast.Import, ast.ImportFrom))
    ]
    assert not found, found


def test_rooms_and_functions_of_a_bearable_size(capsys: pytest.CaptureFixture[str]) -> None:
    large = [(name, lines) for name, _, lines in trees() if lines > GOOD_FILE]
    long = [
        (f"{name}:{one.lineno} {one.name}", (one.end_lineno or 0) - one.lineno + 1)
        for name, tree, _ in trees()
        for one in functions(tree)
        if (one.end_lineno or 0) - one.lineno + 1 > GOOD_FUNCTION and one.name != "blueprint"
    ]
    with capsys.disabled():
        for name, lines in [*large, *long]:
            print(f"\n  look at {name}: {lines} lines", end="")
    assert not [one for one in large if one[1] > LONGEST_FILE]
    assert not [one for one in long if one[1] > LONGEST_FUNCTION]


def public(tree: ast.Module) -> Iterator[ast.ClassDef | Function]:
    """Public functions and classes."""
    for one in tree.body:
        if isinstance(one, (*Function.__args__, ast.ClassDef)) and not one.name.startswith("_"):
            yield one


def test_everything_public_says_what_it_is() -> None:
    found = [name for name, tree, lines in trees() if lines and not ast.get_docstring(tree)]
    elsewhere = {f"runtime/formula/{one}.py" for one in SAID_ELSEWHERE}
    found += [
        f"{name}:{one.lineno} {one.name}"
        for name, tree, _ in trees()
        if name not in elsewhere
        for one in public(tree)
        if not ast.get_docstring(one)
    ]
    assert not found, found
