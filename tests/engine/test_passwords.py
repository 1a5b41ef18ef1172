"""Hashes of passwords: what many logins at the same time cost."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from argon2 import PasswordHasher

from runtime.engine import accounts


def test_many_who_come_together_take_the_memory_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most = 0, 0

    def slow(*_: Any, **__: Any) -> str:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.02)
        inside -= 1
        return "made"

    monkeypatch.setattr(PasswordHasher, "hash", slow)
    monkeypatch.setattr(PasswordHasher, "verify", slow)
    with ThreadPoolExecutor(8) as threads:
        made = [threads.submit(accounts.hashed, f"password {number}") for number in range(4)]
        asked = [threads.submit(accounts.HASHER.verify, "hash", "password") for _ in range(4)]
    assert [one.result() for one in made + asked] == ["made"] * 8
    assert most == 1


def test_a_failure_lets_the_next_one_in() -> None:
    stored = accounts.hashed("right password")
    for _ in range(2):
        with pytest.raises(accounts.VerificationError):
            accounts.HASHER.verify(stored, "wrong password")
    assert accounts.HASHER.verify(stored, "right password")
