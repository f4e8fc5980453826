"""The search box at the top: over every model whose view says that it can be found."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext

from app.panel.core import cells, listing, listtotals, menu, policy
from app.panel.core.actor import current_actor
from app.panel.core.files import File
from app.panel.core.pages import logged_in

EACH = 6


def everywhere(q: str, actor: Any) -> list[Any]:
    """Groups of rows that hold every word of `q`, of the resources and rows that `actor` may read."""
    found = []
    places = {domain.key: domain.order for domain in current_app.extensions["panel_domains"]}
    views = current_app.extensions["panel_views"].values()
    for view in sorted(views, key=lambda view: places.get(view.domain_key, 0)):  # as in the menu
        is_offered = policy.allowed(actor, "read", view.resource) and not menu.is_away(view.endpoint, actor)
        plan = view.plan(actor) if is_offered else None
        if plan is None or not plan.searchable or not any(plan.access.usable(n.split(".")[0]) for n in plan.searchable):
            continue
        asked = listing.Asked(q=q, size=EACH)
        page = listing.find(asked, plan, actor)
        if page.rows:
            rows = [
                SimpleNamespace(label=str(row), url=view.url("show", pk=row.id), cells=_hints(row, plan))
                for row in page.rows
            ]
            all_url = asked.url(view.url("list"), size=50)
            count = listtotals.count_of(page, asked, plan, actor)
            found.append(
                SimpleNamespace(label=str(view.title), rows=rows, total=count.total, exact=count.exact, all_url=all_url)
            )
    return found


def pages(q: str, actor: Any) -> list[Any]:
    """The entries of the menu whose words hold every word of `q`, as one group."""
    words = q.casefold().split()
    found = [item for item in menu.entries(actor) if all(word in item.label.casefold() for word in words)]
    if not found:
        return []
    rows = [SimpleNamespace(label=item.label, url=item.url, cells=[], is_outside=item.is_outside) for item in found[:EACH]]
    return [SimpleNamespace(label=gettext("Menu entries"), rows=rows, total=len(rows), exact=True, all_url="")]


def _hints(row: Any, plan: listing.Plan) -> list[Any]:
    told = [name for name in plan.columns[:5] if not isinstance(cells.value_of(row, name), File)]
    shown = [cells.cell(row, name, plan.access) for name in told]
    return [
        cell
        for cell in shown
        if cell.get("text") and cell["text"] != str(row) and cell["kind"] not in ("image", "bool")
    ][:3]


class SearchPage(BaseView):
    route_base = ""
    default_view = "search"

    @expose("/search/")
    @logged_in
    def search(self) -> str:
        q = (request.args.get("q") or "").replace("\x00", "").strip()[: listing.MAX_SEARCH]
        groups = [*pages(q, current_actor()), *everywhere(q, current_actor())] if q else []
        return render_template("panel/search.html", q=q, groups=groups, appbuilder=self.appbuilder)
