"""A body counts whole or not at all, however it is sent."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from runtime.app import create_app, make_services
from tests.conftest import Shop
from tests.engine.tables import count, problem

NOTE = "object: note\nlabel: {en: Note, zh: 便签}\nfields:\n  text: {type: text, label: {en: T, zh: 文}}\n"
FLOW = """
workflow: sign
label: {en: Sign, zh: 签}
object: note
start: {trigger: manual}
nodes:
  - approve: boss
    label: {en: Boss, zh: 老板}
    who: {user: boss}
"""
NDJSON = "application/x-ndjson"


def streamed(shop: Shop, path: str, body: bytes, user: str = "admin", kind: str = "application/json") -> Any:
    """Without a length beforehand, as HTTP's chunks are."""
    return shop.ask(
        "POST", path, user, input_stream=io.BytesIO(body), content_type=kind,
        environ_overrides={"wsgi.input_terminated": True},
    )  # fmt: skip


def test_what_is_streamed_is_not_cut_off_at_the_limit(shop: Shop) -> None:
    shop.publish(NOTE)
    small = replace(shop.settings, largest_body=2000)
    apart = create_app(small, make_services(small))
    headers = {"Authorization": f"Bearer {shop.ask('GET', '/me').request.headers['Authorization'].split()[1]}"}
    body = b'{"text":"a"}\n' * 200
    found = apart.test_client().post(
        "/api/v1/records/note/bulk", headers=headers, input_stream=io.BytesIO(body), content_type=NDJSON,
        environ_overrides={"wsgi.input_terminated": True},
    )  # fmt: skip
    problem(found, 413)
    assert count(shop, "o_note") == 0
    apart.extensions["dougong"].workspaces.database.close()


def test_a_streamed_command_says_what_it_says(shop: Shop) -> None:
    boss = shop.user("boss", "admin")
    shop.publish(NOTE, FLOW.replace("user: boss", f"user: {boss}"))
    record = shop.ask("POST", "/records/note", json={"text": "a"}).get_json()["id"]
    started = streamed(shop, "/workflows/sign/start", b'{"object":"note","record":"%s"}' % record.encode())
    assert started.status_code == 201, started.data
    task = shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert streamed(shop, f"/tasks/{task}/agree", b'{"comment":"as agreed by phone"}', "boss").status_code == 200
    told = shop.ask("GET", f"/workflows/instances/{started.get_json()['instance']}", "boss").get_data(as_text=True)
    assert "as agreed by phone" in told


def test_a_body_that_was_cut_off_does_nothing(shop: Shop) -> None:
    shop.publish(NOTE)
    whole = b'{"text":"a"}\n{"text":"b"}\n'
    found = shop.ask(
        "POST", "/records/note/bulk", input_stream=io.BytesIO(whole[:13]), content_type=NDJSON,
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": str(len(whole))},
    )  # fmt: skip
    problem(found, 400)
    assert count(shop, "o_note") == 0


def test_a_wrong_line_is_named(shop: Shop) -> None:
    shop.publish(NOTE)
    found = shop.ask("POST", "/records/note/bulk", data=b'{"text":"a"}\n\n{"text":}\n', content_type=NDJSON)
    assert "第 3 行" in problem(found, 400)["detail"]
    assert count(shop, "o_note") == 0


def test_the_limit_of_a_small_body_is_told(shop: Shop) -> None:
    shop.publish(NOTE)
    found = shop.ask("POST", "/formula/check", json={"object": "note", "source": "x" * 70_000})
    assert "64 KB" in problem(found, 413)["detail"]


@pytest.mark.parametrize("wrong", [{"expected_type": []}, {"expected_type": {}}, {"context": {}}, {"context": []}])
def test_a_formula_check_with_nonsense(shop: Shop, wrong: dict[str, Any]) -> None:
    shop.publish(NOTE)
    problem(shop.ask("POST", "/formula/check", json={"object": "note", "source": "text", **wrong}), 422)
