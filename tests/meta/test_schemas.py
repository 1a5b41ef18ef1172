"""The schemas themselves, the quick check against jsonschema, and the time that a large model takes."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runtime.base.kind import Catalog
from runtime.meta import generate, load
from runtime.meta.build import build
from runtime.meta.check import check
from runtime.meta.load import DOCUMENTS
from runtime.meta.schemas import FOLDER, envelope
from runtime.meta.validate import rulebook, validate
from tests.meta.large import large


def test_the_schemas_of_the_kinds_are_fresh(catalog: Catalog) -> None:
    assert generate.stale(catalog) == [], "run: python -m runtime.meta.generate"


@pytest.mark.parametrize("piece", DOCUMENTS)
def test_a_schema_is_a_schema_with_words_in_both_languages(piece: str, catalog: Catalog) -> None:
    schema = envelope(piece)
    Draft202012Validator.check_schema(schema)
    for key, one in schema["properties"].items():
        for part in ("title", "description"):
            assert one.get(part), f"{piece}.{key} has no {part}"
        for part in ("x-label", "x-help"):
            assert one.get(part, {}).get("en") and one[part].get("zh"), f"{piece}.{key} has no {part}"
    assert schema["examples"]
    for example in schema["examples"]:
        assert rulebook(catalog).faults(piece, example) == []


def test_the_kinds_have_schemas_and_examples_that_hold(catalog: Catalog) -> None:
    for file in FOLDER.glob("kinds/*/*.schema.json"):
        Draft202012Validator.check_schema(json.loads(file.read_text(encoding="utf-8")))
    book = rulebook(catalog)
    for name, example in wrapped(catalog):
        found = book.faults(name, example)
        assert found == [], (example, found)
        assert book.right(name, example)


def wrapped(catalog: Catalog) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every example of every kind inside of a document."""
    for kind in catalog:
        for one in kind.examples:
            example = json.loads(json.dumps(one, default=str))
            if kind.family == "field":
                yield "object", {"object": "a", "fields": {"a": {"type": kind.name, **example}}}
            elif kind.family == "view":
                yield "view", {"view": "a", "object": "a", "type": kind.name, **example}
            elif kind.family == "node":
                yield "workflow", {"workflow": "a", "object": "a", "nodes": [example]}
            elif kind.family == "trigger":
                yield "automation", {"automation": "a", "when": {kind.name: example}, "do": [{"stop": {}}]}
            elif kind.family == "action":
                yield "automation", {"automation": "a", "when": {"record_created": {}}, "do": [{kind.name: example}]}
            elif kind.family == "chart":
                chart = {"chart": kind.name, "object": "a", "at": [0, 0, 1, 1], **example}
                yield "dashboard", {"dashboard": "a", "charts": [chart]}


def spoilt(value: Any, chance: random.Random) -> Any:
    """The value with one thing somewhere in it changed."""
    odd = chance.choice([None, True, False, 0, -1, 3.5, "x", "", "=x", [], {}, ["a", "a"], {"x": 1}, "A b", 10**6])
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        what = chance.random()
        if what < 0.15:
            return {one: inner for one, inner in value.items() if one != key}
        if what < 0.3:
            return {**value, chance.choice(["zzz", "label", "when", key + "x"]): odd}
        return {**value, key: spoilt(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        return [*value[:place], spoilt(value[place], chance), *value[place + 1 :]]
    return odd


def test_the_quick_check_agrees_with_jsonschema(catalog: Catalog) -> None:
    """Whatever the quick check lets pass, jsonschema lets pass, and the other way round."""
    book = rulebook(catalog)
    chance = random.Random(7)
    for name, example in wrapped(catalog):
        for _ in range(12):
            one = spoilt(copy.deepcopy(example), chance)
            assert book.right(name, one) == (book.faults(name, one) == []), (name, one, book.faults(name, one))


def prepared(texts: list[tuple[str, str]], catalog: Catalog) -> float:
    """Seconds of the processor for loading, validating, building and checking."""
    begun = time.process_time()
    loaded = load.from_texts(texts)
    assert validate(loaded, catalog) == []
    model = build(loaded, catalog)
    assert check(model, loaded, catalog) == []
    assert sum(len(one.fields) for one in model.objects.values()) == 50 * len(model.objects)
    return time.process_time() - begun


def test_the_cost_of_a_model_grows_with_its_size_only(catalog: Catalog) -> None:
    """300 objects of 50 fields cost what ten models of 30 cost, not more."""
    prepared(large(3, 50), catalog)
    small, whole = prepared(large(30, 50), catalog), prepared(large(300, 50), catalog)
    print(f"30 objects {small:.2f} s, 300 objects {whole:.2f} s")
    assert whole < 25 * small
