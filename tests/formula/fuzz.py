"""The parser and checker under atheris, guided by coverage: ``python tests/formula/fuzz.py FOLDER -max_total_time=120``.

FOLDER keeps what was found interesting; it begins with the sources of the hand-checked cases. Times are not looked
at here (instrumented code is slow; ``test_fuzz`` does), only crashes, wrong positions and what hangs for seconds.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import atheris
import yaml

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

with atheris.instrument_imports(include=["runtime.formula"]):
    from probe import CONTEXTS, answered


def one(data: bytes) -> None:
    """The first byte chooses the context, the rest is the text; whatever bytes cannot be read is left out."""
    if data:
        answered(
            data[1:].decode("utf-8", "surrogatepass" if data[0] & 128 else "ignore"), CONTEXTS[data[0] % len(CONTEXTS)]
        )


def tolerant(data: bytes) -> None:
    """Bytes that are no text at all are nobody's typing."""
    try:
        one(data)
    except UnicodeDecodeError:
        return


def sow(folder: Path) -> None:
    """The sources of the cases as first texts."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted((HERE.parent / "cases" / "formula").glob("*.yaml")):
        for source in sources(yaml.safe_load(file.read_text(encoding="utf-8"))):
            text = source.encode("utf-8", "ignore")
            (folder / hashlib.sha256(text).hexdigest()[:16]).write_bytes(b"\0" + text)


def sources(found: object) -> list[str]:
    """Every text in a file of cases: the formulas among them are what counts."""
    if isinstance(found, str):
        return [found] if len(found) > 2 else []
    if isinstance(found, dict):
        return [text for value in found.values() for text in sources(value)]
    return [text for value in found for text in sources(value)] if isinstance(found, list) else []


if __name__ == "__main__":
    sow(Path(sys.argv[1]))
    atheris.Setup(
        [
            sys.argv[0],
            "-timeout=10",
            "-rss_limit_mb=1024",
            "-max_len=4096",
            "-print_final_stats=1",
            f"-artifact_prefix={sys.argv[1]}-",
            *sys.argv[1:],
        ],
        tolerant,
    )
    atheris.Fuzz()
