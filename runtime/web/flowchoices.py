"""The further commands of a workflow on a page: what each is called, and what its form asks for. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.engine.flow import signing
from runtime.engine.flowview import Opened
from runtime.web.flowwords import named
from runtime.web.texts import gettext

#: The further commands in the order in which they stand.
FURTHER = (
    "return", "transfer", "add_sign", "remove_signer", "take_over", "retrieve", "withdraw", "urge", "copy", "revoke",
    "reassign", "retry", "skip", "jump", "terminate",
)  # fmt: skip
#: Commands that name one person, or several.
ONE, SEVERAL = ("transfer", "reassign"), ("add_sign", "copy")
REASONED = ("reassign", "retry", "skip", "jump", "terminate")
#: Commands on the instance as a whole.
WHOLE = ("withdraw", "urge", "retrieve", "copy", "revoke", "jump", "terminate", "comment", "remove_signer")


@dataclass
class Choice:
    """One further command, and what its form asks for."""

    name: str
    label: str
    help: str = ""
    danger: bool = False
    one: bool = False
    several: bool = False
    reason: bool = False
    comment: bool = True
    required: bool = False
    whole: bool = False
    targets: Sequence[tuple[str, str]] = ()
    kinds: Sequence[tuple[str, str]] = ()
    modes: Sequence[tuple[str, str]] = ()
    resubmits: Sequence[tuple[str, str]] = ()
    added: Sequence[tuple[int, str]] = ()
    signed: bool = False


def choice(opened: Opened, name: str, takes: Mapping[str, Any], needed: bool) -> Choice:
    """One further command; ``needed``: a return must be explained."""
    labels = {
        "return": gettext("Return"), "transfer": gettext("Pass on"), "add_sign": gettext("Add signers"),
        "remove_signer": gettext("Take a signer out"), "take_over": gettext("Do it myself"),
        "retrieve": gettext("Take my decision back"), "withdraw": gettext("Withdraw"), "urge": gettext("Urge"),
        "copy": gettext("Send a copy"), "revoke": gettext("Revoke"), "reassign": gettext("Give to somebody else"),
        "retry": gettext("Try the step again"), "skip": gettext("Pass over the step"),
        "jump": gettext("Go on at another step"), "terminate": gettext("End the workflow"),
    }  # fmt: skip
    helps = {
        "withdraw": gettext("It ends, and the record is free again."),
        "retrieve": gettext("As long as nobody has acted after you."),
        "urge": gettext("Everybody who is asked now gets a notice."),
        "revoke": gettext("Asks the same people to take the approval back."),
        "jump": gettext("What is under way ends; everything from that step on is done again."),
        "terminate": gettext("It ends at once, for everybody."),
        "transfer": gettext("Somebody else decides in your place."),
        "take_over": gettext("Whoever stands in for you does not have it any more."),
        "copy": gettext("They may read it and are told."),
    }
    made = Choice(name, labels[name], helps.get(name, ""))
    made.one, made.several, made.reason = name in ONE, name in SEVERAL, name in REASONED
    made.danger = name in ("terminate", "withdraw", "revoke")
    made.whole = name in WHOLE
    made.comment = name in ("return", "transfer", "add_sign", "withdraw", "revoke", "urge")
    if name == "return":
        made.required = needed
        made.targets = [(one, named(opened.definition, one)) for one in takes.get("to", ())]
        made.resubmits = resubmits(str(takes.get("resubmit", "direct_unless_changed")))
    if name == "jump":
        made.targets = [(one, named(opened.definition, one)) for one in takes.get("to", ())]
    if name == "add_sign":
        kinds = dict(kind_words())
        made.kinds = [(one, kinds[one]) for one in takes.get("kinds", kinds)]
        made.modes = mode_words()
        made.signed = signing.asks(opened.own_step) and any(one == "after" for one, _ in made.kinds)
    if name == "remove_signer":
        made.added = [(one.id, opened.called(one.assignee)) for one in opened.added()]
    return made


def resubmits(usual: str) -> list[tuple[str, str]]:
    """What follows when it is submitted again, the usual way first."""
    words = {
        "direct_unless_changed": gettext("back to me, unless what decides the way has changed"),
        "direct": gettext("straight back to me"), "replay": gettext("through all steps again"),
    }  # fmt: skip
    return sorted(words.items(), key=lambda pair: pair[0] != usual)


def kind_words() -> list[tuple[str, str]]:
    """The ways of adding signers."""
    return [
        ("before", gettext("before me")),
        ("after", gettext("after me, I agree")),
        ("parallel", gettext("beside me")),
    ]


def mode_words() -> list[tuple[str, str]]:
    """How many of the added ones must agree."""
    return [
        ("all", gettext("all of them")),
        ("any", gettext("one is enough")),
        ("sequential", gettext("one after another")),
    ]
