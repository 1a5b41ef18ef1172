"""The sample data of crm_project_sales: projects around the customers, opportunities and contracts of crm_basic.

Records of the other app are named as people would name them (customer, title, number on paper), because the app may be
installed long after the other one.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

from templates.sample import crm_basic, world
from templates.sample.files import Row, head, table
from templates.sample.world import AS_OF, Dice, cents, day, workday

SEED = 20261119
PEOPLE = [
    ("chengyan", "程砚", "售前技术部", "luchengyu", ("presales",)),
    ("wenruozhou", "温若舟", "售前技术部", "chengyan", ("presales",)),
    ("weiran", "魏然", "项目交付部", "luchengyu", ("project_manager",)),
    ("shimingyuan", "石明远", "项目交付部", "weiran", ("project_manager",)),
]
DEPARTMENTS = [("售前技术部", "砺川智造", "chengyan"), ("项目交付部", "砺川智造", "weiran")]
KINDS = {"MES": "software", "数据": "software", "维保": "service", "改造": "rebuild", "二期": "extension"}
RIVALS = [
    ("凯恩机器人", "high", "机器人,焊接", "品牌知名度高，本体价格低", "系统集成能力弱，交付周期长", "强调整线交付经验与节拍承诺"),
    ("拓维自动化", "high", "系统集成,输送线", "本地化服务网点多", "软件能力不足", "突出自有 MES 与调度系统一体化"),
    ("博锐智能", "middle", "移动机器人", "移动机器人价格有优势", "大规模调度案例少", "邀请客户参观百台调度现场"),
    ("海森装备", "middle", "码垛,包装", "食品行业案例多", "视觉方案依赖外购", "提供视觉样件测试报告"),
    ("迈科视觉", "low", "机器视觉", "算法精度高", "缺少机械与电气团队", "联合报价，打包整体方案"),
    ("联控软件", "low", "工业软件", "价格低、实施快", "二次开发能力弱", "强调可配置与数据追溯"),
]
CONCERNS = {"decider": "投资回报与政绩", "approver": "预算与合规", "evaluator": "技术先进性与可靠性", "user": "操作简便、少停机", "buyer": "价格与付款条件"}
ROLES = {"decider": "decider", "influencer": "approver", "evaluator": "evaluator", "buyer": "buyer", "gatekeeper": "approver", "user": "user"}
STAGES = {"discover": "registered", "qualify": "survey", "propose": "solution", "negotiate": "negotiation", "won": "won", "lost": "lost"}
MILESTONES = [("合同签订与启动会", 7, 30), ("方案冻结与设计评审", 35, 0), ("设备到货", 75, 30), ("安装调试完成", 105, 0), ("终验收", 135, 30), ("质保期满", 500, 10)]


class Maker:
    """Makes all rows."""

    def __init__(self) -> None:
        self.dice = Dice(SEED)
        self.basic = crm_basic.made()
        self.customers = {one["name"]: one for one in self.basic.customers}
        self.projects: list[Row] = []
        self.stakeholders: list[Row] = []
        self.rivals: list[Row] = []
        self.solutions: list[Row] = []
        self.items: list[Row] = []
        self.bids: list[Row] = []
        self.quotes: list[Row] = []
        self.lines: list[Row] = []
        self.contracts: list[Row] = []
        self.milestones: list[Row] = []

    def make(self) -> None:
        """A project for the large opportunities of each kind."""
        chances = [one for one in self.basic.opportunities if one["amount"] and one["amount"] > 400000]
        for stages, many in ((("won",), 8), (("lost",), 4), (("propose", "negotiate"), 9), (("discover", "qualify"), 6)):
            for one in [one for one in chances if one["stage"] in stages][:many]:
                self.project(one)
        self.projects.sort(key=lambda one: one["registered_on"])

    def project(self, chance: Row) -> None:
        dice = self.dice
        ref = f"P-{chance['ref']}"
        customer = self.customers[chance["customer"]]
        closed = chance["closed_on"]
        early = chance["stage"] in ("discover", "qualify")
        registered = workday(((closed or AS_OF) - AS_OF).days - dice.randint(20, 60))
        if chance["stage"] in ("won", "lost"):
            registered -= datetime.timedelta(days=60)
        state = "approved" if not early else dice.one({"submitted": 50, "approved": 40, "draft": 10})
        stage = STAGES[chance["stage"]]
        if stage == "negotiation" and dice.random() < 0.5:
            stage = "bidding"
        dealers = [one["name"] for one in self.basic.customers if one["kind"] == "partner" and one is not customer]
        name = f"{chance['name']}项目"
        self.projects.append({
            "ref": ref, "name": name, "customer": customer["name"],
            "dealer": dice.choice(dealers) if dealers and dice.random() < 0.3 else None, "opportunity": chance["name"],
            "contact": self.title(customer["name"], 0),
            "kind": next((kind for word, kind in KINDS.items() if word in name), "new_line"), "site": customer["address"],
            "budget": (chance["amount"] * Decimal("1.1")).quantize(Decimal(1)), "expected_amount": chance["amount"],
            "expected_on": chance["close_on"],
            "tender_kind": dice.one({"public": 30, "invited": 40, "negotiation": 16, "inquiry": 14}), "stage": stage,
            "registration": state, "registered_on": registered, "protected_until": registered + datetime.timedelta(days=180),
            "reviewer": "luchengyu" if state == "approved" else None,
            "review_note": "信息属实，同意报备。" if state == "approved" else None,
            "source_note": "客户技术负责人主动联系，已现场确认项目立项文件。", "presales": None if early else dice.choice(["chengyan", "wenruozhou"]),
            "manager": dice.choice(["weiran", "shimingyuan"]) if stage == "won" else None, "need": chance["need"],
            "risk": dice.one({"low": 30, "middle": 50, "high": 20}), "risk_note": "工期紧，需提前锁定核心设备产能。",
            "lost_reason": dice.choice(["price", "technical", "relation"]) if stage == "lost" else None, "owner": chance["owner"],
        })  # fmt: skip
        self.around(ref, customer)
        if early:
            return
        presales = self.projects[-1]["presales"]
        cost = self.solution(ref, chance, presales)
        if stage in ("bidding", "won", "lost") and (stage != "won" or dice.random() < 0.8):
            self.bid(ref, chance, stage, closed)
        self.quote(ref, chance, stage, closed, cost)
        if stage == "won":
            self.contract(ref, chance, self.projects[-1]["manager"])

    def title(self, customer: str, index: int) -> str:
        """A contact as he is called."""
        one = self.basic.contacts[customer][index]
        return f"{one['name']} · {one['position']}"

    def around(self, ref: str, customer: Row) -> None:
        """The people and the rivals."""
        dice = self.dice
        for index, one in enumerate(self.basic.contacts[customer["name"]]):
            role = ROLES[one["role"]]
            self.stakeholders.append({
                "project": ref, "contact": self.title(customer["name"], index), "role": role,
                "influence": dice.randint(3, 5) if role in ("decider", "approver") else dice.randint(1, 4),
                "attitude": one["attitude"], "keeper": customer["owner"], "concern": CONCERNS[role],
            })  # fmt: skip
        for name, *_ in dice.sample(RIVALS, dice.choice([0, 1, 1, 2])):
            self.rivals.append({
                "project": ref, "competitor": name, "price": Decimal(dice.randint(40, 200)) * 10000,
                "position": dice.one({"ahead": 20, "level": 45, "behind": 35}),
                "backing": dice.choice(["采购部", "设备部", "设计院", ""]), "answer": next(one[5] for one in RIVALS if one[0] == name),
            })  # fmt: skip

    def offered(self, chance: Row) -> tuple[list[Row], Decimal]:
        """The lines of the quote that was made in the CRM."""
        quote = next((one for one in self.basic.quotes if one["opportunity"] == chance["ref"]), None)
        lines = [one for one in self.basic.quote_lines if quote and one["quote"] == quote["ref"]]
        return lines, quote["discount"] if quote else Decimal(0)

    def solution(self, ref: str, chance: Row, presales: str) -> Decimal:
        """One or two revisions of a solution; the cost of the last."""
        dice = self.dice
        lines, _ = self.offered(chance)
        total = Decimal(0)
        last = dice.choice([1, 1, 2])
        for revision in range(1, last + 1):
            name = f"{ref} V{revision}"
            status = "approved" if revision == last else "rejected"
            self.solutions.append({
                "ref": name, "project": ref, "revision": revision, "status": status, "author": presales,
                "summary": f"{chance['need']}方案采用标准化单元组合，预留扩展接口。", "weeks": dice.randint(8, 26),
                "risk_share": Decimal(5), "owner": presales,
            })  # fmt: skip
            total = Decimal(0)
            rows = [(world.PRODUCTS[codes().index(one["product"])], one["quantity"]) for one in lines]
            for product, quantity in rows:
                kind = {"hardware": "hardware", "software": "software", "service": "labour"}[product[4]]
                unit = Decimal(product[8])
                self.items.append({"solution": name, "kind": kind, "product": product[0], "name": None, "quantity": quantity, "unit_cost": unit})
                total += cents(quantity * unit)
            for kind, text, quantity, unit in (("labour", "机械与电气设计", dice.randint(10, 30), 1200), ("travel", "差旅费用", dice.randint(8, 24), 650), ("subcontract", "现场土建与管线", 1, dice.randint(8, 40) * 1000)):
                self.items.append({"solution": name, "kind": kind, "product": None, "name": text, "quantity": Decimal(quantity), "unit_cost": Decimal(unit)})
                total += cents(Decimal(quantity) * unit)
        return total + cents(total * Decimal("0.05"))

    def bid(self, ref: str, chance: Row, stage: str, closed: datetime.date | None) -> None:
        dice = self.dice
        on = workday((closed - AS_OF).days - 21) if closed else workday(dice.randint(4, 20))
        status = {"won": "won", "lost": "lost"}.get(stage, dice.choice(["preparing", "deciding"]))
        ended = status in ("won", "lost")
        rival = dice.choice(RIVALS)[0] if status == "lost" else None
        price = chance["amount"]
        technical, commercial = Decimal(dice.randint(38, 52)), Decimal(dice.randint(8, 14))
        self.bids.append({
            "ref": f"B-{ref}", "project": ref, "tender_number": f"ZB{on:%y%m}-{dice.randint(100, 999)}",
            "agency": dice.choice(["中衡招标代理", "诚远工程咨询", "华正招标服务"]), "status": status,
            "published_on": on - datetime.timedelta(days=25), "questions_until": on - datetime.timedelta(days=12),
            "deadline_at": datetime.datetime.combine(on, datetime.time(9, 30)), "opens_at": datetime.datetime.combine(on, datetime.time(10, 0)),
            "place": "公共资源交易中心", "bond": Decimal(dice.choice([20000, 50000, 80000])),
            "bond_state": ("returned" if dice.random() < 0.7 else "paid") if ended else "unpaid",
            "bond_back_on": on + datetime.timedelta(days=45), "limit_price": (price * Decimal("1.08")).quantize(Decimal(1)),
            "our_price": price if ended or status == "preparing" else None, "technical": technical if ended else None,
            "commercial": commercial if ended else None, "price_score": Decimal(dice.randint(22, 29)) if ended else None,
            "rank": 1 if status == "won" else 2 if status == "lost" else None, "winner": rival,
            "winning_price": price if status == "won" else (price * Decimal("0.94")).quantize(Decimal(1)) if status == "lost" else None,
            "lesson": "技术分领先，价格分失分较多，后续需提前优化成本。" if status == "lost" else None, "owner": chance["owner"],
        })  # fmt: skip

    def quote(self, ref: str, chance: Row, stage: str, closed: datetime.date | None, cost: Decimal) -> None:
        """What the project is offered for: the lines of the CRM's quote at its prices."""
        dice = self.dice
        lines, discount = self.offered(chance)
        if not lines:
            return
        on = workday((closed - AS_OF).days - 15) if closed else workday(-dice.randint(3, 20))
        name = f"PQ-{ref}"
        solution = [one["ref"] for one in self.solutions if one["project"] == ref][-1]
        self.quotes.append({
            "ref": name, "project": ref, "solution": solution,
            "status": {"won": "accepted", "lost": "rejected"}.get(stage, dice.choice(["draft", "sent"])), "quoted_on": on,
            "valid_until": on + datetime.timedelta(days=60), "target_margin": Decimal(25), "discount": discount,
            "note": "含一年质保与现场培训。", "owner": chance["owner"],
        })  # fmt: skip
        for one in lines:
            self.lines.append({"project_quote": name, "product": one["product"], "quantity": one["quantity"], "price": one["price"],
                               "discount": one["discount"], "tax_rate": one["tax_rate"]})  # fmt: skip

    def contract(self, ref: str, chance: Row, manager: str) -> None:
        dice = self.dice
        signed = next(one for one in self.basic.contracts if one["opportunity"] == chance["ref"])
        name = f"PC-{ref}"
        begun: datetime.date = signed["signed_on"]
        age = (AS_OF - begun).days
        self.contracts.append({
            "ref": name, "project": ref, "contract": signed["paper_number"], "project_quote": f"PQ-{ref}", "manager": manager,
            "status": "closed" if age > 520 else "accepted" if age > 150 else "running", "start_on": begun,
            "end_on": begun + datetime.timedelta(days=135), "accepted_on": begun + datetime.timedelta(days=138) if age > 150 else None,
            "scope": chance["need"], "owner": manager,
        })  # fmt: skip
        for step, (text, days, share) in enumerate(MILESTONES, 1):
            due = begun + datetime.timedelta(days=days)
            slip = dice.randint(-3, 8)
            done = min(due + datetime.timedelta(days=slip), day(-1)) if due < AS_OF and (age > 150 or dice.random() < 0.8) else None
            self.milestones.append({
                "project_contract": name, "step": step, "name": text, "due_on": due, "done_on": done,
                "status": "done" if done else "working" if due < day(20) else "open", "share": Decimal(share),
            })  # fmt: skip


def codes() -> list[str]:
    """The product codes in their order."""
    return [one[0] for one in world.PRODUCTS]


def files() -> dict[str, bytes]:
    """The files of ``crm_project_sales/data``."""
    maker = Maker()
    maker.make()
    columns = ("name", "level", "products", "strengths", "weaknesses", "tactics")
    competitors = [dict(zip(columns, one, strict=True)) for one in RIVALS]
    tables = [
        ("competitor", competitors), ("project", maker.projects), ("project_stakeholder", maker.stakeholders),
        ("project_rival", maker.rivals), ("solution", maker.solutions), ("solution_item", maker.items), ("bid", maker.bids),
        ("project_quote", maker.quotes), ("project_quote_line", maker.lines), ("project_contract", maker.contracts),
        ("project_milestone", maker.milestones),
    ]  # fmt: skip
    found = {f"{number:02d}-{name}.csv": table(rows) for number, (name, rows) in enumerate(tables, 1)}
    more = {"sales": ("project_sales",), "sales_manager": ("project_director",)}
    known = [(*one[:4], more[one[4]]) for one in world.PEOPLE if one[4] in more]
    needs = {"customer": maker.projects[0]["customer"], "opportunity": maker.projects[0]["opportunity"]}
    found["sample.yaml"] = head(AS_OF, DEPARTMENTS, [*PEOPLE, *known], needs)
    return found
