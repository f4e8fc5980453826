"""Passkeys as a second step (WebAuthn): a device signs what this site asks, for this site only.

They come beside the app, never instead of it: the app and its recovery codes open when the device is lost. The rules of
the protocol are those of the package `webauthn`; what is ours is whose key it is, what was asked, and how often it signed.
"""

from __future__ import annotations

import base64
import functools
import importlib
import ipaddress
import json
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import delete, exists, select, update

from app.panel.accounts.login import twostep
from app.panel.accounts.models import Passkey, User, full_name
from app.panel.accounts.people import guard
from app.panel.core import clock, history
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput, NotFound
from app.panel.core.lease import affected
from app.panel.core.transaction import transactional

MOST, LONGEST_NAME, LONGEST_ANSWER = 10, 60, 20_000


def of(user_id: int) -> list[Passkey]:
    return list(db.session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)))


def has_some(user_id: int) -> bool:
    return bool(db.session.scalar(select(exists().where(Passkey.user_id == user_id))))


def are_possible() -> bool:
    """Browsers want a name, not an address of numbers, and TLS but for localhost."""
    url = urlsplit(current_app.config["PUBLIC_URL"])
    try:
        ipaddress.ip_address(_site())
    except ValueError:
        return url.scheme == "https" or _site() == "localhost"
    return False


def to_add(user: User) -> tuple[dict[str, Any], str]:
    """What the browser is asked for a new passkey, and the challenge that is to be kept until it answers."""
    library = _webauthn()
    options = library.generate_registration_options(
        rp_id=_site(), rp_name=twostep.issuer(), user_id=f"user-{user.id}".encode(), user_name=user.username,
        user_display_name=full_name(user), exclude_credentials=_described(user.id),
    )  # fmt: skip
    return _plain(options)


@transactional
def add(user: User, name: str, answer: str, challenge: str) -> None:
    """Keep a passkey that the browser has made.

    :raises InvalidInput: for an answer that does not belong to the question, and for a name that does not do
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInput({"name": gettext("Please give a name of at most %(n)s characters.", n=LONGEST_NAME)})
    if not twostep.is_on(user.id) or len(of(user.id)) >= MOST:
        raise InvalidInput({"answer": gettext("This passkey could not be added.")})
    made = _checked("verify_registration_response", answer, challenge)
    if made is None or db.session.scalar(select(exists().where(Passkey.credential == _text(made.credential_id)))):
        raise InvalidInput({"answer": gettext("This passkey could not be added.")})
    db.session.add(Passkey(
        user_id=user.id, name=name, credential=_text(made.credential_id), public_key=_text(made.credential_public_key),
        sign_count=made.sign_count,
    ))  # fmt: skip
    _changed(user, "user.passkey_added", _("A passkey was added"), name)


@transactional
def remove(user: User, passkey_id: int) -> None:
    row = db.session.get(Passkey, passkey_id)
    if row is None or row.user_id != user.id:
        raise NotFound(gettext("There is no such passkey."))
    name = row.name
    db.session.execute(delete(Passkey).where(Passkey.id == passkey_id))
    _changed(user, "user.passkey_removed", _("A passkey was removed"), name)


def to_log_in(user_id: int) -> tuple[dict[str, Any], str]:
    """What the passkeys of this person are asked, and the challenge that is to be kept until one answers."""
    return _plain(_webauthn().generate_authentication_options(rp_id=_site(), allow_credentials=_described(user_id)))


@transactional
def opens(user_id: int, answer: str, challenge: str) -> bool:
    """Has a passkey of this person signed the challenge? A copy of one gives itself away by its count."""
    credential = _credential(answer)
    key = db.session.scalars(
        select(Passkey).where(Passkey.user_id == user_id, Passkey.credential == credential.get("id"))
    ).one_or_none()
    if key is None or not challenge:
        return False
    used = _checked(
        "verify_authentication_response", answer, challenge, credential_public_key=_bytes(key.public_key),
        credential_current_sign_count=key.sign_count,
    )  # fmt: skip
    if used is None:
        return False
    values = {"sign_count": used.new_sign_count, "last_used_at": clock.now()}
    same = (Passkey.id == key.id) & (Passkey.sign_count == key.sign_count)
    return bool(affected(update(Passkey).where(same).values(**values)))


def _checked(method: str, answer: str, challenge: str, **more: Any) -> Any:
    """The answer, if it is one of this site to this challenge; else None."""
    library, credential = _webauthn(), _credential(answer)
    if not credential or not challenge:
        return None
    try:
        return getattr(library, method)(
            credential=credential, expected_challenge=_bytes(challenge), expected_rp_id=_site(),
            expected_origin=_origin(), **more,
        )  # fmt: skip
    except (library.helpers.exceptions.WebAuthnException, ValueError, KeyError, TypeError):
        return None


def _changed(user: User, verb: str, title: Any, name: str) -> None:
    guard.end_everything(db.session(), user.id)
    history.record(user, verb, actor=user, data={"name": name})
    twostep.tell(user.id, title, name)


def _described(user_id: int) -> list[Any]:
    described = _webauthn().helpers.structs.PublicKeyCredentialDescriptor
    return [described(id=_bytes(key.credential)) for key in of(user_id)]


def _plain(options: Any) -> tuple[dict[str, Any], str]:
    return json.loads(_webauthn().options_to_json(options)), _text(options.challenge)


def _credential(answer: str) -> dict[str, Any]:
    try:
        found = json.loads(answer) if len(answer) <= LONGEST_ANSWER else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("id"), str) else {}


def _site() -> str:
    return urlsplit(current_app.config["PUBLIC_URL"]).hostname or ""


def _origin() -> str:
    url = urlsplit(current_app.config["PUBLIC_URL"])
    return f"{url.scheme}://{url.netloc}"


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


@functools.cache
def _webauthn() -> Any:
    """Loaded when somebody has a passkey: it takes longer than all the rest of a start together."""
    return importlib.import_module("webauthn")
