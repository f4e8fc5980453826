"""What the template of a list gets: a plain object, so that it only draws."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace
from typing import Any

from flask import current_app, url_for
from flask_babel import format_decimal, format_time
from flask_babel import gettext as _
from sqlalchemy import Select, select

from app.panel.core import (
    cells,
    clock,
    fragments,
    listing,
    listtotals,
    neighbours,
    paging,
    policy,
    records,
    savedlists,
    settings,
    trash,
    veil,
)
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, spec
from app.panel.core.finding import conditions
from app.panel.core.routing import numbered
from app.panel.core.screens import listframe
from app.panel.core.screens.boards import shapes
from app.panel.core.screens.cellediting import editable
from app.panel.core.screens.common import action, may, operations
from app.panel.core.screens.drawing import rows_html
from app.panel.core.screens.filtering import filtering
from app.panel.core.screens.layouts import laid_out, saved_views
from app.panel.core.screens.reading import named_by

EMPTY: Mapping[str, int | None] = MappingProxyType({})


class ListPage(SimpleNamespace):
    """What the template of a list gets. What stands under `later` is made when it is asked for: never, where the parts of
    the page that show it were drawn before."""

    def __getattr__(self, name: str) -> Any:
        make = vars(self).get("later", {}).get(name)
        if make is None:
            raise AttributeError(name)
        setattr(self, name, value := make())
        return value


def list_page(
    view: Any, asked: listing.Asked, plan: listing.Plan, found: listing.Found, actor: Any, kept: savedlists.Kept,
    shown: dict[str, int | None],
) -> ListPage:  # fmt: skip
    """:param shown: the columns and their widths"""
    base, declared = view.url("list"), plan
    plan = replace(plan, columns=tuple(shown))
    asked = replace(asked, opens_otherwise=kept.opens_with() is not None)
    offered, urls = _offered(view, plan), _urls(view, asked, found)
    key = listframe.key_of(view, asked, declared, found, actor, kept, shown, offered)
    choosable = _may_export(view) or any(verb.many and may(view, verb.permission) for verb in view.verbs.values())
    choosable = choosable or bool(operations(view, actor))
    return ListPage(
        title=view.title,
        one=view.one,
        resource=view.resource,
        key=key,
        frame=lambda name, caller: fragments.framed(key and (*key, name), urls.self, caller=caller),
        has_rows=bool(found.rows),
        body=rows_html(view, found.rows, plan, neighbours.state_of(asked), choosable=choosable),
        widths=[(at + choosable, width) for at, width in enumerate(shown.values(), 1) if width],
        total=found.total,
        said=_said(found, asked),
        as_of=_as_of(found.as_of),
        jump=_jump(view, asked, plan, found),
        size=asked.size,
        urls=urls,
        q=asked.q,
        filtered=bool(asked.q or asked.tree),
        can_search=bool(plan.searchable),
        later={
            "sizes": lambda: [(n, asked.url(base, size=n)) for n in listing.SIZES],
            "columns": lambda: columns_of(view, asked, plan, shown, editable(view, plan, actor)),
            "cell_url": lambda: numbered("savedlists.columns", "list_key", view.endpoint).removesuffix("columns") + "cell/",
            "filter": lambda: filtering(view, asked, plan, found, actor),
            "quick": lambda: _quick(view, asked, base, offered),
            "actions": lambda: _actions(view, _exports(view, asked), operations(view, actor)),
            "every": lambda: _every(view, asked, found) if operations(view, actor) else None,
            "adding": lambda: adding(view),
            "trash_url": lambda: view.url("trash") if view.can_delete and may(view, "delete") else "",
            "import_url": lambda: _import_url(view),
            "sheet_url": lambda: _sheet_url(view),
            "exports": lambda: _exports(view, asked),
            "empty": lambda: _empty(view, asked, plan),
            "saved": lambda: saved_views(view, asked, kept, actor),
            "layout": lambda: laid_out(view, asked, declared, shown, kept.layout),
            "totals": lambda: _totals(view, asked, plan, found),
            "shapes": lambda: shapes(view, asked, plan),
        },
    )


def _said(found: listing.Found, asked: listing.Asked) -> str:
    """How many rows there are, as far as the page knows."""
    if (n := found.total) is None:
        return fragments.remembered(lambda: _("more than %(n)s rows", n=format_decimal(asked.size)), "more rows", asked.size)
    return fragments.remembered(lambda: _("1 row") if n == 1 else _("%(n)s rows", n=format_decimal(n)), "rows", n)


def _as_of(at: dt.datetime) -> str:
    """When the rows were read, to the minute: every page of that minute says the same."""
    here = at.astimezone(clock.zone())
    return fragments.remembered(lambda: _("as of %(time)s", time=format_time(at, "short")), "as of", here.hour, here.minute)


def _every(view: Any, asked: listing.Asked, found: listing.Found) -> SimpleNamespace:
    """How an operation is told which rows the list shows, on all of its pages."""
    state = {name: value for name, value in asked.words().items() if name in ("q", "f")}
    return SimpleNamespace(list_key=view.endpoint, state=list(state.items()), has_more=found.total is None)


def _urls(view: Any, asked: listing.Asked, found: listing.Found) -> SimpleNamespace:
    base = view.url("list")
    return SimpleNamespace(
        first=asked.url(base) if found.before else "",
        prev=asked.url(base, found.before) if found.before else "",
        next=asked.url(base, found.after) if found.after else "",
        last=asked.url(base, paging.LAST) if found.after else "",
        clear=asked.plainly(base),
        base=base,
        action=view.url("action_post"),
        self=asked.url(base, asked.place),
        count=_count_url(view, asked, found),
    )


def _count_url(view: Any, asked: listing.Asked, found: listing.Found) -> str:
    """Where an open page asks for what it does not know yet: how many rows there are, and on each tab. What the other quick
    filters hold is asked for when one of them is opened."""
    more: dict[str, Any] = {"tabs": "1"} if view.counts_tabs and view.quick_filters else {}
    if found.total is not None and not more:
        return ""
    return asked.url(numbered("savedlists.count", "list_key", view.endpoint), sort="", size=0, cols="", **more)


def _jump(view: Any, asked: listing.Asked, plan: listing.Plan, found: listing.Found) -> SimpleNamespace | None:
    """What one can go to directly: a value of the column that orders the list, where there are pages to go to."""
    name = asked.sort or plan.default_sort
    order = paging.order_of(view.model, name, current_actor())
    if found.total is not None or not order.can_jump:
        return None
    return SimpleNamespace(
        label=view.label(name.removeprefix("-")),
        kind="date" if order.field.kind in ("date", "instant") else "text",
        value=asked.place.text if asked.place.kind == "from" else "",
        state=list(asked.words().items()),
    )


def columns_of(
    view: Any, asked: listing.Asked, plan: listing.Plan, widths: Mapping[str, int | None] = EMPTY, changed: Collection[str] = ()
) -> list[Any]:
    current, result = asked.sort or plan.default_sort, []
    for name in plan.columns:
        field = spec(view.model, name.split(".")[0])
        column = SimpleNamespace(
            name=name, label=view.label(name), kind=field.kind, align=cells.align(field), sorted="", sort_url="",
            width=widths.get(name), is_edited=name in changed,
        )
        if name in plan.sortable:
            column.sorted = {name: "asc", f"-{name}": "desc"}.get(current, "")
            wanted = (
                f"-{name}"
                if column.sorted == "asc" or (not column.sorted and field.kind in ("money", "instant"))
                else name
            )
            column.sort_url = asked.url(view.url("list"), sort=wanted)
        result.append(column)
    return result


def _offered(view: Any, plan: listing.Plan) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """(value, label, tone) of what the quick filters of this reader offer."""
    known = {name: spec(view.model, name) for name in view.quick_filters if name in plan.filterable}
    return {name: _options(field) for name, field in known.items() if field.kind in ("choice", "bool", "ref")}


@functools.cache
def _first_named(target: Any) -> Select[Any] | None:
    """The first rows of a table with what their names are made of; built once. None where only whole rows know their names."""
    columns = named_by(target)
    chosen = None if columns is None else select(target.id, *(getattr(target, name) for name in sorted(columns - {"id"})))
    if chosen is None:
        return None
    return chosen.order_by(target.id).limit(listtotals.MOST_OFFERED).execution_options(by_heart=True)


def _quick(view: Any, asked: listing.Asked, base: str, offered: dict[str, tuple[tuple[str, str, str], ...]]) -> list[Any]:
    """Choices as tabs: one click sets one condition and leaves the others."""
    tree = asked.tree if isinstance(asked.tree, dict) and isinstance(asked.tree.get("and"), list) else {"and": []}
    groups: list[Any] = []
    for name, options in offered.items():
        others = listtotals.beside(asked, name)
        mine = [part for part in tree["and"] if isinstance(part, list) and part[:1] == [name]]
        current = str(mine[0][2]) if len(mine) == 1 and len(mine[0]) == 3 else None
        items = [SimpleNamespace(label=_("All"), url=_with(asked, base, others), active=not mine, counted="", tone="")]
        op = "is" if spec(view.model, name).kind == "bool" else "eq"
        for value, label, tone in options:
            url = _with(asked, base, [*others, [name, op, value]])
            counted = f"{name}.{value}" if view.counts_tabs else ""
            items.append(SimpleNamespace(label=label, url=url, active=current == value, counted=counted, tone=tone))
        groups.append(SimpleNamespace(name=name, label=view.label(name), items=items))
    return groups


def _with(asked: listing.Asked, base: str, parts: list[Any]) -> str:
    return asked.url(base, f={"and": parts} if parts else None)


def _options(field: FieldSpec) -> tuple[tuple[str, str, str], ...]:
    if field.choices is not None:
        kind = field.choices
        return fragments.remembered(lambda: tuple((one.value, str(one.label), one.tone) for one in kind), "choices", kind)  # type: ignore[no-any-return]
    if field.kind == "bool":
        return ("true", _("yes"), "success"), ("false", _("no"), "muted")
    target: Any = field.target
    first = _first_named(target) if veil.access_to(target) is None else None
    if first is not None:
        rows: Any = db.session.connection().execute(policy.scope(first, current_actor(), target))
    else:
        whole = policy.scope(select(target), current_actor(), target).order_by(target.id)
        rows = db.session.scalars(whole.limit(listtotals.MOST_OFFERED))
    return tuple((str(row.id), target.__str__(row), "") for row in rows)


def _import_url(view: Any) -> str:
    build = current_app.extensions.get("panel_import_url")
    return str(build(view)) if build is not None and view.can_import and view.can_add and may(view, "import") else ""


def _may_export(view: Any) -> bool:
    return "panel_exports" in current_app.extensions and view.can_export and may(view, "export")


def _exports(view: Any, asked: listing.Asked) -> Any:
    """Where the rows that are shown, on all pages, are handed out as a file; None where that is not for this reader."""
    return current_app.extensions["panel_exports"](view, asked) if _may_export(view) else None


def _actions(view: Any, exports: Any, many: list[SimpleNamespace]) -> list[SimpleNamespace]:
    """What can be done to ticked rows; a verb that has an operation in its place is left out."""
    others = {one.instead_of for one in many}
    found = [action(view, v) for v in view.verbs.values() if v.many and v.name not in others and may(view, v.permission)]
    found += many
    if exports is not None:
        found.append(SimpleNamespace(
            name="export", label=_("Export"), icon="fa-file-export", tone="", confirm="", needs_form=True, url=exports.choose_url,
        ))  # fmt: skip
    return found


def _sheet_url(view: Any) -> str:
    endpoint = current_app.extensions["panel_sheets"].get(view.model)
    return url_for(endpoint) if endpoint is not None and view.can_edit and may(view, "write") else ""


def _totals(view: Any, asked: listing.Asked, plan: listing.Plan, found: listing.Found) -> SimpleNamespace | None:
    """Where the sums of the amounts that are shown come from once the page is there; of very many rows only when asked."""
    fields = listtotals.summable(plan, plan.columns)
    if not fields or not found.rows:
        return None
    asks = {name: value for name, value in asked.words().items() if name in ("q", "f")}
    url = url_for("savedlists.totals", list_key=view.endpoint, names=",".join(field.name for field in fields), **asks)
    return SimpleNamespace(url=url, names={field.name for field in fields}, at_once=found.total is not None)


def _empty(view: Any, asked: listing.Asked, plan: listing.Plan) -> SimpleNamespace:
    if asked.q or asked.tree:
        clear = asked.plainly(view.url("list"))
        said = [_("Try fewer words or remove a filter.")]
        if asked.q and conditions.places(view.model, plan.searchable, plan.access).others:
            said.append(_("Here words are looked for in the latest %(n)s rows.", n=format_decimal(conditions.LATEST)))
        return SimpleNamespace(title=_("Nothing matches."), text=" ".join(said), url=clear, label=_("Show all"))
    add = adding(view)
    return SimpleNamespace(title=str(view.empty_text), text="", url=add.url, label=add.label)


def adding(view: Any) -> SimpleNamespace:
    """Where this reader adds a row: the form of the view, or a page of its own; an empty address where he may not."""
    url, verb, label = view.added_on or (view.url("add") if view.can_add else "", "write", "")
    fills = view.added_on or records.can_fill(view.added(), policy.fields(current_actor(), view.resource))
    if not url or not may(view, verb) or not fills:
        return SimpleNamespace(url="", label="")
    return SimpleNamespace(url=url, label=str(label) or _("Add %(one)s", one=view.one))


def trash_page(view: Any, entries: list[Any]) -> SimpleNamespace:
    may_purge = policy.allowed(current_actor(), trash.PURGE, trash.RESOURCE)
    rows = [
        SimpleNamespace(
            id=e.id, label=e.label, at=e.deleted_at, by=e.deleted_by, restore_url=view.url("restore", entry_id=e.id),
            purge_url=url_for("trash.purge", entry_id=e.id) if may_purge else "",
        )
        for e in entries
    ]
    return SimpleNamespace(
        title=_("Trash: %(what)s", what=view.title), list_title=view.title, list_url=view.url("list"), rows=rows,
        days=settings.setting(trash.DAYS), settings_url=_settings_url(), many_url=_many_url() if len(rows) > 1 else "",
    )


def _many_url() -> str:
    """Where several rows are brought back at once, for whoever may begin operations."""
    build = current_app.extensions.get("panel_bring_back")
    return str(build(current_actor())) if build is not None else ""


def _settings_url() -> str:
    """Where this reader may set for how long the trash is kept."""
    if not policy.allowed(current_actor(), "write", settings.RESOURCE):
        return ""
    pages: list[Any] = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    page = next((one for one in pages if getattr(one, "resource", "") == settings.RESOURCE), None)
    return url_for(f"{page.endpoint}.{page.default_view}") if page is not None else ""
