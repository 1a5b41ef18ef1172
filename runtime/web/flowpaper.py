"""The history of an instance as a PDF, with every signature: made from its events, by the rights of who asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from flask import Response

from runtime.base.errors import Message, TooLarge
from runtime.engine.access import object_access
from runtime.engine.flowview import Opened, opened
from runtime.engine.workspace import Session
from runtime.store.files import Contents, FileRow
from runtime.web import paper
from runtime.web.flowdrawing import Card, drawn
from runtime.web.flowwords import at_moment, flow_label, state_word
from runtime.web.shown import now
from runtime.web.story import Said, Story
from runtime.web.texts import gettext, page_language

#: The most events and drawn signatures of one document.
MOST_EVENTS = 10_000
MOST_PICTURES = 300
LONG = Message(
    f"the history has more than {MOST_EVENTS} events, too many for a PDF: print its page, or read it over the API",
    f"流程历史超过 {MOST_EVENTS} 条事件，无法生成 PDF：请打印页面，或通过 API 读取",
)


def history(session: Session, instance: str, contents: Contents) -> Response:
    """The history of an instance that the caller may see. Raises NotFound, TooLarge."""
    found = opened(session, instance)
    if found.row.seq > MOST_EVENTS:
        raise TooLarge(LONG)
    title = found.row.title or flow_label(found.definition)
    values = {"who": session.person.title, "at": now(session)}
    foot = gettext("Made for %(who)s, %(at)s") % values
    made = paper.pdf(title, session.workspace.row.label[page_language()], f"{foot} · {found.row.id}",
                     list(parts(found, title, contents)))  # fmt: skip
    answer = Response(made, content_type="application/pdf")
    name = "".join(one if one not in '/\\:*?"<>|' else "_" for one in paper.clean(title))[:80]
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}.pdf"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def parts(found: Opened, title: str, contents: Contents) -> Iterator[Any]:
    """All of the document."""
    yield paper.text(title, paper.TITLE, strong=True)
    for label, value in facts(found):
        if value:
            yield paper.text(f"{label}{'：' if page_language() == 'zh' else ': '}{value}")
    yield paper.text(gettext("History"), paper.HEADING, strong=True)
    told = Story(found).told()[::-1]
    pictures = 0
    for one in told:
        pictures += one.picture is not None
        yield from entry(one, contents, shown=pictures <= MOST_PICTURES)
    yield paper.text(gettext("The steps"), paper.HEADING, strong=True)
    for card in drawn(found):
        yield from step(card, 0)


def facts(found: Opened) -> Iterator[tuple[str, str]]:
    """What it is about, who started it, how it stands."""
    session, state = found.session, found.state
    definition = session.model.object(found.object_name)
    yield gettext("Workflow"), flow_label(found.definition)
    if definition is not None and object_access(session.snapshot, session.person, definition).may("read"):
        yield gettext("Record"), f"{definition.label[page_language()]} · {found.row.record_id}"
    yield gettext("Started by"), found.called(state.initiator) or gettext("The system")
    yield gettext("Started"), at_moment(session, state.started)
    ended = at_moment(session, state.ended) if state.ended else ""
    yield gettext("State"), f"{state_word(state.state)}{f' · {ended}' if ended else ''}"
    if state.round > 1:
        yield gettext("Rounds"), str(state.round)
    yield gettext("Time zone"), session.context().time_zone


def entry(one: Said, contents: Contents, *, shown: bool) -> list[Any]:
    """One entry of the story; what is long in it may go over a page's end, the rest may not."""
    behalf = gettext("for %(name)s") % {"name": one.behalf} if one.behalf else ""
    head = " ".join(piece for piece in (one.who, behalf, one.text) if piece)
    first: list[Any] = [paper.text(f"{one.at} · {one.step}" if one.step else one.at, paper.SMALL)]
    first.insert(0, paper.text(head, paper.ENTRY, strong=True))
    if one.reason:
        first.append(paper.text(f"{gettext('Reason:')} {one.reason}", paper.WORDS))
    if one.comment:
        first.append(paper.text(one.comment, paper.WORDS))
    rest: list[Any] = []
    if one.fields:
        rest.append(paper.text(gettext("Filled in: %(fields)s") % {"fields": one.fields}, paper.SMALL))
    if one.files:
        names = " · ".join(file.text for file in one.files)
        rest.append(paper.text(gettext("Files: %(names)s") % {"names": names}, paper.SMALL))
    rest += [paper.text(line, paper.SMALL) for line in one.more]
    if one.signature is not None and one.picture is not None:
        rest += signed(one.signature.text, one.picture, contents, shown=shown)
    long = len(one.comment) + len(one.reason) > 1500
    return [*first, *rest] if long else paper.together([*first, *rest])


def signed(label: str, row: FileRow, contents: Contents, *, shown: bool) -> list[Any]:
    """A signature with its name, and the mark of its file, by which it can be told from any other."""
    found = paper.picture(content(contents, row)) if shown else None
    said = f"{label} · SHA-256 {row.sha256}"
    if found is None:
        return [paper.text(gettext("%(signature)s (the picture is not shown here)") % {"signature": said}, paper.SMALL)]
    return [found, paper.text(said, paper.SMALL)]


def content(contents: Contents, row: FileRow) -> bytes:
    """A file as a whole, nothing where it is lost."""
    try:
        return b"".join(contents.chunks(row.sha256))
    except FileNotFoundError:
        return b""


def step(card: Card, depth: int) -> Iterator[Any]:
    """One step of the drawing, with its people and what stands on its ways, indented."""
    style = paper.indented(depth)
    said = " · ".join(piece for piece in (card.label, card.word, card.note) if piece)
    yield paper.text(said, style)
    for part in card.parts:
        behalf = f" ({gettext('for %(name)s') % {'name': part.behalf}})" if part.behalf else ""
        line = " · ".join(piece for piece in (f"{part.name}{behalf}", part.state, part.at) if piece)
        yield paper.text(line, paper.indented(depth + 1, small=True))
    for way in card.ways:
        yield paper.text(" · ".join(piece for piece in (way.label, way.word) if piece), paper.indented(depth + 1))
        for inner in way.cards:
            yield from step(inner, depth + 2)
