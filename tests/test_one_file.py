"""One file makes a field type: from then on it is everywhere, and nothing else had to be touched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.config import bundled_plugins
from runtime.kinds.catalog import load_catalog
from tests.conftest import Shop
from tests.web.browser import Inputs, person

ONE_FILE = """
from runtime.plugin import Field, bad, plain


class Shoe(Field):
    name = "shoe_size"
    label = {"en": "Shoe size", "zh": "鞋码"}
    help = {"en": "A size such as EU 42.", "zh": "鞋码，如 EU 42。"}
    widget = "a_look_that_nobody_has_drawn"
    searchable = True
    examples = ({},)
    valid = (({}, "eu 42", "EU42"), ({}, "EU42", "EU42"), ({}, "", None))
    invalid = (({}, "big"), ({}, ["EU42"]), ({}, True))

    def clean(self, raw, context):
        text = plain(raw).replace(" ", "").upper()
        if not text:
            return None
        if not text.startswith("EU") or not text[2:].isascii() or not text[2:].isdigit() or len(text) > 4:
            raise bad("not_a_size", "must be a size such as EU 42", "应为 EU 42 这样的鞋码")
        return text

    def show(self, value, context):
        return f"{value[:2]} {value[2:]}" if value else ""

    def json_schema(self):
        return {"type": "string", "pattern": "^EU[0-9]{1,2}$"}
"""
DOCUMENT = """
object: shoe
label: {en: Shoe, zh: 鞋}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  size: {type: shoe_size, label: {en: Size, zh: 尺码}, indexed: true}
"""


@pytest.fixture
def cobbler(dsn: str, tmp_path: Path) -> Iterator[Shop]:
    """An installation with a plugin of one file."""
    plugin = tmp_path / "cobbler"
    (plugin / "fields").mkdir(parents=True)
    (plugin / "plugin.yaml").write_text('name: cobbler\nversion: "1.0.0"\nlabel: {en: Cobbler, zh: 鞋匠}\n')
    (plugin / "fields" / "shoe.py").write_text(ONE_FILE)
    made = Shop(dsn, tmp_path / "data", load_catalog([*bundled_plugins(), plugin]))
    made.user("admin", "admin")
    yield made
    made.database.close()


def test_one_file(cobbler: Shop) -> None:
    assert cobbler.ask("GET", "/catalog").json["field"]["shoe_size"]["label"]["zh"] == "鞋码"
    cobbler.publish(DOCUMENT)

    made = cobbler.ask("POST", "/records/shoe", json={"name": "Boot", "size": "eu 42"})
    assert made.status_code == 201 and made.json["size"] == "EU42"
    refused = cobbler.ask("POST", "/records/shoe", json={"name": "Boot", "size": "big"})
    assert refused.status_code == 422 and refused.json["errors"][0]["code"] == "not_a_size"
    specification = cobbler.ask("GET", "/openapi.json").json["components"]["schemas"]["shoe"]
    assert "^EU[0-9]{1,2}$" in str(specification["properties"]["size"])

    li = person(cobbler, "li", "admin")
    assert "size" in Inputs(li.text("/o/shoe/new")).names
    page = li.fill("/o/shoe/new", {"name": "Sandal", "size": "small"}).get_data(as_text=True)
    assert "must be a size such as EU 42" in page and 'value="small"' in page
    done = li.fill("/o/shoe/new", {"name": "Sandal", "size": "eu 38"})
    assert done.status_code == 303 and "EU 38" in li.text(done.headers["Location"])
    page = li.text("/o/shoe")
    assert "EU 38" in page and "EU 42" in page and "Size" in page

    found = cobbler.ask("GET", "/records/shoe", query_string={"filter": "size == 'EU42'"})
    assert [one["name"] for one in found.json["data"]] == ["Boot"]
    found = cobbler.ask("GET", "/records/shoe", query_string={"sort": "size"})
    assert [one["name"] for one in found.json["data"]] == ["Sandal", "Boot"]
    page = li.text("/o/shoe?filter=size+%3D%3D+'EU42'")
    assert "Boot" in page and "Sandal" not in page
    page = li.text("/o/shoe?sort=-size")
    assert page.index("Boot") < page.index("Sandal")
    assert "Boot" in li.text("/o/shoe?q=EU42")
    assert "^EU" not in li.text("/docs") and "size" in li.text("/docs")

    rows = {"file": (io.BytesIO("名称,尺码\nClog,eu 40\nSlipper,huge\n".encode()), "rows.csv")}
    outcome = cobbler.ask("POST", "/records/shoe/import", data=rows).json
    assert (outcome["created"], outcome["failed"]) == (1, 1) and outcome["errors"][0]["code"] == "not_a_size"
    exported = cobbler.ask("GET", "/records/shoe/export?format=csv&sort=name").get_data(as_text=True)
    assert "Clog" in exported and "EU40" in exported and "EU42" in exported

    record = made.json["id"]
    cobbler.ask("PATCH", f"/records/shoe/{record}", json={"size": "EU43"})
    changes = cobbler.ask("GET", f"/records/shoe/{record}/history").json["data"][0]["changes"]
    assert changes == {"size": {"old": "EU42", "new": "EU43"}}
    page = li.text(f"/o/shoe/{record}")
    assert "<del>EU 42</del>" in page and "EU 43" in page
