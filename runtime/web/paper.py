"""A document as PDF, for paper and archives: titles, facts, entries, pictures. Every text in it is taken as text.

Western letters are set in the Helvetica that every reader of PDF brings, all else in its Chinese one (Adobe's
collection GB1): nothing is embedded, so a page costs a few kilobytes. What neither has is printed as a box.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from itertools import groupby
from typing import Any

from PIL import Image as Picture
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Image, KeepTogether, Paragraph, SimpleDocTemplate

WESTERN, BOLD, CHINESE = "Helvetica", "Helvetica-Bold", "STSong-Light"
#: The edge that a frame of the library leaves around its text.
INSET = 6
BOX = "□"
MARGIN = 18 * mm
#: Pictures as large as this are not opened: they would be a wall, or a trap.
MOST_PIXELS = 24_000_000
SHARPEST = (1200, 450)
WIDE, HIGH = 62 * mm, 24 * mm

registerFont(UnicodeCIDFont(CHINESE))


def _style(size: float, color: str = "#000000", **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        "", fontName=CHINESE, fontSize=size, leading=size * 1.45, textColor=HexColor(color), wordWrap="CJK", **more
    )


TITLE = _style(17, spaceAfter=4)
HEADING = _style(12.5, spaceBefore=12, spaceAfter=4)
PLAIN = _style(10)
WORDS = _style(10, leftIndent=10, spaceBefore=1, spaceAfter=1, borderPadding=3)
SMALL = _style(8.5, "#555555")
ENTRY = _style(10, spaceBefore=9)


@cache
def indented(depth: int, *, small: bool = False) -> ParagraphStyle:
    """The style of a line of an outline; deep ones go no further in."""
    return _style(
        8.5 if small else 10, "#555555" if small else "#000000", leftIndent=14 * min(depth, 10), spaceBefore=1
    )


def clean(text: str) -> str:
    """A text without what could not be seen: control characters, marks that turn it round, halves of letters."""
    return "".join(
        one for one in text if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )


def _font(letter: str) -> str:
    for font, table in ((WESTERN, "cp1252"), (CHINESE, "gbk")):
        try:
            letter.encode(table)
        except UnicodeEncodeError:
            continue
        return font
    return ""


def marked(text: str, *, strong: bool = False) -> str:
    """A text as a paragraph takes it: its own markup is text, each letter in a font that has it."""
    found = []
    for font, letters in groupby(clean(text).replace("\t", "    "), _font):
        run = [*letters]
        piece = "".join(run) if font else BOX * len(run)
        for sign, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\n", "<br/>")):
            piece = piece.replace(sign, instead)
        name = (BOLD if strong else WESTERN) if font == WESTERN else CHINESE
        found.append(f'<font name="{name}">{piece}</font>')
    return "".join(found)


def text(said: str, style: ParagraphStyle = PLAIN, *, strong: bool = False) -> Paragraph:
    """A paragraph."""
    return Paragraph(marked(said, strong=strong), style)


def picture(content: bytes) -> Image | None:
    """A picture on white, at most 62 by 24 mm; None for what is no picture, or one of unheard size."""
    try:
        with Picture.open(BytesIO(content), formats=("PNG", "JPEG", "GIF", "WEBP")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return None
            opened.draft("RGB", SHARPEST)
            whole = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Picture.DecompressionBombError):
        return None
    whole.thumbnail(SHARPEST)
    ground = Picture.new("RGB", whole.size, "white")
    ground.paste(whole, mask=whole.getchannel("A"))
    kept = BytesIO()
    ground.save(kept, "PNG")
    kept.seek(0)
    scale = min(WIDE / ground.width, HIGH / ground.height)
    return Image(kept, ground.width * scale, ground.height * scale, hAlign="LEFT")


def together(parts: Sequence[Any]) -> list[Any]:
    """Parts that a page does not end between; the first ones only where all would not fit on one."""
    return [CondPageBreak(25 * mm), KeepTogether(list(parts))]


class _Numbered(Canvas):  # type: ignore[misc]
    """Pages that know how many they are: what stands at their foot is drawn when the last one is done."""

    def __init__(self, *args: Any, foot: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.foot = foot
        self.kept: list[dict[str, Any]] = []

    def showPage(self) -> None:
        """Keep the page for later."""
        self.kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Draw the feet and write everything."""
        for number, page in enumerate(self.kept, 1):
            self.__dict__.update(page)
            line = text(f"{self.foot} · {number} / {len(self.kept)}", SMALL)
            _, height = line.wrap(A4[0] - 2 * (MARGIN + INSET), MARGIN)
            line.drawOn(self, MARGIN + INSET, MARGIN - height - 2 * mm)
            super().showPage()
        super().save()


def pdf(title: str, author: str, foot: str, parts: Sequence[Any]) -> bytes:
    """The document. ``foot`` stands at the end of every page, before its number."""
    made = BytesIO()
    document = SimpleDocTemplate(
        made, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN + 6 * mm,
        title=clean(title), author=clean(author), creator="Dougong", subject="",
    )  # fmt: skip
    document.build(list(parts), canvasmaker=lambda *args, **more: _Numbered(*args, foot=foot, **more))
    return made.getvalue()
