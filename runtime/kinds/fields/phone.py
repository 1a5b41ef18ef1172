"""Phone: mobiles and land lines of all countries, Chinese habits first."""

from __future__ import annotations

import re
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumberFormat

from runtime.base.errors import Message, Problem
from runtime.kinds.field import Context, Field, bad, shown
from runtime.kinds.fields.text import narrow, plain
from runtime.kinds.options import option

# The great mass by far: a mainland mobile. What is left out here goes the long way and may still be right.
MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1(?:3[0-9]|5[0-35-9]|66|7[35-8]|8[0-9]|9[0-35-9])[0-9]{8})")
FILL = str.maketrans("", "", " -\t\u00a0\u2010\u2011\u2012\u2013\u2014")
EXTENSION = re.compile(
    r"\s*(?:[,;]?\s*(?:转接|转|分机号?|内线|extension|ext|x|#)\s*[:.=]?\s*)([0-9]{1,8})$", re.IGNORECASE
)
# 021-55556666-123: the third group of a Chinese land line is its extension.
DASHED = re.compile(r"((?:\+?86[- ]?)?\(?0?[0-9]{2,3}\)?[- ]?[0-9]{7,8})[-*] ?([0-9]{1,6})")
LEAD = re.compile(r"^(?:tel|电话|手机|座机|固话|传真|mobile|phone)\s*[.:：]?\s*", re.IGNORECASE)


def standard(raw: str, region: str) -> str | None:
    """``raw`` as E.164 with ``;ext=``, None when it is no valid number. ``region`` reads national numbers."""
    text = LEAD.sub("", raw)
    extension = ""
    found = EXTENSION.search(text) or DASHED.fullmatch(text)
    if found:
        extension = found[found.re.groups]
        text = text[: found.start()] if found.re is EXTENSION else found[1]
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    extension = extension or number.extension or ""
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{e164};ext={extension}" if extension else str(e164)


class Phone(Field):
    """A telephone number, kept in the international form, shown in the national one."""

    name = "phone"
    label = {"en": "Phone", "zh": "电话"}
    help = {"en": "Mobile or land line, with extension.", "zh": "手机或固定电话，可带分机。"}
    icon = "phone"
    widget = "tel"
    searchable = True
    mask = (
        "CASE WHEN left({x}, 4) = '+861' AND length({x}) = 14 THEN substr({x}, 4, 3) || '****' || right({x}, 4)"
        " WHEN length(split_part({x}, ';', 1)) > 10 THEN '****' || right(split_part({x}, ';', 1), 4) ELSE '****' END"
    )
    options = {
        "region": option(
            "string", "Country of numbers without +", "默认国家或地区",
            ("ISO code, otherwise the workspace's", "ISO 代码；缺省为工作区所在地"), pattern="^[A-Z]{2}$",
        ),
    }  # fmt: skip
    examples = ({}, {"region": "US"})
    valid = (
        ({}, "138 1234 5678", "+8613812345678"),
        ({}, "１３８-1234-5678", "+8613812345678"),
        ({}, "+86 138 1234 5678", "+8613812345678"),
        ({}, 13812345678, "+8613812345678"),
        ({}, "010-62345678", "+861062345678"),
        ({}, "(021)5555 6666 转 123", "+862155556666;ext=123"),
        ({}, "021-55556666-123", "+862155556666;ext=123"),
        ({}, "400-800-1234", "+864008001234"),
        ({"region": "US"}, "(650) 253-0000 ext. 5", "+16502530000;ext=5"),
        ({}, "+1 650 253 0000", "+16502530000"),
        ({}, " ", None),
    )
    invalid = (
        ({}, "12345"),
        ({}, "62345678"),
        ({}, "13812345678, 13912345678"),
        ({}, ["138"]),
        ({}, "1" * 5000),
        ({}, "电话"),
    )

    def _region(self, context: Context) -> str:
        return str(self.settings.get("region") or context.region)

    def clean(self, raw: Any, context: Context) -> str | None:
        text = narrow(plain(raw)).strip()
        if not text:
            return None
        if len(text) <= 60:
            region = self._region(context)
            digits = text if text.isdigit() else text.translate(FILL)
            found = MOBILE.fullmatch(digits)
            if found and (region == "CN" or digits.startswith("+86")):
                return "+86" + found[1]
            number = standard(text, region)
            if number:
                return number
        en = "write 138 1234 5678, 010-6234 5678 (with area code) or +1 650 253 0000"
        zh = "请写成 138 1234 5678、010-6234 5678（带区号）或 +1 650 253 0000"
        text = shown(text)
        raise bad("not_a_phone", f"{text!r} is not a phone number; {en}", f"“{text}”不是有效电话；{zh}")

    def text(self, value: Any, context: Context) -> str:
        if value is None:
            return ""
        main, _, extension = value.partition(";ext=")
        region = self._region(context)
        if region == "CN" and MOBILE.fullmatch(main):
            return f"{main[3:6]} {main[6:10]} {main[10:]}"
        try:
            number = phonenumbers.parse(main, None)
        except phonenumbers.NumberParseException:
            return str(value)
        own = number.country_code == phonenumbers.country_code_for_region(region)
        shape = PhoneNumberFormat.NATIONAL if own else PhoneNumberFormat.INTERNATIONAL
        found = str(phonenumbers.format_number(number, shape))
        if not extension:
            return found
        return f"{found} 转 {extension}" if context.language.startswith("zh") else f"{found} ext. {extension}"

    def search_text(self, value: Any) -> str:
        main = value.partition(";")[0]
        if main.startswith("+861") and len(main) == 14:
            return f"{main} {main[3:]}"
        national = self.text(main, Context(region=str(self.settings.get("region") or "CN")))
        return f"{main} {''.join(one for one in national if one.isdigit())}"

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\+[0-9]{5,17}(;ext=[0-9]{1,8})?$"}

    def check(self) -> list[Problem]:
        region = self.settings.get("region")
        if region is None or region in phonenumbers.SUPPORTED_REGIONS:
            return []
        en = f"{shown(region)!r} is not a country code such as CN"
        message = Message(en, f"“{shown(region)}”不是国家代码，应如 CN")
        return [Problem("region", message, path="region")]
