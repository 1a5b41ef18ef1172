"""Phones, mail and web addresses, rich text, names: what people write and what is kept."""

from __future__ import annotations

import phonenumbers
import pytest
from email_validator import validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.kinds.field import BadValue, Context
from runtime.kinds.fields.email import Email
from runtime.kinds.fields.long_text import LongText
from runtime.kinds.fields.phone import MOBILE, Phone
from runtime.kinds.fields.rich_text import RichText
from runtime.kinds.fields.text import Text
from runtime.kinds.fields.url import Url

EN, ZH = Context(), Context(language="zh-CN")


def test_the_short_way_takes_only_valid_mobiles() -> None:
    for prefix in range(1300, 2000):
        for end in ("0000000", "9999999"):
            number = f"{prefix}{end}"
            if MOBILE.fullmatch(number):
                assert phonenumbers.is_valid_number(phonenumbers.parse(number, "CN")), number


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("138-1234-5678", "+8613812345678"),
        ("0086 13812345678", "+8613812345678"),
        ("8613812345678", "+8613812345678"),
        ("+86-138-1234-5678", "+8613812345678"),
        ("手机：13812345678", "+8613812345678"),
        ("电话 0755-88886666", "+8675588886666"),
        ("０１０－６２３４５６７８", "+861062345678"),
        ("(0755) 8888 6666", "+8675588886666"),
        ("86 755 88886666", "+8675588886666"),
        ("0755-88886666-8001", "+8675588886666;ext=8001"),
        ("0755-88886666#8001", "+8675588886666;ext=8001"),
        ("0755-88886666转8001", "+8675588886666;ext=8001"),
        ("0755-88886666 分机：8001", "+8675588886666;ext=8001"),
        ("+86 755 8888 6666 ext. 8001", "+8675588886666;ext=8001"),
        ("tel: 010-62345678", "+861062345678"),
        ("+852 2345 6789", "+85223456789"),
    ],
)
def test_phones(raw: str, stored: str) -> None:
    assert Phone().clean(raw, EN) == stored


def test_phones_are_shown_and_found() -> None:
    assert Phone().text("+8613812345678", EN) == "138 1234 5678"
    assert Phone().text("+8675588886666;ext=8001", ZH).endswith(" 转 8001")
    assert Phone().text("+16502530000", EN) == "+1 650-253-0000"
    assert Phone({"region": "US"}).text("+16502530000", EN) == "(650) 253-0000"
    assert Phone().search_text("+8613812345678") == "+8613812345678 13812345678"
    assert Phone().search_text("+861062345678;ext=1") == "+861062345678 01062345678"
    assert Phone({"region": "XX"}).check()


LETTERS = st.text("abcXYZ019._+-", min_size=1, max_size=30)


@given(LETTERS, LETTERS)
def test_mail_short_way_agrees_with_the_library(local: str, domain: str) -> None:
    address = f"{local}@{domain}.com"
    try:
        expected = validate_email(address, check_deliverability=False).normalized
    except ValueError:
        expected = None
    try:
        found = Email().clean(address, EN)
    except BadValue:
        found = None
    assert found == expected


@pytest.mark.parametrize(
    "raw",
    [
        "JavaScript:alert(1)", " javascript:alert(1)", "java\tscript:x", "data:text/html,x", "vbscript:x",
        "//evil.com@a", "https://a.com\\@b.com", "https://a.com/ x", "http://a", "file:///etc/passwd", "https://a_b",
        'https://a.com/"><script>',
        "https://a.com:99999", "blob:https://a.com", "https:///x.com",
    ],
)  # fmt: skip
def test_dangerous_addresses_are_refused(raw: str) -> None:
    with pytest.raises(BadValue):
        Url().clean(raw, EN)


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("example.com:8080/x", "https://example.com:8080/x"),
        ("HTTP://EXAMPLE.COM", "http://example.com"),
        ("http://192.168.0.1/a", "http://192.168.0.1/a"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("localhost:3000", "https://localhost:3000"),
        ("https://例子.公司/路径?问=1", "https://例子.公司/路径?问=1"),
    ],
)
def test_web_addresses(raw: str, stored: str) -> None:
    assert Url().clean(raw, EN) == stored


MARKUP = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<b>", "<a href='javascript:x'>", "<img src=x onerror=y>", "<script>", "</script>",
         "<svg/onload=a>", "&lt;", "<", ">", '"', "text", "<!--", "-->", "<style>", "<math>", "<table>", "<td>", "\n",
         "&#x6A;"]
    ),
    max_size=12,
)  # fmt: skip


@example(["<a href='javascript:x'>", "<table>", "<a href='javascript:x'>", "<img src=x onerror=y>"])
@given(MARKUP)
def test_rich_text_is_safe_and_settled(parts: list[str]) -> None:
    stored = RichText().clean("".join(parts), EN)
    if stored is not None:
        low = stored.lower()
        assert ("<script" not in low and "javascript:x" not in low.replace("&", "")) or "&lt;" in low
        assert "<svg" not in low and "onerror" not in low
        assert RichText().clean(stored, EN) == stored


def test_rich_text_words() -> None:
    assert RichText().show("<p>a &amp; b</p><ul><li>c</li></ul>", EN) == "a & b\nc"
    kept = '<img src="/api/v1/files/0190f3c2-7a1b-7c00-8000-000000000001">'
    assert RichText().clean(kept, EN) == kept


def test_texts_keep_what_is_not_width() -> None:
    assert Text({"fold": True}).clean("﨑　①㈱Ａ", EN) == "﨑 ①㈱A"
    assert LongText().clean("  a\n\n b \t\n", EN) == "a\n\n b"
    assert Text({"min_length": 5, "max_length": 3}).check()
    assert Text({"pattern": "(a+)+"}).check()
    assert Text({"search": False}).searchable is False and Text().searchable is True
