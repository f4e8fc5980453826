"""Views of a list that people keep: filter, search and order under a name, for themselves or for the roles they have.

What is kept is the state of an address and no more. It is read anew, with the rights of whoever opens it, as if he had
typed it: a shared view shows nobody a row or a column that is not his.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import g, has_request_context
from flask_appbuilder import Model
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import (
    JSON,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.panel.core import clock, filters, listcolumns, listing, policy
from app.panel.core.actor import KeyHolder, owns
from app.panel.core.db import db
from app.panel.core.errors import BadRequest, InvalidInput, NotFound
from app.panel.core.transaction import transactional
from app.panel.core.types import UTCDateTime

RESOURCE = "core.SavedList"
LONGEST_NAME, MOST = 60, 50
LAYOUT = ""  # the name under which a person's own layout of a list is kept; no view has it
EVERYBODY = "*"  # among the roles of a view: whoever reads the list
STATE = frozenset({"q", "f", "sort", "size", "cols", "shape"})
policy.name(RESOURCE, _("Views of lists"))
policy.verbs(RESOURCE, share=_("Share views of lists"))


class SavedList(Model):
    """One kept view. `state` is what the address of the list says: q, f, sort, size."""

    __tablename__ = "core_saved_list"
    __table_args__ = (UniqueConstraint("user_id", "list_key", "name"), Index("ix_core_saved_list_key", "list_key"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    list_key = mapped_column(String(100), nullable=False)
    name = mapped_column(String(LONGEST_NAME), nullable=False)
    state = mapped_column(JSON, nullable=False, default=dict)
    roles = mapped_column(JSON, nullable=False, default=list)  # keys of the roles that find it too
    is_shared = mapped_column(Boolean, nullable=False, default=False)
    created_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)


class ListDefault(Model):
    """With which kept view a list opens for one person."""

    __tablename__ = "core_list_default"

    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    list_key = mapped_column(String(100), primary_key=True)
    saved_id = mapped_column(ForeignKey("core_saved_list.id", ondelete="CASCADE"), nullable=False, index=True)


@dataclass(frozen=True)
class Offer:
    """A kept view that this reader may open."""

    id: int
    name: str
    asked: listing.Asked
    is_mine: bool
    is_shared: bool
    is_default: bool
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """What a reader finds kept of a list: views, and how he has laid it out."""

    offers: list[Offer]
    layout: listcolumns.Layout

    def opens_with(self) -> listing.Asked | None:
        """The state with which the list opens for a reader who asked for nothing."""
        return next((offer.asked for offer in self.offers if offer.is_default), None)


def offers(list_key: str, plan: listing.Plan, actor: Any) -> list[Offer]:
    return kept(list_key, plan, actor).offers


def kept(list_key: str, plan: listing.Plan, actor: Any) -> Kept:
    """The kept views of a list that this reader may open, his own first, and his layout; one statement.

    One that asks for what he may not use is left out, and so is one that the list does not understand any more. Who looks
    at the panel as somebody else finds what is shared with that person, and nothing that he keeps for himself.
    """
    if isinstance(actor, KeyHolder) or actor.id is None:
        return Kept([], listcolumns.Layout())
    keys, found, layout = {*role_keys(actor), EVERYBODY}, [], listcolumns.Layout()
    for row in _kept(list_key, actor.id):
        is_mine = owns(actor, int(row.user_id))
        if row.name == LAYOUT:
            layout = listcolumns.Layout(**row.state) if row.user_id == actor.id else layout
            continue
        if not is_mine and not keys & set(row.roles):
            continue
        try:
            asked = understood(row.state, plan, actor)
        except BadRequest:
            continue
        found.append(Offer(row.id, row.name, asked, is_mine, row.is_shared, row.default_of is not None, tuple(row.roles)))
    return Kept(sorted(found, key=lambda offer: not offer.is_mine), layout)


def _kept(list_key: str, user_id: int) -> list[Any]:
    """The views of a list that are somebody's or shared, with his default; one statement a request, which asks twice."""
    kept: dict[Any, list[Any]] = g.setdefault("_kept_lists", {}) if has_request_context() else {}
    if (list_key, user_id) not in kept:
        found = db.session.connection().execute(_offers(), {"list_key": list_key, "user_id": user_id})
        kept[list_key, user_id] = list(found)
    return kept[list_key, user_id]


@functools.cache
def _offers() -> Select[Any]:
    """Built once: every list asks this."""
    person: Any = bindparam("user_id")
    mine = and_(ListDefault.saved_id == SavedList.id, ListDefault.user_id == person)
    return (
        select(*SavedList.__table__.c, ListDefault.user_id.label("default_of"))
        .select_from(SavedList)
        .outerjoin(ListDefault, mine)
        .where(SavedList.list_key == bindparam("list_key"), or_(SavedList.user_id == person, SavedList.is_shared))
        .order_by(SavedList.name, SavedList.id)
        .execution_options(by_heart=True)
    )


def _forget() -> None:
    if has_request_context():
        g.pop("_kept_lists", None)


@transactional
def lay_out(list_key: str, layout: listcolumns.Layout, *, actor: Any) -> None:
    """Show a list with these columns from now on, to this person; a plain layout is forgotten."""
    _forget()
    own = SavedList.user_id == actor.id, SavedList.list_key == list_key, SavedList.name == LAYOUT
    row = db.session.scalar(select(SavedList).where(*own))
    if layout == listcolumns.Layout():
        if row is not None:
            db.session.delete(row)
        return
    if row is None:
        row = SavedList(user_id=actor.id, list_key=list_key, name=LAYOUT)
        db.session.add(row)
    row.state = {"cols": layout.cols, "density": layout.density}


def understood(state: Any, plan: listing.Plan, actor: Any) -> listing.Asked:
    """A kept state, read as strictly as an address.

    :raises BadRequest: for a column, value, order or size that this reader may not ask for
    """
    if not isinstance(state, dict) or set(state) - STATE:
        raise BadRequest(gettext("This view cannot be read."))
    asked = listing.read({name: str(value) for name, value in state.items()}, plan)
    if asked.tree:
        filters.conditions(asked.tree, plan.model, plan.filterable, actor)
    return asked


def state_of(asked: listing.Asked) -> dict[str, str]:
    """What is kept of the state of a list: not its page."""
    return asked.words()


def role_keys(actor: Any) -> set[str]:
    return {key for key, _label in policy.roles_of(actor)}


def may_share(actor: Any) -> bool:
    return policy.allowed(actor, "share", RESOURCE)


def may_share_with(actor: Any) -> list[tuple[str, Any]]:
    """(key, label) of those with whom somebody may share."""
    return [*policy.shares_with(actor), (EVERYBODY, gettext("Everybody"))] if may_share(actor) else []


def authorize_sharing(actor: Any, roles: Iterable[str]) -> None:
    """:raises Forbidden: without the right to share

    :raises InvalidInput: for roles that one does not have
    """
    if wanted := set(roles):
        policy.authorize(actor, "share", RESOURCE)
        if wanted - {key for key, _label in may_share_with(actor)}:
            raise InvalidInput({"roles": gettext("You can share only with roles that you have.")})


@transactional
def save(
    list_key: str, name: str, asked: listing.Asked, *, actor: Any, roles: Iterable[str] | None = (), default: bool = False
) -> SavedList:
    """Keep a state under a name; one of the same name of one's own is replaced.

    :param roles: with whom it is shared; None leaves that as it is
    :raises InvalidInput: for an empty or long name, or too many
    :raises Forbidden: for sharing without the right
    """
    name, wanted = named(name), sorted(set(roles or ()))
    authorize_sharing(actor, wanted)
    own = _own(list_key, actor)
    row = db.session.scalar(own.where(SavedList.name == name))
    if row is None:
        if int(db.session.scalar(select(func.count()).select_from(own.subquery())) or 0) >= MOST:
            raise InvalidInput({"name": gettext("There are %(n)s views already. Delete some first.", n=MOST)})
        row = SavedList(user_id=actor.id, list_key=list_key, name=name)
        db.session.add(row)
    row.state = state_of(asked)
    if roles is not None:
        row.roles, row.is_shared = wanted, bool(wanted)
    db.session.flush()
    _forget()
    if default:
        set_default(row.id, True, actor=actor)
    return row


def named(name: str) -> str:
    """The name of a view as it is kept.

    :raises InvalidInput: for none, or one that is too long
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInput({"name": gettext("Please give a name of at most %(n)s characters.", n=LONGEST_NAME)})
    return name


def _own(list_key: str, actor: Any) -> Any:
    return select(SavedList).where(SavedList.user_id == actor.id, SavedList.list_key == list_key, SavedList.name != LAYOUT)


@transactional
def rename(saved_id: int, name: str, *, actor: Any) -> SavedList:
    """Call a view of one's own otherwise.

    :raises InvalidInput: for a name that another of one's own views has
    """
    row, name = _seen(saved_id, actor), named(name)
    if row.user_id != actor.id:
        raise NotFound(gettext("There is nothing here."))
    if db.session.scalar(_own(str(row.list_key), actor).where(SavedList.name == name, SavedList.id != row.id)) is not None:
        raise InvalidInput({"name": gettext("There is a view of this name already.")})
    row.name = name
    _forget()
    return row


@transactional
def copy(saved_id: int, *, actor: Any) -> SavedList:
    """The same view once more, as one's own and for nobody else: to change it without changing that of others."""
    row = _seen(saved_id, actor)
    taken = {other.name for other in db.session.scalars(_own(str(row.list_key), actor))}
    if len(taken) >= MOST:
        raise InvalidInput({"name": gettext("There are %(n)s views already. Delete some first.", n=MOST)})
    names = (f"{row.name[: LONGEST_NAME - 4]} {n}" for n in range(2, MOST + 3))
    name = row.name if row.name not in taken else next(name for name in names if name not in taken)
    made = SavedList(user_id=actor.id, list_key=row.list_key, name=name, state=dict(row.state), roles=[], is_shared=False)
    db.session.add(made)
    db.session.flush()
    _forget()
    return made


@transactional
def set_default(saved_id: int, on: bool, *, actor: Any) -> None:
    """Let a list open with this view from now on, or plainly again. Everybody decides it for himself."""
    row = _seen(saved_id, actor)
    _forget()
    mine = (ListDefault.user_id == actor.id) & (ListDefault.list_key == row.list_key)
    db.session.execute(delete(ListDefault).where(mine))
    if on:
        db.session.add(ListDefault(user_id=actor.id, list_key=row.list_key, saved_id=row.id))


@transactional
def remove(saved_id: int, *, actor: Any) -> None:
    """Forget a view of one's own; an administrator also those that others share."""
    row = _seen(saved_id, actor)
    if row.user_id != actor.id and not policy.is_administrator(actor):
        raise NotFound(gettext("There is nothing here."))
    db.session.execute(delete(ListDefault).where(ListDefault.saved_id == row.id))
    db.session.delete(row)
    _forget()


def list_of(saved_id: int, actor: Any) -> str:
    return str(_seen(saved_id, actor).list_key)


def _seen(saved_id: int, actor: Any) -> SavedList:
    row = db.session.get(SavedList, saved_id)
    readers = {*role_keys(actor), EVERYBODY}
    if row is None or row.name == LAYOUT or (not owns(actor, int(row.user_id)) and not readers & set(row.roles)):
        raise NotFound(gettext("There is nothing here."))
    return row


__all__ = ["Kept", "ListDefault", "Offer", "SavedList", "copy", "kept", "lay_out", "offers", "rename", "save"]
