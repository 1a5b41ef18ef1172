"""The scenarios of the specification (S01 to S40) that the core decides, with a clock moved by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runtime.base.errors import Conflict, Forbidden, Invalid, TooMany
from runtime.engine.flow.approvers import in_force
from tests.flow.world import Office, Play


def approve(people: list[str], mode: Any = "any", **more: Any) -> dict[str, Any]:
    return {"approve": more.pop("name", "a"), "who": {"users": people}, "mode": mode, **more}


def play(
    *nodes: dict[str, Any], office: Office | None = None, record: dict[str, Any] | None = None, **doc: Any
) -> Play:
    return Play({"nodes": list(nodes), **doc}, office, **(record or {}))


THREE = ["wang", "zhao", "qian"]


def test_s01_any_first_agrees() -> None:
    p = play(approve(THREE)).start().says("zhao", "agree")
    assert p.state.state == "approved"
    assert sorted(one.state for one in p.state.tasks.values()) == ["agreed", "cancelled", "cancelled"]
    with pytest.raises(Conflict) as found:
        p.do("agree", "wang", 1)
    assert found.value.code == "already_ended"


def test_s02_any_first_rejects() -> None:
    assert play(approve(THREE)).start().says("wang", "reject").state.state == "rejected"


def test_s03_all_third_rejects() -> None:
    p = play(approve(THREE, "all")).start().says("wang", "agree").says("zhao", "agree")
    assert p.state.state == "running"
    assert p.says("qian", "reject").state.state == "rejected"


def test_s04_sequential() -> None:
    p = play(approve(THREE, "sequential")).start()
    assert p.open() == ["wang"]
    with pytest.raises(Conflict):
        p.do("agree", "zhao", 2)
    assert p.says("wang", "agree").open() == ["zhao"]
    assert p.says("zhao", "agree").says("qian", "agree").state.state == "approved"


@pytest.mark.parametrize(("word", "outcome"), [("agree", "approved"), ("reject", "rejected")])
def test_s05_ratio(word: str, outcome: str) -> None:
    p = play(approve([*THREE, "sun", "zhou"], {"ratio": 60})).start()
    p.says("wang", word).says("zhao", word)
    assert p.state.state == "running"
    assert p.says("qian", word).state.state == outcome


def test_s06_votes() -> None:
    p = play(approve(THREE, {"votes": 2})).start().says("wang", "agree").says("zhao", "reject")
    assert p.state.state == "running"
    assert p.says("qian", "agree").state.state == "approved"


CHAIN = Office(managers={"li": "wang", "wang": "zhao", "zhao": "qian", "qian": "boss"}, roles={"vp": ["qian"]})


def test_s07_chain_passes_over_who_has_left() -> None:
    office = Office(managers=dict(CHAIN.managers), gone={"zhao"})
    p = play(
        {"approve": "c", "who": {"chain": {"from": "initiator", "levels": 3, "skip_missing": True}}}, office=office
    ).start()
    assert p.open() == ["wang"]
    assert p.says("wang", "agree").open() == ["qian"]


def test_s08_chain_until_a_role() -> None:
    p = play({"approve": "c", "who": {"chain": {"levels": 9, "until_role": "vp"}}}, office=CHAIN).start()
    for name in THREE:
        p.says(name, "agree")
    assert p.state.state == "approved"


def test_s09_head_of_a_department_field() -> None:
    office = Office(heads={"east": "zhao"})
    p = play(
        {"approve": "h", "who": {"department_head": {"of": "region"}}}, office=office, record={"region": "east"}
    ).start()
    assert p.open() == ["zhao"]


def test_s10_choice_of_the_initiator() -> None:
    node = {"approve": "c", "who": {"initiator_choice": {"from": "all", "min": 2, "max": 3}}, "mode": "all"}
    with pytest.raises(Invalid) as found:
        play(node).start(choice={"c": ["wang"]})
    assert "2 to 3" in found.value.show()
    assert play(node).start(choice={"c": ["wang", "zhao"]}).open() == ["wang", "zhao"]


def test_s11_own_approval() -> None:
    office = Office(managers={"li": "boss"})
    node = approve(["li", "wang"], "all")
    assert play(node, office=office).start().open() == ["wang"]
    assert play(node, office=office, start={"allow": {"self_approval": "manager"}}).start().open() == ["boss", "wang"]
    assert play(node, office=office, start={"allow": {"self_approval": "allow"}}).start().open() == ["li", "wang"]


def test_s12_nobody_found() -> None:
    node = {"approve": "a", "who": {"role": "none"}}
    assert play(node, empty={"policy": "auto_pass"}, allow_all_auto=True).start().state.state == "approved"
    assert play(node, empty={"policy": "to_admin"}).start().open() == ["admin"]
    assert play(node, empty={"policy": "reject"}).start().state.state == "rejected"
    assert play(node, empty={"policy": "to_user", "user": "sun"}).start().open() == ["sun"]
    p = play(node, empty={"policy": "block"}).start()
    assert p.state.runs[1].blocked and p.state.tasks[1].kind == "admin_fix"
    p.office.roles["none"] = ["wang"]
    p.do("retry", "admin", 1, admin=True, reason="role filled")
    assert p.open() == ["wang"]


def test_s13_same_person_again() -> None:
    p = play(approve(["wang"]), approve(["wang"], name="b"), approve(["zhao"], name="c"), dedupe="consecutive").start()
    p.says("wang", "agree")
    assert p.open() == ["zhao"]
    again = p.state.tasks[2]
    assert (again.state, again.by) == ("auto_agreed", "wang")
    filled = approve(["wang"], name="b", fields={"required": ["scan"]})
    assert play(approve(["wang"]), filled, dedupe="consecutive").start().says("wang", "agree").open() == ["wang"]


def test_s13_last() -> None:
    p = play(approve(["wang", "zhao"], "all"), approve(["wang"], name="b"), dedupe="last").start()
    assert p.open() == ["zhao"]
    assert p.says("zhao", "agree").open() == ["wang"]


def test_s14_delegation() -> None:
    p = play(approve(["wang"]))
    p.office.delegates["wang"] = ("zhao", p.now, p.now + timedelta(days=1))
    p.start().says("zhao", "agree")
    command = next(one.data for one in p.events if one.type == "command" and one.data["name"] == "agree")
    assert (command["actor"], command["on_behalf"]) == ("zhao", "wang")
    p = play(approve(["wang"]))
    p.office.delegates["wang"] = ("zhao", p.now, p.now + timedelta(days=1))
    p.start()
    p.do("take_over", "wang", 1)
    assert p.open() == ["wang"]
    p = play(approve(["wang"]))
    p.office.delegates["wang"] = ("zhao", p.now - timedelta(days=2), p.now)
    assert p.start().open() == ["wang"]


def test_s15_transfers() -> None:
    p = (
        play(approve(["wang", "zhou"], "all"))
        .start()
        .says("wang", "transfer", to="zhao")
        .says("zhao", "transfer", to="qian")
    )
    with pytest.raises(Conflict) as found:
        p.says("qian", "transfer", to="zhou")
    assert found.value.code == "already_approver"
    with pytest.raises(Conflict):
        p.says("qian", "transfer", to="li")
    assert p.says("qian", "agree").says("zhou", "agree").state.state == "approved"


def test_s16_signers_before() -> None:
    p = play(approve(["wang"])).start().says("wang", "add_sign", kind="before", people=["zhao", "qian"], mode="all")
    assert p.open() == ["zhao", "qian"]
    p.says("zhao", "agree").says("qian", "reject")
    assert p.open() == ["wang"], "a rejection of a signer before is advice"
    assert p.says("wang", "agree").state.state == "approved"
    harsh = (
        play(approve(["wang"], before_sign_reject="reject"))
        .start()
        .says("wang", "add_sign", kind="before", people=["zhao"])
    )
    assert harsh.says("zhao", "reject").state.state == "rejected"


def test_s17_signers_after() -> None:
    p = (
        play(approve(["wang"]))
        .start()
        .says("wang", "add_sign", kind="after", people=["zhao", "qian"], mode="sequential")
    )
    assert p.open() == ["zhao"]
    assert p.says("zhao", "agree").open() == ["qian"]
    assert p.says("qian", "reject").state.state == "rejected"


def test_s17_nested_signers() -> None:
    p = play(approve(["wang"])).start().says("wang", "add_sign", kind="before", people=["zhao"])
    p.says("zhao", "add_sign", kind="after", people=["qian"])
    assert p.open() == ["qian"]
    p.says("qian", "add_sign", kind="before", people=["sun"])
    with pytest.raises(Conflict) as found:
        p.says("sun", "add_sign", kind="parallel", people=["zhou"])
    assert found.value.code == "too_deep"
    assert p.says("sun", "agree").says("qian", "agree").open() == ["wang"]
    p.says("wang", "add_sign", kind="before", people=["zhou"])
    p.do("remove_signer", "wang", added=p.task("zhou").id)
    assert p.open() == ["wang"]


def test_s18_signers_beside_change_the_count() -> None:
    p = (
        play(approve(["wang", "zhao"], {"ratio": 60}))
        .start()
        .says("wang", "add_sign", kind="parallel", people=["qian", "sun"])
    )
    p.says("wang", "agree").says("zhao", "agree")
    assert p.state.state == "running", "60 % of four are three"
    assert p.says("sun", "agree").state.state == "approved"


def steps(*names: str) -> list[dict[str, Any]]:
    return [approve([name], name=f"n_{name}") for name in names]


def test_s19_return_and_directly_back() -> None:
    p = play(*steps("wang", "zhao")).start().says("wang", "agree").says("zhao", "return", comment="scan?")
    assert (p.state.state, p.open()) == ("returned", ["li"])
    p.says("li", "submit", values={"scan": "x"})
    assert (p.state.state, p.open(), p.state.round) == ("running", ["zhao"], 2)
    assert p.says("zhao", "agree").state.state == "approved"


BRANCH = {"branch": [{"when": "amount > 10", "nodes": steps("zhao")}, {"else": steps("qian")}]}


def test_s20_return_and_other_branch() -> None:
    p = play(*steps("wang"), BRANCH, record={"amount": 99}).start().says("wang", "agree")
    assert p.open() == ["zhao"]
    p.says("zhao", "return").says("li", "submit", values={"amount": 1})
    assert p.open() == ["wang"], "a condition field has changed: all steps again"
    assert p.says("wang", "agree").open() == ["qian"]


def parallel(*ways: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"parallel": {"branches": [{"nodes": nodes} for nodes in ways], **more}}


def test_s21_return_inside_of_a_branch() -> None:
    p = (
        play(parallel(steps("wang", "zhao"), steps("qian")))
        .start()
        .says("wang", "agree")
        .says("zhao", "return", to="n_wang")
    )
    assert sorted(p.open()) == ["qian", "wang"]
    assert p.says("wang", "agree").open() == ["qian", "zhao"]
    assert p.says("qian", "agree").says("zhao", "agree").state.state == "approved"


def test_s22_return_before_the_fork() -> None:
    p = (
        play(*steps("sun"), parallel(steps("wang"), steps("qian")))
        .start()
        .says("sun", "agree")
        .says("wang", "return", to="n_sun")
    )
    assert p.open() == ["sun"]
    assert p.says("sun", "agree").open() == ["wang", "qian"]
    with pytest.raises(Invalid):
        p.says("wang", "return", to="n_qian")


def test_s23_rejection_of_one_branch() -> None:
    p = play(parallel(steps("wang"), steps("qian"), join="any", reject="branch")).start().says("wang", "reject")
    assert p.state.state == "running"
    assert p.says("qian", "agree").state.state == "approved"
    p = play(parallel(steps("wang"), steps("qian"), join="all", reject="branch")).start().says("wang", "reject")
    assert p.state.state == "rejected"


def test_s24_two_of_three() -> None:
    p = play(parallel(steps("wang"), steps("zhao"), steps("qian"), join={"count": 2}), *steps("sun")).start()
    p.says("wang", "agree").says("qian", "agree")
    assert p.open() == ["sun"]
    assert p.state.tasks[2].state == "cancelled"


def test_s25_s26_second_decision_is_told_what_happened() -> None:
    p = play(approve(["wang", "zhao"], "all"), *steps("sun")).start().says("wang", "agree")
    with pytest.raises(Conflict) as found:
        p.do("agree", "wang", 1)
    assert (found.value.code, found.value.extra["by"]) == ("task_agreed", "wang")
    with pytest.raises(Forbidden):
        p.do("agree", "sun", 2)


def test_s27_withdraw() -> None:
    p = play(*steps("wang", "zhao")).start()
    with pytest.raises(Forbidden):
        p.do("withdraw", "wang")
    p.do("withdraw", "li")
    assert p.state.state == "withdrawn"
    p = play(*steps("wang", "zhao")).start().says("wang", "agree")
    with pytest.raises(Conflict):
        p.do("withdraw", "li")


def test_s28_take_back() -> None:
    p = play(*steps("wang", "zhao", "qian")).start().says("wang", "agree")
    with pytest.raises(Forbidden):
        p.do("retrieve", "zhao")
    p.do("retrieve", "wang")
    assert p.open() == ["wang"]
    p.says("wang", "agree").says("zhao", "agree")
    with pytest.raises(Forbidden):
        p.do("retrieve", "wang")
    p.now += timedelta(minutes=11)
    with pytest.raises(Conflict):
        p.do("retrieve", "zhao")
    p = play(parallel(steps("wang"), steps("zhao"), join="any"), *steps("qian")).start().says("wang", "agree")
    assert p.open() == ["qian"]
    p.do("retrieve", "wang")
    assert sorted(p.open()) == ["wang", "zhao"]
    assert p.says("zhao", "agree").open() == ["qian"]


def test_s29_revoke_is_an_instance_of_its_own() -> None:
    doc: dict[str, Any] = {
        "after": {"revoked": [{"update": {"status": "draft"}}], "approved": [{"update": {"status": "ok"}}]}
    }
    p = play(*steps("wang"), **doc).start().says("wang", "agree")
    assert p.record["status"] == "ok"
    again = Play({"nodes": steps("wang"), **doc})
    again.record = p.record
    again.start(kind="revoke").says("wang", "agree")
    assert (again.record["status"], p.state.state) == ("draft", "approved")


def test_s30_deadline_over_a_make_up_saturday() -> None:
    due = {
        "in": "16wh",
        "steps": [
            {"at": "-2wh", "do": "remind"},
            {"at": 0, "do": ["remind", "cc_manager"]},
            {"at": "8wh", "do": {"transfer": "manager_of_assignee"}},
            {"at": "40wh", "do": "auto_reject"},
        ],
    }
    office = Office(managers={"wang": "boss"})
    p = play(approve(["wang"], due=due), office=office)
    p.now = datetime(2026, 2, 13, 1, 0, tzinfo=UTC)  # Friday before the make-up Saturday 14 February
    p.start()
    assert p.state.tasks[1].due == "2026-02-24T02:00:00.000000Z", "two days of seven and a half hours, one hour more"
    fires = [one.fire_at for one in p.state.timers.values()]
    assert fires == sorted(fires)
    assert fires[0].startswith("2026-02-14"), "the make-up Saturday counts"
    p.forward(timedelta(days=60))
    assert p.state.state == "rejected"
    assert p.state.copies == ["boss"]
    kinds = [one.type for one in p.events]
    assert kinds.count("reminded") == 2
    assert [one.assignee for one in p.state.tasks.values()] == ["wang", "boss"]


def test_s31_timer_of_a_decided_task_does_nothing() -> None:
    p = play(approve(["wang"], due={"in": "1h", "steps": [{"at": 0, "do": "auto_reject"}]}), *steps("zhao")).start()
    p.says("wang", "agree")
    assert p.do("fire", "system", timer=1)[1:] == []
    assert p.forward(timedelta(days=9)).open() == ["zhao"]


def test_s32_somebody_leaves() -> None:
    office = Office(managers={"wang": "boss"})
    p = play(approve(["wang", "zhao"], "all"), office=office).start()
    office.gone.add("wang")
    p.do("left", "system", person="wang")
    assert sorted(p.open()) == ["boss", "zhao"]
    office.gone.add("zhao")
    p.do("left", "system", person="zhao")
    assert sorted(p.open()) == ["admin", "boss"]


def test_s32_a_successor_follows_before_the_manager() -> None:
    office = Office(managers={"wang": "boss", "sun": "qian"}, successors={"wang": "sun"})
    p = play(approve(["wang"], "all"), *steps("wang"), office=office).start()
    office.gone |= {"wang", "sun"}
    p.do("left", "system", person="wang")
    assert p.open() == ["qian"], "the manager of a successor who has left too"
    office.gone.add("qian")
    p.do("left", "system", person="qian")
    assert p.open() == ["admin"] and in_force(p.asking(), "wang") == "boss", "nobody on that way: back to the manager"
    office.successors |= {"sun": "wang", "boss": "sun"}
    office.gone.add("boss")
    assert in_force(p.asking(), "wang") is None, "circles end"


def test_s34_fields_of_a_step() -> None:
    p = play(approve(["wang"], fields={"editable": ["terms"], "required": ["scan"]})).start()
    with pytest.raises(Invalid):
        p.says("wang", "agree", values={"amount": 5})
    with pytest.raises(Invalid) as found:
        p.says("wang", "agree", values={"terms": "30 days"})
    assert found.value.problems[0].field == "scan" and "terms" not in p.record
    assert p.says("wang", "agree", values={"scan": "x", "terms": "30"}).state.state == "approved"
    assert p.record["terms"] == "30"


def test_s38_actions_that_fail() -> None:
    node = {"action": "set", "do": [{"update": {"status": "x"}}]}
    p = play(*steps("wang"), node).start()
    p.failing = True
    p.says("wang", "agree")
    assert p.task("admin").kind == "admin_fix"
    with pytest.raises(Forbidden):
        p.do("retry", "wang", 2, reason="no")
    p.failing = False
    p.do("retry", "admin", 2, admin=True, reason="mended")
    assert (p.state.state, p.record["status"]) == ("approved", "x")
    p = play({**node, "on_error": "reject"})
    p.failing = True
    assert p.start().state.state == "rejected"


def test_s39_sub_workflow() -> None:
    node = {"subflow": {"workflow": "other", "on_reject": "reject"}}
    p = play(node, *steps("wang")).start()
    p.do("child_started", "system", run=1, child="c1")
    p.do("child_ended", "system", run=1, outcome="rejected")
    assert p.state.state == "rejected"
    p = play(node, *steps("wang")).start()
    p.do("child_ended", "system", run=1, outcome="approved")
    assert p.open() == ["wang"]
    p = play(node, *steps("wang")).start()
    p.do("child_ended", "system", run=1, outcome="failed", why="no record")
    assert p.task("admin").kind == "admin_fix"


def test_s40_nobody_decides_anything() -> None:
    node = {"approve": "a", "who": {"role": "none"}}
    p = play(node, empty={"policy": "auto_pass"}).start()
    assert p.open() == ["admin"]
    assert p.says("admin", "agree").state.state == "approved"


def test_waits() -> None:
    assert play({"wait": {"for": "3d"}}).start().forward(timedelta(days=4)).state.state == "approved"
    p = play({"wait": {"until": "amount > 5"}}, *steps("wang")).start()
    assert p.forward(timedelta(hours=5)).nodes() == ["0"]
    p.record["amount"] = 9
    p.do("look", "system")
    assert p.open() == ["wang"]
    p = play({"wait": {"until": "day"}}, record={"day": datetime(2026, 4, 1, tzinfo=UTC).date()}).start()
    assert p.forward(timedelta(days=29)).state.state == "running"
    assert p.forward(timedelta(days=2)).state.state == "approved"


def test_urge_comment_copy() -> None:
    p = play({"cc": "team", "who": {"users": ["sun"]}}, *steps("wang")).start()
    assert p.state.copies == ["sun"]
    p.do("urge", "li")
    with pytest.raises(TooMany):
        p.do("urge", "li")
    p.do("comment", "sun", comment="seen", mentions=["wang"])
    with pytest.raises(Forbidden):
        p.do("comment", "zhou", comment="?")
    p.says("wang", "agree").do("comment", "li", comment="thanks")
    with pytest.raises(Invalid):
        play(approve(["wang"], opinion={"comment": "on_reject"})).start().says("wang", "reject")


def test_administrators() -> None:
    p = play(*steps("wang", "zhao")).start()
    with pytest.raises(Invalid):
        p.do("skip", "admin", 1, admin=True)
    p.do("reassign", "admin", 1, admin=True, reason="ill", to="sun")
    assert p.open() == ["sun"]
    p.do("skip", "admin", p.task("sun").id, admin=True, reason="ill")
    assert p.open() == ["zhao"]
    p.do("terminate", "admin", admin=True, reason="void")
    assert p.state.state == "terminated"


def test_who_may_start() -> None:
    with pytest.raises(Forbidden):
        play(*steps("wang"), start={"who": {"roles": ["sales"]}}).start()
    with pytest.raises(Invalid):
        play(*steps("wang"), start={"when": "amount > 5"}).start()
