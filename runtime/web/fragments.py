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
        self.known: dict[str, Any] = {}

    def get(self, widget: str) -> Template | None:
        """The fragment of a widget, None where it has none of its own."""
        if widget not in self.found:
            try:
                self.found[widget] = self.pages.get_template(f"{self.folder}/{widget}.html")
            except TemplateNotFound:
                self.found[widget] = None
        return self.found[widget]

    def draw(self, template: Template, **values: Any) -> Markup:
        """What a fragment says. The names that all pages know are put together once: a page has dozens of fragments."""
        if not self.known:
            self.known = dict(template.globals)
        context = template.new_context({**self.known, **values}, shared=True)
        return Markup("".join(template.root_render_func(context)))


def value(shown: Shown) -> Markup:
    """A value as HTML."""
    return as_html(shows(), shown)


def shows() -> Fragments:
    """The fragments that show values."""
    found: Fragments = current_app.extensions[EXTENSION]["shows"]
    return found


def as_html(fragments: Fragments, shown: Shown) -> Markup:
    """A value as HTML. What most cells of a page hold, texts, options and links, needs no fragment."""
    if shown.blank:
        return BLANK
    if shown.masked:
        title = gettext("You may see only a part of this value.")
        return Markup('<span class="masked" title="{}">{}</span>').format(title, shown.text)
    own = fragments.get(shown.widget)
    if own is not None:
        return Markup(fragments.draw(own, shown=shown).strip())
    if shown.chips:
        return Markup(" ".join([chip(one.text, one.color) for one in shown.chips]))
    if shown.links:
        return Markup(", ".join([link(one.text, one.href, one.faint) for one in shown.links]))
    return escape(shown.text)


def chip(text: str, color: str) -> str:
    """A chosen option, as HTML."""
    tone = f" tone-{escape(color)}" if color else ""
    return f'<span class="chip{tone}">{escape(text)}</span>'


def link(text: str, href: str, faint: bool = False) -> str:
    """A text that may lead somewhere, as HTML."""
    if href:
        return f'<a href="{escape(href)}">{escape(text)}</a>'
    return f'<span class="muted">{escape(text)}</span>' if faint else str(escape(text))


def control(field: KindField, more: Mapping[str, Any]) -> Markup:
    """An input as HTML: the fragment of its widget, a text input where there is none of that name."""
    fragments: Fragments = current_app.extensions[EXTENSION]["widgets"]
    own = fragments.get(field.fragment) or fragments.get("text")
    assert own is not None
    return fragments.draw(own, field=field, **more)


def marks(field: KindField) -> Markup:
    """The attributes of an input that tell a screen reader what is asked and what is wrong."""
    found = ' aria-required="true"' if field.needed else ""
    if field.errors:
        found += ' aria-invalid="true"'
    said = field.described_by
    return Markup(f'{found} aria-describedby="{escape(said)}"' if said else found)


def text_input(field: KindField, type: str = "text", mode: str = "") -> Markup:
    """An input of one line; ``mode`` says which keys a phone offers."""
    keys = f' inputmode="{mode}"' if mode else ""
    named = f'id="{escape(field.id)}" name="{escape(field.name)}" value="{escape(field.text)}"'
    return Markup(f'<input type="{type}" {named}{keys}{marks(field)}>')


def options_of(field: KindField) -> Markup:
    """The options of a select."""
    chosen = field.chosen
    found = [
        f'<option value="{escape(key)}"{" selected" if key in chosen else ""}>{escape(label)}</option>'
        for key, label in field.options()
    ]
    return Markup("\n".join(found))


def install(app: Flask) -> None:
    """Give pages ``value()``, and fragments what many inputs share."""
    app.extensions[EXTENSION] = {name: Fragments(app.jinja_env, name) for name in ("shows", "widgets")}
    app.jinja_env.globals.update(value=value, marks=marks, text_input=text_input, options_of=options_of)
