"""The search of everything: over each model whose view takes part, and over the menu. As a page, and as one types."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from flask import Response, current_app, jsonify, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext

from app.panel.core import cells, listing, listtotals, menu, policy
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.api import problem
from app.panel.core.fields import spec
from app.panel.core.files import File
from app.panel.core.finding import conditions, hits, keeper, words
from app.panel.core.pages import logged_in

EACH = 6
WHILE_TYPING = 4
AMONG = 20  # the latest so many that hold the words: of these, the nearest to what was asked
BEHIND_SECONDS = 15  # so far behind is said


def everywhere(q: str, actor: Any, size: int = EACH, *, counts: bool = True) -> list[Any]:
    """Groups of rows that hold every word of `q`, of the resources, rows and fields that `actor` may read.

    A row is found by its own fields alone: what is found by another's is found with that other. Groups are in the order of
    the menu, but those of which a row is called just so come first, then those of which a row's name begins so.
    """
    offered = [(view, plan, where) for view in _views() if (plan := _plan(view, actor)) for where in [_own(plan)]]
    with hits.looked_once():
        likely = hits.likely([(view.model, where.all_indexed) for view, _plan, where in offered], words.asked(q))
        found = [
            group
            for view, plan, where in offered
            if (view.model in likely or where.others or conditions.has_meanings(view.model))
            and (group := _group(view, plan, q, actor, size, counts))
        ]
    return sorted(found, key=lambda group: words.distance(group.rows[0].label, q))


def _views() -> list[Any]:
    places = {domain.key: domain.order for domain in current_app.extensions["panel_domains"]}
    views = [view for view in current_app.extensions["panel_views"].values() if view.found_everywhere]
    return sorted(views, key=lambda view: places.get(view.domain_key, 0))  # as in the menu


def _plan(view: Any, actor: Any) -> listing.Plan | None:
    """What is searched of a view for this reader; None when nothing is."""
    if not policy.allowed(actor, "read", view.resource) or menu.is_away(view.endpoint, actor):
        return None
    plan = view.plan(actor)
    if plan is None:
        return None
    access = plan.access
    own = tuple(name for name in plan.searchable if "." not in name and (access.usable(name) or access.shows_tail(name)))
    return replace(plan, searchable=own) if own else None


def _own(plan: listing.Plan) -> conditions.Places:
    return conditions.places(plan.model, plan.searchable, plan.access)


def _group(view: Any, plan: listing.Plan, q: str, actor: Any, size: int, counts: bool) -> Any:
    asked = listing.Asked(q=q, size=AMONG)
    page = listing.find(asked, plan, actor)
    if not page.rows:
        return None
    nearest = sorted(((str(row), row) for row in page.rows), key=lambda one: words.distance(one[0], q))
    rows = [
        SimpleNamespace(label=label, url=view.url("show", pk=row.id), cells=_hints(row, plan, words.asked(q)), is_outside=False)
        for label, row in nearest[:size]
    ]
    group = SimpleNamespace(label=str(view.title), icon=view.icon, rows=rows, all_url=asked.url(view.url("list"), size=50))
    if counts:
        count = listtotals.count_of(page, asked, plan, actor)
        group.total, group.exact = count.total, count.exact
    return group


def pages(q: str, actor: Any) -> list[Any]:
    """The entries of the menu whose words hold every word of `q`, also in pinyin, as one group."""
    asked = words.asked(q)
    found = [item for item in menu.entries(actor) if asked and all(words.holds(str(item.label), word) for word in asked)]
    if not found:
        return []
    rows = [SimpleNamespace(label=item.label, url=item.url, cells=[], is_outside=item.is_outside) for item in found[:EACH]]
    label = gettext("Menu entries")
    return [SimpleNamespace(label=label, icon="fa-bars", rows=rows, total=len(rows), exact=True, all_url="")]


def _hints(row: Any, plan: listing.Plan, asked: list[str]) -> list[Any]:
    """What is told of a row beside its name: first why it was found, then what its list begins with."""
    why = [name for name in plan.searchable if _holds(getattr(row, name), asked) and not _holds(str(row), asked)]
    first = [name for name in plan.columns[:5] if not isinstance(cells.value_of(row, name), File)]
    told = dict.fromkeys([*why, *first])
    bare = {name for name in told if name not in why and _is_number(plan.model, name)}  # says nothing without its heading
    shown = [cells.cell(row, name, plan.access) for name in told if name not in bare]
    return [
        cell
        for cell in shown
        if cell.get("text") and cell["text"] not in str(row) and cell["kind"] not in ("image", "bool")
    ][:3]


def _is_number(model: type[Any], name: str) -> bool:
    return "." not in name and spec(model, name).kind in ("integer", "number")


def _holds(value: Any, asked: list[str]) -> bool:
    return isinstance(value, str) and any(words.holds(value, word) for word in asked)


def _asked() -> str:
    return (request.args.get("q") or "").replace("\x00", "").strip()[: listing.MAX_SEARCH]


def _note() -> str:
    """What is to be known of a search that may miss something; nothing when it misses nothing."""
    found = keeper.behind()
    if found.unbuilt:
        return gettext("The search index is being built. Until that is done, older rows may be missing here.")
    if found.changes > hits.LATEST and found.seconds > BEHIND_SECONDS:
        seconds = round(found.seconds)
        return gettext("The search index is %(seconds)s seconds behind. What changed since may be missing here.", seconds=seconds)
    return ""


class SearchPage(BaseView):
    route_base = ""
    default_view = "search"

    @expose("/search/")
    @logged_in
    def search(self) -> str:
        q = _asked()
        groups = [*pages(q, current_actor()), *everywhere(q, current_actor())] if q else []
        return render_template("panel/search.html", q=q, groups=groups, note=_note(), appbuilder=self.appbuilder)

    @expose("/search/typed")
    def typed(self) -> Response:
        """What is found so far: `{"groups": [{"label", "icon", "all", "rows": [{"label", "hint", "url", "outside"}]}]}`."""
        actor, q = current_actor(), _asked()
        if actor is NOBODY:
            return problem(401, gettext("Log in first."))
        groups = [*pages(q, actor), *everywhere(q, actor, WHILE_TYPING, counts=False)] if q else []
        return jsonify(groups=[_plain(group) for group in groups], all=url_for("SearchPage.search", q=q))


def _plain(group: Any) -> dict[str, Any]:
    rows = [
        {
            "label": str(row.label),
            "hint": " · ".join(str(cell["text"]) for cell in row.cells),
            "url": row.url,
            "outside": bool(row.is_outside),
        }
        for row in group.rows[:WHILE_TYPING]
    ]
    return {"label": str(group.label), "icon": group.icon, "all": group.all_url, "rows": rows}
