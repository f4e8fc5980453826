"""Asynchronous pickers: twenty rows for what was typed, asked for the field that will hold the choice.

A relation to 200,000 rows costs a form nothing. The right asked is that of the field: whoever may write or filter it
may see what can stand in it, within his rows of the target.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, request
from sqlalchemy import select

from app.panel.core import cells, listing, policy
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.db import db
from app.panel.core.fields import resource_of, spec, specs
from app.panel.core.finding import conditions
from app.panel.core.finding.plans import default_search

blueprint = Blueprint("pickers", __name__, url_prefix="/pickers")
LIMIT = 20
_narrowed: dict[tuple[type, str], Any] = {}


def narrow(model: type, name: str) -> Any:
    """Limit what a picker offers: `@narrow(Order, "channel") def f(statement, args): …` (args: other fields of the form)."""

    def register(func: Any) -> Any:
        _narrowed[(model, spec(model, name).name)] = func
        return func

    return register


@blueprint.get("/<resource>/<field>")
def options(resource: str, field: str) -> Any:
    """`{"results": [{"id", "label", "hint"}], "more": bool}` for `q`, or for the ids in `ids`."""
    actor = current_actor()
    if actor is NOBODY:
        abort(401)
    model = current_app.extensions["panel_models"].get(resource)
    known = specs(model).get(field) if model is not None else None
    if known is None or known.target is None or known.kind not in ("ref", "many"):
        abort(404)
    if not policy.allowed(actor, "read", resource) and not policy.allowed(actor, "write", resource):
        abort(403)
    if not policy.fields(actor, resource).usable(known.name):
        abort(404)
    target: Any = known.target
    statement = policy.scope(select(target), actor, target)
    if narrowing := _narrowed.get((model, known.name)):
        statement = narrowing(statement, request.args)
    q = (request.args.get("q") or "").replace("\x00", "").strip()[:100]
    if ids := request.args.get("ids"):
        keys = [int(part) for part in ids.split(",")[:100] if part.isdecimal() and int(part) < 2**31]
        statement = statement.where(target.id.in_(keys))
    else:
        statement = _search(statement, target, q, actor)
    found = list(db.session.scalars(statement.order_by(target.id.desc()).limit(LIMIT + 1)))
    if q and not ids:
        listing.searched.send(target, q=q, found=len(found), place="picker")
    access = policy.fields(actor, resource_of(target))
    results = [{"id": row.id, "label": str(row), "hint": _hint(row, access)} for row in found[:LIMIT]]
    return {"results": results, "more": len(found) > LIMIT}


def _hint(row: Any, access: policy.FieldAccess) -> str:
    """What tells it from another row of that name, as far as the reader sees it; people and roles are no rows of our own making."""
    names = getattr(row, "picker_hint", ())
    told = (cells.cell(row, name, access).get("text") for name in access.only(names))
    return " · ".join(str(part) for part in told if part)


def _search(statement: Any, target: type[Any], q: str, actor: Any) -> Any:
    """What is typed finds a row here as it does in the list of its kind: a SKU by the name of its product."""
    view = current_app.extensions["panel_views"].get(target)
    names = list(dict.fromkeys([*default_search(target), *(getattr(view, "search_columns", None) or ())]))
    if not q or not names:
        return statement
    return statement.where(conditions.condition(target, names, q, policy.fields(actor, resource_of(target)), actor))
