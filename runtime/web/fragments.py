"""Values and inputs as HTML: the page fragment that a kind's widget names, or plain text. It knows no kind by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from jinja2 import Environment, Template, TemplateNotFound
from markupsafe import Markup, escape

from runtime.web.shown import Shown
from runtime.web.texts import gettext

if TYPE_CHECKING:
    from runtime.web.forms import KindField

BLANK = Markup('<span class="muted">—</span>')
EXTENSION = "fragments"


class Fragments:
    """The fragments of one folder, each looked for once: that a widget has none is remembered too."""

    def __init__(self, pages: Environment, folder: str) -> None:
        self.pages = pages
        self.folder = folder
        self.found: dict[str, Template | None] = {}

    def get(self, widget: str) -> Template | None:
        """The fragment of a widget, None where it has none of its own."""
        if widget not in self.found:
            try:
                self.found[widget] = self.pages.get_template(f"{self.folder}/{widget}.html")
            except TemplateNotFound:
                self.found[widget] = None
        return self.found[widget]


def value(shown: Shown) -> Markup:
    """A value as HTML. What most cells of a page hold, texts, options and links, needs no fragment."""
    if shown.blank:
        return BLANK
    if shown.masked:
        title = gettext("You may see only a part of this value.")
        return Markup('<span class="masked" title="{}">{}</span>').format(title, shown.text)
    fragments: Fragments = current_app.extensions[EXTENSION]["shows"]
    own = fragments.get(shown.widget)
    if own is not None:
        return Markup(own.render(shown=shown).strip())
    if shown.chips:
        return Markup(" ").join(chip(one.text, one.color) for one in shown.chips)
    if shown.links:
        return Markup(", ").join(link(one.text, one.href) for one in shown.links)
    return escape(shown.text)


def chip(text: str, color: str) -> Markup:
    """A chosen option."""
    tone = f" tone-{escape(color)}" if color else ""
    return Markup(f'<span class="chip{tone}">{escape(text)}</span>')


def link(text: str, href: str) -> Markup:
    """A text that may lead somewhere."""
    return Markup(f'<a href="{escape(href)}">{escape(text)}</a>') if href else escape(text)


def control(field: KindField, more: Mapping[str, Any]) -> Markup:
    """An input as HTML: the fragment of its widget, a text input where there is none of that name."""
    fragments: Fragments = current_app.extensions[EXTENSION]["widgets"]
    own = fragments.get(field.fragment) or fragments.get("text")
    assert own is not None
    return Markup(own.render(field=field, **more))


def install(app: Flask) -> None:
    """Give pages ``value()``."""
    app.extensions[EXTENSION] = {name: Fragments(app.jinja_env, name) for name in ("shows", "widgets")}
    app.jinja_env.globals["value"] = value
