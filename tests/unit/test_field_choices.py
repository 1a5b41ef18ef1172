"""Options, stages, tags, links, files, addresses."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.kinds.field import BadValue, Context, Field
from runtime.kinds.fields.address import Address
from runtime.kinds.fields.file import File
from runtime.kinds.fields.image import Image
from runtime.kinds.fields.link import EXAMPLE, Link
from runtime.kinds.fields.multiselect import Multiselect
from runtime.kinds.fields.select import Select
from runtime.kinds.fields.stage import Stage
from runtime.kinds.fields.tags import Tags

EN, ZH = Context(), Context(language="zh-CN")
GRADES = {
    "options": {
        "A": {"en": "Best", "zh": "优"},
        "B": {"en": "Good, mostly", "zh": "良"},
        "C": {"en": "A", "zh": "良"},
    }
}


def read(field: Field, text: str, context: Context = EN) -> Any:
    return field.clean(field.parse(text, context), context)


def test_labels_that_are_not_clear_are_written_as_keys() -> None:
    field = Select(GRADES)
    assert [field.text(key, EN) for key in "ABC"] == ["Best", "B", "C"]
    assert [field.text(key, ZH) for key in "ABC"] == ["优", "B", "C"]
    assert [field.show(key, ZH) for key in "ABC"] == ["优", "良", "良"]
    assert field.clean("A", EN) == "A", "a key goes before a label"
    with pytest.raises(BadValue) as caught:
        field.clean("良", EN)
    assert caught.value.code == "ambiguous"
    assert [one.code for one in field.check()] == ["same_label"]


def test_multiselect_reads_labels_with_commas() -> None:
    field = Multiselect(GRADES)
    assert read(field, "Good, mostly") == ["B"]
    for value in (["A", "B"], ["C"], ["A", "B", "C"]):
        for context in (EN, ZH):
            assert read(field, field.text(value, context), context) == value


def test_an_option_that_is_gone_stands_for_itself() -> None:
    assert Select(GRADES).show("Z", EN) == "Z"
    renamed = Select({"options": {"new": {"en": "New", "was": "old"}}})
    assert renamed.clean("old", EN) == "new" and renamed.show("old", EN) == "New"
    assert [one.code for one in Select({**GRADES, "default": "Z"}).check()] == ["same_label", "default"]
    assert not list(Select({"options": {"a": "A"}, "default": "=x"}).check())


@pytest.mark.parametrize(
    ("stages", "code"),
    [
        ({"a": {"end": "won"}, "b": {"end": "lost"}}, "no_open_stage"),
        ({"a": "A", "b": {"end": "lost"}}, "no_won_stage"),
        ({"a": "A", "b": {"end": "won", "probability": 90}}, "probability"),
        ({"b": {"end": "won"}, "a": "A"}, "end_before_open"),
    ],
)
def test_wrong_stages_are_reported(stages: dict[str, Any], code: str) -> None:
    assert code in [one.code for one in Stage({"stages": stages}).check()]


def test_stages_are_choices() -> None:
    field = Stage(Stage.examples[0])
    assert field.ordered
    assert [(one.key, one.doc.get("probability"), one.doc.get("end")) for one in field.choices()] == [
        ("qualify", 20, None), ("propose", 50, None), ("won", None, "won"), ("lost", None, "lost"),
    ]  # fmt: skip


def test_tags_keep_the_first_spelling() -> None:
    assert Tags().clean(["Vip", "VIP", "大客户"], EN) == ["Vip", "大客户"]


def test_links_know_their_target() -> None:
    assert Link({"to": "customer"}).target_object() == "customer"
    assert list(Link({"to": "customer"}).targets(EXAMPLE)) == [EXAMPLE]


def test_files_are_judged() -> None:
    field = File({"max_size": 1, "types": ["application/pdf", "image/*"]})
    assert field.accepts("image/png", 10) is None
    assert field.accepts("Application/PDF; charset=x", 10) is None
    assert field.accepts("application/pdf", 2_000_000) is not None
    assert field.accepts("text/html", 10) is not None
    assert Image().accepts("image/svg+xml", 10) is not None
    entry = {"id": EXAMPLE, "name": "合同.pdf", "size": 5, "type": "application/pdf"}
    assert File().typed(entry) == ("合同.pdf",) and File().file_ids(entry) == [EXAMPLE]
    assert File({"many": True}).file_ids([entry]) == [EXAMPLE]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("北京海淀中关村大街1号 100080", ("北京市", "北京市", "海淀区", "中关村大街1号")),
        ("上海路12号", ("", "", "", "上海路12号")),
        ("北京大学", ("", "", "", "北京大学")),
        ("吉林市昌邑区解放路", ("吉林省", "吉林市", "昌邑区", "解放路")),
        ("内蒙古呼和浩特新城区", ("内蒙古自治区", "呼和浩特市", "新城区", "")),
        ("苏州市工业园区星湖街1号", ("江苏省", "苏州市", "工业园区", "星湖街1号")),
        ("昆山市花桥镇", ("江苏省", "苏州市", "昆山市", "花桥镇")),
        ("四川省凉山州西昌市", ("四川省", "凉山彝族自治州", "西昌市", "")),
        ("湖北 仙桃 沔街", ("湖北省", "仙桃市", "", "沔街")),
    ],
)
def test_addresses_are_read(line: str, parts: tuple[str, ...]) -> None:
    stored = Address().clean(line, EN)
    assert stored is not None
    assert tuple(stored.get(name, "") for name in ("province", "city", "district", "street")) == parts


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"district": "朝阳区"}, "ambiguous_division"),
        ({"province": "河北", "city": "440300"}, "not_a_division"),
        ({"province": "北京", "city": "天津"}, "not_a_division"),
    ],
)
def test_addresses_that_contradict_themselves(raw: dict[str, str], code: str) -> None:
    with pytest.raises(BadValue) as caught:
        Address().clean(raw, EN)
    assert caught.value.code == code


def test_addresses_need_not_be_official() -> None:
    assert Address({"official": False}).clean({"province": "火星"}, EN) == {"country": "CN", "province": "火星"}
