"""Pages of workflows: boxes, a task with all its actions, rights, notices, the approval bar, stand-ins. All without scripts."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from runtime.engine import records
from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, Inputs, sound, without_ids

QUOTE = """
object: quote
label: {en: Quote, zh: 报价}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  amount: {type: number, label: {en: Amount, zh: 金额}}
  terms: {type: text, label: {en: Terms, zh: 条款}}
  secret: {type: text, label: {en: Secret, zh: 机密}}
  scan: {type: file, label: {en: Scan, zh: 扫描件}}
  status: {type: select, label: {en: Status, zh: 状态}, options: {draft: {en: Draft, zh: 草稿}, ok: {en: Fine, zh: 通过}, bad: {en: Bad, zh: 驳回}}, default: draft}
---
object: note
title: text
fields:
  text: {type: text}
"""
FLOW = """
workflow: quote_approval
label: {en: Quote approval, zh: 报价审批}
object: quote
title: "'Quote ' & name"
start: {trigger: manual, when: "status == 'draft'", allow: {withdraw: any_time, urge_every: 1h, revoke_days: 5}}
nodes:
  - approve: boss
    label: {en: Head of sales, zh: 销售主管}
    who: {manager: {of: initiator}}
    fields: {editable: [terms], hidden: [secret]}
    opinion: {comment: on_reject}
    due: {in: 8h, steps: [{at: 0, do: remind}]}
  - branch:
      - when: amount > 200
        label: {en: Large, zh: 大额}
        nodes:
          - parallel:
              branches:
                - label: {en: Money, zh: 财务}
                  nodes: [{approve: both, label: {en: Finance, zh: 财务复核}, who: {role: finance}, mode: all}]
                - label: {en: Law, zh: 法务}
                  nodes: [{approve: law, who: {role: legal}}]
      - else: []
  - handle: sign
    label: {en: Signing, zh: 签署}
    who: {initiator: true}
    fields: {required: [scan]}
after:
  approved: [{update: {status: ok}}]
  rejected: [{update: {status: bad}}]
"""
CHOICE = """
workflow: chosen
label: {en: Chosen, zh: 自选审批}
object: quote
start: {trigger: manual, when: "status == 'bad'"}
nodes:
  - approve: first
    who: {initiator_choice: {from: {role: finance}, min: 1, max: 1}}
  - approve: second
    who: {previous_choice: first}
"""
ROLES = """
role: sales
objects:
  quote: {create: true, read: own, update: own}
---
role: chief
objects:
  quote: {read: all}
---
role: finance
objects:
  quote: {read: all, fields: {secret: hidden}}
---
role: legal
objects:
  note: {read: all}
---
role: other
objects:
  note: {create: true, read: all}
"""


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(QUOTE, FLOW, CHOICE, ROLES)
    boss = shop.user("boss", "chief", full_name="Ben Boss", password=PASSWORD, language="en")
    people = (("li", "sales"), ("fang", "finance"), ("feng", "finance"), ("law", "legal"), ("eve", "other"))
    for name, role in people:
        more: dict[str, Any] = {"manager": boss} if name == "li" else {}
        shop.user(name, role, full_name=f"{name.title()} X", password=PASSWORD, language="en", **more)
    shop.user("root", "admin", password=PASSWORD, language="en")
    return shop


def at(shop: Shop, name: str) -> Browser:
    found = Browser(shop)
    assert found.login(name).status_code == 303
    return found


def quote(shop: Shop, **values: Any) -> str:
    return records.create(shop.session("li"), "quote", {"name": "Q", "amount": 10, "secret": "margin 7%", **values}).id


def start(shop: Shop, record: str) -> str:
    found = shop.ask("POST", "/workflows/quote_approval/start", "li", json={"object": "quote", "record": record})
    assert found.status_code == 201, found.text
    return str(found.get_json()["instance"])


def task_of(shop: Shop, user: str) -> str:
    return str(shop.ask("GET", "/tasks", user).get_json()["data"][0]["id"])


def command(page: str, action: str) -> dict[str, Any]:
    """What the form of a command would send, as a browser without scripts finds it."""
    for form in re.findall(r"<form\b.*?</form>", page, re.S):
        if f'name="action" value="{action}"' in form:
            address = re.search(r'action="([^"]+)"', form)
            assert address
            return {"_address": address[1], **Inputs(form).values.to_dict(flat=True), "action": action}
    raise AssertionError(f"no form for {action}")


def send(browser: Browser, page: str, action: str, **values: Any) -> Any:
    sent = command(page, action)
    address = sent.pop("_address")
    for name in values:
        assert f'name="{name}"' in page, name
    return browser.post(address, {**sent, **values})


def test_the_whole_way(office: Shop) -> None:
    """Submit on the record, agree with a field, two in finance and law beside each other, sign with a file."""
    li, boss = at(office, "li"), at(office, "boss")
    record = quote(office, amount=500)
    page = li.text(f"/o/quote/{record}")
    assert "Submit: Quote approval" in page and "Submit: Chosen" not in page
    begin = re.search(r'action="(/tasks/start/quote_approval/[^"]+)"', page)
    assert begin
    done = li.post(begin[1], {"_csrf": li.token("/"), "_once": "a"})
    assert done.headers["Location"] == f"/o/quote/{record}"
    page = li.text(f"/o/quote/{record}")
    assert "In approval" in page and "Waiting for: Ben Boss" in page and f"/o/quote/{record}/edit" not in page
    assert li.get(f"/o/quote/{record}/edit").headers["Location"] == f"/o/quote/{record}"
    task = task_of(office, "boss")
    page = boss.text(f"/tasks/{task}")
    sound(page, "task")
    assert "margin 7%" not in page and "Head of sales" in page and "Li X" in page
    answer = send(boss, page, "agree", **{"v-terms": "30 days", "comment": "good price"})
    assert answer.status_code == 303, answer.text
    page = boss.text(answer.headers["Location"])
    sound(page, "instance")
    assert "You have agreed." in page and "good price" in page and "Filled in: Terms" in page
    for name in ("fang", "feng", "law"):
        browser = at(office, name)
        page = browser.text(f"/tasks/{task_of(office, name)}")
        assert send(browser, page, "agree").status_code == 303
    page = li.text(f"/tasks/{task_of(office, 'li')}")
    answer = send(li, page, "submit")
    assert answer.status_code == 422 and "must be filled in" in answer.text and 'id="v-scan-error"' in answer.text
    sent = command(page, "submit")
    address = sent.pop("_address")
    answer = li.post(address, {**sent, "v-scan-file": (io.BytesIO(b"signed"), "scan.txt")})
    assert answer.status_code == 303, answer.text
    page = li.text(answer.headers["Location"])
    assert "Approved" in page and page.count("is-done") > 5 and "Withdraw" not in page
    assert "Earlier workflows" in li.text(f"/o/quote/{record}")


def test_the_drawing_and_the_story_in_both_languages(office: Shop) -> None:
    li, boss = at(office, "li"), at(office, "boss")
    instance = start(office, quote(office, amount=500))
    page = boss.text(f"/tasks/{task_of(office, 'boss')}")
    drawn = page[page.index("flow-box") : page.index("<h2>History")]
    assert drawn.count('aria-current="step"') == 1 and "is-ahead" in drawn and "Everybody in the role: Finance" in drawn
    assert ["Large" in drawn, "Money" in drawn, "Otherwise" in drawn] == [True] * 3
    send(boss, page, "reject", comment="too cheap")
    page = li.text(f"/tasks/flows/{instance}")
    drawn = page[page.index("flow-box") : page.index("<h2>History")]
    assert "is-rejected" in drawn and "is-off" in drawn and "is-ahead" not in drawn and "aria-current" not in drawn
    assert re.search(r"<strong>Ben Boss</strong> rejected <span[^>]*>· Head of sales", page) and "too cheap" in page
    li.post("/language", {"_csrf": li.token("/"), "language": "zh", "next": "/"})
    page = li.text(f"/tasks/flows/{instance}")
    assert (
        re.search(r"<strong>Ben Boss</strong> 驳回 <span[^>]*>· 销售主管", page)
        and "提交了申请" in page
        and "已驳回" in page
    )
    assert "大额" in page and "rejected" not in re.sub(r'class="[^"]*"', "", page)


def test_what_was_jumped_over_is_drawn_so(office: Shop) -> None:
    record = quote(office, amount=500)
    instance = start(office, record)
    actions = office.ask("GET", f"/workflows/instances/{instance}", "root")
    assert actions.status_code == 200
    steps = at(office, "root").text(f"/tasks/flows/{instance}")
    wanted = re.findall(r'<option value="([a-z_]+)"', steps[steps.index('value="jump"') - 3000 :])
    body = {"to": wanted[-1], "reason": "on a journey"}
    assert office.ask("POST", f"/workflows/instances/{instance}/jump", "root", json=body).status_code == 200, wanted
    li = at(office, "li")
    page = li.text(f"/tasks/flows/{instance}")
    drawn = page[page.index("flow-box") : page.index("<h2>History")]
    assert "is-over" in drawn and "Jumped over" in drawn and "What the marks mean" in drawn, drawn
    li.post("/language", {"_csrf": li.token("/"), "language": "zh", "next": "/"})
    drawn = li.text(f"/tasks/flows/{instance}")
    assert "跳转时越过" in drawn and "图例" in drawn


def test_who_may_not_see_it(office: Shop) -> None:
    instance = start(office, quote(office))
    task = task_of(office, "boss")
    eve = at(office, "eve")
    for path in (
        f"/tasks/{task}",
        f"/tasks/flows/{instance}",
        "/tasks/x",
        "/tasks/flows/x",
        "/tasks/flows/" + "0" * 36,
    ):
        assert eve.get(path).status_code == 404, path
        assert eve.post(path, {"_csrf": eve.token("/"), "action": "comment", "comment": "x"}).status_code == 404, path
    assert instance not in eve.text("/tasks") and "Quote Q" not in eve.text("/notifications")
    fang = at(office, "fang")  # May read the record, but not its secret, and takes no part.
    page = fang.text(f"/tasks/{task}")
    assert "margin" not in page and "Secret" not in page and 'value="agree"' not in page and "Say something" not in page
    forged = {"_csrf": fang.token("/"), "action": "agree", "_once": "x"}
    assert fang.post(f"/tasks/{task}", forged).status_code == 403
    assert task_of(office, "boss") == task
    assert Browser(office).get(f"/tasks/{task}").status_code == 303, "to the login"


def test_a_task_without_the_record(office: Shop) -> None:
    """Who is asked and may not read the record sees what is said of it, and nothing else."""
    start(office, quote(office, amount=500, name="Tender"))
    boss = at(office, "boss")
    assert send(boss, boss.text(f"/tasks/{task_of(office, 'boss')}"), "agree").status_code == 303
    law = at(office, "law")
    page = law.text(f"/tasks/{task_of(office, 'law')}")
    assert "You may not read the record itself" in page and "500" not in without_ids(page) and "margin" not in page
    assert send(law, page, "agree").status_code == 303


def test_a_double_click_decides_once(office: Shop) -> None:
    instance = start(office, quote(office))
    boss = at(office, "boss")
    sent = command(boss.text(f"/tasks/{task_of(office, 'boss')}"), "agree")
    address = sent.pop("_address")
    first, second = boss.post(address, sent), boss.post(address, sent)
    assert first.status_code == second.status_code == 303
    names = commands(office, instance)
    assert names == ["start", "agree"]


def test_a_double_click_with_a_file(office: Shop) -> None:
    instance = start(office, quote(office))
    boss = at(office, "boss")
    sent = command(boss.text(f"/tasks/{task_of(office, 'boss')}"), "agree")
    address = sent.pop("_address")
    answers = [boss.post(address, {**sent, "files-file": (io.BytesIO(b"x"), "a.txt")}) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303] and commands(office, instance) == ["start", "agree"]
    page = boss.text(f"/tasks/flows/{instance}")
    link = re.search(r'href="(/files/[^"]+)">a.txt', page)
    assert (
        link and at(office, "li").get(link[1]).status_code == 200 and at(office, "eve").get(link[1]).status_code == 404
    )


def commands(shop: Shop, instance: str) -> list[str]:
    story = shop.ask("GET", f"/workflows/instances/{instance}", "root").get_json()["history"]
    return [one["data"]["name"] for one in story if one["type"] == "command"]


def test_who_comes_too_late_is_told_what_happened(office: Shop) -> None:
    start(office, quote(office, amount=500))
    boss = at(office, "boss")
    task = task_of(office, "boss")
    page = boss.text(f"/tasks/{task}")
    assert office.ask("POST", f"/tasks/{task}/reject", "boss", json={"comment": "no"}).status_code == 200
    answer = send(boss, page, "agree", comment="my long opinion")
    assert answer.status_code == 409 and "this has ended already: rejected" in answer.text
    assert "Ben Boss: rejected" in answer.text and 'name="action" value="agree"' not in answer.text


def test_who_decides_sees_the_record_as_it_is(office: Shop) -> None:
    record = quote(office)
    start(office, record)
    boss = at(office, "boss")
    page = boss.text(f"/tasks/{task_of(office, 'boss')}")
    session = office.session()
    session.channel = "workflow"
    records.update(session, "quote", record, {"amount": 11})
    answer = send(boss, page, "agree", comment="fine")
    assert (
        answer.status_code == 409
        and "the record has changed since" in answer.text
        and ">fine</textarea>" in answer.text
    )
    assert re.search(r"<dt>Amount</dt><dd><del>10</del> → 11", answer.text), "what changed is said"
    assert send(boss, answer.text, "agree", comment="fine").status_code == 303


def test_a_comment_is_needed_to_reject(office: Shop) -> None:
    start(office, quote(office))
    boss = at(office, "boss")
    page = boss.text(f"/tasks/{task_of(office, 'boss')}")
    answer = send(boss, page, "reject", **{"v-terms": "kept"})
    assert answer.status_code == 422 and "a comment is needed here" in answer.text and 'value="kept"' in answer.text
    sound(answer.text, "refused")
    assert send(boss, answer.text, "reject", comment="no").status_code == 303


def test_return_mend_and_submit_again(office: Shop) -> None:
    li, boss = at(office, "li"), at(office, "boss")
    record = quote(office)
    instance = start(office, record)
    page = boss.text(f"/tasks/{task_of(office, 'boss')}")
    assert send(boss, page, "return", to="start").status_code == 422
    assert send(boss, page, "return", to="start", comment="less, please", resubmit="replay").status_code == 303
    task = task_of(office, "li")
    assert "Returned to you, to be mended: Quote Q" in li.text("/notifications")
    page = li.text(f"/tasks/{task}")
    assert "less, please" in page and f"/o/quote/{record}/edit" in page and "returned it to: Submission" in page
    assert li.fill(f"/o/quote/{record}/edit", {"amount": "9"}).status_code == 303
    assert send(li, page, "submit", comment="done").status_code == 303
    page = boss.text(f"/tasks/{task_of(office, 'boss')}")
    assert "Changed since the submission before" in page and re.search(r"<del>10</del> → 9", page) and "round 2" in page
    assert commands(office, instance) == ["start", "return", "submit"]


def test_more_signers_transfer_and_taking_out(office: Shop) -> None:
    people = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users").get_json()["data"]}
    instance = start(office, quote(office))
    boss = at(office, "boss")
    page = boss.text(f"/tasks/{task_of(office, 'boss')}")
    assert send(boss, page, "add_sign", people="nobody").status_code == 422
    assert send(boss, page, "add_sign", people=people["fang"], kind="parallel", mode="all").status_code == 303
    page = boss.text(f"/tasks/{task_of(office, 'boss')}")
    assert "asked Fang X to sign as well" in page and "Take a signer out" in page
    answer = send(boss, page, "remove_signer")
    assert answer.status_code == 303 and "does not need Fang X to sign" in boss.text(answer.headers["Location"])
    page = boss.text(f"/tasks/{task_of(office, 'boss')}")
    assert send(boss, page, "transfer", to=people["feng"]).status_code == 303
    page = boss.text(f"/tasks/flows/{instance}")
    assert "passed the task on to Feng X" in page and "Waiting for: Feng X" in page
    feng = at(office, "feng")
    assert send(feng, feng.text(f"/tasks/{task_of(office, 'feng')}"), "agree").status_code == 303


def test_the_initiator_urges_withdraws_and_copies(office: Shop) -> None:
    people = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users").get_json()["data"]}
    li = at(office, "li")
    record = quote(office)
    instance = start(office, record)
    page = li.text(f"/tasks/flows/{instance}")
    assert send(li, page, "urge").status_code == 303
    answer = send(li, li.text(f"/tasks/flows/{instance}"), "urge")
    assert answer.status_code == 429 and "you may urge again in" in answer.text
    assert "Li X urges you: Quote Q" in at(office, "boss").text("/notifications")
    assert send(li, page, "copy", people=people["eve"]).status_code == 303
    eve = at(office, "eve")
    assert "Quote Q" in eve.text("/tasks?box=copied") and eve.get(f"/tasks/flows/{instance}").status_code == 200
    assert send(li, li.text(f"/o/quote/{record}"), "withdraw").headers["Location"] == f"/o/quote/{record}"
    page = li.text(f"/o/quote/{record}")
    assert "Withdrawn" in page and "Submit: Quote approval" in page and f"/o/quote/{record}/edit" in page


def test_comments_speak_to_people(office: Shop) -> None:
    instance = start(office, quote(office))
    li = at(office, "li")
    page = li.text(f"/tasks/flows/{instance}")
    answer = send(li, page, "comment", comment="@Fang Xcome here, @boss and @nobody <b>bold</b>")
    assert answer.status_code == 303
    page = li.text(f"/tasks/flows/{instance}")
    assert "commented, to Fang X, Ben Boss" in page and "&lt;b&gt;bold" in page
    assert "A comment for you: Quote Q" in at(office, "fang").text("/notifications")
    assert "A comment for you" not in at(office, "feng").text("/notifications")


def test_an_administrator_helps(office: Shop) -> None:
    people = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users").get_json()["data"]}
    instance = start(office, quote(office))
    root = at(office, "root")
    page = root.text(f"/tasks/{task_of(office, 'boss')}")
    assert send(root, page, "reassign", to=people["feng"]).status_code == 422
    assert send(root, page, "reassign", to=people["feng"], reason="on leave").status_code == 303
    page = root.text(f"/tasks/flows/{instance}")
    assert "gave the task of Ben Boss to Feng X" in page and "on leave" in page
    assert send(root, page, "jump", to="law").status_code == 422, "not into a parallel block"
    assert send(root, page, "jump", to="sign", reason="signed on paper").status_code == 303
    page = root.text(f"/tasks/flows/{instance}")
    assert "let it go on at: Signing" in page and "signed on paper" in page
    assert len(office.ask("GET", "/tasks", "li").get_json()["data"]) == 1
    assert 'value="jump"' not in at(office, "li").text(f"/tasks/flows/{instance}"), "only for administrators"
    denied = {"to": "boss", "reason": "x"}
    assert office.ask("POST", f"/workflows/instances/{instance}/jump", "li", json=denied).status_code == 403
    assert send(root, page, "terminate", reason="a test").status_code == 303
    assert "Ended" in at(office, "li").text(f"/tasks/flows/{instance}")


def test_boxes_filters_and_many_at_once(office: Shop) -> None:
    for number in range(3):
        start(office, quote(office, name=f"Q{number}"))
    boss, li = at(office, "boss"), at(office, "li")
    page = boss.text("/tasks")
    sound(page, "tasks")
    assert page.count('name="id" value=') == 3 and re.search(r'badge">3</span>', page)
    assert "Quote Q1" in boss.text("/tasks?q=q1") and "Quote Q2" not in boss.text("/tasks?q=q1")
    assert "Nothing matches" in boss.text("/tasks?overdue=1") and "Nothing matches" in boss.text(
        "/tasks?workflow=chosen"
    )
    for box in ("done", "started", "copied", "nothing&cursor=x", "todo&cursor=x&q=%25"):
        sound(boss.text(f"/tasks?box={box}"), box)
    assert "Quote Q2" in li.text("/tasks?box=started") and "Under way" in li.text("/tasks?box=started")
    ids = re.findall(r'name="id" value="([^"]+)"', page)
    sent = {
        "_csrf": boss.token("/"),
        "action": "agree",
        "id": ids,
        "comment": "all fine",
        "_once": "o",
        "next": "/tasks",
    }
    assert office.ask("POST", f"/tasks/{ids[1]}/reject", "boss", json={"comment": "no"}).status_code == 200
    answer = boss.post("/tasks/batch", sent)
    assert answer.status_code == 422 and "2 tasks are decided." in answer.text and "rejected" in answer.text
    again = boss.post("/tasks/batch", sent)
    assert "2 tasks are decided." in again.text, "the same form again is no other decision"
    assert "Nothing is waiting for you" in boss.text("/tasks") and "all fine" in li.text(started(li))
    assert boss.post("/tasks/batch", {"_csrf": boss.token("/"), "action": "agree"}).status_code == 303
    assert boss.post("/tasks/batch", {"_csrf": boss.token("/"), "action": "skip", "id": "x"}).status_code == 303
    page = boss.text("/tasks?box=done")
    assert page.count('class="open"') == 3


def started(li: Browser) -> str:
    found = re.findall(r'class="open" href="([^"]+)"', li.text("/tasks?box=started"))
    return str(found[0])


def test_what_must_be_filled_in_has_no_box(office: Shop) -> None:
    start(office, quote(office))
    boss, li = at(office, "boss"), at(office, "li")
    send(boss, boss.text(f"/tasks/{task_of(office, 'boss')}"), "agree")
    page = li.text("/tasks")
    assert "Signing" in page and 'name="id"' not in page and 'id="selection"' not in page


def test_the_inbox(office: Shop) -> None:
    for number in range(3):
        start(office, quote(office, name=f"Q{number}"))
    boss = at(office, "boss")
    page = boss.text("/notifications")
    sound(page, "inbox")
    assert page.count('class="unread"') == 3 and "Li X needs your decision: Quote Q0" in page
    links = re.findall(r'href="(/tasks/[0-9a-f-]{36})"', page)
    boss.text(links[0])
    page = boss.text("/notifications")
    assert page.count('class="unread"') == 2, "who looks at the task has read of it"
    one = re.search(r'action="(/notifications/[0-9a-f-]{36})"', page)
    assert one and boss.post(one[1], {"_csrf": boss.token("/")}).status_code == 303
    li = at(office, "li")
    assert li.post(one[1], {"_csrf": li.token("/")}).status_code == 404
    page = boss.text("/notifications?unread=1")
    assert page.count('class="unread"') == 1
    until = Inputs(page).values["until"]
    assert "1 notice is read." in boss.text(
        boss.post("/notifications/read", {"_csrf": boss.token("/"), "until": until}).headers["Location"]
    )
    assert "There is nothing new" in boss.text("/notifications?unread=1")
    assert "There are no notices yet" in at(office, "eve").text("/notifications?cursor=x")


def test_the_start_page_says_what_waits(office: Shop) -> None:
    boss = at(office, "boss")
    assert "Nothing is waiting for you" in boss.text("/")
    start(office, quote(office))
    page = boss.text("/")
    assert re.search(r'<section class="card" id="waiting">.*?Quote Q</a>', page, re.S) and re.search(
        r'badge">1</span>', page
    )
    assert 'id="waiting"' not in at(office, "eve").text("/"), "who knows of no workflow is told of none"


def test_save_and_submit(office: Shop) -> None:
    li = at(office, "li")
    page = li.text("/o/quote/new")
    assert 'value="quote_approval">Save and submit<' in page
    # Offered is what may begin: by the values that an empty form has, or by those of the record.
    assert 'value="chosen"' not in page
    assert 'value="quote_approval"' in li.text(f"/o/quote/{quote(office)}/edit")
    bad = li.text(f"/o/quote/{quote(office, status='bad')}/edit")
    assert 'value="chosen"' in bad and 'value="quote_approval"' not in bad
    answer = li.fill("/o/quote/new", {"name": "Fresh", "_start": "quote_approval"})
    assert "It is saved and submitted." in li.text(answer.headers["Location"])
    answer = li.fill("/o/quote/new", {"name": "Wrong", "status": "ok", "_start": "quote_approval"})
    page = li.text(answer.headers["Location"])
    assert "It is saved, but not submitted" in page and "Wrong" in page
    assert li.fill("/o/quote/new", {"name": "None", "_start": "nothing"}).status_code == 404


MARK = """
workflow: shelved
label: {en: Put on the shelf, zh: 搁置}
object: quote
title: name
start: {trigger: manual, when: "status == 'draft'"}
nodes: [{action: shelf, do: [{update: {status: bad}}]}, {cc: told, who: {role: finance}}]
"""


def test_what_asks_nobody_is_a_button_of_its_own_and_no_submission(office: Shop) -> None:
    office.publish(QUOTE, FLOW, CHOICE, MARK, ROLES)
    li, record = at(office, "li"), quote(office)
    shown = li.text(f"/o/quote/{record}")
    assert ">Put on the shelf</button>" in shown and "Submit: Put on the shelf" not in shown
    assert "Submit: Quote approval" in shown
    for page in (li.text(f"/o/quote/{record}/edit"), li.text("/o/quote/new")):
        assert 'value="quote_approval">Save and submit<' in page and "Put on the shelf" not in page
    path = f"/tasks/start/shelved/quote/{record}"
    assert "<h1>Put on the shelf</h1>" in li.text(path)
    answer = li.fill(path, {})
    assert "Done: Put on the shelf" in li.text(answer.headers["Location"])
    assert office.ask("GET", f"/records/quote/{record}", "li").get_json()["status"] == "bad"


def test_an_approved_record_says_that_it_stays(office: Shop) -> None:
    office.publish(QUOTE, FLOW.replace("nodes:", "lock_after: true\nnodes:", 1), CHOICE, ROLES)
    record = quote(office)
    start(office, record)
    office.ask("POST", f"/tasks/{task_of(office, 'boss')}/agree", "boss", json={})
    office.ask("POST", f"/tasks/{task_of(office, 'li')}/skip", "root", json={"reason": "no scan"})
    li = at(office, "li")
    shown = li.text(f"/o/quote/{record}")
    assert "until the approval is revoked" in shown and "Kept as approved" in shown and "In approval" not in shown
    found = re.search(r'<a href="(/tasks/flows/[^"]+)">To the approval</a>', shown)
    assert found and li.get(found[1]).status_code == 200
    assert f"/o/quote/{record}/edit" not in li.text(f"/o/quote/{record}")
    assert li.get(f"/o/quote/{record}/edit").status_code == 303


def test_the_initiator_chooses_and_so_does_an_approver(office: Shop) -> None:
    people = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users").get_json()["data"]}
    li = at(office, "li")
    record = quote(office, status="bad")
    path = f"/tasks/start/chosen/quote/{record}"
    assert path in li.text(f"/o/quote/{record}")
    page = li.text(path)
    sound(page, "start")
    assert "Fang X" in page and "Ben Boss" not in page
    sent = {"_csrf": li.token("/"), "begin": "1", "_once": "z"}
    for chosen in ([], [people["boss"]], [people["fang"], people["feng"]]):
        answer = li.post(path, {**sent, "choice-first": chosen})
        assert answer.status_code == 422 and "choose 1 to 1" in answer.text
    assert li.post(path, {**sent, "choice-first": people["fang"]}).status_code == 303
    fang = at(office, "fang")
    page = fang.text(f"/tasks/{task_of(office, 'fang')}")
    assert "Who is asked at: Second" in page
    assert send(fang, page, "agree", next=people["feng"]).status_code == 303
    assert task_of(office, "feng")
    for path in (
        f"/tasks/start/nothing/quote/{record}",
        "/tasks/start/chosen/quote/x",
        f"/tasks/start/chosen/note/{record}",
    ):
        assert li.get(path).status_code in (403, 404), path


def test_a_line_of_people(office: Shop) -> None:
    li = at(office, "li")
    found = li.get("/tasks/people?q=ben").get_json()["data"]
    assert [one["title"] for one in found] == ["Ben Boss"]
    assert Browser(office).get("/tasks/people").status_code == 303


def test_stand_ins_of_ones_own(office: Shop) -> None:
    people = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users").get_json()["data"]}
    boss, feng = at(office, "boss"), at(office, "feng")
    page = boss.text("/me")
    sound(page, "/me")
    values = Inputs(page[page.index('id="stand-ins"') :].partition("</section>")[0]).values.to_dict()
    sent = {
        **values,
        "stand_in": people["feng"],
        "until": (datetime.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M"),
        "workflows": ["quote_approval"],
    }
    for wrong in (
        {"stand_in": ""},
        {"stand_in": people["boss"]},
        {"from": "x"},
        {"until": "2020-01-01T00:00"},
        {"workflows": ["no"]},
    ):
        answer = boss.post("/me", {**sent, **wrong})
        assert answer.status_code == 422 and 'class="error"' in answer.text, wrong
        sound(answer.text, "/me refused")
    assert boss.post("/me", sent).headers["Location"] == "/me#stand-ins"
    assert boss.post("/me", sent).status_code == 422, "one at a time"
    page = boss.text("/me")
    assert "<strong>Feng X</strong>" in page and "Quote approval" in page and "I stand in for:" in feng.text("/me")
    start(office, quote(office))
    page = feng.text(f"/tasks/{task_of(office, 'feng')}")
    assert "for Ben Boss" in page and "Feng X stands in for Ben Boss" in page
    answer = send(boss, boss.text(f"/tasks/{task_of(office, 'feng')}"), "take_over")
    assert answer.status_code == 303 and task_of(office, "boss")
    end = re.search(r'name="stand_in_end" value="([^"]+)"', boss.text("/me"))
    assert end and feng.post("/me", {"_csrf": feng.token("/"), "stand_in_end": end[1]}).status_code == 404
    assert boss.post("/me", {"_csrf": boss.token("/"), "stand_in_end": end[1]}).status_code == 303
    assert "<strong>Feng X</strong>" not in boss.text("/me")


def test_a_stand_in_who_shares(office: Shop) -> None:
    people = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users").get_json()["data"]}
    boss, feng = at(office, "boss"), at(office, "feng")
    page = boss.text("/me")
    values = Inputs(page[page.index('id="stand-ins"') :].partition("</section>")[0]).values.to_dict()
    assert values["mode"] == "take_over", "the usual"
    until = (datetime.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    sent = {**values, "stand_in": people["feng"], "until": until, "mode": "share"}
    answer = boss.post("/me", {**sent, "mode": "<b>"})
    assert answer.status_code == 422 and "mode is one of take_over, share" in answer.text and "<b>" not in answer.text
    answer = boss.post("/me", {**sent, "until": ""})
    kept = Inputs(answer.text[answer.text.index('id="stand-ins"') :].partition("</section>")[0]).values
    assert kept["mode"] == "share", "what was chosen stays"
    assert boss.post("/me", sent).status_code == 303
    assert "both can decide" in boss.text("/me") and "both can decide" in feng.text("/me")
    start(office, quote(office))
    task = task_of(office, "boss")
    assert task == task_of(office, "feng")
    listed, other = boss.text("/tasks"), feng.text("/tasks")
    assert "Feng X has it too" in listed and "for Ben Boss" not in listed
    assert "Ben Boss has it too" in other and "for Ben Boss" in other
    page, other = boss.text(f"/tasks/{task}"), feng.text(f"/tasks/{task}")
    sound(page, "shared task")
    assert "Feng X has it too; who is first decides" in page and "for Ben Boss" in other
    assert "Feng X stands in for Ben Boss, both can decide" in page
    assert send(boss, page, "agree").status_code == 303
    late = send(feng, other, "agree")
    assert late.status_code == 409 and "Ben Boss" in late.text
    assert task not in boss.text("/tasks") and task not in feng.text("/tasks")
    assert "has it too" not in boss.text("/tasks?box=done")


def test_forged_and_broken_forms(office: Shop) -> None:
    start(office, quote(office))
    boss = at(office, "boss")
    path = f"/tasks/{task_of(office, 'boss')}"
    assert boss.post(path, {"action": "agree"}).status_code == 400, "no token"
    token = boss.token("/")
    for action in ("", "start", "fire", "left", "look", "x" * 900, "child_ended", "revoke"):
        answer = boss.post(path, {"_csrf": token, "action": action, "_once": action[:5]})
        assert answer.status_code in (400, 403, 404, 409, 422), action
    assert boss.post(path, {"_csrf": token, "action": "agree", "v-secret": "x", "v-amount": "1"}).status_code == 303
    assert office.ask("GET", "/records/quote", "root").get_json()["data"][0]["amount"] == 10
    away = {"_csrf": token, "action": "comment", "comment": "hi", "next": "https://elsewhere.example/"}
    answer = boss.post(path, away)
    assert answer.status_code == 303 and answer.headers["Location"] == "/"


def test_the_print_has_the_history(office: Shop) -> None:
    instance = start(office, quote(office))
    page = at(office, "li").text(f"/tasks/flows/{instance}")
    assert 'class="card no-print further"' in page and "flow-box" in page and "submitted it" in page
