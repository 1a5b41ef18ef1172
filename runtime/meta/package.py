"""An app as a folder or a zip, byte for byte the same for the same content. It never reads a database."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from runtime.base.errors import Malformed, Message, NotFound
from runtime.meta.dump import dump
from runtime.meta.load import FOLDER_OF, Document, Loaded

#: The earliest moment that a zip can hold: every file has it.
MOMENT = (1980, 1, 1, 0, 0, 0)


def files(loaded: Loaded) -> dict[str, bytes]:
    """Every file of one app by its path, in the order of the paths: documents as they came, and the rest."""
    found = dict(loaded.assets)
    found.update((one.file, one.text.encode()) for one in loaded.sources)
    return dict(sorted(found.items()))


def write_folder(loaded: Loaded, folder: Path) -> list[str]:
    """Write an app into ``folder``; the paths written. Files that were there before stay."""
    written = files(loaded)
    for name, content in written.items():
        steps = PurePosixPath(name)
        if steps.is_absolute() or ".." in steps.parts:
            raise Malformed(Message(f"the name {name!r} leads out of the folder", f"名称“{name}”指向文件夹之外"))
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return list(written)


def zip_bytes(loaded: Loaded) -> bytes:
    """The app as a zip: sorted names, one fixed moment, the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files(loaded).items():
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def file_for(piece: str, name: str) -> str:
    """Where a new document belongs."""
    return "app.yaml" if piece == "app" else f"{FOLDER_OF[piece]}/{name}.yaml"


def with_document(loaded: Loaded, piece: str, name: str, content: str | Mapping[str, Any]) -> list[tuple[str, str]]:
    """The texts of all files with one document replaced, or added in a file of its own.

    ``content`` is the document's text, kept as it is, or its data, written canonically. The other documents of
    the same file keep every character.
    """
    text = content if isinstance(content, str) else dump(content, piece)
    there = loaded.get(piece, name)
    if there is None:
        return sorted([*loaded.texts(), (file_for(piece, name), text)])
    return [(file, _replaced(loaded, there, text) if file == there.file else old) for file, old in loaded.texts()]


def without_document(loaded: Loaded, piece: str, name: str) -> list[tuple[str, str]]:
    """The texts of all files without one document; a file that holds nothing else goes. Raises NotFound."""
    there = loaded.get(piece, name)
    if there is None:
        raise NotFound(Message(f"there is no {piece} {name!r}", f"没有 {piece}“{name}”"))
    kept = [(file, _replaced(loaded, there, None) if file == there.file else old) for file, old in loaded.texts()]
    return [(file, text) for file, text in kept if text.strip()]


def _replaced(loaded: Loaded, there: Document, text: str | None) -> str:
    """The text of a file with one of its documents replaced or left out."""
    parts: list[str] = []
    for one in (other for other in loaded.documents if other.source is there.source):
        if one is not there:
            parts.append(one.text)
        elif text is not None:
            parts.append(text)
    if not parts:
        return ""
    joined = parts[0].removeprefix("---\n")
    for part in parts[1:]:
        joined += "" if joined.endswith("\n") else "\n"
        joined += part if part.startswith("---") else "---\n" + part
    return joined
