"""Folders, zips and stored texts; archives that attack."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from runtime.base.errors import Malformed
from runtime.meta import load, package

APP = "app: shop\nversion: 1.0.0\n"
TWO = (
    "# about a\nobject: a\nfields:\n  x: {type: text}\n---\n# about b\nobject: b   # here\nfields: {y: {type: text}}\n"
)


def zipped(*entries: tuple[str, str] | tuple[zipfile.ZipInfo, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in entries:
            archive.writestr(name, text)
    return buffer.getvalue()


def test_several_documents_in_a_file_keep_their_texts() -> None:
    found = load.from_texts([("objects/ab.yaml", TWO), ("app.yaml", APP)])
    assert [(one.piece, one.name, one.app) for one in found.documents] == [
        ("app", "shop", "shop"),
        ("object", "a", "shop"),
        ("object", "b", "shop"),
    ]
    assert "".join(one.text for one in found.of("object")) == TWO
    document = found.get("object", "b")
    assert document is not None and document.value(("fields", "y", "type")).line == 8


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config.yaml").write_text("x: 1")
    (tmp_path / "app.yaml").write_text(APP)
    (tmp_path / "objects" / "ab.yaml").write_text(TWO)
    (tmp_path / "data" / "a.csv").write_text("x\n1\n")
    (tmp_path / "objects" / "link.yaml").symlink_to("/etc/passwd")
    found = load.read(tmp_path)
    assert [one.name for one in found.documents] == ["shop", "a", "b"]
    assert found.assets == {"data/a.csv": b"x\n1\n"}
    assert [one.code for one in found.problems] == ["link"]


def test_nothing_there() -> None:
    with pytest.raises(Malformed):
        load.read("/nowhere/at/all")


def test_a_misspelt_folder_is_told() -> None:
    found = load.from_texts([("object/a.yaml", TWO), ("app.yaml", APP)])
    assert found.problems[0].severity == "warning"
    assert "objects" in found.problems[0].message.en


def test_a_zip_with_one_folder_around_everything() -> None:
    found = load.read_zip(zipped(("shop/app.yaml", APP), ("shop/objects/ab.yaml", TWO), ("shop/data/a.csv", "x")))
    assert [one.file for one in found.sources] == ["app.yaml", "objects/ab.yaml"]
    assert list(found.assets) == ["data/a.csv"]


def linked() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("objects/a.yaml")
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zipped(("../a.yaml", APP)), "zip_name"),
        (zipped(("/etc/a.yaml", APP)), "zip_name"),
        (zipped(("a\\..\\b.yaml", APP)), "zip_name"),
        (zipped(("c:/b.yaml", APP)), "zip_name"),
        (zipped(("objects/a.yaml", APP), ("objects/A.yaml", APP)), "zip_duplicate"),
        (zipped((linked(), "/etc/passwd")), "link"),
        (b"PK\x03\x04 not a zip", "zip"),
        (zipped(*((f"data/{number}.csv", "") for number in range(load.MOST_FILES + 1))), "too_large"),
    ],
)
def test_archives_that_attack(data: bytes, code: str) -> None:
    found = load.read_zip(data)
    assert [one.code for one in found.problems] == [code]
    assert not found.documents and not found.assets


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "MOST_FILE_BYTES", 1_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/big.csv", b"0" * 1_000_000)
    assert [one.code for one in load.read_zip(buffer.getvalue()).problems] == ["too_large"]


def test_not_utf8() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("objects/a.yaml", "object: a\nlabel: 客户".encode("gbk"))
    found = load.read_zip(buffer.getvalue())
    assert found.problems[0].code == "encoding"
    assert found.problems[0].line == 2


def test_one_document_is_replaced_and_the_others_keep_every_character() -> None:
    loaded = load.from_texts([("objects/ab.yaml", TWO), ("app.yaml", APP)])
    changed = dict(package.with_document(loaded, "object", "a", {"object": "a", "fields": {"x": {"type": "number"}}}))
    assert changed["objects/ab.yaml"] == "object: a\nfields:\n  x: {type: number}\n" + TWO[TWO.index("---") :]
    added = dict(package.with_document(loaded, "view", "v", "view: v\n"))
    assert added["views/v.yaml"] == "view: v\n"
    left = dict(package.without_document(loaded, "object", "a"))
    assert left["objects/ab.yaml"] == TWO[TWO.index("# about b") :]
    assert "app.yaml" not in dict(package.without_document(loaded, "app", "shop"))


def test_several_apps_together() -> None:
    one = load.from_texts([("app.yaml", APP)])
    two = load.from_texts([("app.yaml", "app: other\nversion: 2.0.0\n")])
    both = load.together([one, two])
    assert [document.app for document in both.documents] == ["shop", "other"]
