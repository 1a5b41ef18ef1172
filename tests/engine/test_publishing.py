"""Publishing: what is previewed is what happens; values survive renames, removals, changes of type and rollbacks."""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import Any

import pytest

from runtime.app import create_app, make_services
from runtime.base.errors import Conflict, Invalid
from runtime.engine import effects, housekeeping, publish
from runtime.meta import load
from tests.conftest import Shop
from tests.engine.tables import dump

OTHER = """
object: other
label: {en: Other, zh: 其他}
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
"""


def thing(*fields: str, more: str = "") -> str:
    lines = "\n".join(f"  {one}" for one in fields)
    return f"object: thing\nlabel: {{en: Thing, zh: 东西}}\nfields:\n{lines}\n{more}"


NAME = "name: {type: text, label: {en: Name, zh: 名称}}"


def make(shop: Shop, **values: Any) -> str:
    answer = shop.ask("POST", "/records/thing", json=values)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.get_json()["id"])


def all_of(shop: Shop, field: str) -> list[Any]:
    answer = shop.ask("GET", f"/records/thing?limit=500&sort=id&fields={field}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [one[field] for one in answer.get_json()["data"]]


def sound(shop: Shop) -> None:
    """The typed columns say what the JSON says."""
    shop.session().settle()
    assert publish.inconsistent(shop.workspace) == []


CHANGES: list[tuple[str, str, list[Any], list[Any]]] = [
    ("{type: text}", "{type: number}", ["12", "x", "1.50", "", "1e3"], [12, None, 1.5, None, ...]),
    ("{type: text}", "{type: long_text}", ["a", "中文"], ["a", "中文"]),
    ("{type: long_text}", "{type: text, max_length: 5}", ["short", "much too long"], ["short", None]),
    ("{type: number}", "{type: money}", [1, 2.5, -3], [1, 2.5, -3]),
    ("{type: number}", "{type: text}", [1, 2.5], ["1", "2.5"]),
    ("{type: select, options: {a: {en: A, zh: 甲}, b: {en: B, zh: 乙}}}", "{type: text}", ["a", "b"], [..., ...]),
    ("{type: text}", "{type: checkbox}", ["true", "no", "maybe"], [True, False, ...]),
    ("{type: date}", "{type: text}", ["2026-01-02"], ["2026-01-02"]),
    ("{type: text}", "{type: date}", ["2026-01-02", "x"], ["2026-01-02", None]),
    ("{type: text}", "{type: tags}", ["a,b"], [["a", "b"]]),
    ("{type: text}", "{type: link, to: other}", ["0190f3c2-7a1b-7c00-8000-000000000001", "x"], [None, None]),
    ("{type: link, to: thing}", "{type: link, to: other}", [None], [None]),
    ("{type: text}", "{type: autonumber}", ["A1", "A2"], ["A1", "A2"]),
    ("{type: text}", "{type: file}", ["0190f3c2-7a1b-7c00-8000-000000000001"], [None]),
]


def field(doc: str) -> str:
    return "value: " + doc.replace("{type", "{label: {en: Value, zh: 值}, type", 1)


@pytest.mark.parametrize(("old", "new", "values", "expected"), CHANGES)
def test_a_change_of_type_does_what_its_preview_says(
    shop: Shop, old: str, new: str, values: list[Any], expected: list[Any]
) -> None:
    shop.publish(OTHER, thing(NAME, field(old)))
    ids = [make(shop, value=value) for value in values]
    if "link, to: thing" in old:
        shop.ask("PATCH", f"/records/thing/{ids[0]}", json={"value": ids[0]})
    before = all_of(shop, "value")
    effects = {one.code: one.count for one in shop.publish(OTHER, thing(NAME, field(new))).effects}
    found = all_of(shop, "value")
    assert all(want is ... or want == got for want, got in zip(expected, found, strict=True)), found
    filled = sum(one not in (None, False, []) for one in found)
    had = sum(one not in (None, False, []) for one in before)
    assert effects.get("type_changed", 0) == filled and effects.get("values_lost", 0) == had - filled
    sound(shop)
    publish.rollback(shop.workspace, 1)
    assert all_of(shop, "value") == before, "a rollback brings back what was there"
    sound(shop)


def test_rollback_keeps_what_was_written_in_between(shop: Shop) -> None:
    for old, new, then in (("{type: text}", "{type: long_text}", "written"), ("{type: text}", "{type: number}", 7)):
        shop.publish(OTHER, thing(NAME, field(old)))
        first = publish.versions.live(shop.database, shop.workspace.schema).version
        ids = [make(shop, value=value) for value in ("1", "2", "x")]
        shop.publish(OTHER, thing(NAME, field(new)))
        shop.ask("PATCH", f"/records/thing/{ids[0]}", json={"value": then})
        shop.ask("POST", "/records/thing/bulk",
                 json={"mode": "update", "records": [{"id": ids[1], "name": "n"}, {"id": ids[2], "value": then}]})  # fmt: skip
        new_id = make(shop, value=then)
        sound(shop)
        publish.rollback(shop.workspace, first)
        found = {one: shop.ask("GET", f"/records/thing/{one}").get_json()["value"] for one in [*ids, new_id]}
        assert found == {ids[0]: str(then), ids[1]: "2", ids[2]: str(then), new_id: str(then)}
        sound(shop)


def test_references_follow_renames_and_rights_too(shop: Shop) -> None:
    role = """
role: clerk
label: {en: Clerk, zh: 职员}
objects:
  thing: {read: {where: amount > 5}, update: all, fields: {cost: hidden}}
"""
    view = "view: things\nobject: thing\ntype: list\nlabel: {en: T, zh: 东}\nfilter: amount > 1\nsort: [-amount]\ncolumns: [amount]"
    fields = [NAME, "amount: {type: number, label: {en: Amount, zh: 额}}", "cost: {type: number, label: {en: Cost, zh: 本}}",
              "twice: {type: formula, label: {en: Twice, zh: 倍}, value: amount * 2, result: number}"]  # fmt: skip
    more = (
        "unique: [[name, amount]]\nvalidations:\n  v: {valid: amount < 100, message: {en: m, zh: m}, field: amount}\n"
    )
    shop.publish(thing(*fields, more=more), role, view)
    shop.user("clerk", "clerk")
    kept = make(shop, name="a", amount=9, cost=3)
    make(shop, name="a", amount=2)
    renamed = [one.replace("amount:", "sum_of:").replace("{type: number, label: {en: Amount", "{was: amount, type: number, label: {en: Amount")
               .replace("cost:", "price:").replace("{type: number, label: {en: Cost", "{was: cost, type: number, label: {en: Cost")
               for one in fields]  # fmt: skip
    document = thing(*renamed, more=more).replace("object: thing", "object: item\nwas: thing")
    shop.publish(document, role, view)
    answer = shop.ask("GET", "/records/item?limit=10", "clerk")
    assert [one["id"] for one in answer.get_json()["data"]] == [kept], answer.get_json()
    record = answer.get_json()["data"][0]
    assert record["sum_of"] == 9 and record["twice"] == 18 and "price" not in record and "cost" not in record
    assert shop.ask("PATCH", f"/records/item/{kept}", "clerk", json={"price": 1}).status_code == 422
    assert shop.ask("POST", "/records/item", json={"name": "a", "sum_of": 9}).status_code == 409
    assert shop.ask("POST", "/records/item", json={"name": "a", "sum_of": 10}).status_code == 201
    assert shop.ask("POST", "/records/item", json={"name": "b", "sum_of": 100}).status_code == 422
    views = shop.ask("GET", "/model", "clerk").get_json()["pieces"]["view"]
    assert [one["name"] for one in views] == ["things"]
    sound(shop)


def test_a_new_field_of_an_old_name_is_a_new_field(shop: Shop) -> None:
    cost = "cost: {type: number, label: {en: Cost, zh: 成本}}"
    shop.publish(thing(NAME, cost))
    make(shop, name="a", cost=5)
    plan = shop.publish(thing(NAME))
    assert [(one.code, one.count) for one in plan.effects] == [("field_removed", 1)]
    assert shop.ask("GET", "/records/thing?filter=cost == 5").status_code == 422
    shop.publish(thing(NAME, cost))
    assert all_of(shop, "cost") == [None]
    publish.rollback(shop.workspace, 1)
    assert all_of(shop, "cost") == [5]


def test_a_plan_counts_the_records_that_lack_what_becomes_required(shop: Shop) -> None:
    size = "size: {type: number, label: {en: Size, zh: 大小}, required: true}"
    story = "story: {type: long_text, label: {en: Story, zh: 故事}, required: true}"
    number = 'number: {type: autonumber, label: {en: No, zh: 号}, pattern: "N{000}"}'
    shop.publish(thing(NAME))
    for name in "ab":
        make(shop, name=name)
    plan = shop.publish(thing(NAME, size, story, number))
    told = [(one.code, one.field, one.count) for one in plan.effects]
    assert told == [("now_required", "size", 2), ("now_required", "story", 2)]
    make(shop, name="c", size=1, story="long")
    shop.publish(thing(NAME))
    _, plan = publish.rollback(shop.workspace, 2)
    told = [(one.code, one.field, one.count) for one in plan.effects]
    assert told == [("now_required", "size", 2), ("now_required", "story", 2)], "what came back brought its values"


def test_a_refused_publish_changes_nothing(shop: Shop) -> None:
    shop.publish(thing(NAME))
    make(shop, name="a")
    make(shop, name="a")
    before = dump(shop)
    with pytest.raises(Conflict) as refused:
        shop.publish(
            thing(
                "name: {type: text, label: {en: Name, zh: 名}, unique: true}",
                "more: {type: number, label: {en: M, zh: m}}",
            )
        )
    assert refused.value.problems[0].code == "not_unique"
    with pytest.raises(Invalid):
        shop.publish(thing("name: {type: text, label: {en: Name, zh: 名}, default: =nonsense}"))
    assert dump(shop) == before
    sound(shop)


def test_another_process_knows_a_new_object_at_its_next_request(shop: Shop) -> None:
    shop.publish(thing(NAME))
    other = create_app(shop.settings, make_services(shop.settings))
    client = other.test_client()
    headers = {"Authorization": f"Bearer {shop.token('admin')}"}
    assert client.get("/api/v1/records/thing", headers=headers).status_code == 200
    assert client.get("/api/v1/records/other", headers=headers).status_code == 404
    shop.publish(thing(NAME), OTHER)
    made = client.post("/api/v1/records/other", headers=headers, json={"name": "x"})
    assert made.status_code == 201, made.data
    shop.publish(thing(NAME))
    assert client.get("/api/v1/records/other", headers=headers).status_code == 404
    other.extensions["dougong"].workspaces.database.close()


def test_nobody_notices_a_publish(shop: Shop) -> None:
    shop.publish(thing(NAME, field("{type: text}")))
    ids = [make(shop, name="x", value=str(number)) for number in range(40)]
    shop.ask(
        "POST", "/records/thing/bulk", json={"mode": "create", "records": [{"value": str(n)} for n in range(2000)]}
    )
    stop, failed, waits = Event(), [], [0.0]
    last: dict[str, str] = {}

    def write(worker: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            one, value = ids[worker * 10 + number % 10], str(worker * 10_000_000 + number)
            begun = time.monotonic()
            if number % 5 == 0:
                answer = shop.ask("POST", "/records/thing", json={"name": "new", "value": value})
                one = answer.get_json().get("id", one)
            else:
                answer = shop.ask("PATCH", f"/records/thing/{one}", json={"value": value})
            waits.append(time.monotonic() - begun)
            if answer.status_code not in (200, 201):
                failed.append((answer.status_code, answer.get_data(as_text=True)))
            else:
                last[one] = value

    threads = [Thread(target=write, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    try:
        for new in (
            "{type: long_text}",
            "{type: text, unique: false, indexed: true}",
            "{type: number}",
            "{type: text}",
        ):
            shop.publish(OTHER, thing(NAME, field(new), "extra: {type: link, to: other, label: {en: E, zh: e}}"))
    finally:
        stop.set()
        for one in threads:
            one.join()
    print(f"{len(waits)} writes, longest {max(waits):.2f} s")
    assert not failed, failed[:3]
    found = {one: shop.ask("GET", f"/records/thing/{one}").get_json()["value"] for one in [*last][:300]}
    assert found == {one: last[one] for one in found}
    sound(shop)


def test_values_that_become_the_same_by_a_change_of_type_are_told_before(shop: Shop) -> None:
    shop.publish(thing(NAME, field("{type: text}")))
    for name, value in (("a", "1"), ("b", "1.0"), ("c", "2"), ("d", "x"), ("e", "y")):
        make(shop, name=name, value=value)
    for more in ("unique: [[value]]\n", "unique: [[name, value]]\n"):
        wanted = load.from_texts([
            ("app.yaml", "app: shop\nversion: 1.0.0\nlabel: {en: Shop, zh: 商店}\n"),
            ("documents/0.yaml", thing(NAME, field("{type: number}"), more=more)),
        ], "shop")  # fmt: skip
        plan = publish.plan(shop.workspace, wanted)
        refused = [(one.code, one.count) for one in plan.effects if one.refuses]
        assert refused == ([("not_unique", 2)] if "name" not in more else [])
    publish.publish(shop.workspace, wanted)
    sound(shop)


def test_a_rule_that_cannot_be_counted_is_told_as_such(shop: Shop) -> None:
    shop.publish(thing(NAME))
    make(shop, name="a")
    size = "size: {type: number, label: {en: Size, zh: 大小}}"
    rule = "validations:\n  v: {valid: NOT(ISBLANK(size)), message: {en: m, zh: m}, field: size}\n"
    plan = shop.publish(thing(NAME, size, more=rule))
    assert [(one.code, one.field, one.count) for one in plan.effects] == [("not_counted", "size", 1)]


def test_a_count_that_has_not_looked_at_all_values_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish(thing(NAME, field("{type: text}")))
    for value in ("1", "2", "x"):
        make(shop, value=value)
    monkeypatch.setattr(effects, "MOST_VALUES", 2)
    plan = shop.publish(thing(NAME, field("{type: number}")))
    assert plan.effects[0].message.en.startswith("at least ") and "至少" in plan.effects[0].message.zh


def test_a_cut_off_publish_that_cannot_go_live_any_more_stops_nobody(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process ends here."""

    def end(*given: object) -> None:
        raise Killed

    shop.publish(thing(NAME))
    make(shop, name="a")
    unique = NAME.replace("{type: text", "{type: text, unique: true")
    with monkeypatch.context() as cut:
        cut.setattr(publish.ddl, "build_index", end)
        with pytest.raises(Killed):
            shop.publish(thing(unique))
    make(shop, name="a")
    told: list[str] = []
    housekeeping.begin(shop.workspace, told.append)
    assert any("cannot go live any more" in one for one in told)
    states = [one.state for one in publish.versions.history(shop.database, shop.workspace.schema)]
    assert states == ["failed", "live"]
    shop.publish(thing(NAME, field("{type: text}")))
    sound(shop)
