"""Who has to act at a node: the sources of a document resolved into people, then the rules of section 2.5 in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.engine.flow.definition import Definition, Path, Step
from runtime.engine.flow.refusals import wrong
from runtime.engine.flow.state import FOR, Instance, earlier
from runtime.engine.flow.world import Directory, Env

MOST = 200
CHAIN = 20
STAND_INS = 3
#: So many people who have left are looked behind for somebody who is there.
FOLLOWING = 50


@dataclass
class Found:
    """One approver. ``principal``: for whom he stands in, ``shared``: that one may act too. ``auto``: why not asked."""

    person: str
    principal: str | None = None
    auto: str = ""
    shared: bool = False


@dataclass
class Resolved:
    """The outcome for a node: who, and what each rule did, for the history."""

    people: list[Found] = field(default_factory=list)
    log: list[list[Any]] = field(default_factory=list)
    policy: str = ""

    def note(self, rule: str, *what: Any) -> None:
        """One line of the history."""
        self.log.append([rule, *what])


@dataclass(frozen=True)
class Asking:
    """For which node of which instance somebody is looked for."""

    definition: Definition
    state: Instance
    env: Env
    step: Step | None = None
    #: Who has the task that somebody else is looked for.
    holder: str | None = None

    @property
    def people(self) -> Directory:
        """The people of the workspace."""
        return self.env.directory

    def whose(self, of: Any) -> list[str]:
        """The person that levels are counted from: ``initiator`` or whom a field names."""
        if of == "assignee" and self.holder is not None:
            return [self.holder]
        if of in (None, "initiator", "assignee"):
            return [self.state.initiator]
        if of in self.definition.by_name:
            return decided_at(self.state, str(of))
        return list(self.env.people(str(of)))


def decided_at(state: Instance, node: str) -> list[str]:
    """Who decided at a node when it was last passed."""
    runs = [run for run in state.runs.values() if run.node == node and run.state == "passed" and not run.void]
    if not runs:
        return []
    return [task.by for task in state.run_tasks(runs[-1].id) if task.by and task.state in FOR]


def _known(ask: Asking, texts: Sequence[Any]) -> list[str]:
    return [found for found in (ask.people.find(str(one)) for one in texts) if found]


def _manager(ask: Asking, options: Any) -> list[str]:
    options = options or {}
    found = []
    for person in ask.whose(options.get("of")):
        at: str | None = person
        for _ in range(int(options.get("level", 1))):
            at = ask.people.manager(at) if at else None
        if at:
            found.append(at)
    return found


def _place(ask: Asking, of: str) -> str | None:
    """The department of the initiator, of who has the task, of who decided at a step, or that a field names."""
    if of in ("initiator", "assignee") or of in ask.definition.by_name:
        people = ask.whose(of)
        return ask.people.department(people[0]) if people else None
    return ask.env.department(of)


def _head(ask: Asking, options: Any) -> list[str]:
    options = options or {}
    of = options.get("of", "initiator")
    at = _place(ask, of)
    for _ in range(int(options.get("level", 1)) - 1):
        at = ask.people.above(at) if at else None
    head = ask.people.head(at) if at else None
    return [head] if head else []


def _members(ask: Asking, of: Any) -> list[str]:
    place = _place(ask, of)
    return list(ask.people.members(place)) if place else []


def _chain(ask: Asking, options: Any) -> list[str]:
    options = options or {}
    found: list[str] = []
    start = ask.whose(options.get("from"))
    at: str | None = start[0] if start else None
    for _ in range(int(options.get("levels", CHAIN))):
        at = ask.people.manager(at) if at else None
        if at is None or at in found:
            break
        if ask.people.active(at) or ask.people.handover(at):  # Who left with a successor is not missing (P3).
            found.append(at)
        elif not options.get("skip_missing", True):
            break
        if options.get("until_role") and ask.people.has_role(at, options["until_role"]):
            break
    return found


def _chosen(ask: Asking, options: Any) -> list[str]:
    return list(ask.state.choice.get(ask.step.name if ask.step else "", ()))


def _pool(ask: Asking, options: Mapping[str, Any]) -> list[str]:
    if "role" in options:
        return list(ask.people.in_role(options["role"]))
    if "users" in options:
        return _known(ask, options["users"])
    return list(ask.people.members(str(options.get("department", ""))))


def _table(ask: Asking, rules: Sequence[Mapping[str, Any]]) -> list[str]:
    for rule in rules:
        if ask.env.condition(rule.get("when", True)):
            return sources(ask, rule["to"])
    return []


def _formula(ask: Asking, source: str) -> list[str]:
    value = ask.env.value(source)
    texts = value if isinstance(value, (list, tuple)) else [value]
    return _known(ask, [one for one in texts if one])


def _senior(ask: Asking, options: Mapping[str, Any]) -> list[str]:
    """Who stands highest of a pool: with the fewest managers above."""

    def above(person: str) -> int:
        seen, at = [person], ask.people.manager(person)
        while at is not None and at not in seen:
            seen.append(at)
            at = ask.people.manager(at)
        return len(seen)

    return sorted(_there(ask, options), key=above)[:1]


def _there(ask: Asking, options: Mapping[str, Any]) -> list[str]:
    return [one for one in _pool(ask, options) if ask.people.active(one)]


def _idle(ask: Asking, options: Mapping[str, Any]) -> list[str]:
    """Who of a pool has the fewest open tasks."""
    pool = _there(ask, options)
    known = ask.people.busy(pool)
    return sorted(pool, key=lambda one: known.get(one, (0, ""))[0])[:1]


def _next(ask: Asking, options: Mapping[str, Any]) -> list[str]:
    """Whose last task of a pool is the oldest."""
    pool = _there(ask, options)
    known = ask.people.busy(pool)
    return sorted(pool, key=lambda one: known.get(one, (0, ""))[1])[:1]


SOURCES: Mapping[str, Callable[[Asking, Any], list[str]]] = {
    "user": lambda ask, name: _known(ask, [name]),
    "users": _known,
    "role": lambda ask, role: list(ask.people.in_role(role)),
    "roles": lambda ask, roles: [one for role in roles for one in ask.people.in_role(role)],
    "group": lambda ask, role: list(ask.people.in_role(role)),
    "field": lambda ask, path: list(ask.env.people(path)),
    "manager_of": lambda ask, path: _manager(ask, {"of": path}),
    "manager": _manager,
    "department_head": _head,
    "dept_of": _members,
    "chain": _chain,
    "initiator": lambda ask, yes: [ask.state.initiator] if yes else [],
    "initiator_choice": _chosen,
    "previous_choice": lambda ask, node: list(ask.state.picked.get(node, ())),
    "node": lambda ask, node: decided_at(ask.state, node),
    "expression": _formula,
    "most_senior": _senior,
    "least_loaded": _idle,
    "round_robin": _next,
    "table": _table,
}


def sources(ask: Asking, who: Any) -> list[str]:
    """The people of one source or of several, in their order, each once."""
    if who == "initiator":
        return [ask.state.initiator]
    entries = who if isinstance(who, list) else [who]
    found = [one for entry in entries for key, options in entry.items() for one in SOURCES[key](ask, options)]
    return list(dict.fromkeys(found))


def in_force(ask: Asking, person: str) -> str | None:
    """The person, or who works for somebody who has left: his successor, else his manager."""
    people, seen = ask.people, set[str]()

    def follow(at: str) -> str | None:
        if people.active(at):
            return at
        if at in seen or len(seen) >= FOLLOWING:
            return None
        seen.add(at)
        names = (people.handover(at), people.manager(at))
        return next((found for name in names if name and (found := follow(name))), None)

    return follow(person)


def stand_in(ask: Asking, person: str) -> tuple[str, bool]:
    """Who acts for somebody who is away, and whether he acts too: chains of at most three, circles stop.

    In a chain it is his own arrangement that says whether he acts too; those between have passed it on.
    """
    seen, at, shared = {person}, person, False
    for _ in range(STAND_INS):
        found = ask.people.delegate(at, ask.definition.name, ask.env.now)
        following = found.person if found else None
        own = following == ask.state.initiator and ask.definition.allow("self_approval", "skip") != "allow"
        if found is None or following in seen or own or not ask.people.active(found.person):
            break
        shared = found.shared if at == person else shared
        seen.add(found.person)
        at = found.person
    return at, shared


def resolve(ask: Asking) -> Resolved:
    """The people of a node, by the rules P1 to P8."""
    assert ask.step is not None
    out = Resolved()
    step, judges = ask.step, ask.step.kind.judges
    names = sources(ask, step.options["who"])
    out.note("sources", *names)
    there: list[str] = []
    for name in names:
        now = in_force(ask, name)
        if now != name:
            out.note("left", name, now)
        if now is not None:
            there.append(now)
    if judges:
        there = _own(ask, out, there)
    _deputies(ask, out, list(dict.fromkeys(there)))
    if judges and not step.filled and not step.options.get("opinion", {}).get("signature"):
        _dedupe(ask, out)
    if len(out.people) > MOST:
        out.note("limit", len(out.people))
        del out.people[MOST:]
    if not out.people:
        _nobody(ask, out)
    return out


def _deputies(ask: Asking, out: Resolved, names: Sequence[str]) -> None:
    """P5: who stands in for each of them; nobody has two tasks.

    A task of two counts once: where the stand-in is asked himself, each keeps his own, so that nobody decides for both.
    """
    busy: set[str] = set()
    for name in names:
        deputy, shared = stand_in(ask, name)
        if shared and (deputy in busy or deputy in names):
            deputy = name
        if deputy != name:
            out.note("shared" if shared else "delegated", name, deputy)
        holders = {deputy, name} if shared else {deputy}
        if not holders & busy:
            out.people.append(Found(deputy, name if deputy != name else None, shared=shared and deputy != name))
            busy |= holders


def _own(ask: Asking, out: Resolved, names: list[str]) -> list[str]:
    """P4: what becomes of the initiator among the approvers."""
    rule = ask.definition.allow("self_approval", "skip")
    me = ask.state.initiator
    if rule == "allow" or me not in names:
        return names
    out.note("self", rule)
    boss = ask.people.manager(me) if rule == "manager" else None
    boss = in_force(ask, boss) if boss else None
    return [one for one in (boss if name == me else name for name in names) if one is not None and one != me]


def _dedupe(ask: Asking, out: Resolved) -> None:
    """P6: who has agreed already, or will be asked later anyhow, is not asked here."""
    assert ask.step is not None
    rule = ask.definition.doc.get("dedupe", "none")
    if rule == "none":
        return
    agreed: set[str] = set()
    if rule in ("first", "consecutive"):
        runs = [
            run for run in ask.state.runs.values()
            if run.state == "passed" and not run.void and not earlier(ask.state, run)
            and _judged(ask, run.path) and _before(run.path, ask.step.path)
        ]  # fmt: skip
        for run in runs if rule == "first" else runs[-1:]:
            agreed |= {task.by for task in ask.state.run_tasks(run.id) if task.by and task.state in FOR}
    else:
        later = ask.definition.sequence(ask.step.path[:-1])[ask.step.path[-1] + 1 :]
        for step in later:
            if step.kind.judges:
                agreed |= set(sources(Asking(ask.definition, ask.state, ask.env, step), step.options["who"]))
    for one in out.people:
        if one.shared and one.principal in agreed and one.person not in agreed:
            one.person, one.principal, one.shared = str(one.principal), None, False  # He has agreed, in his own name.
        if one.person in agreed:
            one.auto = "dedupe"
            out.note("dedupe", one.person)


def _judged(ask: Asking, path: str) -> bool:
    step = ask.definition.by_path.get(tuple(int(part) for part in path.split("."))) if path else None
    return step is not None and step.kind.judges


def _before(path: str, here: Path) -> bool:
    """True when a visited node lies before this one and not in a way beside it."""
    there = tuple(int(part) for part in path.split("."))
    for number, (left, right) in enumerate(zip(there, here, strict=False)):
        if left != right:
            return number % 2 == 0
    return False


def policy_of(ask: Asking) -> Mapping[str, Any]:
    """What the node, else the workflow, says for an empty list."""
    assert ask.step is not None
    found: Mapping[str, Any] = (
        ask.step.options.get("empty") or ask.definition.doc.get("empty") or {"policy": "to_admin"}
    )
    return found


def _nobody(ask: Asking, out: Resolved) -> None:
    """P7: nobody was found."""
    policy = policy_of(ask)
    name = str(policy["policy"])
    out.note("empty", name)
    found: str | None = None
    if name == "to_user":
        found = ask.people.find(str(policy.get("user", "")))
    elif name == "manager_of_initiator":
        found = ask.people.manager(ask.state.initiator)
    elif name in ("auto_pass", "block", "reject"):
        out.policy = name
        return
    found = in_force(ask, found) if found else None
    if found is None:
        admins = ask.people.admins()
        if not admins:
            out.policy = "block"
            return
        found = admins[0]
    out.people.append(Found(found))


def choosing(ask: Asking) -> Iterator[tuple[Step, int, int, set[str] | None]]:
    """The steps whose people the initiator chooses: at least and at most how many, among whom (None: everybody)."""
    for step in ask.definition.by_path.values():
        who = step.options.get("who")
        entries = who if isinstance(who, list) else [who] if isinstance(who, dict) else []
        for entry in entries:
            if "initiator_choice" not in entry:
                continue
            options = entry["initiator_choice"]
            low, high = int(options.get("min", 1)), int(options.get("max", MOST))
            pool = options.get("from", "all")
            if pool == "dept":
                yield step, low, high, set(_members(ask, "initiator"))
            else:
                yield step, low, high, None if pool == "all" else set(_pool(ask, pool))


def check_choice(ask: Asking, choice: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What the initiator chose for the nodes that let him choose. Raises Invalid."""
    chosen: dict[str, list[str]] = {}
    for step, low, high, offered in choosing(ask):
        people = list(dict.fromkeys(_known(ask, choice.get(step.name, ()))))
        strangers = [
            one for one in people if not ask.people.active(one) or (offered is not None and one not in offered)
        ]
        if strangers or not low <= len(people) <= high:
            raise wrong(
                "choice",
                f"choose {low} to {high} of those offered for the step {step.label['en']!r}, {len(people)} were chosen",
                f"节点“{step.label['zh']}”须从可选人员中选择 {low} 到 {high} 人，当前选择了 {len(people)} 人",
                step.name,
            )
        chosen[step.name] = people
    return chosen
