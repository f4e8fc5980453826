"""Keeping, choosing and forgetting views of lists, and the figures that a list asks for after its page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, request
from flask_babel import gettext

from app.panel.core import listcolumns, listtotals, policy, records, savedlists, screens
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.errors import BadRequest, InvalidInput
from app.panel.core.pages import to_login
from app.panel.core.security import safe_next

MOST_TABS = 20
blueprint = Blueprint("savedlists", __name__, url_prefix="/lists")


@blueprint.before_request
def known_people_only() -> Any:
    return to_login() if current_actor() is NOBODY else None


@blueprint.get("/<list_key>/count")
def count(list_key: str) -> Any:
    """How many rows an address of the list has, or with 400 a sentence that says why it cannot be read.

    `exactly=1` counts every one; `tabs=1` those on the tabs as well, `tabs=channel` those of another quick filter.
    """
    view, actor = _readable(list_key)
    asked = savedlists.understood(_state(request.args, "q", "f"), plan := view.plan(actor), actor)
    found = listtotals.count(asked, plan, actor, exactly=request.args.get("exactly") == "1")
    name = request.args.get("tabs", "")
    tabs = listtotals.on_tabs(view, plan, actor, "" if name == "1" else name, asked) if name else {}
    return {"count": found.total, "exact": found.exact, "words": str(found), **tabs}


@blueprint.get("/<list_key>/counts")
def counts(list_key: str) -> Any:
    """How many rows each kept view of a list has, as its tab shows it: `{"12": "1,234"}`."""
    view, actor = _readable(list_key)
    plan = view.plan(actor)
    found = {offer.id: listtotals.count(offer.asked, plan, actor) for offer in savedlists.offers(list_key, plan, actor)[:MOST_TABS]}
    return {key: count.number for key, count in found.items()}


@blueprint.get("/<list_key>/totals")
def totals(list_key: str) -> Any:
    """The sums of amounts over all rows of an address, in words: `{"count": …, "sums": {"total": ["¥12.00", "$3.00"]}}`."""
    view, actor = _readable(list_key)
    plan = view.plan(actor)
    asked = savedlists.understood(_state(request.args, "q", "f"), plan, actor)
    columns = listcolumns.read(request.args.get("names", ""), plan)
    sums = listtotals.totals(asked, plan, actor, listtotals.summable(plan, columns))
    return {"count": str(listtotals.count(asked, plan, actor, exactly=True)), "sums": sums}  # sums have read all rows as it is


@blueprint.get("/<list_key>/cell/<int:row_id>/<column>")
def cell(list_key: str, row_id: int, column: str) -> Any:
    """What the editor of one cell needs."""
    view, actor = _view(list_key), current_actor()
    row = records.get(view.model, row_id, actor=actor, verb="write")
    return screens.cell_editor(view, row, column, actor)


@blueprint.post("/<list_key>/cell/<int:row_id>/<column>")
def change(list_key: str, row_id: int, column: str) -> Any:
    """Change one cell: `value`, the `version` that the editor showed, and the columns that the answer draws anew.
    `back` says that it takes a change back."""
    view, actor = _view(list_key), current_actor()
    row = records.get(view.model, row_id, actor=actor, verb="write")
    seen, given = request.form.get("version", ""), request.form.get("value", "")
    if not seen.isdecimal() or len(seen) > 9:
        raise BadRequest(gettext("This form is too old. Open it again."))
    shown, is_back = request.form.get("columns", "").split(",")[:60], bool(request.form.get("back"))
    return screens.change_cell(view, row, column, given, int(seen), shown, actor, is_back=is_back)


@blueprint.post("/<list_key>/columns")
def columns(list_key: str) -> Any:
    """Lay the list out: for the reader from now on, or, where the address names columns, in the address that follows."""
    view, actor = _readable(list_key)
    plan, form, state = view.plan(actor), request.form, _state(request.form, "q", "f", "sort", "size", "cols", "shape")
    is_reset, in_address = bool(form.get("reset")), state.pop("cols", "")
    cols = "" if is_reset else listcolumns.write((name, _pixels(form.get(f"width-{name}", ""))) for name in form.getlist("col"))
    density = "" if is_reset else form.get("density", "")
    if density not in listcolumns.DENSITIES:
        raise BadRequest(gettext("This view cannot be read."))
    is_plain = [*listcolumns.read(cols, plan).items()] == [(name, None) for name in plan.columns]  # their order counts
    own = savedlists.kept(list_key, plan, actor).layout.cols if in_address else "" if is_plain else cols
    savedlists.lay_out(list_key, listcolumns.Layout(own, density), actor=actor)
    asked = savedlists.understood({**state, "cols": cols} if in_address else state, plan, actor)
    return redirect(replace(asked, opens_otherwise=True).url(view.url("list")))


def _pixels(text: str) -> int | None:
    """A width that somebody typed; what is none is left to the browser."""
    if not (text.strip().isascii() and text.strip().isdecimal()):
        return None
    return min(max(int(text.strip()[:4]), listcolumns.LEAST_WIDTH), listcolumns.MOST_WIDTH)


@blueprint.post("/<list_key>/save")
def save(list_key: str) -> Any:
    """Keep the view that is shown. What cannot be read of it is refused as an address would be."""
    view, actor = _readable(list_key)
    asked = savedlists.understood(_state(request.form, "q", "f", "sort", "size", "cols", "shape"), view.plan(actor), actor)
    back = safe_next(request.form.get("next"), view.url("list"))
    try:
        row = savedlists.save(
            list_key, request.form.get("name", ""), asked, actor=actor, default=bool(request.form.get("default")),
            roles=None if request.form.get("as_shared") else request.form.getlist("roles"),
        )  # fmt: skip
    except InvalidInput as error:
        flash(error.message, "danger")
        return redirect(back)
    flash(gettext("The view “%(name)s” is kept.", name=row.name), "success")
    return redirect(replace(asked, opens_otherwise=True).url(view.url("list")))


@blueprint.post("/<int:saved_id>/default")
def default(saved_id: int) -> Any:
    """Open the list with this view from now on, or, with `on=0`, plainly again."""
    actor = current_actor()
    view = _view(savedlists.list_of(saved_id, actor))
    savedlists.set_default(saved_id, request.form.get("on") == "1", actor=actor)
    flash(gettext("Saved."), "success")
    return redirect(safe_next(request.form.get("next"), view.url("list")))


@blueprint.post("/<int:saved_id>/rename")
def rename(saved_id: int) -> Any:
    actor = current_actor()
    view = _view(savedlists.list_of(saved_id, actor))
    try:
        savedlists.rename(saved_id, request.form.get("name", ""), actor=actor)
        flash(gettext("Saved."), "success")
    except InvalidInput as error:
        flash(error.message, "danger")
    return redirect(safe_next(request.form.get("next"), view.url("list")))


@blueprint.post("/<int:saved_id>/copy")
def copy(saved_id: int) -> Any:
    actor = current_actor()
    view = _view(savedlists.list_of(saved_id, actor))
    try:
        row = savedlists.copy(saved_id, actor=actor)
        flash(gettext("The view “%(name)s” is kept.", name=row.name), "success")
    except InvalidInput as error:
        flash(error.message, "danger")
    return redirect(safe_next(request.form.get("next"), view.url("list")))


@blueprint.post("/<int:saved_id>/delete")
def delete(saved_id: int) -> Any:
    actor = current_actor()
    view = _view(savedlists.list_of(saved_id, actor))
    savedlists.remove(saved_id, actor=actor)
    flash(gettext("The view is deleted."), "success")
    return redirect(safe_next(request.form.get("next"), view.url("list")))


def _readable(list_key: str) -> tuple[Any, Any]:
    """The list and its reader."""
    view, actor = _view(list_key), current_actor()
    policy.authorize(actor, "read", view.resource)
    return view, actor


def _state(given: Any, *names: str) -> dict[str, str]:
    return {name: text for name in names if (text := given.get(name, ""))}


def _view(list_key: str) -> Any:
    found = (view for view in current_app.extensions["panel_view_of"].values() if view.endpoint == list_key)
    view = next((one for one in found if hasattr(one, "plan")), None)
    if view is None:
        abort(404)
    return view
