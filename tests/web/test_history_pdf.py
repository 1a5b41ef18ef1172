"""The history of an instance as a PDF: what stands in it, for whom, in which language; hostile texts and pictures."""

from __future__ import annotations

import io
import time
from typing import Any

import pypdfium2 as pdfium
import pytest
from PIL import Image
from pypdfium2 import raw

from runtime.web import flowpaper, paper
from tests.conftest import Shop
from tests.web.test_signing import at, decide, office, start, task_of, upload

__all__ = ["office"]


def drawing(width: int = 400, height: int = 120, form: str = "PNG", mode: str = "RGB") -> bytes:
    made = io.BytesIO()
    Image.new(mode, (width, height), 255 if mode == "L" else None).save(made, form)
    return made.getvalue()


def read(answer: Any) -> tuple[str, int, list[int]]:
    """The text of a PDF, without its ends of lines; its pages; its pictures by page."""
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/pdf" and answer.data.startswith(b"%PDF-")
    document = pdfium.PdfDocument(answer.data)
    text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    pictures = [len([*page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE])]) for page in document]
    return " ".join(text.split()), len(document), pictures


def history(shop: Shop, instance: str, user: str = "li") -> Any:
    return shop.ask("GET", f"/workflows/instances/{instance}/history.pdf", user)


def test_everything_that_was_decided_and_signed(office: Shop) -> None:
    instance = start(office, "水泵采购 Pumps")
    note = upload(office, "boss", b"hello", "报价 quote.txt")
    answer = decide(
        office, comment="同意。The price is right.", signature=upload(office, "boss", drawing()), files=[note]
    )
    assert answer.status_code == 200, answer.text
    assert decide(office, "reject", user="fang", comment="不行").status_code == 200
    text, pages, pictures = read(history(office, instance))
    assert pages == 1 and pictures == [1]
    for said in ("水泵采购 Pumps", "Workflow: Sealing", "Started by: Li X", "Li X submitted it", "Ben Boss agreed",
                 "同意。The price is right.", "Files: 报价 quote.txt", "Signature of Ben Boss · SHA-256", "Fang X rejected",
                 "不行", "State: Rejected", "Made for Li X", "1 / 1", instance):  # fmt: skip
        assert said in text, (said, text)
    assert text.index("submitted it") < text.index("Ben Boss agreed") < text.index("Fang X rejected"), "in order"
    chinese, _, _ = read(history(office, instance, "fang"))
    for said in (
        "流程：用印审批",
        "发起人：Li X",
        "Ben Boss 同意",
        "附件：报价 quote.txt",
        "状态：已驳回",
        "由Fang X导出",
    ):
        assert said in chinese, (said, chinese)


def test_by_the_rights_of_the_page(office: Shop) -> None:
    instance = start(office)
    for address in (instance, "nothing", "01a2048e-c637-7671-81b8-e23cea714e9e"):
        answer = history(office, address, "eve")
        assert answer.status_code == 404 and answer.content_type == "application/problem+json"
        assert at(office, "eve").get(f"/tasks/flows/{address}/history.pdf").status_code == 404
    assert history(office, instance, None).status_code == 401
    boss = at(office, "boss")
    page = boss.text(f"/tasks/flows/{instance}")
    assert f'href="/tasks/flows/{instance}/history.pdf"' in page and "data-print" in page
    assert "data-print" not in boss.text(f"/tasks/{task_of(office, 'boss')}"), "who is to decide is not distracted"
    answer = boss.get(f"/tasks/flows/{instance}/history.pdf")
    assert read(answer)[0].startswith("D Workflow: Sealing")
    assert answer.headers["Content-Disposition"].startswith("attachment") and answer.headers["Cache-Control"] == "private, no-store"  # fmt: skip


HOSTILE = [
    "<b>bold</b> & <font color=red>red</font>", "<para><img src='file:///etc/passwd'/></para>",
    '<a href="javascript:alert(1)">x</a>', "]]> <!-- --> %s {0} ) endstream endobj", "</font></para>" * 50,
]  # fmt: skip


@pytest.mark.parametrize("said", HOSTILE)
def test_texts_are_texts(office: Shop, said: str) -> None:
    instance = start(office, said[:200])
    assert decide(office, "reject", comment=said, signature=upload(office, "boss", drawing())).status_code == 200
    answer = history(office, instance)
    text, _, pictures = read(answer)
    assert "".join(said.split()) in "".join(text.split()) and pictures == [1]
    for trap in (b"/JavaScript", b"/URI", b"/Launch", b"/EmbeddedFile"):
        assert trap not in answer.data


def test_what_cannot_be_seen_is_left_out_and_what_no_font_has_is_a_box(office: Shop) -> None:
    instance = start(office, "a\u202eb\u200bc")
    comment = "one\x07two\x1b[31m \u2066three 𠀀😀 Привет\r\nnext\tline"
    assert decide(office, "reject", comment=comment, signature=upload(office, "boss", drawing())).status_code == 200
    answer = history(office, instance)
    text = read(answer)[0]
    assert text.startswith("abc ") and "onetwo[31m three □□ Привет next line" in text
    assert "%E2%80%AE" not in answer.headers["Content-Disposition"]


def test_long_texts_wrap_and_go_over_pages(office: Shop) -> None:
    instance = start(office, "N" * 250)
    long = ("W" * 2500 + " " + "中" * 2500 + " " + "word " * 500).strip()
    assert decide(office, "reject", comment=long, signature=upload(office, "boss", drawing())).status_code == 200
    answer = history(office, instance)
    text, pages, pictures = read(answer)
    bare = "".join(text.split())
    assert pages > 2 and sum(pictures) == 1 and f"{pages} / {pages}" in text
    assert bare.count("W") == 2501 and bare.count("中") == 2500 and bare.count("word") == 500
    for page in pdfium.PdfDocument(answer.data):
        width, _ = page.get_size()
        found = page.get_textpage()
        right = max(found.get_charbox(number)[2] for number in range(found.count_chars()))
        assert right < width - 30, "nothing is cut at the right"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (drawing(form="JPEG"), 1), (drawing(form="GIF"), 1), (drawing(form="WEBP"), 1), (drawing(mode="RGBA"), 1),
        (drawing(mode="L"), 1), (drawing(mode="I;16"), 1), (drawing(1, 1), 1), (drawing(4000, 1), 1), (drawing(1, 3000), 1),
        (drawing(20_000, 20_000, mode="1"), 0), (b"\x89PNG\r\n\x1a\n" + b"\0" * 500, 0), (drawing()[:60], 0), (b"", 0),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", 0),
    ],
)  # fmt: skip
def test_pictures_of_every_kind(content: bytes, shown: int) -> None:
    began = time.monotonic()
    found = paper.picture(content)
    assert (found is not None) == bool(shown)
    assert time.monotonic() - began < 2
    if found is not None:
        assert found.drawWidth <= paper.WIDE + 1 and found.drawHeight <= paper.HIGH + 1
        assert paper.pdf("t", "a", "f", [found]).startswith(b"%PDF-")


def test_a_signature_that_cannot_be_shown_is_told_of(office: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = start(office)
    broken = upload(office, "boss", drawing()[:60])
    assert decide(office, "reject", comment="x", signature=broken).status_code == 200
    text, _, pictures = read(history(office, instance))
    assert pictures == [0] and "Signature of Ben Boss · SHA-256" in text and "(the picture is not shown here)" in text


def test_bounds(office: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = start(office)
    assert decide(office, signature=upload(office, "boss", drawing())).status_code == 200
    monkeypatch.setattr(flowpaper, "MOST_PICTURES", 0)
    text, _, pictures = read(history(office, instance))
    assert pictures == [0] and "(the picture is not shown here)" in text
    monkeypatch.setattr(flowpaper, "MOST_EVENTS", 3)
    assert history(office, instance).status_code == 413
    answer = at(office, "boss").get(f"/tasks/flows/{instance}/history.pdf")
    assert answer.status_code == 413 and "print its page" in answer.text
    assert task_of(office, "fang"), "nothing has happened to it"


def test_many_entries_take_moderate_time(office: Shop) -> None:
    instance = start(office)
    for number in range(150):
        body = {"comment": f"{number} " + "说明 words " * 30}
        assert office.ask("POST", f"/workflows/instances/{instance}/comment", "li", json=body).status_code == 200
    began = time.process_time()
    text, pages, _ = read(history(office, instance))
    assert pages > 10 and "149 说明 words" in text
    assert time.process_time() - began < 10
