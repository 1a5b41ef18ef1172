"""No page, route or behaviour knows an object, a field or a kind by its name; a plugin's field type appears everywhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

from runtime.web import texts
from tests.conftest import Shop
from tests.web.browser import Inputs, person

WEB = Path(texts.__file__).parent
TEMPLATES = WEB.parents[1] / "templates"
#: Fragments are named by what kinds ask for; everything else of the pages knows no kind.
FRAGMENTS = ("widgets", "shows", "dist", "static", "locale")


def sources() -> list[Path]:
    found = [*WEB.glob("*.py"), *WEB.glob("pages/*.html"), *WEB.glob("src/pages/*.ts"), *WEB.glob("src/islands/*.ts")]
    return [one for one in found if not set(FRAGMENTS) & set(one.relative_to(WEB).parts)]


def test_no_page_names_an_object_of_a_template() -> None:
    names = {path.stem for path in TEMPLATES.glob("*/objects/*.yaml")}
    assert len(names) > 5
    said = re.compile(rf"""/o/(?:{"|".join(sorted(names))})\b|object\.name\s*[!=]=""")
    assert not [(str(path), one) for path in sources() for one in said.findall(path.read_text(encoding="utf-8"))]


def test_no_page_asks_a_kind_for_its_name() -> None:
    said = re.compile(r"""\.kind\.name\b|field\.type\s*[!=]=|definition\.type\b|view\.doc\.type""")
    assert not [(str(path), one) for path in sources() for one in said.findall(path.read_text(encoding="utf-8"))]


def test_every_field_type_of_the_catalog_stands_in_form_list_filter_and_record(shop: Shop) -> None:
    """Plugins' types too: the catalog is walked, nothing is listed here."""
    fields = []
    for name, kind in shop.catalog.family("field").items():
        options = {**kind.examples[0]}
        if "to" in kind.options:
            options["to"] = "thing"
        options = {key: value for key, value in options.items() if key not in ("owned", "reverse")}
        fields.append((f"a_{name}", name, options))
    usable = []
    for field, name, options in fields:
        text = f"object: thing\nfields:\n  {field}: {{type: {name}, {', '.join(f'{k}: {load_text(v)}' for k, v in options.items())}}}\n"
        try:
            shop.publish(text)
        except Exception:  # What needs other fields of its object (a rollup, a lookup) is not for this test.
            continue
        usable.append(text.partition("fields:\n")[2])
    assert len(usable) > 20
    shop.publish("object: thing\nfields:\n" + "".join(usable))
    li = person(shop, "li", "admin")
    names = [one.strip().partition(":")[0] for one in usable]
    made = shop.ask("POST", "/records/thing", json={})
    assert made.status_code == 201, made.get_data(as_text=True)
    page = li.text("/o/thing?columns=" + ",".join(names[:40]))
    adding = page[page.index('id="filter-add"') :].partition("</select>")[0]
    record, form = li.text(f"/o/thing/{made.json['id']}"), Inputs(li.text("/o/thing/new")).names
    for name in names:
        assert f'value="{name}"' in page, (name, "columns")
        label = shop.workspace.snapshot().model.objects["thing"].fields[name]
        assert f'value="{name}"' in adding or not label.kind.operators, (name, "filter")
        assert label.label["en"] in record, (name, "record")
        assert any(one in (name, f"{name}-file") for one in form) or not label.stored or label.numbered, (name, "form")


def load_text(value: object) -> str:
    """A value as one line of YAML."""
    return json.dumps(value, ensure_ascii=False)
