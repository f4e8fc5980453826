"""The home page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import request
from flask_babel import format_date
from flask_babel import lazy_gettext as _

from app.panel.core.actor import current_actor
from app.panel.core.pages import PanelPage, expose, logged_in
from app.panel.workbench import domain, periods, registry


@domain.page(_("Home"), icon="fa-house", order=0, menu=False)
class HomePage(PanelPage):
    """Cards, charts and to-dos of all domains, each within the reader's rights, the charts over one period."""

    title = _("Home")
    route_base = "/home"

    @expose("/")
    @logged_in
    def index(self) -> str:
        actor = current_actor()
        period, on = periods.read(request.args)
        base = request.path
        ranges = [
            SimpleNamespace(label=str(label), url=f"{base}?days={key}", active=key == on)
            for key, (_days, label) in periods.RANGES.items()
        ]
        return self.render(
            "panel/home.html", ranges=ranges if registry.shown(registry.CHARTS, actor) else [],
            subtitle=f"{format_date(period.first)} – {format_date(period.last)}",
            cards=cards(actor), charts=charts(actor, period), todos=todos(actor), shortcuts=shortcuts(actor),
        )  # fmt: skip


def cards(actor: Any) -> list[Any]:
    found = [(tile, tile.func(actor)) for tile in registry.shown(registry.CARDS, actor)]
    return [
        SimpleNamespace(key=tile.key, label=str(tile.label), as_of=None, **vars(card)) for tile, card in found if card
    ]


def charts(actor: Any, period: registry.Period) -> list[Any]:
    found = [tile.func(actor, period) for tile in registry.shown(registry.CHARTS, actor)]
    return [chart for chart in found if chart is not None]


def todos(actor: Any) -> list[Any]:
    found = [(tile, tile.func(actor)) for tile in registry.shown(registry.TODOS, actor)]
    return [
        SimpleNamespace(key=tile.key, label=str(tile.label), **vars(todo))
        for tile, todo in found
        if todo and todo.count
    ]


def shortcuts(actor: Any) -> list[Any]:
    return [
        SimpleNamespace(label=str(tile.label), icon=tile.options["icon"], url=tile.func())
        for tile in registry.shown(registry.SHORTCUTS, actor)
    ]
