"""Writes ``schemas/kinds/`` from the catalog: ``python -m runtime.meta.generate``. It changes no other file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from runtime.base.kind import Catalog, Kind
from runtime.kinds.catalog import load_catalog
from runtime.meta.schemas import FOLDER


def schema_text(kind: type[Kind]) -> str:
    """The schema file of one kind."""
    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://dougong.dev/schemas/kinds/{kind.family}/{kind.name}.schema.json",
        **kind.schema(),
        "examples": [dict(one) for one in kind.examples],
    }
    return json.dumps(found, ensure_ascii=False, indent=2, default=str) + "\n"


def texts(catalog: Catalog) -> dict[str, str]:
    """Path below ``schemas/kinds`` and text of every kind's schema."""
    return {f"{kind.family}/{kind.name}.schema.json": schema_text(kind) for kind in catalog}


def stale(catalog: Catalog, folder: Path = FOLDER / "kinds") -> list[str]:
    """The paths that are missing, different or no longer needed."""
    wanted = texts(catalog)
    there = {one.relative_to(folder).as_posix() for one in folder.glob("*/*.schema.json")}
    changed = [
        name for name, text in wanted.items()
        if name not in there or (folder / name).read_text(encoding="utf-8") != text
    ]  # fmt: skip
    return sorted([*changed, *(there - set(wanted))])


def write(catalog: Catalog, folder: Path = FOLDER / "kinds") -> int:
    """Bring the folder up to date; the number of files changed."""
    wanted = texts(catalog)
    names = stale(catalog, folder)
    for name in names:
        place = folder / name
        if name not in wanted:
            place.unlink()
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(wanted[name], encoding="utf-8")
    return len(names)


def main(arguments: list[str]) -> int:
    """Write, or with ``--check`` only say what is stale (status 1)."""
    catalog = load_catalog()
    if "--check" in arguments:
        names = stale(catalog)
        sys.stdout.writelines(f"stale: schemas/kinds/{name} (make schemas)\n" for name in names)
        return 1 if names else 0
    sys.stdout.write(f"{write(catalog)} schemas written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
