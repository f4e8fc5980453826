"""The rows of a list as HTML.

A template would ask for the name, the kind and the tone of each of some five hundred cells, and of every name it asks the
context. Here whatever depends on the column alone is asked once, and so is each value that rows share.
"""

from __future__ import annotations

import html
import operator
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.panel.core import cells, clock, fields, fragments, listing, money, routing, veil
from app.panel.core.fields import FieldSpec, spec
from app.panel.core.screens.common import linker

LONG = 24  # letters; what is longer is cut off on the screen and whole in its title
FEW_BADGES = 3
One = Callable[[Any], str]  # a cell of a row
Draw = Callable[[Sequence[Any]], list[str]]  # a column of many rows: a call a cell costs more than most cells


def rows_html(view: Any, rows: Iterable[Any], plan: listing.Plan, state: str, *, choosable: bool) -> Markup:
    """The lines of a table.

    :param state: of the list, for the way to the next row
    :param choosable: are there operations on several of them?
    """
    head, tail = routing.around(f"{view.endpoint}.show", "pk")
    tail += f"?{urlencode({'list': state})}" if state else ""
    before, behind = html.escape(head), html.escape(tail)
    rows = [*rows]
    keys = [row.id for row in rows]
    urls = [f"{before}{key}{behind}" for key in keys]
    holes, drawn = ['<tr data-url="%s" data-pk="%s">'], [urls, keys]
    if choosable:
        pick, called = html.escape(_("Select")), view.model.__str__
        holes.append(
            '<td class="pick"><input class="form-check-input" type="checkbox" name="rowid" '
            f'value="%s" aria-label="{pick.replace("%", "%%")} %s"></td>'
        )
        drawn += keys, [_plain(called(row)) or key for row, key in zip(rows, keys, strict=True)]
    for at, name in enumerate(plan.columns):
        field = spec(view.model, name.split(".")[0])
        holes.append('<td class="n">%s</td>' if cells.align(field) == "end" else "<td>%s</td>")
        drawn.append(_draw(view, name, plan)(rows) if at else _lead(view, name, plan)(rows, urls))
    line = "".join([*holes, "</tr>\n"])
    return Markup("".join([line % parts for parts in zip(*drawn, strict=True)]))  # noqa: S704 — each was escaped when it was drawn


def rows_of(view: Any, rows: Iterable[Any], plan: listing.Plan) -> list[SimpleNamespace]:
    """The lines of a small table, as data. What is the same for all of a column is asked once."""
    made = [cell_of(view, name, plan) for name in plan.columns]
    return [
        SimpleNamespace(pk=row.id, url=view.url("show", pk=row.id), label=str(row), cells=[make(row) for make in made])
        for row in rows
    ]


def _lead(view: Any, name: str, plan: listing.Plan) -> Callable[[Sequence[Any], Sequence[str]], list[str]]:
    """How the first cells of rows are drawn, which lead to their pages."""
    made = cell_of(view, name, plan)
    is_own = "." not in name and name not in view.formatters and not plan.access.masked(name)
    is_text = is_own and spec(view.model, name).kind == "text"

    def draw(row: Any, url: str) -> str:
        if is_text and type(value := getattr(row, name)) is str and value:
            return f'<a class="lead" href="{url}">{_plain(value)}</a>'
        cell = made(row)
        kind, text = cell.get("kind"), _plain(cell.get("text"))
        if kind == "image":
            return f'<a href="{url}" tabindex="-1" aria-hidden="true">{_image(cell, "")}</a>' if cell.get("url") else ""
        if kind in ("instant", "bool"):
            return inside(cell)
        return f'<a class="lead" href="{url}">{text or f"#{row.id}"}</a>'

    return lambda rows, urls: [draw(row, url) for row, url in zip(rows, urls, strict=True)]


def cell_of(view: Any, name: str, plan: listing.Plan) -> Callable[[Any], cells.Cell]:
    """How the cells of a column are made, by the view or by the field."""
    if name not in view.formatters or plan.access.masked(name):
        return cells.of_column(view.model, name, plan.access, linker())
    form, seen = view.formatters[name], veil.reader_of(view.model)
    return lambda row: cells.show(form(seen(row)), None)


def _draw(view: Any, name: str, plan: listing.Plan) -> Draw:
    """How the cells of a column are drawn. Those that are most of a page are not made first."""
    made = cell_of(view, name, plan)

    def one(row: Any) -> str:
        return inside(made(row))

    if name in view.formatters:
        known_by, without = (getattr(view.formatters[name], said, ()) for said in ("made_of", "empty_without"))
        return _each(one) if not known_by else _shared(one, known_by, without) if without else _shared(one, known_by)
    if plan.access.masked(name) or "." in name:
        return _each(one)
    field = spec(view.model, name)
    if field.choices is not None:
        return _chosen(one, name, field)
    if field.kind == "bool" or field.relation == name:
        return _shared(one, (field.name,))
    quick = {"instant": _instants, "money": _amounts, "text": _texts}.get(field.kind)
    return quick(name, field) if quick is not None else _each(one)


def _each(one: One) -> Draw:
    return lambda rows: [one(row) for row in rows]


def _shared(one: One, names: tuple[str, ...], without: str = "") -> Draw:
    """Draw once what rows share that agree in these columns.

    :param without: a column without a value of which nothing is drawn
    """
    known: dict[Any, str] = {(): ""} if without else {}
    read = operator.attrgetter(*names)

    def drawn(rows: Sequence[Any]) -> list[str]:
        keys = [() if without and getattr(row, without) is None else read(row) for row in rows]
        for key, row in zip(keys, rows, strict=True):
            if key not in known:
                known[key] = one(row)
        return [known[key] for key in keys]

    return drawn


def _chosen(one: One, name: str, field: FieldSpec) -> Draw:
    """A choice looks the same on every page of a language."""
    known: dict[Any, str] = fragments.remembered(dict, "chosen", field.choices)

    def drawn(rows: Sequence[Any]) -> list[str]:
        values, other = [getattr(row, name) for row in rows], dict[Any, str]()
        for value, row in zip(values, rows, strict=True):
            if value not in known and value not in other:
                (known if type(value) is field.choices else other)[value] = one(row)
        return [known[value] if value in known else other[value] for value in values]

    return drawn


def _texts(name: str, field: FieldSpec) -> Draw:
    def draw(value: Any, row: Any) -> str:
        if not value:
            return ""
        if type(value) is str and len(value) <= LONG:
            return html.escape(value)
        return inside(cells.show(value, field, row))

    def drawn(rows: Sequence[Any]) -> list[str]:
        # most names are letters alone, and have nothing to escape
        return [
            value if type(value := getattr(row, name)) is str and len(value) <= LONG and value.isalnum() else draw(value, row)
            for row in rows
        ]

    return drawn


def _instants(name: str, field: FieldSpec) -> Draw:
    zone = clock.zone()

    def drawn(rows: Sequence[Any]) -> list[str]:
        return [
            f'<time datetime="{at.isoformat()}">{at.astimezone(zone).isoformat(" ", "minutes")[:16]}</time>'
            if (at := getattr(row, name)) is not None else ""
            for row in rows
        ]  # fmt: skip

    return drawn


def _amounts(name: str, field: FieldSpec) -> Draw:
    written, usual = money.writer(), fields.default_currency()
    currency_of = field.currency_of if "." in field.currency else lambda row: getattr(row, field.currency, None) or usual

    def drawn(rows: Sequence[Any]) -> list[str]:
        return [
            "" if (amount := getattr(row, name)) is None else html.escape(written(amount, currency_of(row))) for row in rows
        ]  # fmt: skip

    return drawn


def inside(cell: cells.Cell) -> str:
    """What stands in a cell."""
    kind, title = cell.get("kind"), cell.get("title", "")
    text = _plain(cell.get("text"))
    if kind == "badge":
        return f'<span class="badge badge-{_plain(cell.get("tone")) or "neutral"}">{text}</span>' if text else ""
    if kind == "image":
        return _image(cell, text) if cell.get("url") else ""
    if kind == "instant":
        return f'<time datetime="{_plain(title)}">{text}</time>'
    if kind == "bool":
        return f'<span class="{"yes" if cell.get("tone") == "success" else "no"}">{text}</span>'
    if kind == "badges":
        return _badges(cell, text)
    if url := _plain(cell.get("url")):
        return _masked(text, url) if kind == "masked" else f'<a href="{url}">{text}</a>'
    if len(str(cell.get("text", ""))) > LONG:
        return f'<span class="clip" title="{_plain(title) or text}">{text}</span>'
    return text


def _image(cell: cells.Cell, text: str) -> str:
    return f'<img class="thumb" src="{_plain(cell["url"])}" alt="{text}" loading="lazy" width="30" height="30">'


def _badges(cell: cells.Cell, text: str) -> str:
    items = cell.get("items", [])
    shown = "".join(f'<span class="badge badge-neutral plain">{_plain(item)}</span> ' for item in items[:FEW_BADGES])
    more = len(items) - FEW_BADGES
    return shown + (f'<span class="quiet" title="{text}">+{more}</span>' if more > 0 else "")


def _masked(text: str, url: str) -> str:
    """What is not shown whole, and how it is for a reason."""
    word = _plain(_("Show it in full"))
    return (
        f'<span class="num masked"><span data-masked>{text}</span><a class="reveal" href="{url}" data-reveal '
        f'aria-label="{word}" title="{word}"><i class="fa-solid fa-eye" aria-hidden="true"></i></a></span>'
    )


def _plain(value: Any) -> str:
    """A value as HTML shows it; nothing for nothing."""
    if type(value) is str:
        return value if value.isalnum() else html.escape(value)  # letters alone have nothing to escape
    return "" if value is None else str(escape(value))
