"""The texts of the pages in both languages, from the .po files beside; labels of documents never pass here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, request
from markupsafe import Markup

if TYPE_CHECKING:
    from runtime.engine.workspace import Session

LANGUAGES = ("en", "zh")
FOLDER = Path(__file__).parent / "locale"
COOKIE = "language"
SPOKEN = "spoken"


@cache
def catalogue(language: str) -> NullTranslations:
    """The texts of one language, read once a process; a text that is missing stays English."""
    compiled = BytesIO()
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def page_language() -> str:
    """The language of the page: the caller's own, what he chose on a page, what his browser prefers."""
    known = g._get_current_object()  # Asked hundreds of times a page: the proxy is gone through once.
    session = known.get("session")
    person = session.person if session is not None else None
    kept: tuple[Any, str] | None = known.get(SPOKEN)
    if kept is None or kept[0] is not person:
        kept = (person, spoken_by(session))
        setattr(known, SPOKEN, kept)
    return kept[1]


def spoken_by(session: Session | None) -> str:
    """What :func:`page_language` keeps for the request."""
    own = session.person.language if session is not None else None
    chosen = own or request.cookies.get(COOKIE)
    if chosen:
        return "zh" if chosen.startswith("zh") else "en"
    if request.accept_languages:
        found = request.accept_languages.best_match(["zh", "zh-CN", "zh-TW", "zh-HK", "en"], "en")
        return "zh" if found.startswith("zh") else "en"
    return "zh" if session is not None and session.language.startswith("zh") else "en"


def gettext(text: str) -> str:
    """A text of the pages in the language of the page."""
    return str(catalogue(page_language()).ugettext(text))


def ngettext(one: str, many: str, number: int) -> str:
    """A text of the pages that depends on a number."""
    return str(catalogue(page_language()).ungettext(one, many, number))


@cache
def said(language: str, text: str) -> tuple[Markup, Markup]:
    """A text of the pages with room for values, and as it stands without any. Pages name theirs: they are few."""
    found = Markup(catalogue(language).ugettext(text))
    return found, found % {} if "%(" not in found else found


def say(text: str, /, **values: Any) -> Markup:
    """``_()`` of pages: a text in the language of the page, with values, which are escaped."""
    found, plain = said(page_language(), text)
    return found % values if values else plain


def install(app: Flask) -> None:
    """Give pages ``_()`` and ``{% trans %}``."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    add: Callable[..., None] = getattr(app.jinja_env, "install_gettext_callables")  # noqa: B009
    add(gettext, ngettext, newstyle=True)
    app.jinja_env.globals["_"] = say  # The extension's own asks anew for every text of every page.
