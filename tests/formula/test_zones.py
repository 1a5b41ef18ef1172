"""The rules that a browser gets of a time zone give the local times that Python has, in every zone there is."""

from __future__ import annotations

import datetime as dt
import os
import random
import zoneinfo
from dataclasses import replace
from decimal import Decimal

import nodejs
import pytest
from world import ENV, world

from runtime.formula import zones
from runtime.formula.compiler import compile
from runtime.formula.evaluate import canonical, prepare

FIRST, LAST = -62_135_596_800, 253_402_300_799
SHARE = 1 if os.environ.get("FORMULA_ZONES") == "all" else 12
NAMES = sorted(zoneinfo.available_timezones())


def test_every_zone_can_be_told() -> None:
    for name in NAMES:
        assert zones.rules(name)["rule"] is not None or zones.rules(name)["at"], name


def test_an_unknown_zone_is_refused() -> None:
    for name in ("Mars/Olympus", "../../etc/passwd", ""):
        with pytest.raises((zoneinfo.ZoneInfoNotFoundError, ValueError)):
            zones.rules(name)


def test_rules_that_no_zone_has_are_refused() -> None:
    assert zones.rule("<+0330>-3:30") == {"standard": 12_600}
    assert zones.rule("IST-1GMT0,M10.5.0,M3.5.0/1") == {
        "standard": 3600, "summer": 0, "start": [10, 5, 0, 7200], "end": [3, 5, 0, 3600]
    }  # fmt: skip
    for text in ("", "CET-1CEST,J60,J300", "CET-1CEST"):
        with pytest.raises(ValueError, match="time zone"):
            zones.rule(text)


def test_local_times_are_the_same(engine: nodejs.Engine) -> None:
    """Around every kind of change: gaps, overlaps, local mean time, years 1 and 9999."""
    rng = random.Random(5)
    there = compile("TEXT(at, 'YYYY-MM-DD HH:mm:ss')", world(), context="automation")
    back = compile("DATETIME(d, a, b, c)", world(), context="automation")
    for name in rng.sample(NAMES, len(NAMES) // SHARE):
        env = replace(ENV, tz=name)
        engine.environment(env, [])
        changes = [at for at in zones.rules(name)["at"] if FIRST + 10**6 < at < LAST - 10**6]
        instants, locals_ = [], []
        for _ in range(60):
            place = rng.choice(changes) if changes and rng.random() < 0.7 else rng.randint(FIRST, LAST)
            place += rng.choice([-1, 0, 1, -3600, 3600, 1800, rng.randint(-90_000, 90_000)])
            x = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=max(FIRST, min(LAST, place)))
            instants.append([x.replace(microsecond=rng.choice([0, 1000, 999_000]))])
            local = x + dt.timedelta(hours=rng.choice([0, 1, -5, 8])) if 3 < x.year < 9990 else x
            locals_.append([local.date(), *map(Decimal, (local.hour, local.minute, local.second))])
        for compiled, rows in ((there, instants), (back, locals_)):
            want = [canonical(prepare(compiled).value(row, env), compiled.type) for row in rows]
            assert engine.results(compiled, rows) == want, name
