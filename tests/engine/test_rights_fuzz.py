"""Whatever a caller asks, the answer is the same to the byte when only values change that he may not read.

Random roles, records and owners; the test decides by itself who may see what, changes everything else behind the
caller's back, and compares all answers. Equal widths (own records on both sides of a link) count as readable by
decision 13 of the formula language and are left out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from runtime.base.sqltext import Sql, ident
from runtime.engine import records
from runtime.engine.saving import Options
from tests.conftest import Shop
from tests.engine.tables import guarded_no_more

FIRM = """
object: firm
label: {en: Firm, zh: 公司}
title: name
fields:
  code: {type: text, label: {en: Code, zh: 代码}, unique: true}
  name: {type: text, label: {en: Name, zh: 名称}}
  region: {type: select, label: {en: Region, zh: 地区}, options: {west: {en: West, zh: 西}, east: {en: East, zh: 东}}}
  secret: {type: number, label: {en: Secret, zh: 秘密}}
  phone: {type: phone, label: {en: Phone, zh: 电话}}
  tagged: {type: tags, label: {en: Tags, zh: 标签}}
  since: {type: date, label: {en: Since, zh: 起始}}
  note: {type: long_text, label: {en: Note, zh: 备注}}
  twice: {type: formula, label: {en: Twice, zh: 两倍}, value: secret * 2, result: number}
  dealt: {type: rollup, label: {en: Dealt, zh: 成交}, value: SUM(deals.amount), result: number}
"""
DEAL = """
object: deal
label: {en: Deal, zh: 交易}
title: code
fields:
  code: {type: text, label: {en: Code, zh: 代码}, unique: true}
  firm: {type: link, label: {en: Firm, zh: 公司}, to: firm, reverse: deals}
  amount: {type: number, label: {en: Amount, zh: 金额}}
  cost: {type: money, label: {en: Cost, zh: 成本}}
  status: {type: select, label: {en: Status, zh: 状态}, options: {open: {en: Open, zh: 开}, shut: {en: Shut, zh: 关}}}
  paid: {type: checkbox, label: {en: Paid, zh: 已付}}
  margin: {type: formula, label: {en: Margin, zh: 毛利}, value: amount - cost, result: number}
  firm_secret: {type: formula, label: {en: Firm secret, zh: 公司秘密}, value: firm.secret, result: number}
  firm_title: {type: formula, label: {en: Firm title, zh: 公司名}, value: firm.title, result: text}
  firm_owner: {type: formula, label: {en: Firm owner, zh: 负责人}, value: firm.owner.name, result: text}
  lines_sum: {type: rollup, label: {en: Sum, zh: 合计}, value: SUM(lines.price), result: number}
"""
LINE = """
object: line
label: {en: Line, zh: 明细}
fields:
  deal: {type: link, label: {en: Deal, zh: 交易}, to: deal, reverse: lines, owned: true, required: true}
  price: {type: number, label: {en: Price, zh: 价格}}
  margin: {type: number, label: {en: Margin, zh: 毛利}}
"""
#: Stored fields that a role may narrow, and a random value of each. Titles and keys stay readable.
VALUES = {
    "firm": {"secret": lambda r: r.randint(1, 99), "phone": lambda r: f"138{r.randint(10**7, 10**8 - 1)}",
             "tagged": lambda r: r.sample(["a", "b", "c"], 2), "since": lambda r: f"20{r.randint(10, 30)}-01-02",
             "note": lambda r: r.choice(["长文", "文本", "notes"]) + str(r.randint(1, 99))},
    "deal": {"amount": lambda r: r.randint(1, 99), "cost": lambda r: r.randint(1, 99), "paid": lambda r: r.random() < 0.5},
    "line": {"price": lambda r: r.randint(1, 99), "margin": lambda r: r.randint(1, 99)},
}  # fmt: skip
WHERE = {"firm": "region == 'west'", "deal": "status == 'open'"}
USERS = 4


def random_role(r: random.Random, name: str) -> dict[str, Any]:
    scopes = {"firm": r.choice(["all", "own", "where", "none"]), "deal": r.choice(["all", "own", "where"])}
    if scopes["deal"] == "own" == scopes["firm"]:
        scopes["firm"] = "where"
    objects: dict[str, Any] = {}
    for one in ("firm", "deal", "line"):
        entry: dict[str, Any] = {"fields": {}}
        if one in scopes:
            level: Any = {"where": WHERE[one]} if scopes[one] == "where" else scopes[one]
            entry |= {"read": level, "update": "all", "bulk": True, "export": True}
        for field in VALUES[one]:
            right = r.choice(["hidden", "masked", "read", "write"])
            if right != "write":
                entry["fields"][field] = right
        objects[one] = entry
    return {"role": name, "label": {"en": name, "zh": name}, "objects": objects}


class World:
    """Random records of random owners, and who may see which."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.random = r = random.Random(seed)
        self.roles = {f"r{number}": random_role(r, f"r{number}") for number in range(USERS)}
        shop.publish(FIRM, DEAL, LINE, *(json.dumps(one) for one in self.roles.values()))
        self.users = {f"u{number}": shop.user(f"u{number}", f"r{number}") for number in range(USERS)}
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"firm": {}, "deal": {}, "line": {}}
        owners = [*self.users.values()]
        for number in range(12):
            self.make(
                "firm",
                code=f"F{number}",
                name=f"公司{number}",
                region=r.choice(["west", "east"]),
                owner=r.choice(owners),
            )
        for number in range(24):
            self.make("deal", code=f"D{number}", firm=r.choice([*self.rows["firm"]]), status=r.choice(["open", "shut"]),
                      owner=r.choice(owners))  # fmt: skip
        for _ in range(40):
            self.make("line", deal=r.choice([*self.rows["deal"]]))

    def make(self, name: str, /, **values: Any) -> None:
        body = {**{key: value(self.random) for key, value in VALUES[name].items()}, **values}
        answer = self.shop.ask("POST", f"/records/{name}", json=body)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        self.rows[name][answer.get_json()["id"]] = {**values}

    def sees(self, user: str, name: str, row: dict[str, Any]) -> bool:
        if name == "line":
            return self.sees(user, "deal", self.rows["deal"][row["deal"]])
        level = self.roles[user.replace("u", "r")]["objects"][name]["read"]
        if isinstance(level, dict):
            return (row["region"] == "west") if name == "firm" else (row["status"] == "open")
        return level == "all" or (level == "own" and row["owner"] == self.users[user])

    def change_unreadable(self, user: str) -> int:
        """Give other values to everything that the user may not read; version and history stay as they were."""
        session, changed = self.shop.session(), 0
        session.settle()
        for name, rows in self.rows.items():
            rights = self.roles[user.replace("u", "r")]["objects"][name]["fields"]
            for record_id, row in rows.items():
                seen = self.sees(user, name, row)
                keys = [key for key in VALUES[name] if not seen or rights.get(key) == "hidden"]
                values: dict[str, Any] = {key: VALUES[name][key](self.random) for key in keys}
                if not seen and name == "firm":
                    values["name"] = f"改名{self.random.randint(0, 10**6)}"
                if values:
                    self.behind(session, name, record_id, values)
                    changed += 1
        return changed

    def behind(self, session: Any, name: str, record_id: str, values: dict[str, Any]) -> None:
        """Change one record so that neither it nor the record that it is a line of tells that it was."""
        told = [(record_id, session.layout.object(name).table)]
        link = session.model.objects[name].owner_link
        if link is not None:
            owner = self.shop.database.row(
                Sql(f"SELECT data->>%s FROM {told[0][1]} WHERE id = %s::uuid", (link.key, record_id))
            )
            assert owner is not None
            told.append((owner[0], session.layout.object(link.relates.target_object()).table))
        marks = [
            self.shop.database.rows(
                Sql(f"SELECT version, updated_at, updated_by FROM {table} WHERE id = %s::uuid", (one,))
            )[0]
            for one, table in told
        ]
        records.update(session, name, record_id, values, Options(trusted=True))
        with guarded_no_more(self.shop, "s_history"):
            self.unsay(told, marks)

    def unsay(self, told: list[tuple[str, str]], marks: list[tuple[Any, ...]]) -> None:
        """Records (id, table) as if they had not been changed after their marks."""
        history = ident(self.shop.workspace.schema, "s_history")
        for (one, table), mark in zip(told, marks, strict=True):
            self.shop.database.rows(
                Sql(
                    f"UPDATE {table} SET version = %s, updated_at = %s, updated_by = %s WHERE id = %s::uuid",
                    (*mark, one),
                )
            )
            self.shop.database.rows(
                Sql(f"DELETE FROM {history} WHERE record_id = %s::uuid AND version > %s", (one, mark[0]))
            )

    # -- every way to ask ------------------------------------------------------------------------------

    def answers(self, user: str) -> dict[str, bytes]:
        found = {}
        for method, path, body in self.questions():
            answer = (
                self.shop.ask(method, path, user, json=body) if body is not None else self.shop.ask(method, path, user)
            )
            assert answer.status_code < 500, (path, body, answer.data)
            found[f"{method} {path} {body}"] = f"{answer.status} {answer.headers.get('ETag')} ".encode() + answer.data
        return found

    def questions(self) -> Iterator[tuple[str, str, Any]]:
        yield from [("GET", "/openapi.json", None), ("GET", "/model", None)]
        for q in ("公司", "改名", "gongsi", "文本", "notes", "138", "D1", "a"):
            yield "GET", f"/search?q={q}&limit=100", None
            yield "GET", f"/records/firm?q={q}&count=exact", None
        for name, rows in self.rows.items():
            path = f"/records/{name}"
            fields = [*self.fields(name)]
            links = [one for one in ("firm", "deal") if one in fields]
            yield "GET", f"{path}?limit=500&count=exact&expand={','.join(['owner', *links])}", None
            yield "GET", f"{path}?limit=3&numbers=string", None
            yield "GET", f"{path}/export?format=csv", None
            for field in fields:
                yield "GET", f"{path}?sort=-{field}&limit=500&fields=id", None
                yield "GET", f"{path}?fields={field}&limit=500", None
                yield "GET", f"{path}?filter=NOT(ISBLANK({field}))&fields=id&count=exact", None
                yield "POST", f"{path}/aggregate", {"group_by": [field]}
                for measure in ("SUM", "COUNTD", "MAX"):
                    yield "POST", f"{path}/aggregate", {"measures": {"m": f"{measure}({field})"}}
            for record_id in [*rows][:12]:
                yield "GET", f"{path}/{record_id}?expand={','.join(links)}", None
                yield "GET", f"{path}/{record_id}/history", None
        for source in (
            "secret > 50",
            "twice > 100",
            "phone == '+8613800000000'",
            "note == 'x'",
            "dealt > 100",
            "COUNT(deals) > 1",
            "SUM(deals.cost) > 60",
            "ANY(deals, cost > 50)",
            "COUNT(deals, paid) > 0",
            "MAX(deals.firm_secret) > 40",
        ):
            yield "GET", f"/records/firm?filter={source.replace('+', '%2B')}&fields=id&limit=500", None
        for source in (
            "firm.secret > 50",
            "firm.name == '公司1'",
            "firm.title > '公司3'",
            "margin > 0",
            "firm_secret > 50",
            "lines_sum > 50",
            "firm.dealt > 100",
            "firm.owner.name == 'u1'",
            "SUM(lines.margin) > 50",
            "firm.region == 'east'",
            "ANY(firm.deals, cost > 50)",
            "ISBLANK(firm.name)",
        ):
            yield "GET", f"/records/deal?filter={source}&fields=id&limit=500", None
            yield "POST", "/records/deal/aggregate", {"group_by": [source]}
        for group in ("firm.name", "firm.secret", "firm.title", "firm.phone", "lines_sum", "margin"):
            yield (
                "POST",
                "/records/deal/aggregate",
                {"group_by": [group], "measures": {"n": "COUNT()", "s": "SUM(amount)"}},
            )
        for source in (
            "firm.secret",
            "firm.name",
            "firm.title",
            "cost",
            "margin",
            "SUM(lines.margin)",
            "firm.dealt",
            "firm_title",
            "COUNT(firm.deals)",
            "MAX(firm.deals, cost)",
        ):
            for record_id in [*self.rows["deal"]][:6]:
                yield (
                    "POST",
                    "/formula/check",
                    {"object": "deal", "source": source, "evaluate": True, "record": record_id},
                )
        yield (
            "POST",
            "/records/firm/bulk",
            {"mode": "update", "key": "code", "records": [{"code": f"F{n}"} for n in range(12)]},
        )
        yield "POST", "/records/deal/bulk", {"mode": "update", "records": [{"id": one} for one in self.rows["deal"]]}

    def fields(self, name: str) -> list[str]:
        session = self.shop.session()
        return [*session.model.objects[name].fields]


@pytest.mark.parametrize("seed", [1, 2])
def test_unreadable_values_change_no_answer(shop: Shop, seed: int) -> None:
    world = World(shop, seed)
    for user in world.users:
        before = world.answers(user)
        changed = world.change_unreadable(user)
        after = world.answers(user)
        different = [question for question in before if before[question] != after[question]]
        assert not different, (
            world.roles[user.replace("u", "r")],
            [(one, before[one][:600], after[one][:600]) for one in different[:3]],
            len(different),
        )
        assert changed, "nothing was hidden from anybody: the test tests nothing"
