"""An app from a folder, a zip or stored texts into documents that know their file, line and path.

It reads what is written and judges only whether it can be read; what the words mean is for `validate` and `check`.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from runtime.base.errors import Malformed, Message, Problem, nearest
from runtime.meta.model import FOLDERS
from runtime.meta.yamltext import MOST_CHARACTERS, Part, Place, Positions, Refused, parse, parse_json

#: Every kind of document. Those that also carry an ``object:`` of their own come before it.
DOCUMENTS = ("app", "form", "view", "workflow", "automation", "dashboard", "role", "scenario", "object")
FOLDER_OF = {**FOLDERS, "scenario": "scenarios"}
#: Folders of an app that hold something other than documents.
OTHER_FOLDERS = ("data", "help", "mappings", "files")
ENDINGS = (".yaml", ".yml", ".json")

MOST_FILES = 5_000
MOST_BYTES = 200_000_000
MOST_FILE_BYTES = 50_000_000


@dataclass(frozen=True)
class Source:
    """One file of documents: the text exactly as it came."""

    app: str
    file: str
    text: str
    #: What stands before the file's path in problems, where several apps are looked at together.
    prefix: str = ""

    def parts(self, places: bool = False) -> list[Part]:
        """The documents in it. Raises Refused."""
        read = parse_json if self.file.endswith(".json") else parse
        return [part for part in read(self.text, places=places) if part.data is not None]

    @cached_property
    def positions(self) -> list[Positions]:
        """The places in each document, found when first asked for."""
        return [part.positions or Positions() for part in self.parts(places=True)]


@dataclass(frozen=True)
class Document:
    """One document: ``piece`` and ``name`` say what it is, ``data`` what it says, ``first`` and ``last`` the
    lines of its file (from 0, ``last`` exclusive) with its comments."""

    piece: str
    name: str
    app: str
    data: Mapping[str, Any]
    source: Source
    index: int = 0
    first: int = 0
    last: int | None = None

    @property
    def file(self) -> str:
        """The file's path inside the app."""
        return self.source.file

    @property
    def where(self) -> str:
        """The file as problems name it: with its app where several are looked at together."""
        return self.source.prefix + self.source.file

    @property
    def text(self) -> str:
        """The document as written, comments included."""
        return "".join(self.source.text.splitlines(keepends=True)[self.first : self.last])

    def key(self, path: Sequence[Any]) -> Place:
        """Where the key at ``path`` stands, or the nearest thing around it."""
        return self._positions.key(tuple(path)) or Place(self.first + 1, 1)

    def value(self, path: Sequence[Any]) -> Place:
        """Where the value at ``path`` begins, or the nearest thing around it."""
        return self._positions.value(tuple(path)) or Place(self.first + 1, 1)

    @property
    def _positions(self) -> Positions:
        found = self.source.positions
        return found[self.index] if self.index < len(found) else Positions()

    def problem(self, code: str, message: Message, path: Sequence[Any], *, severity: str = "error") -> Problem:
        """A problem at ``path`` of this document."""
        return Problem(
            code, message, file=self.where, line=self.value(path).line, path=path_text(path), severity=severity
        )


@dataclass(frozen=True)
class Loaded:
    """What was read: documents in the order of their files, problems of reading, and the other files."""

    documents: Sequence[Document] = ()
    problems: Sequence[Problem] = ()
    sources: Sequence[Source] = ()
    assets: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str], Document]:
        """The documents by piece and name; of two with one name the first."""
        return {(one.piece, one.name): one for one in reversed(self.documents)}

    def get(self, piece: str, name: str) -> Document | None:
        """The document of a piece by its name, or None."""
        return self.by_name.get((piece, name))

    def of(self, piece: str) -> Iterator[Document]:
        """The documents of one piece."""
        return (one for one in self.documents if one.piece == piece)

    @property
    def app(self) -> str:
        """The name of the (first) app."""
        return self.documents[0].app if self.documents else ""

    def texts(self) -> list[tuple[str, str]]:
        """Path and text of every file of documents: how a published version is stored."""
        return [(one.file, one.text) for one in self.sources]


def path_text(path: Sequence[Any]) -> str:
    """``fields.amount.max`` or ``layout[0].items[2]``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def read(path: str | os.PathLike[str], app: str | None = None) -> Loaded:
    """Read a folder, a zip or one file. ``app`` names the app where no app document does.

    What cannot be read is a problem of the result. Raises Malformed when there is nothing at ``path``.
    """
    place = Path(path)
    if place.is_dir():
        return _filled(_collect(*_folder(place), app))
    if not place.is_file():
        raise Malformed(Message(f"there is no folder or file {place.name!r}", f"没有文件夹或文件“{place.name}”"))
    data = place.read_bytes()
    if zipfile.is_zipfile(place) or place.suffix == ".zip":
        return read_zip(data, app)
    return _filled(_collect({place.name: data}, [], app))


def read_zip(data: bytes, app: str | None = None) -> Loaded:
    """Read an app from the bytes of a zip file; hostile archives are refused with a problem."""
    return _filled(_collect(*_archive(data), app))


def from_texts(texts: Iterable[tuple[str, str]], app: str | None = None) -> Loaded:
    """Read documents from pairs of path and text."""
    return _collect({path: text.encode("utf-8", "surrogatepass") for path, text in texts}, [], app)


def together(parts: Iterable[Loaded]) -> Loaded:
    """Several apps as one: what a workspace holds, to be validated, built and checked as a whole.

    Problems then name files as ``app/objects/quote.yaml``. To change or write an app use its own Loaded.
    """
    found = list(parts)
    documents: list[Document] = []
    sources: list[Source] = []
    problems: list[Problem] = []
    for part in found:
        named = {one: replace(one, prefix=f"{one.app}/") for one in part.sources}
        sources.extend(named.values())
        documents.extend(replace(one, source=named[one.source]) for one in part.documents)
        problems.extend(one.at(file=f"{part.app}/{one.file}") for one in part.problems)
    assets = {f"{part.app}/{name}": data for part in found for name, data in part.assets.items()}
    return Loaded(tuple(documents), tuple(problems), tuple(sources), assets)


def _problem(code: str, file: str, en: str, zh: str, line: int | None = 1, severity: str = "error") -> Problem:
    return Problem(code, Message(en, zh), file=file, line=line, path="", severity=severity)


def _folder(top: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """The files below a folder; hidden ones are left out, links refused."""
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    size = 0
    for folder, below, names in os.walk(top):
        for name in [one for one in below if (Path(folder) / one).is_symlink()]:
            problems.append(_link(str((Path(folder) / name).relative_to(top).as_posix())))
        below[:] = sorted(one for one in below if not one.startswith((".", "__")))
        for name in sorted(names):
            place = Path(folder) / name
            shown = place.relative_to(top).as_posix()
            if name.startswith("."):
                continue
            if place.is_symlink() or not place.is_file():
                problems.append(_link(shown))
                continue
            size += place.stat().st_size
            if place.stat().st_size > MOST_FILE_BYTES or size > MOST_BYTES or len(files) >= MOST_FILES:
                problems.append(_large(shown))
                return files, problems
            files[shown] = place.read_bytes()
    return files, problems


def _filled(loaded: Loaded) -> Loaded:
    """A place is that of one app. Where there is no document at all, publishing would take everything away; two apps
    would become one."""
    apps = [*loaded.of("app")]
    if len(apps) > 1:
        names = ", ".join(one.name for one in apps)
        several = apps[1].problem(
            "several_apps",
            Message(
                f"there are several apps here ({names}); give the folder of one",
                f"此处有多个应用（{names}），请指定其中一个应用的文件夹",
            ),
            ("app",),
        )
        return replace(loaded, documents=(), problems=(several,))
    if loaded.documents or loaded.problems:
        return loaded
    nothing = _problem(
        "no_documents",
        "",
        f"there is no document here: an app is a folder, a zip or a file of documents ({', '.join(ENDINGS)})",
        f"此处没有任何文档：应用是由文档（{'、'.join(ENDINGS)}）组成的文件夹、zip 或文件",
        line=None,
    )
    return replace(loaded, problems=(nothing,))


def _link(name: str) -> Problem:
    return _problem(
        "link",
        name,
        f"{name!r} is a link or a special file; an app holds plain files only",
        f"“{name}”是链接或特殊文件；应用只能包含普通文件",
    )


def _large(name: str) -> Problem:
    return _problem(
        "too_large",
        name,
        f"an app has at most {MOST_FILES:,} files of {MOST_FILE_BYTES:,} bytes and {MOST_BYTES:,} bytes in all",
        f"一个应用最多 {MOST_FILES:,} 个文件，单个不超过 {MOST_FILE_BYTES:,} 字节，总计不超过 {MOST_BYTES:,} 字节",
    )


def _archive(data: bytes) -> tuple[dict[str, bytes], list[Problem]]:
    """The files of a zip. A single folder around everything is taken off."""
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > MOST_FILES:
                return {}, [_large("")]
            left = MOST_BYTES
            names: set[str] = set()
            for entry in entries:
                refusal = _entry(entry, names)
                if refusal:
                    return {}, [refusal]
                with archive.open(entry) as stream:
                    content = stream.read(min(left, MOST_FILE_BYTES) + 1)
                if len(content) > min(left, MOST_FILE_BYTES):
                    return {}, [_large(entry.filename)]
                left -= len(content)
                names.add(entry.filename.casefold())
                files[entry.filename] = content
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError):
        return {}, [
            _problem(
                "zip", "", "the archive is damaged, encrypted or not a zip file", "压缩包已损坏、已加密或不是 zip 文件"
            )
        ]
    tops = {name.partition("/")[0] for name in files}
    if len(tops) == 1 and all("/" in name for name in files) and not tops & {*FOLDER_OF.values(), *OTHER_FOLDERS}:
        files = {name.partition("/")[2]: content for name, content in files.items()}
    shown = {name: content for name, content in files.items() if not _hidden(name)}
    return dict(sorted(shown.items())), []


def _hidden(name: str) -> bool:
    return any(step.startswith((".", "__")) for step in name.split("/"))


def _entry(entry: zipfile.ZipInfo, there: set[str]) -> Problem | None:
    """Why an entry of an archive is refused, or None."""
    name = entry.filename
    steps = PurePosixPath(name).parts
    if name.startswith("/") or "\\" in name or ":" in name or ".." in steps or "\0" in entry.orig_filename:
        return _problem(
            "zip_name",
            name,
            f"the archive holds the name {name[:80]!r}, which leads out of it",
            f"压缩包中的名称“{name[:80]}”指向包外",
        )
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return _link(name)
    if name.casefold() in there:
        return _problem(
            "zip_duplicate", name, f"the archive holds the name {name[:80]!r} twice", f"压缩包中名称“{name[:80]}”重复"
        )
    return None


def _collect(files: Mapping[str, bytes], problems: list[Problem], app: str | None) -> Loaded:
    """Documents out of the files of one app, everything else as assets."""
    documents: list[Document] = []
    sources: list[Source] = []
    assets: dict[str, bytes] = {}
    alone = len(files) == 1
    for file in sorted(files):
        folder, _, _ = file.rpartition("/")
        if not file.endswith(ENDINGS) or (folder.partition("/")[0] in OTHER_FOLDERS):
            assets[file] = files[file]
            continue
        if folder and folder.partition("/")[0] not in FOLDER_OF.values() and not alone:
            problems.extend(_folder_name(file, folder))
        try:
            source = Source("", file, _decoded(files[file]))
            found = source.parts()
        except Refused as refused:
            shown = Problem(refused.code, refused.message, file=file, line=refused.line or 1, path="")
            problems.append(shown)
            sources.append(Source("", file, files[file].decode("utf-8", "replace")))
            continue
        sources.append(source)
        documents.extend(_documents(source, found, problems))
    name = next((one.name for one in documents if one.piece == "app"), None) or app or "main"
    named = {source.file: replace(source, app=name) for source in sources}
    return Loaded(
        tuple(replace(one, app=name, source=named[one.source.file]) for one in documents),
        tuple(problems),
        tuple(named.values()),
        assets,
    )


def _folder_name(file: str, folder: str) -> Iterator[Problem]:
    top = folder.partition("/")[0]
    near = nearest(top, [*FOLDER_OF.values(), *OTHER_FOLDERS])
    if near and not _hidden(file):
        yield _problem(
            "folder",
            file,
            f"unknown folder {top!r}, did you mean {near!r}?",
            f"未知的文件夹“{top}”，是否为“{near}”？",
            severity="warning",
        )


def _decoded(data: bytes) -> str:
    if len(data) > MOST_CHARACTERS * 4:
        raise Refused(
            "too_large", 1, f"is larger than {MOST_CHARACTERS:,} characters", f"超过 {MOST_CHARACTERS:,} 个字符"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused("encoding", line, "is not written in UTF-8", "不是 UTF-8 编码") from None


def _documents(source: Source, parts: Sequence[Part], problems: list[Problem]) -> Iterator[Document]:
    for index, part in enumerate(parts):
        first = 0 if index == 0 else part.line
        last = parts[index + 1].line if index + 1 < len(parts) else None
        data = part.data
        if not isinstance(data, dict):
            problems.append(
                _problem(
                    "not_a_mapping",
                    source.file,
                    "a document must be a mapping of keys to values",
                    "文档必须是键值映射",
                    part.line + 1,
                )
            )
            continue
        piece = piece_of(data)
        if piece is None:
            keys = ", ".join(DOCUMENTS)
            near = nearest(next(iter(data), ""), DOCUMENTS)
            hint = f", did you mean {near!r}?" if near else ""
            problems.append(
                _problem(
                    "unknown_piece",
                    source.file,
                    f"does not say which piece it is{hint} One of these keys comes first: {keys}",
                    f"没有说明是哪种文档{f'，是否为“{near}”？' if near else ''} 首个键应为：{keys}",
                    part.line + 1,
                )
            )
            continue
        name = data[piece]
        if not isinstance(name, str) or not name:
            shown = f"the name of a document after {piece!r} must be a text"
            problems.append(
                Problem(
                    "name",
                    Message(shown, f"“{piece}”后的名称必须是文本"),
                    file=source.file,
                    line=part.line + 1,
                    path=piece,
                )
            )
            continue
        yield Document(piece, name, "", data, source, index, first, last)


def piece_of(data: Mapping[str, Any]) -> str | None:
    """Which piece a document is: its first key, or the first of the known ones in it."""
    first = next(iter(data), None)
    if first in DOCUMENTS and first != "object":
        return str(first)
    return next((piece for piece in DOCUMENTS if piece in data), None)
