"""The ways by which notices leave the panel. Mail is one; another registers itself here and is offered to everybody.

    @carrier("sms", _("Text message"))
    def send(user, notices, *, digest): …

It is called in a worker, in the language of the reader, with the notices as they stand at that moment: what was erased
since is not in them. An error makes the outbox try again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from itsdangerous import BadData, URLSafeSerializer

from app.panel.accounts.models import User
from app.panel.core import mail, notices
from app.panel.core.notices import Notice

Send = Callable[..., None]
SALT = "notices-stop"
MAIL = "mail"


@dataclass(frozen=True)
class Carrier:
    key: str
    label: Any
    send: Send


CARRIERS: dict[str, Carrier] = {}


def carrier(key: str, label: Any) -> Callable[[Send], Send]:
    """Register a way: `send(user, notices, digest=…)`."""

    def register(func: Send) -> Send:
        CARRIERS[key] = Carrier(key, label, func)
        return func

    return register


@carrier(MAIL, _("By e-mail"))
def send_mail(user: User, found: Sequence[Notice], *, digest: bool) -> None:
    """One mail with all of them, and a link that ends the kinds that are in it."""
    base = public_url()
    kinds = sorted({notice.kind for notice in found})
    stop = f"{base}/notices/stop/{sign(user.id, kinds)}"
    title = found[0].title if len(found) == 1 else gettext("%(n)s notices", n=len(found))
    parts = [notice.title + (f"\n{notice.body}" if notice.body else "") + (f"\n{base}{notice.url}" if notice.url else "")
             for notice in found]  # fmt: skip
    words = [str(notices.KINDS[kind].label) for kind in kinds if kind in notices.KINDS]
    foot = [
        gettext("You get this because you chose: %(kinds)s.", kinds=", ".join(words)),
        gettext("No more mail of this kind: %(url)s", url=stop),
        gettext("All choices: %(url)s", url=f"{base}/account/notices/"),
    ]
    name = current_app.config.get("APP_NAME", "Zhanggui")
    mail.send({
        "to": user.email, "subject": f"[{name}] {title}"[:200].replace("\n", " "),
        "body": "\n\n".join(parts) + "\n\n-- \n" + "\n".join(foot) + "\n", "unsubscribe": stop,
    })  # fmt: skip


def sign(user_id: int, kinds: Sequence[str], way: str = MAIL) -> str:
    """The token of a link that ends these kinds by this way; it can do nothing else and needs no log-in."""
    return str(_signer().dumps([user_id, list(kinds), way]))


def read(token: str) -> tuple[int, list[str], str] | None:
    """(person, kinds, way) of a token of ours; None for any other."""
    try:
        user_id, kinds, way = _signer().loads(token)
    except (BadData, ValueError):
        return None
    return int(user_id), [str(kind) for kind in kinds], str(way)


def public_url() -> str:
    """Where readers of a mail find this panel."""
    config = current_app.config
    return str(config.get("PUBLIC_URL") or f"http://{config['SERVER_HOST']}:{config['SERVER_PORT']}").rstrip("/")


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=SALT)


__all__ = ["CARRIERS", "Carrier", "carrier", "public_url", "read", "sign"]
