"""The addresses to which channels post, and the signatures of what they post (SAFETY R21).

A delivery carries `X-Zhanggui-Signature: t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>` under the secret of
the channel. It is good for five minutes.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.core import clock, history, policy, signing
from app.panel.core.db import db
from app.panel.core.errors import DomainError, NotFound
from app.panel.core.transaction import transactional
from app.shop.orders.models import IntakeAddress
from app.shop.setup.models import Channel

RESOURCE = "orders.IntakeAddress"
TOLERANCE = signing.TOLERANCE
FORMER_FOR = dt.timedelta(hours=24)
_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


class WrongSignature(DomainError):
    """Not signed, not by this channel's secret, or too long ago. The sender is not told which."""

    status = 401


def address_of(channel: Channel) -> IntakeAddress | None:
    return db.session.scalar(select(IntakeAddress).where(IntakeAddress.channel_id == channel.id))


def path_of(address: IntakeAddress) -> str:
    return f"/hooks/orders/{address.public_id}/"


def by_public_id(public_id: str) -> IntakeAddress | None:
    """The open address of this name."""
    if len(public_id) > 40:
        return None
    query = select(IntakeAddress).where(IntakeAddress.public_id == public_id, IntakeAddress.is_open)
    return db.session.scalar(query)


@transactional
def open_address(channel: Channel, *, actor: Any) -> tuple[IntakeAddress, str]:
    """Let a channel post; returns its secret, which can be shown only now. One that was closed gets a new secret."""
    policy.authorize(actor, "write", RESOURCE)
    found = address_of(channel)
    if found is not None and found.is_open:
        raise DomainError(_("This channel has its address already."))
    if found is None:
        found = IntakeAddress(channel_id=channel.id, public_id=secrets.token_hex(12), nonce=secrets.token_hex(32))
        db.session.add(found)
    found.nonce, found.former_nonce, found.former_until, found.is_open = secrets.token_hex(32), None, None, True
    history.record(channel, "channel.intake_opened", actor=actor)
    return found, secret_of(found.nonce)


@transactional
def new_secret(channel: Channel, *, actor: Any) -> tuple[IntakeAddress, str]:
    """Another secret, shown only now; the one before is good for another day, so that nothing is lost meanwhile."""
    policy.authorize(actor, "write", RESOURCE)
    found = _the(channel)
    found.former_nonce, found.former_until = found.nonce, clock.now() + FORMER_FOR
    found.nonce = secrets.token_hex(32)
    history.record(channel, "channel.intake_secret", actor=actor)
    return found, secret_of(found.nonce)


@transactional
def close_address(channel: Channel, *, actor: Any) -> None:
    """Take nothing more from this channel; both its secrets are worthless from now on."""
    policy.authorize(actor, "write", RESOURCE)
    found = _the(channel)
    found.is_open, found.former_nonce, found.former_until, found.nonce = False, None, None, secrets.token_hex(32)
    history.record(channel, "channel.intake_closed", actor=actor)


def check_signature(address: IntakeAddress | None, header: str, body: bytes) -> None:
    """:raises WrongSignature: unless `body` was signed by this channel within the last five minutes

    An unknown address costs as much time as a known one, so that nobody finds addresses by trying.
    """
    match = _SIGNATURE.fullmatch(header.strip())
    seconds, given = match.groups() if match else ("0", "")
    now = clock.now()
    nonces = [address.nonce if address else "", ""]
    if address is not None and address.former_nonce and address.former_until and address.former_until > now:
        nonces[1] = address.former_nonce
    if not signing.fits([secret_of(nonce) if nonce else "" for nonce in nonces], seconds, body, given):
        raise WrongSignature(_("The signature is wrong."))
    if not signing.is_fresh(int(seconds), now.timestamp()):
        raise WrongSignature(_("The signature is too old."))


def secret_of(nonce: str) -> str:
    return signing.secret_of(current_app.config["SECRET_KEY"], "orders.intake", nonce)


def signature(secret: str, seconds: str | int, body: bytes) -> str:
    return signing.signature(secret, str(seconds), body)


@transactional
def turned_away(address: IntakeAddress, why: str, where: str) -> None:
    """Count what was not signed. Of all these the last one's reason and network are kept, and nothing of its content."""
    values = {"refused_at": clock.now(), "refused_why": why[:200], "refused_from": where[:45]}
    counted = update(IntakeAddress).where(IntakeAddress.id == address.id)
    db.session.execute(counted.values(refused_count=IntakeAddress.refused_count + 1, **values))


def _the(channel: Channel) -> IntakeAddress:
    found = address_of(channel)
    if found is None or not found.is_open:
        raise NotFound(_("This channel has no address."))
    return found
