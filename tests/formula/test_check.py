"""The checker: every diagnostic with its place, its words in two languages and its fix; inputs and dependencies."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from world import world

from runtime.formula import tree
from runtime.formula.compiler import CONTEXTS, Compiled, compile
from runtime.formula.diagnostics import MESSAGES
from runtime.formula.tree import from_json, to_json
from runtime.formula.types import BOOL, DATE, NUMBER, TEXT, choice, ref

# source, code, the marked text, fix, context
WRONG: list[tuple[str, str, str, str | None, str]] = [
    ("prce * 2", "E_UNKNOWN_FIELD", "prce", "price", "computed"),
    ("{合同金额} * 2", "E_UNKNOWN_FIELD", "{合同金额}", "{合同 金额}", "computed"),
    ("customer.nam", "E_UNKNOWN_FIELD", "nam", "name", "computed"),
    ("xyz123", "E_UNKNOWN_FIELD", "xyz123", None, "computed"),
    ("UPER(s)", "E_UNKNOWN_FUNC", "UPER", "UPPER", "computed"),
    ("TODAY", "E_FUNC_NO_CALL", "TODAY", "TODAY()", "virtual"),
    ("ROUND(1, 2, 3)", "E_ARITY", "ROUND(1, 2, 3)", None, "computed"),
    ("IF(ok)", "E_ARITY", "IF(ok)", None, "computed"),
    ("IFS(ok, 1, ok)", "E_ARITY", "IFS(ok, 1, ok)", None, "computed"),
    ("s + 'x'", "E_TYPE", " + ", " & ", "computed"),
    ("ok + 1", "E_TYPE", "ok", None, "computed"),
    ("d * 2", "E_TYPE", "d", None, "computed"),
    ("LEFT(a)", "E_TYPE", "a", None, "computed"),
    ("at & ''", "E_TYPE", "at", None, "computed"),
    ("IF(ok, 1, 'a')", "E_TYPE", "'a'", None, "computed"),
    ("ISBLANK(ok)", "E_TYPE", "ok", None, "computed"),
    ("HAS(s, 'x')", "E_TYPE", "s", None, "computed"),
    ("'x' in s", "E_TYPE", "s", None, "computed"),
    ("dur + a", "E_TYPE", "dur", None, "computed"),
    ("d - at", "E_TYPE", "at", None, "computed"),
    ("a == 'x'", "E_TYPE_CMP", "a == 'x'", None, "computed"),
    ("d == '2026-01-05'", "E_TYPE_CMP", "'2026-01-05'", "DATE(2026, 1, 5)", "computed"),
    ("d < at", "E_TYPE_CMP", "d < at", None, "computed"),
    ("ok < no", "E_TYPE_CMP", "ok < no", None, "computed"),
    ("owner == customer", "E_TYPE_CMP", "owner == customer", None, "computed"),
    ("tags == 'x'", "E_TYPE_CMP", "tags == 'x'", None, "computed"),
    ("at + 1", "E_DT_PLUS_NUMBER", "at + 1", None, "computed"),
    ("IF(a, 1, 2)", "E_BOOL_EXPECTED", "a", None, "computed"),
    ("s and ok", "E_BOOL_EXPECTED", "s", None, "computed"),
    ("lines.amount", "E_PATH_TOMANY", "lines", None, "computed"),
    ("lines", "E_PATH_TOMANY", "lines", None, "computed"),
    ("s.name", "E_PATH_NOT_LINK", "s", None, "computed"),
    (
        "owner.manager.manager.manager.manager.manager.name",
        "E_PATH_DEPTH",
        "owner.manager.manager.manager.manager.manager",
        None,
        "computed",
    ),
    ("DATEADD(d, 1, s)", "E_NOT_CONST", "s", None, "computed"),
    ("TEXT(a, s)", "E_NOT_CONST", "s", None, "computed"),
    ("MATCHES(s, t)", "E_NOT_CONST", "t", None, "computed"),
    ("DATEADD(d, 1, 'hour')", "E_BAD_UNIT", "'hour'", None, "computed"),
    ("DATEDIF(d, e, 'MD')", "E_BAD_UNIT", "'MD'", None, "computed"),
    ("TEXT(a, '0.##')", "E_BAD_FORMAT", "'0.##'", None, "computed"),
    ("TEXT(d, 'yyyy-mm-dd')", "E_BAD_FORMAT", "'yyyy-mm-dd'", None, "computed"),
    ("TEXT(d, 'YYYY HH:mm')", "E_BAD_FORMAT", "'YYYY HH:mm'", None, "computed"),
    ("MATCHES(s, '(a+)+')", "E_BAD_REGEX", "'(a+)+'", None, "computed"),
    ("MATCHES(s, '(?=a)')", "E_BAD_REGEX", "'(?=a)'", None, "computed"),
    ("MATCHES(s, 'a**')", "E_BAD_REGEX", "'a**'", None, "computed"),
    ("MATCHES(s, '[z-a]')", "E_BAD_REGEX", "'[z-a]'", None, "computed"),
    ("MATCHES(s, '(a')", "E_BAD_REGEX", "'(a'", None, "computed"),
    ("WEEKDAY(d, 3)", "E_BAD_LITERAL", "3", None, "computed"),
    ("TODAY() > d", "E_VOLATILE_STORED", "TODAY()", None, "computed"),
    ("OLD(a)", "E_CONTEXT_FUNC", "OLD(a)", None, "filter"),
    ("ISNEW()", "E_CONTEXT_FUNC", "ISNEW()", None, "criteria"),
    ("USER.name", "E_CONTEXT_FUNC", "USER.name", None, "virtual"),
    ("SUM(lines.amount) > 1", "E_CONTEXT_AGG", "SUM(lines.amount)", None, "criteria"),
    ("COUNT(lines)", "E_CONTEXT_AGG", "COUNT(lines)", None, "default"),
    ("SUM(lines, COUNT(PARENT.lines))", "E_NESTED_AGG", "COUNT(PARENT.lines)", None, "computed"),
    ("price", "E_MEASURE_FIELD", "price", None, "measure"),
    ("LOOKUP('rats', TRUE, 1)", "E_UNKNOWN_OBJECT", "'rats'", None, "computed"),
    ("1 +", "E_SYNTAX", "+", None, "computed"),
    ("(1", "E_SYNTAX", "(", None, "computed"),
    ("1)", "E_SYNTAX", ")", None, "computed"),
    ("SUM(1;2)", "E_TOKEN", ";", ",", "computed"),
    ("a => 1", "E_TOKEN", "=>", ">=", "computed"),
    ("a ^ 2", "E_TOKEN", "^", None, "computed"),
    ("50%", "E_TOKEN", "%", None, "computed"),
    (
        "SUM(lines.amount)+SUM(lines.qty)+COUNT(lines)+MAX(lines.qty)+MIN(lines.qty)+AVG(lines.qty)",
        "E_LIMIT_AGGREGATES",
        "AVG(lines.qty)",
        None,
        "computed",
    ),
]
WARNED: list[tuple[str, str, str, str | None]] = [
    ("status == 'drft'", "W_CHOICE_VALUE", "'drft'", "'draft'"),
    ("status in ['draft', 'x9']", "W_CHOICE_VALUE", "'x9'", None),
    ("a / 0", "W_DIV_NULL", "0", None),
    ("REPT(s, 2000)", "W_TEXT_LIMIT", "2000", None),
    ("owner == 'nobody'", "W_ALWAYS_FALSE", "owner == 'nobody'", None),
    ("owner != 'nobody'", "W_ALWAYS_TRUE", "owner != 'nobody'", None),
    ("a < NULL", "W_ALWAYS_FALSE", "a < NULL", None),
    ("IF(TRUE, 1, 2)", "W_ALWAYS_TRUE", "TRUE", None),
    ("a in []", "W_ALWAYS_FALSE", "a in []", None),
    ("LOOKUP('rate', ROW.value > 1, ROW.value)", "W_SLOW", "ROW.value > 1", None),
    ("LOOKUP('rate', 'x' == ROW.code or a > 1, ROW.value)", "W_SLOW", "'x' == ROW.code or a > 1", None),
]


def test_a_summary_over_a_link_without_index_is_slow() -> None:
    scope = world()
    scope.items = [replace(one, indexed=False) for one in scope.items]
    found = compile("COUNT(lines) + SUM(lines.qty, qty > 1)", scope)
    assert found.ok and codes(found) == ["W_SLOW", "W_SLOW"]


def test_what_only_the_server_computes_is_told_where_forms_use_it() -> None:
    source = "LOOKUP('rate', ROW.code == s and ROW.value > 1, ROW.value)"
    told = compile(source, world(), context="virtual").diagnostics
    assert [(one.code, one.severity, source[one.start : one.end]) for one in told] == [
        ("E_NOT_IN_BROWSER", "info", source)
    ]
    assert compile(source, world(), context="filter", expected=NUMBER).diagnostics == ()
    assert codes(compile("COUNT(customer.deals)", world(), context="virtual")) == ["E_NOT_IN_BROWSER"]
    assert codes(compile("COUNT(lines)", world(), context="virtual")) == []


def test_a_result_that_may_be_blank_is_told_where_that_is_asked() -> None:
    for source, told in (("a / b", True), ("price + qty", False), ("d", True), ("IFBLANK(a, 0)", False), ("s", False)):
        found = compile(source, world(), nullable=False)
        assert codes(found) == (["W_NULLABLE_RESULT"] if told else []), source
        assert codes(compile(source, world())) == []


def codes(compiled: Compiled) -> list[str]:
    return [found.code for found in compiled.diagnostics]


@pytest.mark.parametrize(("source", "code", "marked", "fix", "context"), WRONG, ids=lambda v: str(v)[:40])
def test_errors(source: str, code: str, marked: str, fix: str | None, context: str) -> None:
    compiled = compile(source, world(), context=context)
    assert not compiled.ok
    found = compiled.diagnostics[0]
    assert (found.code, source[found.start : found.end], found.fix) == (code, marked, fix)
    assert found.severity == "error"
    for text in found.message.values():
        assert text and "None" not in text


@pytest.mark.parametrize(("source", "code", "marked", "fix"), WARNED, ids=lambda v: str(v)[:40])
def test_warnings(source: str, code: str, marked: str, fix: str | None) -> None:
    compiled = compile(source, world())
    assert compiled.ok
    found = next(one for one in compiled.diagnostics if one.severity != "info")
    assert (found.code, source[found.start : found.end], found.fix) == (code, marked, fix)
    assert found.severity == "warning"


def test_all_messages_are_bilingual() -> None:
    for code, (english, chinese) in MESSAGES.items():
        assert english.strip() and chinese.strip(), code
        assert english.isascii() or "…" in english, code
        assert any("\u4e00" <= ch <= "\u9fff" for ch in chinese), code
        assert chinese.endswith(("。", "。}", "}")), code


def test_several_errors_are_found_at_once() -> None:
    compiled = compile("prce + qtty & LEFT(a)", world())
    assert codes(compiled) == ["E_UNKNOWN_FIELD", "E_UNKNOWN_FIELD", "E_TYPE"]


def test_places_are_code_points_of_the_original() -> None:
    source = "=“𠮷” & （unknwon）"
    found = compile(source, world()).diagnostics[0]
    assert source[found.start : found.end] == "unknwon"


def test_a_programmers_error_raises() -> None:
    with pytest.raises(ValueError):
        compile("1", world(), context="nowhere")
    with pytest.raises(ValueError):
        compile("1", world(), blank="maybe")


@pytest.mark.parametrize("context", CONTEXTS)
def test_contexts_accept_a_plain_formula(context: str) -> None:
    source = {"measure": "SUM(price)", "computed": "price", "virtual": "price", "default": "1"}.get(
        context, "price > 1"
    )
    assert compile(source, world(), context=context).ok


def test_expected_types() -> None:
    scope = world()
    assert compile("price", scope, expected=NUMBER).ok
    assert compile("NULL", scope, expected=DATE).type == DATE
    assert codes(compile("price", scope, expected=TEXT)) == ["E_TYPE"]
    assert codes(compile("s", scope, expected=NUMBER)) == ["E_TYPE"]
    assert codes(compile("at", scope, expected=DATE)) == ["E_TYPE"]
    assert codes(compile("price", scope, expected=BOOL)) == ["E_BOOL_EXPECTED"]
    assert codes(compile("price", scope, context="filter")) == ["E_BOOL_EXPECTED"]
    assert compile("IF(ok, 'A', 'B')", scope, expected=choice("A", "B")).ok
    assert codes(compile("IF(ok, 'A', 'Z')", scope, expected=choice("A", "B"))) == ["W_CHOICE_VALUE"]
    assert compile("customer.owner", scope, expected=ref("user")).ok
    assert codes(compile("customer", scope, expected=ref("user"))) == ["E_TYPE"]
    assert compile("price", scope, context="title").type == TEXT
    assert codes(compile("at", scope, context="text")) == ["E_TYPE"]


def test_slots_and_dependencies() -> None:
    compiled = compile("price * qty + price + customer.owner.department.budget", world())
    assert [slot.path for slot in compiled.slots] == [
        ("k_price",),
        ("k_qty",),
        ("k_customer", "k_owner", "k_department", "k_budget"),
    ]
    assert compiled.slots[2].hops == ("customer", "user", "department")
    assert compiled.deps == {
        ("deal", "k_price"),
        ("deal", "k_qty"),
        ("deal", "k_customer"),
        ("customer", "k_owner"),
        ("user", "k_department"),
        ("department", "k_budget"),
    }
    assert not compiled.local and not compiled.has_aggregates and not compiled.volatile


def test_dependencies_of_aggregates() -> None:
    compiled = compile("SUM(lines, qty * PARENT.price, item.name == 'x') / COUNT(lines, done)", world())
    assert [(slot.kind, slot.path) for slot in compiled.slots] == [("field", ("k_lines",)), ("field", ("k_price",))]
    assert [slot.path for slot in compiled.inner[0]] == [("k_qty",), ("k_item", "k_name"), ("k_done",)]
    assert {slot.root for slot in compiled.inner[0]} == {"child"}
    assert compiled.deps == {
        ("deal", "k_lines"),
        ("deal", "k_price"),
        ("line", "k_qty"),
        ("line", "k_item"),
        ("product", "k_name"),
        ("line", "k_done"),
    }
    assert compiled.has_aggregates and not compiled.local


def test_environment_is_no_slot() -> None:
    compiled = compile("owner == USER.id and d < TODAY()", world(), context="filter")
    assert [slot.path for slot in compiled.slots] == [("k_owner",), ("k_d",)]
    assert compiled.env == (("USER", "id"), ("TODAY",))
    assert compiled.volatile and compiled.local


def test_renames_change_nothing() -> None:
    assert compile("old_price * 2", world()).hash == compile("price * 2", world()).hash
    assert compile("单价*2", world()).hash == compile(" ( price ) * 2.0", world()).hash
    assert compile("price * 2", world()).hash != compile("price * 3", world()).hash
    assert compile("a + 1", world()).hash != compile("a + 1", world(), blank="null").hash


def test_json_round_trip() -> None:
    sources = [
        "IF(price > 1.5 and status == 'draft', DATE(2026, 1, 1 + a), d)",
        "tags == ['x']",
        "SUM(lines, qty * PARENT.price, done)",
        "LOOKUP('rate', ROW.code == s, value, since)",
        "status in ['draft', 'won'] and HASROLE('x')",
        "-(a) / b & TEXT(at, 'H时')",
    ]
    for source in sources:
        compiled = compile(source, world(), context="automation")
        assert compiled.ir is not None
        text = json.dumps(to_json(compiled.ir))
        assert from_json(json.loads(text)) == compiled.ir
        assert json.loads(compiled.json_text())["hash"] == compiled.hash
        for node in tree.walk(compiled.ir):
            assert 0 <= node.pos[0] <= node.pos[1] <= len(source)


def shape(source: str, **more: Any) -> str:
    """The nodes of a formula in short, for tests of what the checker makes explicit."""

    def show(node: tree.Node) -> str:
        match node:
            case tree.Lit(value=value):
                return str(value)
            case tree.SlotRef(index=index):
                return f"s{index}"
            case tree.Arith(op=op, a=a, b=b, norm=norm):
                return f"({show(a)}{op}{show(b)}{'!' if norm else ''})"
            case tree.Call(fn=fn, args=args):
                return f"{fn}({','.join(map(show, args))})"
        inner = ",".join(show(n) for n in tree.parts(node))
        return f"{tree.NAMES[type(node)]}[{inner}]"

    compiled = compile(source, world(), context="automation", **more)
    assert compiled.ir is not None, compiled.diagnostics
    return show(compiled.ir)


def test_implicit_steps_are_written_out() -> None:
    assert shape("a + 1") == "(num0[s0]+1!)"
    assert shape("a + 1", blank="null") == "(s0+1!)"
    assert shape("price + 1") == "(num0[s0]+1)"
    assert shape("price * 0.1") == "(num0[s0]*0.1)"
    assert shape("price / 3") == "(num0[s0]/3!)"
    assert shape("3 / price") == "(3/s0!)"
    assert shape("1 + 1 / a") == "(1+(1/s0!))"
    assert shape("ROUND(a, 2) + 1") == "(num0[ROUND(s0,2)]+1!)"
    assert shape("SQRT(a) + 1") == "(SQRT(s0)+1)"
    assert shape("IF(ok, a, 1 / a) * 2") == "(if[s0,s1,(1/s1!)]*2!)"
    assert shape("a == 1") == "cmp[s0,1]"
    assert shape("not not ok") == "s0"
    assert shape("s & a & d") == "CONCAT(s0,N2T(s1),D2T(s2))"
    assert shape("d > DATE(2026, 1, 5)") == "cmp[s0,2026-01-05]"
    assert shape("YEAR(at)") == "YEAR(LOCALDATE(s0))"
