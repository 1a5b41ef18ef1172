"""Formulas for people: the reference of functions, a page to try them, and what the formula editor asks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from runtime.base.errors import DougongError, Forbidden
from runtime.engine import assist, describe
from runtime.engine.workspace import Session
from runtime.formula.check import CONTEXT_WORDS
from runtime.formula.compiler import CONTEXTS
from runtime.web import reference
from runtime.web.http import Services, answer, json_object
from runtime.web.reference import type_word
from runtime.web.render import page
from runtime.web.session import maybe_session, page_session
from runtime.web.texts import gettext, page_language

SMALL = 64 * 1024
LONGEST = 4000
TRIED = 5


def blueprint(services: Services) -> Blueprint:
    """The pages about formulas, and the questions of the editor."""
    routes = Blueprint("formula", __name__)

    @routes.get("/docs/functions")
    def functions() -> Response:
        asked = request.args.get("q", "")[:100]
        session = maybe_session()
        return page(
            "functions.html", session, groups=reference.groups(asked), asked=asked, operators=reference.operators(),
            blanks=reference.blanks(), contexts=reference.contexts(), may_try=session is not None and may_try(session),
        )  # fmt: skip

    @routes.get("/docs/formula")
    def tried() -> Response:
        session = page_session()
        if not may_try(session):
            raise Forbidden()
        return page("formula.html", session, **trial(session))

    @routes.get("/formula/words")
    def words() -> Response:
        session = page_session()
        found = assist.words(session, request.args.get("object", ""))
        context = request.args.get("context", "")
        if context in CONTEXT_WORDS:
            found["functions"] = assist.functions(context, page_language())
            found["people"] = assist.people(context)
            found["samples"] = assist.samples(session, found["object"]) if "samples" in request.args else []
            found["texts"] = texts()
        return answer(found)

    @routes.post("/formula/check")
    def check() -> Response:
        return answer(describe.check_formula(page_session(), json_object(SMALL), page_language()))

    return routes


def may_try(session: Session) -> bool:
    """True for whoever builds any app."""
    return bool(session.person.build) or session.person.administrator


def texts() -> dict[str, Any]:
    """What the editor says, in the language of the page."""
    return {
        "label": gettext("Formula"),
        "fine": gettext("The formula is fine; it gives {type}."),
        "problems": gettext("{count} found: {message}"),
        "try": gettext("Try it on"),
        "result": gettext("Result"),
        "blank": gettext("blank"),
        "true": gettext("yes"),
        "false": gettext("no"),
        "help": gettext("Function reference"),
        "hint": gettext("Ctrl+Space: suggestions · F8: next problem · Esc, Tab: leave"),
        "fix": gettext("Write {fix}"),
        "away": gettext("The server cannot be reached; the formula is not checked."),
        "types": {name: type_word(name) for name in (*describe.TYPES, "choice", "list", "ref", "children", "null")},
    }


def trial(session: Session) -> dict[str, Any]:
    """The page to try formulas, with the answer to what was sent in its address."""
    objects = assist.objects(session)
    names = [one.name for one in objects]
    chosen = request.args.get("object", "")
    chosen = chosen if chosen in names else next(iter(names), "")
    context = request.args.get("context", "")
    context = context if context in CONTEXTS else "virtual"
    expected = request.args.get("expected", "")
    expected = expected if expected in describe.TYPES else ""
    source = request.args.get("source", "")[: LONGEST + 1]
    place = int(page_language() == "zh")
    found: dict[str, Any] = {
        "objects": [(one.name, one.label[page_language()]) for one in objects],
        "contexts": [(one, CONTEXT_WORDS[one][place]) for one in CONTEXTS],
        "types": [(one, type_word(one)) for one in describe.TYPES],
        "chosen": chosen, "context": context, "expected": expected, "source": source, "checked": None, "results": [],
    }  # fmt: skip
    if source.strip() and chosen:
        asked = {"object": chosen, "context": context, "source": source, "expected_type": expected or None}
        found["checked"] = describe.check_formula(session, asked, page_language())
        found["gives"] = type_word(str(found["checked"]["type"] or "null").partition("(")[0])
        if found["checked"]["hash"] and context != "measure":
            found["results"] = results(session, asked)
    return found


def results(session: Session, asked: dict[str, Any]) -> list[tuple[str, str]]:
    """(title, value) of the first records; what cannot be read is left out."""
    found = []
    for one in assist.samples(session, asked["object"], TRIED):
        try:
            made = describe.check_formula(session, {**asked, "record": one["id"], "evaluate": True}, page_language())
        except DougongError:
            continue
        found.append((one["title"], shown(made["value"])))
    return found


def shown(value: Any) -> str:
    """A value as its canonical text; blank in words."""
    words = {"": gettext("blank"), "true": gettext("yes"), "false": gettext("no")}
    text = "" if value is None else str(value)
    return words.get(text, text)
