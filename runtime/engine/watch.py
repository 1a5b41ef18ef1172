"""When there is something to do in which workspace: heard at once from who writes, looked for now and then by itself.

One connection of a process listens for all workspaces. Whatever is not heard, as the connection was broken or nobody
listened, is found by the look that every workspace gets once in `BACK_OFF` seconds: one statement that also says when
its next timer is due. So a workspace where nothing happens costs that one statement and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from random import uniform
from threading import Condition
from time import monotonic

from runtime.base.errors import DougongError
from runtime.engine.workspace import Workspaces
from runtime.store import agenda, workspaces
from runtime.store.agenda import EVENTS, IMPORTS, LEAVERS, MAIL, RECOUNTS, TIMERS
from runtime.store.outbox import Bell

log = logging.getLogger(__name__)
#: Seconds between two looks at a workspace that nobody calls from.
BACK_OFF = 25.0
#: Seconds after which it is looked whether to end, and until what was looked for in vain is looked for again.
LONGEST_REST, AGAIN = 2.0, 1.0
#: Timers are never looked for less often than this, in vain or not: others become due meanwhile.
TIMERS_AGAIN = 2.0
WORK = (RECOUNTS, TIMERS, EVENTS, LEAVERS)
Due = Mapping[str, frozenset[str]]

__all__ = ["BACK_OFF", "EVENTS", "IMPORTS", "LEAVERS", "MAIL", "RECOUNTS", "TIMERS", "WORK", "Ear", "Watch"]


class Ear:
    """What one thread has to know: in which workspaces which of its kinds of work are due."""

    def __init__(self, watch: Watch, kinds: Iterable[str]) -> None:
        self.watch = watch
        self.kinds = frozenset(kinds)
        self._condition = Condition()
        #: (workspace, kind) -> when it is due.
        self._at: dict[tuple[str, str], float] = {}
        #: (workspace, kind) -> how often it was looked for in vain, and until when it is not looked for.
        self._vain: dict[tuple[str, str], tuple[int, float]] = {}

    @property
    def over(self) -> bool:
        """Whether to end."""
        return self.watch.over()

    def wait(self, seconds: float = LONGEST_REST) -> Due:
        """The kinds of work that are due by workspace; waits for some so long at most. Nothing when it is to end."""
        end = monotonic() + seconds
        with self._condition:
            while not self.over:
                now = monotonic()
                ready = [one for one, at in self._at.items() if at <= now]
                if ready:
                    found: dict[str, set[str]] = {}
                    for name, kind in ready:
                        del self._at[name, kind]
                        found.setdefault(name, set()).add(kind)
                    return {name: frozenset(kinds) for name, kinds in found.items()}
                if now >= end:
                    break
                self._condition.wait(min([end, *self._at.values()]) - now)
        return {}

    def did(self, name: str, done: Mapping[str, int]) -> None:
        """So much of each kind was done in a workspace: what comes next there is looked for."""
        now = monotonic()
        with self._condition:
            for kind, count in done.items():
                if count:
                    self._vain.pop((name, kind), None)
                else:
                    times = self._vain.get((name, kind), (0, 0.0))[0]
                    longest = TIMERS_AGAIN if kind == TIMERS else self.watch.back_off
                    self._vain[name, kind] = (times + 1, now + min(AGAIN * 2 ** min(times, 10), longest))
        self.watch.look(name)

    def told(self, name: str, found: Mapping[str, float], *, called: bool) -> None:
        """What there is to do in a workspace, in how many seconds; ``called``: somebody has just said so."""
        now = monotonic()
        with self._condition:
            for kind in self.kinds & found.keys():
                if called:
                    self._vain.pop((name, kind), None)
                at = max(now + found[kind], self._vain.get((name, kind), (0, 0.0))[1])
                self._at[name, kind] = min(at, self._at.get((name, kind), at))
            self._condition.notify_all()

    def forget(self, names: Iterable[str]) -> None:
        """Workspaces that are no more."""
        gone = set(names)
        with self._condition:
            for kept in (self._at, self._vain):
                for one in [one for one in kept if one[0] in gone]:
                    del kept[one]


class Watch:
    """Listens and looks for all threads of a process."""

    def __init__(self, known: Workspaces, over: Callable[[], bool], back_off: float = BACK_OFF) -> None:
        self.known = known
        self.over = over
        self.back_off = back_off
        self.ears: list[Ear] = []
        self.bell = Bell(known.database)
        #: When each workspace is looked at even if nobody calls, and which it is by its schema.
        self.next: dict[str, float] = {}
        self.names: dict[str, str] = {}
        self.listed = 0.0
        #: True while nobody has looked since calls may have been missed.
        self.missed = True

    def ear(self, *kinds: str) -> Ear:
        """What one thread listens with, for so many kinds of work."""
        made = Ear(self, kinds)
        self.ears.append(made)
        return made

    def run(self) -> None:
        """Listen and look until it is over."""
        try:
            while not self.over():
                self.round()
        finally:
            self.bell.close()

    def round(self, longest: float = LONGEST_REST) -> None:
        """Wait for a call or for the next look, and tell the ears what there is to do."""
        soonest = min([longest, *(at - monotonic() for at in list(self.next.values()))])
        heard = self.bell.wait(max(soonest, 0.0))
        self.missed |= heard is None
        try:
            if self.missed or (heard or set()) - self.names.keys() or monotonic() >= self.listed:
                self.list(anew=self.missed)
                self.missed = False
        except Exception as error:  # The database is away: the next round finds out.
            log.warning("%r", error, exc_info=not isinstance(error, DougongError))
        now = monotonic()
        called = {self.names[one] for one in heard or () if one in self.names}
        for name in [*called, *(one for one, at in list(self.next.items()) if at <= now and one not in called)]:
            self.look(name, called=name in called)

    def list(self, *, anew: bool) -> None:
        """Which workspaces there are; ``anew``: each is to be looked at, as calls may have been missed."""
        self.names = {row.schema: row.name for row in workspaces.everyone(self.known.database)}
        self.listed = monotonic() + self.back_off
        gone = self.next.keys() - set(self.names.values())
        for name in gone:
            del self.next[name]
        for ear in self.ears if gone else ():
            ear.forget(gone)
        for name in self.names.values():
            self.next[name] = 0.0 if anew else self.next.get(name, 0.0)

    def look(self, name: str, *, called: bool = False) -> None:
        """See what there is to do in a workspace."""
        self.next[name] = monotonic() + self.back_off * uniform(0.8, 1.0)  # Not all of them at the same moment.
        try:
            found = agenda.look(self.known.database, self.known.named(name).schema)
        except Exception as error:  # It is being changed, or the database is away: the next look finds out.
            log.warning("workspace %s: %r", name, error, exc_info=not isinstance(error, DougongError))
            return
        for ear in self.ears:
            ear.told(name, found, called=called)
