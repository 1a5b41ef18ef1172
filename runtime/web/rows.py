"""The rows of a table as HTML, written in one go: a list has hundreds of cells, and they are most of what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask
from markupsafe import Markup, escape

from runtime.web.columns import Column
from runtime.web.fragments import Fragments, as_html, shows
from runtime.web.listing import Line, Listing
from runtime.web.texts import gettext


def rows(made: Listing, several: bool) -> Markup:
    """The lines of a list below its head; ``several``: each can be chosen for work on several."""
    fragments = shows()
    writer = Writer(made.columns, fragments, several)
    return Markup("".join([writer.line(one) for one in made.lines]))


class Writer:
    """What all rows of a table have in common."""

    def __init__(self, columns: Sequence[Column], fragments: Fragments, several: bool) -> None:
        self.columns = columns
        self.fragments = fragments
        self.several = several
        self.starts = [
            f'<td data-label="{escape(one.label)}"' + (' class="num"' if one.numeric else "") for one in columns
        ]
        self.width = len(columns) + several
        self.open = str(escape(gettext("Open")))
        self.choose = str(escape(gettext("Choose %(title)s")))

    def line(self, line: Line) -> str:
        """One record, with the heading of its group where a new one begins."""
        tint = f' class="tint-{escape(line.color)}"' if line.color else ""
        parts = [self.group(line), f'<tr{tint} data-version="{escape(line.version)}">']
        if self.several:
            parts.append(self.tick(line))
        href = escape(line.href)
        show, fragments = as_html, self.fragments
        for number, (column, start, cell) in enumerate(zip(self.columns, self.starts, line.cells, strict=True)):
            start += ' class="brief">' if cell.brief and not column.numeric else ">"
            if not number:
                text = self.open if cell.blank else escape(cell.plain)
                parts.append(f'{start}<a class="open" href="{href}" data-quick>{text}</a></td>')
            elif column.editable:
                address = f"{href}/cell/{escape(column.path)}"
                parts.append(f'{start}<span class="cell" data-cell="{address}">{show(fragments, cell)}</span></td>')
            else:
                parts.append(f"{start}{show(fragments, cell)}</td>")
        parts.append("</tr>\n")
        return "".join(parts)

    def group(self, line: Line) -> str:
        """The heading of a group that begins with this line."""
        if line.group is None:
            return ""
        text = as_html(self.fragments, line.group)
        return f'<tr class="group"><th colspan="{self.width}" scope="rowgroup">{text}</th></tr>\n'

    def tick(self, line: Line) -> str:
        """The box that chooses the record."""
        title = escape(line.cells[0].plain if line.cells else line.id[:8])
        label = self.choose % {"title": title}
        box = f'<input type="checkbox" name="id" value="{escape(line.id)}" form="selection" aria-label="{label}">'
        return f'<td class="tick">{box}</td>'


def install(app: Flask) -> None:
    """Give pages ``rows()``."""
    app.jinja_env.globals["rows"] = rows
