"""Pages link what was built, and are plain pages when nothing was."""

from __future__ import annotations

import json
import os
from pathlib import Path

from runtime.web.assets import ENTRY, Assets, Kept


def build(folder: Path, script: str, stamp: int) -> None:
    manifest = folder / "dist" / "manifest.json"
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text(json.dumps({ENTRY: {"file": f"assets/{script}", "css": ["assets/main.css"]}}))
    os.utime(manifest, ns=(stamp, stamp))


def test_plain_without_a_build(tmp_path: Path) -> None:
    assert Kept(tmp_path)() == Assets(("dougong.css",), None)


def test_a_new_build_is_noticed(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    assert kept().script is None
    for stamp, name in ((1, "one.js"), (2, "two.js")):
        build(tmp_path, name, stamp)
        assert kept() == Assets(("dist/assets/main.css",), f"dist/assets/{name}")
        assert kept() is kept()


def test_a_broken_manifest_is_no_build(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "manifest.json").write_text("{")
    assert Kept(tmp_path)() == Assets()
