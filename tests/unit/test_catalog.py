"""Filling the catalog: built-in kinds, plugins, and what is said of a broken plugin."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base.kind import CatalogError
from runtime.kinds.catalog import load_catalog, plugins_in
from runtime.kinds.field import Context, Field

ROOT = Path(__file__).resolve().parents[2]
GOOD = """
from runtime.plugin import Field

class Shout(Field):
    name = "shout"
    label = {"en": "Shout", "zh": "喊"}

    def clean(self, raw, context):
        return str(raw).upper() or None
"""
ABOUT = 'name: loud\nversion: "1.0"\nlabel: {en: Loud, zh: 响}\n'


def plugin(folder: Path, source: str = GOOD, about: str = ABOUT, file: str = "shout.py") -> Path:
    (folder / "fields").mkdir(parents=True)
    (folder / "plugin.yaml").write_text(about, encoding="utf-8")
    (folder / "fields" / file).write_text(source, encoding="utf-8")
    return folder


def test_plugin_comes_in(tmp_path: Path) -> None:
    catalog = load_catalog([plugin(tmp_path / "loud")])
    kind = catalog.get(Field, "shout")
    assert kind is not None and kind({}).clean("a", Context()) == "A"
    assert "shout" in catalog.describe()["field"]
    assert load_catalog().get(Field, "shout") is None


def test_hello_comes_in() -> None:
    folders = plugins_in(ROOT / "plugins")
    assert ROOT / "plugins" / "hello" in folders
    kind = load_catalog(folders).get(Field, "plate")
    assert kind is not None and kind({}).show("京A12345", Context()) == "京A·12345"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def x(:", "SyntaxError"),
        ("import nothing_like_this", "ModuleNotFoundError"),
        ("x = 1", "defines no field kind"),
        (GOOD.replace('"shout"', '"text"'), "'text' is in"),
        (GOOD.replace('"zh"', '"fr"'), "no label in 'zh'"),
        ("raise RuntimeError('oh')", "RuntimeError: oh"),
    ],
)
def test_broken_plugin_is_named(tmp_path: Path, source: str, said: str) -> None:
    with pytest.raises(CatalogError) as caught:
        load_catalog([plugin(tmp_path / "loud", source)])
    assert "shout.py" in str(caught.value) and said in str(caught.value)


WRONG = ["", "[1]", "name: x", ABOUT.replace('"1.0"', "1.0"), ABOUT.replace("zh:", "fr:"), "a: ["]


@pytest.mark.parametrize("about", WRONG)
def test_broken_plugin_yaml_is_named(tmp_path: Path, about: str) -> None:
    with pytest.raises(CatalogError, match=r"plugin\.yaml: "):
        load_catalog([plugin(tmp_path / "loud", about=about)])


def test_private_files_are_not_read(tmp_path: Path) -> None:
    load_catalog([plugin(tmp_path / "loud", "raise RuntimeError", file="_help.py")])
