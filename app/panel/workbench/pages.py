"""The home page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import format_date
from flask_babel import lazy_gettext as _

from app.panel.core import menu
from app.panel.core.actor import current_actor
from app.panel.core.pages import PanelPage, expose, logged_in
from app.panel.workbench import domain, periods, registry


@domain.page(_("Home"), icon="fa-house", order=0, menu=False)
class HomePage(PanelPage):
    """Cards, charts and to-dos of all domains, each within the reader's rights, over one period and one narrowing."""

    title = _("Home")
    route_base = "/home"

    @expose("/")
    @logged_in
    def index(self) -> str:
        actor = current_actor()
        period, on = periods.read(request.args)
        offered = narrowings(actor)
        chosen = {narrow.key: narrow.chosen for narrow in offered if narrow.chosen}
        span = {"days": on} if on else {"from": period.first.isoformat(), "to": period.last.isoformat()}
        ranges = [
            SimpleNamespace(label=str(label), url=_address(chosen, days=key), active=key == on)
            for key, (_days, label) in periods.RANGES.items()
        ]
        for narrow in offered:
            for option in narrow.options:
                option.url = _address(chosen | span, **{narrow.key: option.value})
        scope = registry.Scope(period, chosen)
        return self.render(
            "panel/home.html", ranges=ranges if registry.shown(registry.CHARTS, actor) else [], narrowings=offered,
            subtitle=f"{format_date(period.first)} – {format_date(period.last)}",
            cards=cards(actor, scope), charts=charts(actor, scope), todos=todos(actor), shortcuts=shortcuts(actor),
        )  # fmt: skip


def _address(kept: dict[str, str], **changes: str) -> str:
    asked = {key: value for key, value in {**kept, **changes}.items() if value}
    return f"{request.path}?{urlencode(asked)}" if asked else request.path


def narrowings(actor: Any) -> list[Any]:
    """What the page can be narrowed to, each with what is chosen; one with nothing to choose from is left out."""
    found = []
    for tile in registry.shown(registry.NARROWINGS, actor):
        options = [SimpleNamespace(**vars(option), active=False) for option in tile.func(actor)]
        if len(options) < 2:
            continue
        options.insert(0, SimpleNamespace(value="", label=str(tile.label), group="", active=False))
        on = next((option for option in options if option.value == request.args.get(tile.key, "")), options[0])
        on.active = True
        found.append(SimpleNamespace(key=tile.key, label=on.label, chosen=on.value, options=options))
    return found


def cards(actor: Any, scope: registry.Scope) -> list[Any]:
    found = [(tile, tile.func(actor, scope)) for tile in registry.shown(registry.CARDS, actor)]
    return [
        SimpleNamespace(key=tile.key, label=str(tile.label), as_of=None, **vars(card)) for tile, card in found if card
    ]


def charts(actor: Any, scope: registry.Scope) -> list[Any]:
    found = [tile.func(actor, scope) for tile in registry.shown(registry.CHARTS, actor)]
    return [chart for chart in found if chart is not None]


def todos(actor: Any) -> list[Any]:
    """What waits, row by row; a tile may answer with several rows, such as one a reason."""
    found = [(tile, tile.func(actor)) for tile in registry.shown(registry.TODOS, actor)]
    rows = [(tile, todo) for tile, answer in found for todo in (answer if isinstance(answer, list) else [answer])]
    return [
        SimpleNamespace(**{**vars(todo), "key": tile.key, "label": todo.label or str(tile.label)})
        for tile, todo in rows
        if todo and todo.count
    ]


def shortcuts(actor: Any) -> list[Any]:
    """The buttons to what is done all day, without those to a screen that was hidden from this person."""
    found = [
        SimpleNamespace(label=str(tile.label), icon=tile.options["icon"], url=tile.func())
        for tile in registry.shown(registry.SHORTCUTS, actor)
    ]
    return [button for button in found if not menu.leads_away(button.url, actor)]
