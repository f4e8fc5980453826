"""API keys: made, shown once, asked at every request, revoked (SAFETY F11, R16).

`zg_<prefix>_<secret>` comes as `Authorization: Bearer …` to /api/v1/. What it opens is what it was made for and what its
owner may do at that moment, both: a key is never the wider one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from flask_babel import gettext
from sqlalchemy import select, update

from app.panel.accounts.login import limits
from app.panel.accounts.models import ApiKey, KeyKind, User, full_name
from app.panel.core import clock, history, policy, stepup
from app.panel.core.actor import SYSTEM, KeyHolder, person_of
from app.panel.core.db import db
from app.panel.core.errors import Forbidden, InvalidInput
from app.panel.core.security import DOOR, network
from app.panel.core.setup import every_right
from app.panel.core.transaction import transactional

RESOURCE = "accounts.ApiKey"
MARK = "zg"
WRONG_ONES = "20 per 5 minute"
LONGEST_DAYS, USUAL_DAYS, MOST_ALIVE = 1095, 365, 50
SEEN_EVERY = dt.timedelta(minutes=1)
# what no key is for: who has a key of these could make himself more of them
WITHHELD = frozenset({RESOURCE, "accounts.Delegation", "accounts.Instance", "accounts.User", "accounts.Role"})

Rights = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Preset:
    """Rights that belong together for one purpose, contributed by a domain."""

    key: str
    label: Any
    rights: Mapping[str, str]


PRESETS: dict[str, Preset] = {}


def preset(key: str, label: Any, rights: Mapping[str, str]) -> None:
    """Contribute a purpose: `preset("orders.intake", _("Take in orders"), {"orders.Order": "intake"})`."""
    PRESETS[key] = Preset(key, label, rights)


def preset_rights(key: str) -> Rights:
    found = PRESETS[key].rights.items() if key in PRESETS else ()
    return frozenset((verb, resource) for resource, verbs in found for verb in verbs.split())


def grantable(actor: Any) -> Rights:
    """What this actor may put into a key: what he holds himself."""
    held = every_right() if actor is SYSTEM or policy.is_administrator(actor) else policy.held(actor)
    return frozenset((verb, resource) for verb, resource in held if "." in resource and resource not in WITHHELD)


@transactional
def make(
    *, actor: Any, name: str, kind: KeyKind, rights: Iterable[tuple[str, str]],
    bounds: Mapping[str, Iterable[int]] | None = None, days: int = USUAL_DAYS,
) -> tuple[ApiKey, str]:  # fmt: skip
    """A new key and its text, which is kept nowhere and can be shown only now.

    :raises Forbidden: for a right or a row that the actor does not have himself
    :raises ProofNeeded: unless he has just shown once more who he is
    """
    policy.authorize(actor, "make", RESOURCE)
    stepup.require(actor, second_step=False)
    if kind is KeyKind.MACHINE:
        policy.authorize(actor, "machine", RESOURCE)
    owner = person_of(actor)
    wanted, name = frozenset(rights), " ".join(name.split())
    _check(owner, name, wanted, days)
    if wanted - grantable(actor):
        raise Forbidden(gettext("You cannot give a key rights that you do not hold."))
    prefix, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    key = ApiKey(
        name=name, kind=kind, owner_id=owner.id, prefix=prefix, secret_hash=hashed(secret),
        rights=sorted([verb, resource] for verb, resource in wanted), bounds=_bounds(actor, bounds or {}),
        expires_at=clock.now() + dt.timedelta(days=days),
    )  # fmt: skip
    db.session.add(key)
    history.record(key, "key.made", actor=actor, data={"name": name, "kind": kind.value, "owner": full_name(owner)})
    return key, f"{MARK}_{prefix}_{secret}"


@transactional
def revoke(key: ApiKey, *, actor: Any) -> None:
    """Put a key out of force: the next request that it makes is refused. One's own, or with the right to change keys."""
    if key.owner_id != actor.id or isinstance(actor, KeyHolder):
        policy.authorize(actor, "write", RESOURCE)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        history.record(key, "key.revoked", actor=actor)


@transactional
def revoke_all(keys: Iterable[ApiKey], *, actor: Any) -> None:
    for key in keys:
        revoke(key, actor=actor)


def of(user_id: int) -> list[ApiKey]:
    """The keys that a person answers for, latest first."""
    return list(db.session.scalars(select(ApiKey).where(ApiKey.owner_id == user_id).order_by(ApiKey.id.desc())))


def init_app(app: Flask) -> None:
    app.extensions[DOOR] = holder_of


def holder_of(text: str) -> KeyHolder | None:
    """Who comes with this key? None for one that is wrong, expired, revoked, or whose owner is gone; they look alike.

    :raises limits.TooMany: when this network has sent too many wrong ones; right ones are let in all the same
    """
    key = _found(text)
    owner = db.session.get(User, key.owner_id) if key is not None else None
    if key is None or owner is None or not owner.active:
        limits.hit("api-key", WRONG_ONES, network())
        return None
    now, where = clock.now(), network()
    if key.last_used_at is None or key.last_used_from != where or now - key.last_used_at >= SEEN_EVERY:
        _touch(key.id, now, where)
    name = key.name if key.kind is KeyKind.MACHINE else owner.username
    return KeyHolder(
        person=owner, name=key.name, key_id=key.id, rights=frozenset((verb, resource) for verb, resource in key.rights),
        bounds={resource: frozenset(ids) for resource, ids in key.bounds.items()}, username=name,
    )  # fmt: skip


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _found(text: str) -> ApiKey | None:
    mark, _first, rest = text.partition("_")
    prefix, _second, secret = rest.partition("_")
    if mark != MARK or not prefix or len(text) > 100 or not text.isascii():
        return None
    key = db.session.scalars(select(ApiKey).where(ApiKey.prefix == prefix)).one_or_none()
    is_right = hmac.compare_digest(hashed(secret), key.secret_hash if key is not None else hashed(""))
    alive = key is not None and key.revoked_at is None and key.expires_at > clock.now()
    return key if is_right and alive else None


def _check(owner: User, name: str, rights: Rights, days: int) -> None:
    errors: dict[str, object] = {}
    if not 1 <= len(name) <= 80:
        errors["name"] = gettext("Please give a name of at most 80 characters.")
    if not rights:
        errors["rights"] = gettext("Choose at least one right.")
    if not 1 <= days <= LONGEST_DAYS:
        errors["days"] = gettext("A key lasts from one day to three years.")
    now = clock.now()
    alive = [key for key in of(owner.id) if key.revoked_at is None and key.expires_at > now]
    if len(alive) >= MOST_ALIVE:
        errors["name"] = gettext("There are %(n)s keys in force already. Revoke some first.", n=MOST_ALIVE)
    if any(key.name == name for key in alive):
        errors["name"] = gettext("A key in force has this name already.")
    if errors:
        raise InvalidInput(errors)


def _bounds(actor: Any, bounds: Mapping[str, Iterable[int]]) -> dict[str, list[int]]:
    """Only rows that the maker sees may be named."""
    found = {}
    for resource, ids in bounds.items():
        wanted = sorted({int(one) for one in ids})
        if not wanted:
            continue
        if resource not in policy.REGISTRY.bounds:
            raise InvalidInput({"bounds": gettext("A key cannot be narrowed by this.")})
        if set(wanted) - {row.id for row in rows_to_choose(resource, actor)}:
            raise Forbidden(gettext("You cannot give a key rows that you do not see."))
        found[resource] = wanted
    return found


def rows_to_choose(resource: str, actor: Any) -> list[Any]:
    """The rows by which a key of this maker may be narrowed."""
    model: Any = current_app.extensions["panel_models"][resource]
    return list(db.session.scalars(policy.scope(select(model), actor, model).order_by(model.id).limit(500)))


@transactional
def _touch(key_id: int, now: dt.datetime, where: str) -> None:
    """Set-based, for being used is no edit of the key."""
    db.session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now, last_used_from=where, changed_at=now))
