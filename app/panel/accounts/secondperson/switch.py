"""The setting from the command line: the way out when nobody is left who could confirm."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.accounts.login import twostep
from app.panel.accounts.models import Role, User
from app.panel.accounts.secondperson.waiting import SETTING
from app.panel.core import notices, policy, settings
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional


@transactional
def turn(on: bool) -> None:
    """Whoever owns the machine may end it, and every administrator hears of that.

    :raises InvalidInput: when there are not two administrators
    """
    try:
        settings.DECLARED[SETTING].spec.parse(on)
    except ValueError as error:
        raise InvalidInput({SETTING: str(error)}) from None
    settings.store({SETTING: on}, actor=SYSTEM)
    is_administrator = User.roles.any(Role.name == policy.ADMINISTRATOR)  # type: ignore[attr-defined]
    told = select(User.id).where(User.active.is_(True), is_administrator)
    title = (
        _("From the command line: changes of rights wait for a second person now") if on
        else _("From the command line: changes of rights no longer wait for a second person")
    )  # fmt: skip
    body = _("If you know nothing of it, ask who has access to the machine.")
    notices.send(db.session.scalars(told), title, body, kind=twostep.SECURITY)
