"""The sample data of crm_basic: two years of a company that builds robots, as seen on one Wednesday."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from templates.sample import world
from templates.sample.files import Row, head, table
from templates.sample.world import AS_OF, Dice, cents, day, workday

SEED = 20261118
CUSTOMERS = 60
LEADS = 84
OPEN_STAGES = {"discover": 24, "qualify": 26, "propose": 28, "negotiate": 22}
PRODUCTS = {one[0]: one for one in world.PRODUCTS}


class Maker:
    """Makes all rows; what was made earlier is there to be linked by what follows."""

    def __init__(self) -> None:
        self.dice = Dice(SEED)
        self.names: set[str] = set()
        self.customers: list[Row] = []
        self.contacts: dict[str, list[Row]] = {}
        self.opportunities: list[Row] = []
        self.quotes: list[Row] = []
        self.quote_lines: list[Row] = []
        self.contracts: list[Row] = []
        self.plans: list[Row] = []
        self.payments: list[Row] = []
        self.orders: list[Row] = []
        self.order_lines: list[Row] = []
        self.activities: list[Row] = []
        self.leads: list[Row] = []
        self.members: list[Row] = []
        self.tickets: list[Row] = []
        #: Customer -> the products he has bought.
        self.bought: dict[str, list[str]] = {}

    def make(self) -> None:
        """Everything, in the order of the work."""
        for number in range(CUSTOMERS):
            self.customer(number)
        for number in range(74):
            self.opportunity(number)
        for number in range(LEADS):
            self.lead(number)
        self.campaign_members()
        self.service()
        self.routine()
        self.finish()

    # -- customers --------------------------------------------------------------------------------------

    def person(self) -> str:
        """A name that nobody has yet."""
        while True:
            found = self.dice.choice(world.SURNAMES) + self.dice.choice(world.GIVEN)
            if found not in self.names:
                self.names.add(found)
                return found

    def customer(self, number: int) -> None:
        dice = self.dice
        region = dice.one({"east": 36, "south": 24, "north": 22, "central": 8, "southwest": 5, "northwest": 3, "northeast": 2})
        short, place, area = dice.choice(world.PLACES[region])
        industry = dice.choice(sorted(world.TRADES))
        trade, business = dice.choice(world.TRADES[industry])
        stem, pinyin = world.STEMS[number]
        school = industry == "education"
        name = f"{short}{stem}{trade}" if school else f"{short}{stem}{trade}{dice.choice(['有限公司', '有限公司', '股份有限公司'])}"
        grade = dice.one({"A": 18, "B": 34, "C": 48})
        size = {"A": ["from_1000", "over_5000"], "B": ["from_200", "from_1000"], "C": ["under_50", "from_50"]}[grade]
        revenue = {"A": (80, 600), "B": (15, 90), "C": (2, 15)}[grade]
        code = dice.credit_code()
        sold_by = world.COVERED.get(region, region)
        owner = dice.choice(world.SELLERS[sold_by])
        row: Row = {
            "name": name,
            "short_name": stem + world.SHORT_TRADES[trade],
            "kind": "institution" if school else dice.one({"company": 80, "group": 12, "partner": 8}),
            "grade": grade,
            "lifecycle": "potential",
            "industry": industry,
            "source": dice.one({"exhibition": 24, "referral": 22, "website": 18, "phone": 16, "campaign": 10, "partner": 10}),
            "region": region,
            "phone": f"{area}-{'8550' if area not in ('0756', '0312', '0592') else '855'}{dice.randint(0, 9999):04d}",
            "email": f"info@{pinyin}.example",
            "website": f"https://www.{pinyin}.example",
            "address": f"{place}{dice.choice(world.STREETS)}{dice.randint(8, 899)}号",
            "tags": dice.sample(["重点跟进", "年度框架", "标杆客户", "价格敏感", "需上门", "海外业务"], dice.choice([0, 1, 1, 2])),
            "credit_code": code,
            "legal_person": self.person(),
            "founded_on": datetime.date(dice.randint(1994, 2021), dice.randint(1, 12), dice.randint(1, 28)),
            "capital": Decimal(dice.choice([500, 1000, 2000, 3000, 5000, 10000])) * 10000,
            "ownership": "public" if school else dice.one({"private": 66, "state": 12, "foreign": 12, "joint": 10}),
            "listed": grade == "A" and dice.random() < 0.4,
            "employees": dice.choice(size),
            "annual_revenue": Decimal(dice.randint(*revenue)) * 10000000,
            "main_business": business,
            "tax_number": code,
            "taxpayer": "small" if grade == "C" and dice.random() < 0.3 else "general",
            "bank_name": f"{short}{dice.choice(['城东', '高新区', '工业园', '开发区'])}支行",
            "bank_account": "6200000" + f"{dice.randint(0, 10**10 - 1):010d}",
            "credit_limit": {"A": Decimal(5000000), "B": Decimal(1500000), "C": Decimal(300000)}[grade],
            "payment_days": {"A": 60, "B": 45, "C": 30}[grade],
            "parent": next((one["name"] for one in self.customers if one["industry"] == industry), None) if number % 9 == 8 else None,
            "service_owner": dice.choice(["luoxiaotong", "jiangbowen"]),
            "closeness": dice.randint({"A": 3, "B": 2, "C": 1}[grade], 5 if grade == "A" else 4),
            "competitors": dice.sample(world.RIVALS, dice.choice([0, 1, 1, 2])),
            "next_contact_on": None,
            "owner": owner,
        }
        self.customers.append(row)
        self.contacts[name] = []
        for index, (department, position, role) in enumerate(dice.sample(world.POSTS, dice.choice([1, 2, 2, 3, 3]))):
            self.contact(row, department, position, role, pinyin, index)

    def contact(self, customer: Row, department: str, position: str, role: str, pinyin: str, index: int) -> None:
        dice = self.dice
        name = self.person()
        self.contacts[customer["name"]].append(
            {
                "ref": name,
                "name": name,
                "customer": customer["name"],
                "department": department,
                "position": position,
                "gender": dice.choice(["mr", "mr", "ms"]),
                "role": role,
                "attitude": dice.one({"champion": 12, "supportive": 34, "neutral": 38, "reserved": 12, "opposed": 4}),
                "mobile": dice.mobile(),
                "email": f"{position_key(position)}{index + 1}@{pinyin}.example",
                "wechat": f"{pinyin}_{dice.randint(100, 999)}" if dice.random() < 0.6 else None,
                "channel": dice.one({"wechat": 45, "phone": 35, "visit": 10, "mail": 10}),
                "do_not_contact": dice.random() < 0.04,
                "birthday": datetime.date(dice.randint(1968, 1997), dice.randint(1, 12), dice.randint(1, 28)) if dice.random() < 0.5 else None,
                "hobbies": dice.sample(["羽毛球", "跑步", "茶", "摄影", "自驾", "篮球", "书法"], dice.choice([0, 0, 1, 2])),
                "owner": customer["owner"],
            }
        )  # fmt: skip

    # -- sales ------------------------------------------------------------------------------------------

    def opportunity(self, number: int) -> None:
        dice = self.dice
        customer = dice.choices(self.customers, [{"A": 6, "B": 3, "C": 1}[one["grade"]] for one in self.customers])[0]
        project, codes, need = dice.choice(world.PROJECTS)
        kind = "renewal" if "续约" in project else "upsell" if customer["name"] in self.bought else "new"
        if number < 28:
            stage, closed = "won", workday(-dice.randint(12, 520))
        elif number < 40:
            stage, closed = "lost", workday(-dice.randint(10, 300))
        else:
            stage, closed = dice.one(OPEN_STAGES), None
        begun = (closed or AS_OF) - datetime.timedelta(days=dice.randint(20, 110) if closed else dice.randint(4, 90))
        people = self.contacts[customer["name"]]
        name = self.fresh(f"{customer['short_name']}{project}")
        quoted = stage in ("propose", "negotiate", "won", "lost")
        lines, discount = self.offer(customer, codes)
        net = sum((line_net(one, discount) for one in lines), Decimal(0))
        amount = (net / 1000).to_integral_value() * 1000
        row: Row = {
            "ref": name,
            "name": name,
            "customer": customer["name"],
            "contact": people[0]["ref"],
            "decision_maker": next((one["ref"] for one in people if one["role"] == "decider"), people[-1]["ref"])
            if stage not in ("discover", "qualify") else None,
            "stage": stage,
            "kind": kind,
            "source": dice.one({"lead": 26, "existing": 26, "referral": 18, "campaign": 14, "partner": 8, "tender": 8}),
            "campaign": None,
            "amount": amount if stage != "discover" or dice.random() < 0.6 else None,
            "budget": (amount * Decimal(dice.choice(["0.9", "1", "1.1", "1.2"]))).quantize(Decimal(1)) if dice.random() < 0.5 else None,
            "close_on": closed or workday({"discover": 90, "qualify": 65, "propose": 40, "negotiate": 18}[stage] + dice.randint(-14, 25)),
            "closed_on": closed,
            "forecast": {"won": "commit", "lost": "omitted", "negotiate": "commit", "propose": "best"}.get(stage, "pipeline"),
            "products": codes,
            "need": need,
            "next_step": dice.choice(["确认技术方案", "提交正式报价", "约见决策人", "安排样件测试", "商务条款谈判"]) if closed is None else None,
            "next_step_on": workday(dice.randint(-3, 16)) if closed is None else None,
            "competitors": customer["competitors"],
            "lost_reason": dice.one({"price": 40, "function": 15, "relation": 15, "delivery": 10, "stopped": 20}) if stage == "lost" else None,
            "lost_note": "客户最终选择了价格更低的方案，后续保持季度回访。" if stage == "lost" else None,
            "owner": customer["owner"],
        }  # fmt: skip
        if row["source"] == "campaign" or number % 6 == 0:
            row["campaign"] = self.campaign(begun, ("exhibition", "seminar", "webinar", "mailing"))
        self.opportunities.append(row)
        self.talk(row, begun, closed or AS_OF)
        if quoted:
            sent = workday((begun - AS_OF).days + dice.randint(6, 16))
            self.quote(row, lines, discount, min(sent, AS_OF - datetime.timedelta(days=1)))
        if stage == "won":
            self.bought.setdefault(customer["name"], []).extend(codes)
            self.contract(row, lines, discount, closed or AS_OF)

    def fresh(self, name: str) -> str:
        """A name of an opportunity that is not taken."""
        for suffix in ("", "（二期）", "（三期）", "（四期）", "（五期）", "（六期）"):
            if name + suffix not in self.names:
                self.names.add(name + suffix)
                return name + suffix
        raise AssertionError(name)

    def offer(self, customer: Row, codes: list[str]) -> tuple[list[Row], Decimal]:
        """Lines and the discount on all."""
        dice = self.dice
        most = {"A": 6, "B": 3, "C": 2}[customer["grade"]]
        lines: list[Row] = []
        for code in codes:
            _, _, _, _, kind, unit, price, *_ = PRODUCTS[code]
            quantity = dice.randint(1, most)
            if unit in ("day", "item", "user"):
                quantity *= dice.choice([2, 3, 5])
            if kind == "software" and unit == "set":
                quantity = 1
            lines.append({
                "product": code, "quantity": Decimal(quantity), "price": Decimal(price),
                "discount": Decimal(dice.choice([0, 0, 0, 3, 5, 8, 10])), "tax_rate": Decimal(PRODUCTS[code][9]),
            })  # fmt: skip
        return lines, Decimal(dice.choice([0, 0, 2, 3, 5]))

    def quote(self, opportunity: Row, lines: list[Row], discount: Decimal, on: datetime.date) -> None:
        dice = self.dice
        status = {"won": "accepted", "lost": "rejected", "negotiate": "sent"}.get(opportunity["stage"], "")
        status = status or dice.one({"draft": 30, "sent": 55, "approved": 15})
        ref = f"Q-{opportunity['ref']}"
        if status != "accepted" and dice.random() < 0.15:  # Somebody gave a lot away: this one needs approval.
            lines = [{**one, "discount": one["discount"] + 14} for one in lines]
            status = "draft" if status in ("approved", "sent") else status
        self.quotes.append({
            "ref": ref, "subject": f"{opportunity['name']}报价", "opportunity": opportunity["ref"],
            "customer": opportunity["customer"], "contact": opportunity["contact"], "status": status, "quoted_on": on,
            "valid_until": on + datetime.timedelta(days=dice.choice([15, 30, 30, 45])), "revision": dice.choice([1, 1, 2]),
            "discount": discount, "payment_terms": dice.one({"thirty_seventy": 40, "three_six_one": 40, "prepaid": 12, "monthly": 8}),
            "delivery_days": dice.choice([30, 45, 60, 90]),
            "note": "价格不含土建与压缩空气管路；现场具备安装条件后开始计算工期。",
            "owner": opportunity["owner"],
        })  # fmt: skip
        for one in lines:
            self.quote_lines.append({"quote": ref, **one})

    def contract(self, opportunity: Row, lines: list[Row], discount: Decimal, on: datetime.date) -> None:
        dice = self.dice
        amount = sum((line_total(one, discount) for one in lines), Decimal(0))
        ref = f"C-{opportunity['ref']}"
        done = on < day(-400)
        service = opportunity["kind"] == "renewal"
        paper = f"LC-{'FW' if service else 'XS'}-{on:%y}{len(self.contracts) + 1:03d}"
        self.contracts.append({
            "ref": ref, "paper_number": paper, "name": f"{opportunity['name']}{'服务' if service else '购销'}合同",
            "customer": opportunity["customer"], "opportunity": opportunity["ref"], "quote": f"Q-{opportunity['ref']}",
            "kind": "service" if service else "sales", "status": "completed" if done else "effective", "amount": amount,
            "tax_rate": Decimal(6 if service else 13), "signed_on": on, "start_on": on,
            "end_on": on + datetime.timedelta(days=364 if service else dice.choice([365, 540, 730])),
            "our_signer": "luchengyu", "their_signer": opportunity["decision_maker"],
            "payment_terms": "合同签订后 7 日内付 30%，验收合格后付 60%，质保期满付 10%。", "owner": opportunity["owner"],
        })  # fmt: skip
        self.money(ref, amount, on, done, opportunity)
        self.order(ref, opportunity, lines, discount, on)

    def money(self, contract: str, amount: Decimal, on: datetime.date, done: bool, opportunity: Row) -> None:
        """Instalments of a contract and what has come in of them."""
        dice = self.dice
        customer = next(one for one in self.customers if one["name"] == opportunity["customer"])
        late = {"A": 0.10, "B": 0.18, "C": 0.3}[customer["grade"]]
        first, second = cents(amount * Decimal("0.3")), cents(amount * Decimal("0.6"))
        terms = [("预付款", 7, first, "合同签订后 7 日内"), ("验收款", 75, second, "验收合格后 15 日内"),
                 ("质保金", 372, amount - first - second, "质保期满后 15 日内")]  # fmt: skip
        for term, (name, days, due, condition) in enumerate(terms, 1):
            when = on + datetime.timedelta(days=days)
            plan = f"{contract}-{term}"
            self.plans.append({"ref": plan, "contract": contract, "term": term, "name": name, "due_on": when, "amount": due,
                               "condition": condition, "method": "transfer", "owner": opportunity["owner"]})  # fmt: skip
            if when >= AS_OF or (not done and dice.random() < late):
                continue
            paid = due if done or dice.random() > 0.08 else cents(due * Decimal("0.5"))
            received = min(when + datetime.timedelta(days=dice.randint(-4, 16)), day(-1))
            recent = received > day(-6)
            self.payments.append({
                "contract": contract, "plan": plan, "status": "registered" if recent else "confirmed", "received_on": received,
                "amount": paid, "method": dice.one({"transfer": 78, "bill": 22}), "payer": customer["name"],
                "bank_ref": f"{received:%Y%m%d}{dice.randint(100000, 999999)}",
                "confirmed_by": None if recent else "fangjingyi", "owner": "fangjingyi",
            })  # fmt: skip

    def order(self, contract: str, opportunity: Row, lines: list[Row], discount: Decimal, on: datetime.date) -> None:
        dice = self.dice
        customer = next(one for one in self.customers if one["name"] == opportunity["customer"])
        ordered = min(on + datetime.timedelta(days=dice.randint(1, 6)), day(-1))
        wanted = ordered + datetime.timedelta(days=dice.choice([30, 45, 60]))
        age = (AS_OF - ordered).days
        status = "delivered" if age > 70 else "shipped" if age > 45 else "preparing" if age > 15 else "confirmed"
        shipped = min(wanted - datetime.timedelta(days=dice.randint(2, 9)), day(-8)) if status in ("shipped", "delivered") else None
        arrived = min(shipped + datetime.timedelta(days=dice.randint(2, 6)), day(-1)) if shipped and status == "delivered" else None
        ref = f"S-{opportunity['ref']}"
        self.orders.append({
            "ref": ref, "customer": customer["name"], "contract": contract, "quote": f"Q-{opportunity['ref']}",
            "contact": opportunity["contact"], "status": status, "ordered_on": ordered, "deliver_by": wanted,
            "shipped_on": shipped, "delivered_on": arrived, "address": customer["address"],
            "carrier": dice.choice(["顺达物流", "安吉专线", "迅拓货运"]) if shipped else None,
            "tracking": f"SD{dice.randint(10**9, 10**10 - 1)}" if shipped else None, "owner": opportunity["owner"],
        })  # fmt: skip
        for one in lines:
            less = (1 - one["discount"] / 100) * (1 - discount / 100)  # The quote's two discounts as one.
            self.order_lines.append({
                "order": ref, "product": one["product"], "quantity": one["quantity"], "price": one["price"],
                "discount": ((1 - less) * 100).normalize(), "tax_rate": one["tax_rate"],
                "delivered": one["quantity"] if status in ("shipped", "delivered") else Decimal(0),
            })  # fmt: skip

    # -- talking ----------------------------------------------------------------------------------------

    def act(self, kind: str, texts: tuple[str, str, str], when: datetime.date, owner: str, **about: Any) -> None:
        """One activity: done when it lies in the past."""
        dice = self.dice
        start = dice.clock(when)
        done = when < AS_OF
        minutes = {"call": 15, "visit": 120, "meeting": 90, "mail": 15, "message": 15}[kind]
        subject, summary, following = texts
        row: Row = {
            "subject": f"{about.pop('prefix', '')}{subject}", "kind": kind, "status": "done" if done else "planned",
            "start_at": start, "end_at": start + datetime.timedelta(minutes=minutes), "customer": None, "contact": None,
            "lead": None, "opportunity": None, "ticket": None,
            "place": "客户现场" if kind == "visit" else "线上会议" if kind == "meeting" else None,
            "result": dice.one({"good": 40, "neutral": 42, "bad": 12, "not_reached": 6}) if done else None,
            "summary": summary if done else None, "next_step": following if done and following else None,
            "next_on": when + datetime.timedelta(days=dice.randint(2, 9)) if done and following else None, "owner": owner,
        }  # fmt: skip
        row.update(about)
        self.activities.append(row)

    def texts(self) -> tuple[str, tuple[str, str, str]]:
        """A kind of activity and what was spoken about."""
        kind = self.dice.one({"call": 44, "visit": 24, "meeting": 16, "mail": 16})
        pool = {"call": world.CALLS, "visit": world.VISITS, "meeting": world.MEETINGS, "mail": world.MAILS}[kind]
        return kind, self.dice.choice(pool)

    def talk(self, opportunity: Row, begun: datetime.date, until: datetime.date) -> None:
        """What was done for an opportunity, and what is planned for an open one."""
        dice = self.dice
        days = max(2, (until - begun).days)
        about = {"customer": opportunity["customer"], "opportunity": opportunity["ref"]}
        people = self.contacts[opportunity["customer"]]
        for _ in range(dice.randint(1, 4)):
            kind, texts = self.texts()
            when = workday((begun - AS_OF).days + dice.randint(0, days - 1))
            self.act(kind, texts, min(when, workday(-1)), opportunity["owner"], contact=dice.choice(people)["ref"], **about)
        if opportunity["closed_on"] is None and dice.random() < 0.7:
            kind, texts = self.texts()
            self.act(kind, texts, workday(dice.randint(0, 14)), opportunity["owner"], contact=people[0]["ref"], **about)

    # -- marketing --------------------------------------------------------------------------------------

    def lead(self, number: int) -> None:
        dice = self.dice
        name = self.person()
        stem, pinyin = dice.choice(world.STEMS)
        industry = dice.choice([one for one in sorted(world.TRADES) if one != "education"])
        region = dice.choice(["east", "east", "south", "north"])
        short, place, _ = dice.choice(world.PLACES[region])
        received = day(-dice.randint(0, 150))
        age = (AS_OF - received).days
        status = dice.one({"new": 70, "working": 30}) if age < 6 else dice.one({"working": 40, "qualified": 16, "converted": 24, "invalid": 20})
        source = dice.one({"exhibition": 26, "website": 26, "campaign": 20, "social": 10, "referral": 10, "phone": 8})
        kinds = {"exhibition": ("exhibition",), "campaign": ("webinar", "seminar", "mailing", "content"), "website": ("advertising",)}
        score = dice.randint(20, 98)
        row: Row = {
            "ref": name, "name": name, "company": f"{short}{stem}{dice.choice(world.TRADES[industry])[0]}有限公司",
            "position": dice.choice(world.POSTS)[1], "mobile": dice.mobile(), "email": f"{pinyin}{number}@lead.example",
            "address": place, "status": status,
            "interest": "hot" if score >= 80 else "warm" if score >= 50 else "cold", "score": score, "industry": industry,
            "source": source, "campaign": self.campaign(received, kinds.get(source, ())),
            "products": dice.sample(sorted(PRODUCTS), dice.choice([0, 1, 1, 2])),
            "need": dice.choice(world.PROJECTS)[2], "budget": Decimal(dice.choice([0, 20, 50, 80, 150])) * 10000 or None,
            "received_on": received,
            "next_contact_on": workday(dice.randint(-2, 8)) if status in ("new", "working", "qualified") else None,
            "invalid_reason": dice.one({"no_need": 40, "no_budget": 20, "unreachable": 25, "duplicate": 15}) if status == "invalid" else None,
            "customer": None, "contact": None, "opportunity": None, "converted_on": None,
            "owner": "guqingyi" if status == "new" and dice.random() < 0.6 else dice.choice(world.SELLERS[region]),
        }  # fmt: skip
        if status == "converted":
            won = dice.choice([one for one in self.opportunities if one["source"] == "lead"])
            customer = next(one for one in self.customers if one["name"] == won["customer"])
            row.update(company=customer["name"], customer=customer["name"], contact=won["contact"], opportunity=won["ref"],
                       converted_on=min(received + datetime.timedelta(days=9), day(-1)), owner=won["owner"])  # fmt: skip
        self.leads.append(row)
        if status != "new" and row["owner"] != "guqingyi":
            when = min(workday((received - AS_OF).days + dice.randint(0, 4)), workday(-1))
            texts = dice.choice(world.CALLS[:4])
            self.act("call", texts, when, row["owner"], lead=name, customer=row["customer"])
        if status in ("working", "qualified") and dice.random() < 0.4:
            self.act("call", world.CALLS[3], workday(dice.randint(0, 9)), row["owner"], lead=name)

    def campaign(self, before: datetime.date, kinds: tuple[str, ...]) -> str | None:
        """A campaign of these kinds that had begun by a day."""
        held = [name for name, kind, begins, *_ in world.CAMPAIGNS if kind in kinds and day(begins) <= before]
        return self.dice.choice(held) if held else None

    def campaign_members(self) -> None:
        dice = self.dice
        people = [one for row in self.contacts.values() for one in row]
        for name, _, begins, *_ in world.CAMPAIGNS:
            if name.startswith("搜索引擎"):
                continue
            past = begins < 0
            shares = {"attended": 40, "responded": 20, "registered": 10, "absent": 18, "declined": 12} if past else {"invited": 60, "registered": 30, "declined": 10}
            for one in dice.sample(people, dice.randint(8, 14)):
                self.member(name, None, one["ref"], dice.one(shares), begins)
            for lead in [one for one in self.leads if one["campaign"] == name][:8]:
                self.member(name, lead["ref"], None, "responded" if past else "registered", begins)

    def member(self, campaign: str, lead: str | None, contact: str | None, status: str, begins: int) -> None:
        answered = status not in ("invited", "absent")
        self.members.append({"campaign": campaign, "lead": lead, "contact": contact, "status": status,
                             "responded_on": min(day(begins + 1), day(-1)) if answered else None})  # fmt: skip

    # -- service ----------------------------------------------------------------------------------------

    def service(self) -> None:
        dice = self.dice
        buyers = [one for one in self.customers if one["name"] in self.bought]
        for number in range(56):
            customer = dice.choice(buyers)
            kind, subject, text, solution, cause = dice.choice(world.TICKETS)
            opened = dice.clock(workday(-1 - int(dice.random() ** 2 * 200) if number >= 12 else -dice.randint(1, 5)))
            priority = dice.one({"urgent": 10, "high": 24, "normal": 52, "low": 14})
            hours = {"urgent": 4, "high": 24, "normal": 72, "low": 120}[priority]
            age = (datetime.datetime.combine(AS_OF, datetime.time(9)) - opened).total_seconds() / 3600
            status = dice.one({"new": 35, "working": 45, "waiting": 20}) if age < 140 else dice.one({"solved": 25, "closed": 70, "waiting": 5})
            ended = status in ("solved", "closed")
            solved = opened + datetime.timedelta(hours=round(hours * dice.uniform(0.2, 1.3), 1))
            latest = datetime.datetime.combine(day(-1), datetime.time(17, 30))
            owner = dice.choice(["luoxiaotong", "jiangbowen"])
            contact = dice.choice(self.contacts[customer["name"]])["ref"]
            ref = f"T-{number}"
            self.tickets.append({
                "ref": ref, "subject": subject, "customer": customer["name"], "contact": contact,
                "product": dice.choice(self.bought[customer["name"]]) if kind == "fault" else None,
                "kind": kind, "priority": priority, "status": status,
                "channel": dice.one({"phone": 44, "wechat": 34, "mail": 12, "web": 10}), "opened_at": opened,
                "due_at": opened + datetime.timedelta(hours=hours),
                "responded_at": opened + datetime.timedelta(minutes=dice.randint(6, 170)) if status != "new" else None,
                "solved_at": min(solved, latest) if ended else None,
                "description": text, "cause": cause if ended else None, "solution": solution if ended else None,
                "satisfaction": dice.choice([3, 4, 4, 5, 5, 5]) if status == "closed" else None, "owner": owner,
            })  # fmt: skip
            if status == "working":
                self.act("call", ("回访工单进展", "", ""), workday(dice.randint(0, 3)), owner, ticket=ref, customer=customer["name"], contact=contact)

    def routine(self) -> None:
        """Calls that belong to no opportunity, some of them forgotten."""
        dice = self.dice
        for customer in self.customers:
            person = self.contacts[customer["name"]][0]["ref"]
            if dice.random() < 0.75:
                texts = dice.choice([world.CALLS[0], world.CALLS[5], world.MEETINGS[2]])
                kind = "meeting" if texts is world.MEETINGS[2] else "call"
                self.act(kind, texts, workday(-dice.randint(2, 60)), customer["owner"], customer=customer["name"], contact=person)
        for row in dice.sample([one for one in self.activities if one["status"] == "done"], 6):
            row.update(status="planned", result=None, summary=None, next_step=None, next_on=None,
                       start_at=dice.clock(workday(-dice.randint(1, 4))), end_at=None)  # fmt: skip

    def finish(self) -> None:
        """What follows from everything else: life-cycle stages, days of the next contact, the order of the rows."""
        dice = self.dice
        working = {one["customer"] for one in self.opportunities if one["closed_on"] is None}
        lost = {one["customer"] for one in self.opportunities if one["stage"] == "lost"}
        times: dict[str, int] = {}
        for one in self.contracts:
            times[one["customer"]] = times.get(one["customer"], 0) + 1
        for row in self.customers:
            name = row["name"]
            if times.get(name, 0) > 1:
                row["lifecycle"] = "loyal"
            elif name in times:
                row["lifecycle"] = "active" if dice.random() < 0.85 else "dormant"
            elif name in working:
                row["lifecycle"] = "interested"
            elif name in lost:
                row["lifecycle"] = "lost"
            if row["lifecycle"] != "lost" and dice.random() < 0.8:
                row["next_contact_on"] = workday(dice.randint(-6, 24))
        self.quotes.sort(key=lambda one: one["quoted_on"])
        self.contracts.sort(key=lambda one: one["signed_on"])
        self.orders.sort(key=lambda one: one["ordered_on"])
        self.payments.sort(key=lambda one: one["received_on"])
        self.tickets.sort(key=lambda one: one["opened_at"])
        self.leads.sort(key=lambda one: one["received_on"])
        self.activities.sort(key=lambda one: one["start_at"])


def position_key(position: str) -> str:
    """A word for a mail address."""
    words = {"总经理": "gm", "生产总监": "production", "设备经理": "equipment", "工艺主管": "process", "采购经理": "purchase",
             "信息化经理": "it", "财务经理": "finance", "自动化工程师": "automation", "采购专员": "buyer", "仓储主管": "store"}  # fmt: skip
    return words[position]


def line_net(line: Row, discount: Decimal) -> Decimal:
    """A line without tax, rounded as the quote does."""
    amount = cents(line["quantity"] * line["price"] * (1 - line["discount"] / 100))
    return cents(amount * (1 - discount / 100))


def line_total(line: Row, discount: Decimal) -> Decimal:
    """A line with tax."""
    net = line_net(line, discount)
    return net + cents(net * line["tax_rate"] / 100)


def campaigns() -> list[Row]:
    """The campaigns; what was spent is known when they are over."""
    rows = []
    for name, kind, begins, days, place, budget, audience in world.CAMPAIGNS:
        ends = begins + days - 1
        status = "ended" if ends < 0 else "running" if begins <= 0 else "planned"
        spent = {"ended": Decimal("0.96"), "running": Decimal("0.45")}.get(status)
        rows.append({
            "name": name, "kind": kind, "status": status, "start_on": day(begins), "end_on": day(ends), "place": place,
            "audience": audience, "budget": Decimal(budget), "cost": (budget * spent).quantize(Decimal(1)) if spent else None,
            "expected_leads": budget // 4000, "expected_revenue": Decimal(budget * 12), "owner": "guqingyi",
        })  # fmt: skip
    return rows


def made() -> Maker:
    """All rows."""
    maker = Maker()
    maker.make()
    return maker


def files() -> dict[str, bytes]:
    """The files of ``crm_basic/data``. The numbers are the order in which they are imported; the second file of the
    customers names for each of them a contact, who was not there with the first."""
    maker = made()
    contacts = [one for rows in maker.contacts.values() for one in rows]
    keys = [{"name": name, "key_contact": rows[0]["ref"]} for name, rows in maker.contacts.items()]
    categories = [{"name": name, "code": code, "parent": parent} for code, name, parent in world.CATEGORIES]
    columns = ("code", "name", "model", "category", "kind", "unit", "list_price", "floor_price", "cost", "tax_rate", "status")
    products = [dict(zip(columns, one, strict=True)) for one in world.PRODUCTS]
    tables = [
        ("product_category", categories), ("product", products), ("customer", maker.customers), ("contact", contacts),
        ("customer", keys), ("campaign", campaigns()), ("opportunity", maker.opportunities), ("lead", maker.leads),
        ("campaign_member", maker.members), ("quote", maker.quotes), ("quote_line", maker.quote_lines),
        ("contract", maker.contracts), ("payment_plan", maker.plans), ("payment", maker.payments), ("order", maker.orders),
        ("order_line", maker.order_lines), ("ticket", maker.tickets), ("activity", maker.activities),
    ]  # fmt: skip
    found = {f"{number:02d}-{name}.csv": table(rows) for number, (name, rows) in enumerate(tables, 1)}
    people = [(*one[:4], (one[4],)) for one in world.PEOPLE]
    found["sample.yaml"] = head(AS_OF, world.DEPARTMENTS, people, {})
    return found
