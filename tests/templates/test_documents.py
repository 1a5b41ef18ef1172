"""The documents of the templates: they hold, speak both languages and come back byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from runtime.base.kind import Catalog
from runtime.commands.templates import TEMPLATES
from runtime.meta import load, package
from runtime.meta.prepare import prepare
from templates.sample import __main__ as script

APPS = {"crm_basic": ["crm_basic"], "crm_project_sales": ["crm_basic", "crm_project_sales"]}
#: Keys whose value is a text that people see.
TEXTS = ("label", "help", "section", "tab", "group", "note", "message")
#: Keys whose value is a mapping of options, each a text with more beside.
CHOICES = ("options", "stages")


def chinese(text: str) -> bool:
    return any("一" <= letter <= "鿿" for letter in text)


def texts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every text that people see, with its place."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            here = f"{path}.{key}"
            in_names = path.endswith((".fields", ".validations", ".objects"))
            if key == "group" and not path.startswith(".menu"):
                continue  # What charts and lists are grouped by.
            if key in TEXTS and not in_names:
                yield here, one
            elif key in CHOICES and not in_names and isinstance(one, Mapping):
                yield from ((f"{here}.{name}", option) for name, option in one.items())
                yield from texts(list(one.values()), here)
            else:
                yield from texts(one, here)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            if isinstance(one, Mapping) and {"en", "zh"} & set(one):
                yield f"{path}[{number}]", one
            yield from texts(one, f"{path}[{number}]")


def test_all_templates_are_looked_at() -> None:
    assert sorted(one.parent.name for one in TEMPLATES.glob("*/app.yaml")) == sorted(APPS)


@pytest.mark.parametrize("app", APPS)
def test_no_problem_and_no_warning(app: str, catalog: Catalog) -> None:
    found = prepare(load.together([load.read(TEMPLATES / one) for one in APPS[app]]), catalog)
    assert not found.problems, "\n".join(one.show() for one in found.problems)


@pytest.mark.parametrize("app", APPS)
def test_every_text_stands_in_both_languages(app: str) -> None:
    for document in load.read(TEMPLATES / app).documents:
        assert "label" in document.data, (document.piece, document.name)
        for name, field in (document.data.get("fields") or {}).items():
            assert "label" in field, (document.name, name)
        for path, text in texts(document.data):
            assert isinstance(text, Mapping), f"{document.file} {path}: {text}"
            assert text.get("en"), f"{document.file} {path}"
            assert text.get("zh"), f"{document.file} {path}"
            assert not chinese(text["en"]), f"{document.file} {path}: {text['en']}"
            assert chinese(text["zh"]), f"{document.file} {path}: {text['zh']}"


@pytest.mark.parametrize("app", APPS)
def test_each_object_has_what_people_need(app: str) -> None:
    """A title, a form, a list; a board and a calendar where things move. What a role may list, it has a list for."""
    loaded = load.read(TEMPLATES / app)
    views = [one.data for one in loaded.of("view")]
    for document in loaded.of("object"):
        assert document.data.get("title"), document.name
        if any(one.get("owned") for one in document.data["fields"].values()):
            continue
        assert any(one.data["object"] == document.name for one in loaded.of("form")), document.name
        kinds = {one["type"] for one in views if one["object"] == document.name}
        assert "list" in kinds, document.name
        if document.name != "product_category":
            assert "kanban" in kinds or document.name == "payment_plan", document.name


@pytest.mark.parametrize("app", APPS)
def test_byte_for_byte(app: str, tmp_path: Path) -> None:
    package.write_folder(load.read(TEMPLATES / app), tmp_path)
    before = {
        one.relative_to(TEMPLATES / app): one.read_bytes() for one in (TEMPLATES / app).rglob("*") if one.is_file()
    }
    after = {one.relative_to(tmp_path): one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
    assert after == before


def test_the_script_writes_the_files_that_are_there(tmp_path: Path) -> None:
    script.main(tmp_path)
    for app in APPS:
        there = {one.name: one.read_bytes() for one in (TEMPLATES / app / "data").iterdir()}
        made = {one.name: one.read_bytes() for one in (tmp_path / app / "data").iterdir()}
        assert sorted(made) == sorted(there)
        assert [name for name in made if made[name] != there[name]] == []
