"""The cases in files: each bad one fails with the words of its name, each good one holds and comes back the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base.kind import Catalog
from runtime.meta import load, package
from runtime.meta.dump import dump
from runtime.meta.prepare import prepare
from runtime.meta.yamltext import parse

CASES = Path(__file__).resolve().parents[1] / "cases"
BAD = sorted((CASES / "bad").iterdir())
WARNED = sorted((CASES / "warned").iterdir())
GOOD = sorted((CASES / "good").iterdir())


def test_there_are_enough_bad_cases() -> None:
    assert len(BAD) >= 80


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad(path: Path, catalog: Catalog) -> None:
    found = prepare(load.read(path), catalog)
    assert found.errors, "nothing was found wrong"
    for one in found.errors:
        assert one.file
        assert one.line
        assert one.path is not None
        assert any("一" <= letter <= "鿿" for letter in one.message.zh), one.message.zh
    words = path.stem.removeprefix("error_").split("_")
    shown = [f"{one.message.en} {one.path} {_piece(one, path)}".lower() for one in found.errors]
    assert any(all(word in text for word in words) for text in shown), "\n".join(shown)


@pytest.mark.parametrize("path", WARNED, ids=lambda path: path.stem)
def test_warned(path: Path, catalog: Catalog) -> None:
    found = prepare(load.read(path), catalog)
    assert found.ok, "a warning refuses nothing"
    (one,) = [each for each in found.problems if each.severity == "warning"]
    assert one.file and one.line
    shown = f"{one.code} {one.message.en} {one.path}".lower()
    assert all(word in shown for word in path.stem.removeprefix("warning_").split("_")), one.show()
    assert any("一" <= letter <= "鿿" for letter in one.message.zh)


def test_what_is_allowed_or_cannot_happen_is_not_warned_of(catalog: Catalog) -> None:
    assert not prepare(load.read(CASES / "good" / "all_auto.yaml"), catalog).problems


def _piece(problem: object, path: Path) -> str:
    """Which piece the line of a problem lies in."""
    line = getattr(problem, "line", 0)
    before = [one for one in load.read(path).documents if one.first < line]
    return before[-1].piece if before else ""


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good(path: Path, catalog: Catalog) -> None:
    loaded = load.read(path)
    found = prepare(loaded, catalog)
    assert found.ok, "\n".join(one.show() for one in found.problems)
    for document in loaded.documents:
        text = dump(document.data, document.piece)
        again = load.from_texts([("x.yaml", text)])
        assert again.documents[0].data == document.data
        assert dump(again.documents[0].data, document.piece) == text


def test_a_folder_comes_back_byte_for_byte(tmp_path: Path) -> None:
    source = CASES / "good" / "superstore"
    package.write_folder(load.read(source), tmp_path)
    before = {one.relative_to(source).as_posix(): one.read_bytes() for one in source.rglob("*") if one.is_file()}
    after = {one.relative_to(tmp_path).as_posix(): one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
    assert before == after


def test_a_zip_is_the_same_each_time_and_comes_back() -> None:
    loaded = load.read(CASES / "good" / "superstore")
    zipped = package.zip_bytes(loaded)
    assert zipped == package.zip_bytes(load.read(CASES / "good" / "superstore"))
    again = load.read_zip(zipped)
    assert again.texts() == loaded.texts()
    assert again.assets == loaded.assets
    assert package.zip_bytes(again) == zipped


def test_the_mappings_of_the_superstore_name_its_fields(catalog: Catalog) -> None:
    folder = CASES / "good" / "superstore"
    model = prepare(load.read(folder), catalog).model
    assert model is not None
    for file in sorted((folder / "mappings").iterdir()):
        definition = model.objects[file.stem]
        columns = parse(file.read_text(encoding="utf-8"))[0].data
        assert all(definition.fields[field].stored for field in columns.values())
        assert any(definition.fields[field].unique for field in columns.values())
        for field in columns.values():
            relates = definition.fields[field].relates
            if relates is not None:
                target = model.objects[relates.target_object()]
                assert sum(one.unique for one in target.fields.values()) == 1
