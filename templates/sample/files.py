"""Writing the files of one app: CSV with the fields' names, and the head ``sample.yaml``."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def cell(value: Any) -> str:
    """A value as the file carries it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return str(value)


def table(rows: Sequence[Row]) -> bytes:
    """Rows as CSV; the columns are those of the first row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = list(rows[0])
    writer.writerow(columns)
    for row in rows:
        assert list(row) == columns, (columns, list(row))
        writer.writerow([cell(row[name]) for name in columns])
    return text.getvalue().encode()


def head(
    as_of: datetime.date,
    departments: Sequence[tuple[str, str, str]],
    people: Sequence[tuple[str, str, str, str, Sequence[str]]],
    needs: Mapping[str, str],
) -> bytes:
    """``sample.yaml``."""
    lines = ["# Written by `python -m templates.sample`; every name is made up.", f"as_of: {as_of}"]
    if needs:
        lines.append("needs: {" + ", ".join(f"{name}: {text}" for name, text in needs.items()) + "}")
    lines.append("departments:" if departments else "departments: []")
    for name, parent, chief in departments:
        more = "".join(f", {key}: {value}" for key, value in (("parent", parent), ("head", chief)) if value)
        lines.append(f"  - {{name: {name}{more}}}")
    lines.append("users:")
    for name, full, department, manager, roles in people:
        more = f", manager: {manager}" if manager else ""
        given = ", ".join(roles)
        lines.append(
            f"  - {{name: {name}, full_name: {full}, email: {name}@lichuan.example, department: {department}{more}, "
            f"roles: [{given}]}}"
        )
    return ("\n".join(lines) + "\n").encode()


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace the files of an app's data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name not in files:
            old.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)
