"""Sections of forms and of record pages as HTML, written in one go: inputs with label, help and errors, or values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Flask
from markupsafe import Markup, escape

from runtime.web.fragments import as_html, control, shows
from runtime.web.layout import Block
from runtime.web.shown import Shown
from runtime.web.texts import gettext, page_language

if TYPE_CHECKING:
    from runtime.web.editing import Editing
    from runtime.web.forms import KindField
    from runtime.web.recordpage import RecordPage

NOTHING = Markup()


def labelled(field: KindField, marks: Markup = NOTHING) -> Markup:
    """One input with its label; ``marks`` are attributes for the script that follows conditions."""
    name = escape(field.id)
    must = star() if field.needed else ""
    own = control(field, {})
    if field.fixed:
        own = Markup(f'<fieldset class="held" disabled>{own}</fieldset>')
    return Markup(
        f'<div class="field {escape(field.place.width)}{" wrong" if field.errors else ""}"{marks}>\n'
        f'<label for="{name}" id="{name}-label">{escape(field.label.text)}{must}</label>\n{own}{below(field)}\n</div>\n'
    )


def star() -> str:
    """The mark of an input that must be filled in."""
    return f'<span class="must" title="{escape(gettext("must be filled in"))}" aria-hidden="true">*</span>'


def below(field: KindField) -> str:
    """What stands below an input: its help, what is wrong, and what is stored meanwhile."""
    name, found = escape(field.id), ""
    if field.help:
        found += f'\n<p class="help" id="{name}-help">{escape(field.help)}</p>'
    if field.errors:
        found += f'\n<p class="error" id="{name}-error">{escape(" ".join(field.errors))}</p>'
    if field.current:
        stored = gettext("Stored now: %(value)s") % {"value": field.current}
        found += f'\n<p class="current">{escape(stored)}</p>'
    return found


def inputs(form: Editing, block: Block, shown: Mapping[str, Shown]) -> Markup:
    """The fields of a section: an input where the caller may set one, else the value where there is one."""
    spoken, fragments = page_language(), shows()
    places = [one for one in block.parts if not isinstance(one, Block)]
    found: list[str] = []
    for place in places:
        name, marks = place.field.name, form.live.place(place)
        if name in form.form:
            found.append(labelled(form.form[name], marks))
        elif form.record_id or place.field.computed:
            value = as_html(fragments, shown[name])
            # What is stored and cannot be set here stays as it is, in its own words and colors.
            live = f' data-live="{escape(name)}"' if place.field.computed else ""
            found.append(
                f'<dl class="field values {escape(place.width)}"{marks}><div><dt>{escape(place.label[spoken])}</dt>'
                f"<dd{live}>{value}</dd></div></dl>\n"
            )
    if not places:
        return NOTHING
    return Markup(f'<div class="fields" data-columns="{block.columns}">\n{"".join(found)}</div>')


def values_of(page: RecordPage, block: Block) -> Markup:
    """The values of a section on the page of a record."""
    places = [one for one in block.parts if not isinstance(one, Block)]
    if not places:
        return NOTHING
    spoken, fragments = page_language(), shows()
    found = [
        f'<div class="{escape(one.width)}"><dt>{escape(one.label[spoken])}</dt>'
        f"<dd>{as_html(fragments, page.shown[one.field.name])}</dd></div>\n"
        for one in places
        if page.seen(one.visible)
    ]
    return Markup(f'<dl class="values" data-columns="{block.columns}">\n{"".join(found)}</dl>')


def install(app: Flask) -> None:
    """Give pages ``control()``, ``inputs()`` and ``values_of()``."""
    app.jinja_env.globals.update(control=labelled, inputs=inputs, values_of=values_of)
