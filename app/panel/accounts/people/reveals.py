"""Having one masked value shown: for a reason, so often a day, with a line in the history of the row (ACC-10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select, update

from app.panel.accounts.configuration import store
from app.panel.accounts.configuration.document import REVEALS_A_DAY
from app.panel.accounts.models import Role, User, full_name
from app.panel.accounts.models.reveal import RevealCount
from app.panel.core import clock, history, notices, policy, records
from app.panel.core.actor import person_of
from app.panel.core.choices import Choices
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.fields import spec, specs
from app.panel.core.lease import affected, insert_once
from app.panel.core.transaction import transactional

VERB = "field.revealed"
LONGEST_WHY = 200
OVER = notices.kind(
    "accounts.reveals", _("Somebody looked at more contacts than his role allows"), group=_("People"),
    needs=("write", "accounts.User"),
)  # fmt: skip


class Reason(Choices):
    CALL = "call", _("Call or write to the customer")
    DELIVERY = "delivery", _("Delivery of an order")
    AFTER_SALES = "after_sales", _("Return, refund or complaint")
    IDENTITY = "identity", _("Make sure who it is")
    OTHER = "other", _("Another reason")


class OverQuota(DomainError):
    """As many as a role allows a day."""

    status = 429


@dataclass(frozen=True)
class Masked:
    """One masked value that somebody may have shown."""

    row: Any
    field: str
    label: str
    text: str

    @property
    def value(self) -> str:
        return str(getattr(self.row, self.field))


def find(resource: str, pk: object, field: str, *, actor: Any) -> Masked:
    """The value, if it is masked for this actor and he may have it shown.

    :raises NotFound: for a row that is not his, a field that he may not know of, and one that nobody masked
    :raises Forbidden: when he may not have it shown
    """
    model = current_app.extensions["panel_models"].get(resource)
    if model is None or field not in specs(model):
        raise NotFound(gettext("There is nothing here."))
    row = records.get(model, pk, actor=actor)
    access = policy.fields(actor, resource)
    known = spec(model, field)
    if not access.readable(known.name) or not access.masked(known.name) or getattr(row, known.name) in (None, ""):
        raise NotFound(gettext("There is nothing here."))
    policy.authorize(actor, policy.REVEAL, resource)
    return Masked(row, known.name, str(known.label), access.mask(known.name, getattr(row, known.name)))


def reveal(resource: str, pk: object, field: str, *, reason: str, why: str = "", actor: Any) -> Masked:
    """Show the value, count it and write down who saw which field of which row, and why; never the value itself.

    :raises InvalidInput: without a reason
    :raises OverQuota: when the role allows no more today; administrators are told, once a day
    """
    try:
        return _reveal(resource, pk, field, reason, " ".join(why.split())[:LONGEST_WHY], actor)
    except OverQuota:
        _tell(actor)
        raise


@transactional
def _reveal(resource: str, pk: object, field: str, reason: str, why: str, actor: Any) -> Masked:
    chosen = Reason.of(reason)
    if chosen is None:
        raise InvalidInput({"reason": gettext("Choose a reason.")})
    if chosen is Reason.OTHER and not why:
        raise InvalidInput({"why": gettext("Please say why.")})
    found = find(resource, pk, field, actor=actor)
    _count(actor)
    said = f"{chosen.label}: {why}" if why else str(chosen.label)
    history.record(found.row, VERB, actor=actor, why=said, data={"field": found.label})
    return found


def a_day(actor: Any) -> int | None:
    """How many values a day the roles of somebody allow: the most of them; None without a limit."""
    person = person_of(actor)
    if policy.is_administrator(person):
        return None
    known = store.in_force()["roles"]
    mine = [known.get(key, {}).get("reveals_a_day", REVEALS_A_DAY) for key, _label in policy.roles_of(person)]
    return max(mine, default=0)


def left(actor: Any) -> int | None:
    """How many are left today; None without a limit."""
    limit = a_day(actor)
    if limit is None:
        return None
    row = db.session.get(RevealCount, (actor.id, clock.today()))
    return max(0, limit - (row.count if row is not None else 0))


def _count(actor: Any) -> None:
    limit, mine = a_day(actor), (RevealCount.user_id == actor.id) & (RevealCount.on == clock.today())
    insert_once(RevealCount, user_id=actor.id, on=clock.today(), count=0, was_told=False)
    change = update(RevealCount).where(mine).values(count=RevealCount.count + 1)
    if not affected(change if limit is None else change.where(RevealCount.count < limit)):
        raise OverQuota(
            gettext("You have had %(n)s contacts shown today, as many as your role allows. Ask an administrator.", n=limit)
        )


@transactional
def _tell(actor: Any) -> None:
    """Tell the administrators, once a day and person."""
    insert_once(RevealCount, user_id=actor.id, on=clock.today(), count=0, was_told=False)
    first = (RevealCount.user_id == actor.id) & (RevealCount.on == clock.today()) & RevealCount.was_told.is_(False)
    if not affected(update(RevealCount).where(first).values(was_told=True)):
        return
    person = person_of(actor)
    chiefs = select(User.id).join(User.roles).where(Role.name == policy.ADMINISTRATOR, User.active.is_(True))  # type: ignore[attr-defined]
    notices.send(
        db.session.scalars(chiefs), _("Contacts: somebody reached the limit of the day"), full_name(person),
        f"/accounts/user/show/{person.id}", kind=OVER,
    )  # fmt: skip
