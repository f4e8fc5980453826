"""A forgotten password, by mail (SAFETY G25): offered where mail really goes out, and the same answer for every name.

The request itself does the same for all: it counts and puts one job down. Whether there is such an account is found out by
a worker, so the time of the answer tells nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import current_app
from flask_babel import force_locale, get_locale, gettext

from app.panel.accounts import queries, services
from app.panel.accounts.login import limits, sealed, twostep
from app.panel.accounts.models import User, full_name
from app.panel.core import mail, notices, outbox
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError
from app.panel.core.security import network
from app.panel.core.transaction import transactional

LASTS = dt.timedelta(minutes=30)
PURPOSE = "forgotten password"
FROM_ONE, FOR_ONE = "10 per hour", "3 per hour"


def is_offered() -> bool:
    """Only where a mail server is set; else the administrator makes links by hand."""
    return mail.is_set_up()


def ask(name: str) -> None:
    """Let a link be sent to whoever this is, if it is anybody.

    :raises limits.TooMany: by the network and by the name as typed, known or not
    """
    limits.hit("forgotten", FROM_ONE, network())
    limits.hit("forgotten-name", FOR_ONE, limits.named(name))
    _put(name)


@transactional
def _put(name: str) -> None:
    # what is typed here is sometimes a password in the wrong box
    outbox.put("forgotten", {"name": sealed.seal(name[:320], PURPOSE), "language": str(get_locale())})


@outbox.handler("forgotten", queue="mail", timeout=60, tries=3)
def send(payload: dict[str, Any]) -> None:
    """Mail a link to the account of this name; nothing for a name that nobody has, or an account that is off."""
    try:
        user = queries.by_login(sealed.unseal(payload["name"], PURPOSE))
    except sealed.Unreadable:
        return
    if user is None or not user.active:
        return
    try:
        _mail(user, services.make_link(user, actor=SYSTEM, lasts=LASTS, alone=False), payload.get("language", ""))
    except DomainError:
        return


@transactional
def _mail(user: User, token: str, language: str) -> None:
    url = f"{current_app.config['PUBLIC_URL'].rstrip('/')}/welcome/{token}/"
    with force_locale(notices.language_of(user.id, language)):
        subject = gettext("A new password")
        body = gettext(
            "%(name)s, somebody asked for a new password for your account. Choose one here within 30 minutes:\n\n%(url)s\n\n"
            "If it was not you, there is nothing to do: your password stays as it is.",
            name=full_name(user), url=url,
        )  # fmt: skip
    outbox.put("mail", {"to": user.email, "subject": f"[{twostep.issuer()}] {subject}", "body": body})
