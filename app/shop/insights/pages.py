"""Reports of insights: what people search for and do not find."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for
from flask_babel import format_date
from flask_babel import lazy_gettext as _

from app.panel.core import clock, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.workbench import periods
from app.shop.catalog import queries as catalog
from app.shop.catalog import rules
from app.shop.insights import domain, queries

ORDERS = "orders.Order"


def ranges(on: str) -> list[Any]:
    """The periods that a report offers."""
    return [
        SimpleNamespace(label=str(label), url=f"{request.path}?{urlencode({'days': key})}", active=key == on)
        for key, (_days, label) in periods.RANGES.items()
    ]


@domain.page(_("Search and tags"), icon="fa-magnifying-glass-chart", order=20)
class WordsPage(PanelPage):
    """Searches that found nothing and tags that sell nothing, each with a way out in one click."""

    resource = "catalog.Synonym"
    title = _("Search and tags")

    @expose("/words/")
    @needs("read")
    def index(self) -> str:
        actor = current_actor()
        period, on = periods.read(request.args)
        last = clock.today() if on else period.last  # what was searched today is here today
        may_sell = policy.allowed(actor, "read", ORDERS)
        tags = db.session.execute(queries.tags_without_sales(actor, period.first, last)).all() if may_sell else []
        return self.render(
            "insights/words.html", ranges=ranges(on), subtitle=f"{format_date(period.first)} – {format_date(last)}",
            searches=searches(period.first, last), tags=tags, may_sell=may_sell, here=request.full_path.rstrip("?"),
            may_name=policy.allowed(actor, "write", self.resource),
            may_tag=policy.allowed(actor, "write", "catalog.Product"), words_url=url_for("catalog_synonym.list"),
        )  # fmt: skip


def searches(first: Any, last: Any) -> list[Any]:
    """Searches without a result, each with the category or tag that it most likely means."""
    rows = db.session.execute(catalog.searches_without_result(first, last)).all()
    found = [SimpleNamespace(**row._mapping) for row in rules.typed_to_the_end(rows)]
    names: dict[str, tuple[str, int]] = {}
    if found:
        names = {name: (kind, key) for kind, key, name in db.session.execute(catalog.names_to_guess_from())}
    for row in found:
        guess = rules.closest(row.word, names)
        row.guess, row.field, row.key = guess, "", 0
        if guess is not None:
            kind, row.key = names[guess]
            row.field = f"{kind}_id"
    return found
