"""A large model as texts, for tests of speed."""

from __future__ import annotations

PATTERNS = (
    "type: number, min: 0, max: 100.5, default: 1",
    "type: text, max_length: 100, indexed: true",
    "type: select, options: {{a: {{en: A, zh: 甲}}, b: {{en: B, zh: 乙}}}}, default: a",
    "type: date",
    "type: formula, value: field_{before} * 2 + 1, result: number",
    "type: money, currency: CNY, min: 0",
    "type: phone, required: \"field_{before} == 'a'\"",
    "type: checkbox, help: {{en: Yes or no, zh: 是或否}}",
)


def large(objects: int, fields: int) -> list[tuple[str, str]]:
    """Path and text of each object: a name, a link to the next object, the rest of several types, 24 % formulas."""
    return [(f"objects/thing_{number}.yaml", one(number, objects, fields)) for number in range(objects)]


def one(number: int, objects: int, fields: int) -> str:
    """The text of one object."""
    lines = [
        f"object: thing_{number}",
        f"label: {{en: Thing {number}, zh: 事物{number}}}",
        "title: name",
        "fields:",
        "  name: {type: text, label: {en: Name, zh: 名称}, required: true, max_length: 80}",
        f"  parent: {{type: link, label: Parent, to: thing_{(number + 1) % objects}, reverse: below}}",
    ]
    for field in range(fields - 2):
        options = PATTERNS[field % len(PATTERNS)].format(before=field - 4)
        lines.append(f"  field_{field}: {{label: {{en: Field {field}, zh: 字段{field}}}, {options}}}")
    return "\n".join(lines) + "\n"
