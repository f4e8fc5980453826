"""Templates of exports: kept, shared with roles, forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from app.panel.core import policy, savedlists
from app.panel.core.actor import KeyHolder, owns
from app.panel.core.db import db
from app.panel.core.errors import BadRequest, InvalidInput, NotFound
from app.panel.core.transaction import transactional
from app.panel.exports import columns as choosing
from app.panel.exports import files
from app.panel.exports.models import Template

MOST = 50


@dataclass(frozen=True)
class Offer:
    """A template as this reader finds it: with the columns that he may choose."""

    id: int
    name: str
    names: list[str]
    kind: str
    is_mine: bool
    is_shared: bool


def offers(view: Any, plan: Any, actor: Any) -> list[Offer]:
    """The templates of a list, one's own first. One of which nothing is left for this reader is not among them."""
    if isinstance(actor, KeyHolder) or actor.id is None:
        return []
    readers = {*savedlists.role_keys(actor), savedlists.EVERYBODY}
    query = select(Template).where(Template.list_key == view.endpoint, or_(Template.user_id == actor.id, Template.is_shared))
    found = []
    for row in db.session.scalars(query.order_by(Template.name, Template.id)):
        is_mine = owns(actor, int(row.user_id))
        names = choosing.still(row.columns, view, plan) if is_mine or readers & set(row.roles) else []
        if names:
            found.append(Offer(row.id, row.name, names, row.format, is_mine, row.is_shared))
    return sorted(found, key=lambda offer: not offer.is_mine)


@transactional
def save(view: Any, name: str, names: Iterable[str], kind: str, *, actor: Any, roles: Iterable[str] = ()) -> Template:
    """Keep columns under a name; one's own of the same name is replaced.

    :raises InvalidInput: for an empty or long name, too many, or roles that one does not have
    :raises Forbidden: without the right to export, or to share
    """
    policy.authorize(actor, "export", view.resource)
    name, wanted = savedlists.named(name), sorted(set(roles))
    savedlists.authorize_sharing(actor, wanted)
    if kind not in files.FORMATS:
        raise BadRequest(_("This request cannot be understood."))
    columns = [column.name for column in choosing.read(names, view, view.plan(actor))]
    own = select(Template).where(Template.user_id == actor.id, Template.list_key == view.endpoint)
    row = db.session.scalar(own.where(Template.name == name))
    if row is None:
        if int(db.session.scalar(select(func.count()).select_from(own.subquery())) or 0) >= MOST:
            raise InvalidInput({"name": _("There are %(n)s templates already. Delete some first.", n=MOST)})
        row = Template(user_id=actor.id, list_key=view.endpoint, name=name)
        db.session.add(row)
    row.columns, row.format, row.roles, row.is_shared = columns, kind, wanted, bool(wanted)
    db.session.flush()
    return row


@transactional
def remove(template_id: int, *, actor: Any) -> str:
    """Forget a template of one's own, an administrator a shared one too; returns the name of its list."""
    row = db.session.get(Template, template_id)
    may = row is not None and (owns(actor, int(row.user_id)) or (row.is_shared and policy.is_administrator(actor)))
    if row is None or not may:
        raise NotFound(_("There is nothing here."))
    db.session.delete(row)
    return str(row.list_key)
