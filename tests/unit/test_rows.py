"""Records of a large request read bit by bit: what is read, and what is refused, is the same as read as a whole."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from runtime.base import rows
from runtime.base.errors import Malformed
from runtime.base.values import load_foreign


def whole(text: bytes) -> Any:
    """What the request is when all of it is read at once."""
    try:
        return load_foreign(text)
    except Malformed as error:
        return error.both


def apart(text: bytes) -> Any:
    """The same, its records taken in slices of three."""
    try:
        found = rows.request(text, "records")
    except Malformed as error:
        return error.both
    if isinstance(found, dict) and isinstance(found.get("records"), rows.Rows):
        taken = found["records"]
        assert [taken[at] for at in range(len(taken))] == list(taken)
        found["records"] = [one for at in range(0, len(taken), 3) for one in taken[at : at + 3]]
    return found


GOOD: list[dict[str, Any]] = [
    {"name": "北京", "n": 1.50, "deep": {"a": [1, {"b": []}], "quote": 'say "]}, {" \\'}, "none": None},
    {},
    {"emoji": "😀", "escaped": "\u4e2d\n", "yes": True},
    {"long": 12345678901234567890.123456789},
]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_request_is_read_the_same(indent: int | None, ascii_only: bool) -> None:
    for sent in (
        {"mode": "create", "records": GOOD, "atomic": False}, {"records": []}, {"records": GOOD * 5, "键": "值"},
        {"records": [1]}, {"records": {}}, {"records": "x"}, {"mode": "create"}, {}, [], GOOD, 5, "records",
    ):  # fmt: skip
        text = json.dumps(sent, indent=indent, ensure_ascii=ascii_only).encode()
        assert apart(text) == whole(text)
        assert apart(b" \n" + text + b"\t ") == whole(text)


def test_records_stay_text_until_they_are_taken() -> None:
    found = rows.request(json.dumps({"records": GOOD * 300}).encode(), "records")["records"]
    assert isinstance(found, rows.Rows) and len(found) == 1200
    assert found[3:5] == [load_foreign(json.dumps(one)) for one in (GOOD[3], GOOD[0])]
    assert found[-1] == found[1199] and found[1200:] == []
    with pytest.raises(IndexError):
        found[1200]
    assert found[0] is not found[0]


@pytest.mark.parametrize(
    "text",
    [
        b'{"records": [{"a": 1}', b'{"records": [{"a": 1},]}', b'{"records": [{"a": 1}]', b'{"records": [{"a": 1}]}}',
        b'{"records": [{"a": 1} {"a": 2}]}', b'{"records": [{"a": 1}], }', b'{"records" [{"a": 1}]}', b'{,"records": []}',
        b'{"records": [{"a": 1, "a": 2}]}', b'{"records": [], "records": [{}]}', b'{"records": [{"a": NaN}]}',
        b'{"records": [{"a": "\xff"}]}', b'{"records": [{"a": "\xe5\x8c"}]}', b'{"records": [{"a": "\\ud800"}]}',
        b'{"records": [{"a": "\\ud83d\\ude00"}]}', b'{"records": [{"a": 1' + b"0" * 500 + b"}]}", b'{"records": [{"a": 1e999999}]}',
        b'\xef\xbb\xbf{"records": [{"a": 1}]}', b"", b" ", b"{", b"nonsense", b'{"records": [null, {"a": 1}]}', b'{"a\nb": 1}',
        b'{"records": [{"a": "\x01"}]}', b'{"records": [{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}]}",
        b'{"records": [{"a": ' + b"[" * 150 + b"]" * 150 + b"}]}", b'{"mode": [, "records": []}', b'{"\\u8bb0": 1, "records": [{}]}',
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_the_same(text: bytes) -> None:
    assert apart(text) == whole(text)


def test_any_damage_is_told_the_same() -> None:
    """Bytes changed, left out, doubled at random: nothing that was refused is taken, nothing taken is refused."""
    rng = random.Random(7)
    good = json.dumps({"mode": "create", "records": GOOD, "key": None}, ensure_ascii=False).encode()
    refused = 0
    for _ in range(4000):
        text = bytearray(good)
        for _ in range(rng.choice((1, 1, 2, 4))):
            at = rng.randrange(len(text))
            kind = rng.randrange(3)
            if kind == 0:
                text[at] = rng.choice(b'{}[],:"\\ \n0a\x00\xe5\xff')
            elif kind == 1:
                del text[at : at + rng.choice((1, 2, 9))]
            else:
                text[at:at] = text[at : at + rng.choice((1, 3, 30))]
        found = whole(bytes(text))
        refused += not isinstance(found, dict)
        assert apart(bytes(text)) == found, bytes(text)
    assert 2000 < refused < 3999


def test_lines_are_read_one_by_one_and_the_wrong_one_is_told() -> None:
    text = b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"a": "\xe4\xb8\xad"}\n\xef\xbb\xbf{"a": 3}'
    found = rows.lines(text)
    assert [one["a"] for one in found] == [1, "中", 3] == [one["a"] for one in found[:]]
    for wrong, said in (
        (b'{"a": 1}\n\n{"a":}', "line 3: the body is not valid JSON"),
        (b"{}\n[]", "line 2: not a JSON object"),
    ):
        with pytest.raises(Malformed, match=said):
            rows.lines(wrong)


def test_a_record_that_stays_text_is_a_mapping_like_any_other() -> None:
    found = rows.request(json.dumps({"records": GOOD}).encode(), "records")["records"]
    for at, values in enumerate(found):
        row = found.row(at)
        assert dict(row) == values and dict(row.items()) == values and len(row) == len(values) and row == values
        assert row.keys() == values.keys() and list(row) == list(values) and "missing" not in row
        assert row.get("name") == values.get("name") and row.get("missing", 5) == 5
        assert {**row} == values and row.keys() <= {*values, "more"}
    with pytest.raises(KeyError):
        found.row(1)["name"]
