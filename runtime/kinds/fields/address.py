"""Address: country, province, city, district, street, postcode; Chinese ones checked by the official divisions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import phonenumbers

from runtime.base.errors import Message, Problem, nearest
from runtime.kinds.china import Place, Unknown, locate, read
from runtime.kinds.field import BLANK_OPERATORS, BadValue, Context, Field, bad, shown
from runtime.kinds.fields.text import narrow, plain
from runtime.kinds.options import option

PARTS = {
    "country": ("Country", "国家"), "province": ("Province", "省份"), "city": ("City", "城市"),
    "district": ("District", "区县"), "street": ("Street", "详细地址"), "postcode": ("Postcode", "邮编"),
}  # fmt: skip
LONGEST = {"street": 200, "postcode": 12}
COUNTRIES = {"中国": "CN", "中华人民共和国": "CN", "CHINA": "CN", "CHN": "CN", "PRC": "CN"}
POSTCODE = re.compile(r"[0-9]{6}")
LEADING = re.compile(r"(?<![0-9])([0-9]{6})(?![0-9])\s*")
TRAILING = re.compile(r"\s*(?:邮编[:：]?\s*)?(?<![0-9])([0-9]{6})$")


def part_of(raw: Any, name: str) -> str:
    """One part as text of one line. Raises BadValue."""
    text = " ".join(plain(raw).split()) if raw is not None else ""
    if name != "street":
        text = narrow(text)
    longest = LONGEST.get(name, 60)
    if len(text) > longest:
        en, zh = PARTS[name]
        raise bad("too_long", f"{en} has more than {longest} characters", f"{zh}超过 {longest} 个字符")
    return text


def unknown(error: Unknown) -> BadValue:
    """What is said of a division that is not there."""
    en, zh = PARTS[error.level]
    text = shown(error.written)
    some = "、".join(error.known[:8])
    if error.several:
        message = f"{en} {text!r} is there several times, say which: {some}"
        return bad("ambiguous_division", message, f"{zh}“{text}”有多个，请写明：{some}")
    near = nearest(error.written, error.known)
    hint_en = f", did you mean {near}?" if near else f", there are: {some}" if some else ""
    hint_zh = f"，是否为{near}？" if near else f"，可选：{some}" if some else ""
    return bad("not_a_division", f"{en} {text!r} is not known there{hint_en}", f"此处没有{zh}“{text}”{hint_zh}")


class Address(Field):
    """A postal address in its parts, read as one line."""

    name = "address"
    label = {"en": "Address", "zh": "地址"}
    help = {
        "en": "A postal address; Chinese provinces, cities and districts are checked.",
        "zh": "邮寄地址，校验省市区。",
    }
    icon = "map-pin"
    column = None
    operators = ("contains", "not_contains", *BLANK_OPERATORS)
    searchable = True
    widget = "address"
    line = (
        "CASE WHEN {x}->>'country' = 'CN' THEN btrim(concat({x}->>'province',"
        " nullif({x}->>'city', coalesce({x}->>'province', '')), {x}->>'district', {x}->>'street',"
        " ' ' || ({x}->>'postcode'))) ELSE concat_ws(', ', {x}->>'street', {x}->>'district', {x}->>'city',"
        " {x}->>'province', {x}->>'postcode', {x}->>'country') END"
    )
    options = {
        "country": option(
            "string", "Usual country", "默认国家",
            ("ISO code, otherwise the workspace's", "ISO 代码；缺省为工作区所在地"), pattern="^[A-Z]{2}$",
        ),
        "need": option(
            "array", "Parts that must be given", "必填部分", uniqueItems=True,
            items={"type": "string", "enum": list(PARTS)},
        ),
        "official": option("boolean", "Check Chinese divisions", "校验中国行政区划", default=True),
    }  # fmt: skip
    examples = ({}, {"need": ["province", "city"]}, {"country": "US"}, {"official": False})
    valid = (
        (
            {},
            {"province": "北京", "district": "海淀", "street": " 中关村大街1号 ", "postcode": "１０００８０"},
            {
                "country": "CN", "province": "北京市", "city": "北京市", "district": "海淀区",
                "street": "中关村大街1号", "postcode": "100080",
            },
        ),
        (
            {},
            {"province": "440000", "city": "深圳", "district": "440305"},
            {"country": "CN", "province": "广东省", "city": "深圳市", "district": "南山区"},
        ),
        (
            {},
            "江苏 苏州 昆山市 前进路8号",
            {"country": "CN", "province": "江苏省", "city": "苏州市", "district": "昆山市", "street": "前进路8号"},
        ),
        ({}, {"city": "恩施州"}, {"country": "CN", "province": "湖北省", "city": "恩施土家族苗族自治州"}),
        (
            {},
            {"city": "东莞", "district": "长安镇", "street": "S358"},
            {"country": "CN", "province": "广东省", "city": "东莞市", "district": "长安镇", "street": "S358"},
        ),
        (
            {"country": "US"},
            {"street": "1 Main St", "city": "Palo Alto", "province": "CA", "postcode": "94301"},
            {"country": "US", "province": "CA", "city": "Palo Alto", "street": "1 Main St", "postcode": "94301"},
        ),
        ({}, {"street": "", "city": None}, None),
        ({}, "", None),
    )  # fmt: skip
    invalid = (
        ({}, {"province": "火星省"}),
        ({}, {"province": "广东", "city": "苏州"}),
        ({}, {"country": "ZZ", "city": "x"}),
        ({}, {"postcode": "12345"}),
        ({}, {"town": "x"}),
        ({"need": ["street"]}, {"city": "深圳"}),
        ({}, ["北京"]),
        ({}, {"street": ["x"]}),
    )

    def clean(self, raw: Any, context: Context) -> dict[str, str] | None:
        if isinstance(raw, str):
            raw = self.parse(plain(raw), context) if len(raw) <= 500 else raw
        if not isinstance(raw, Mapping):
            raise bad("not_an_address", "must be an address in its parts or in one line", "必须是分项或单行地址")
        strange = [str(key) for key in raw if key not in PARTS]
        if strange:
            en = f"{shown(strange[0])!r} is not a part of an address; allowed: {', '.join(PARTS)}"
            raise bad("unknown_part", en, f"“{shown(strange[0])}”不是地址的组成部分；可用：{'、'.join(PARTS)}")
        parts = {name: part_of(raw.get(name), name) for name in PARTS}
        country = parts.pop("country")
        if not any(parts.values()) and not country:
            return None
        found = {"country": self._country(country, context), **parts}
        if found["country"] == "CN":
            if found["postcode"] and not POSTCODE.fullmatch(found["postcode"]):
                raise bad("not_a_postcode", "a Chinese postcode has 6 digits", "邮编应为 6 位数字")
            if self.settings.get("official", True):
                try:
                    place = locate(found["province"], found["city"], found["district"])
                except Unknown as error:
                    raise unknown(error) from None
                found.update(province=place.province, city=place.city, district=place.district)
        missing = [name for name in self.settings.get("need", ()) if not found[name]]
        if missing:
            en, zh = PARTS[missing[0]]
            raise bad("missing_part", f"{en} is missing", f"缺少{zh}")
        return {name: text for name, text in found.items() if text}

    def _country(self, written: str, context: Context) -> str:
        code = (written or str(self.settings.get("country") or context.region)).upper()
        code = COUNTRIES.get(code, code)
        if code not in phonenumbers.SUPPORTED_REGIONS:
            text = shown(written)
            raise bad("not_a_country", f"{text!r} is not a country code such as CN", f"“{text}”不是国家代码，应如 CN")
        return code

    def parse(self, text: str, context: Context) -> Any:
        """An address of one line in its parts, as well as it can be read."""
        line = " ".join(narrow(text).split())
        if not line:
            return {}
        *parts, last = line.split(", ")
        if re.fullmatch("[A-Z]{2}", last) and last != "CN":
            return self._abroad(parts, last)
        found = TRAILING.search(line) or LEADING.match(line)
        if found:
            line = line[: found.start()] + line[found.end() :]
        place, street = read(line) if self.settings.get("official", True) else (Place(), line)
        return {
            "country": "CN",
            "province": place.province,
            "city": place.city,
            "district": place.district,
            "street": street,
            "postcode": found[1] if found else "",
        }

    def _abroad(self, parts: list[str], country: str) -> dict[str, str]:
        """The parts of ``street, city, province, postcode`` as :meth:`text` writes them."""
        postcode = parts.pop() if parts and any(one.isdigit() for one in parts[-1]) and len(parts) > 1 else ""
        province = parts.pop() if len(parts) > 2 else ""
        city = parts.pop() if len(parts) > 1 else ""
        return {
            "country": country,
            "province": province,
            "city": city,
            "street": ", ".join(parts),
            "postcode": postcode,
        }

    def text(self, value: Any, context: Context) -> str:
        return self.typed(value) if value else ""

    def typed(self, value: Any) -> str:
        """The address in one line: the same as ``line`` gives in SQL."""
        part = value.get
        if part("country") != "CN":
            order = ("street", "district", "city", "province", "postcode", "country")
            return ", ".join(value[name] for name in order if part(name))
        city = part("city", "") if part("city") != part("province") else ""
        postcode = f" {part('postcode')}" if part("postcode") else ""
        return f"{part('province', '')}{city}{part('district', '')}{part('street', '')}{postcode}".strip(" ")

    def show(self, value: Any, context: Context) -> str:
        return self.text(value, context) or ("中国" if context.language.startswith("zh") else "China" if value else "")

    def search_text(self, value: Any) -> str:
        return self.typed(value)

    def json_schema(self) -> dict[str, Any]:
        parts = {name: {"type": "string"} for name in PARTS}
        return {"type": "object", "properties": parts, "required": ["country"], "additionalProperties": False}

    def check(self) -> list[Problem]:
        country = self.settings.get("country")
        if country is None or country in phonenumbers.SUPPORTED_REGIONS:
            return []
        text = shown(country)
        message = Message(f"{text!r} is not a country code such as CN", f"“{text}”不是国家代码，应如 CN")
        return [Problem("country", message, path="country")]
