"""Ways out to platforms. An adapter carries one message; it may be asked twice for the same key.

    class Carrier(Protocol):
        def carry(self, outlet, message) -> Told: …

The webhook posts to a program in between, signed as the feed is:

    POST <address>
    X-Zhanggui-Key: preview:12:3:9f2c…                 the same message has the same key, however often it comes
    X-Zhanggui-Signature: t=…,n=…,v1=hex(hmac_sha256(secret, "<t>.<n>." + body))
    {"key": …, "kind": "preview | reply | notice", "text": …, "url": …, "session": {…}, "item": …,
     "accounts": [{"of": "host | organisation", "name": …, "id": …}]}

A preview says to which accounts of the platform it belongs: those of its host, and those of the shop's own channel.
A chat group is posted to by its robot (WeCom, DingTalk, Feishu): the text and its link, as people read them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.panel.core import clock, fetching, settings, signing
from app.panel.core.errors import DomainError
from app.shop.live.out.states import OutletKind

PURPOSE = "live.outlet"
KEY, SIGNATURE = "X-Zhanggui-Key", "X-Zhanggui-Signature"
PASSING = (408, 425, 429)
FEISHU = (".feishu.cn", ".larksuite.com")
BUSY = frozenset({-1, 45009, 130101, 11232, 9499})  # codes of robots that were asked too often, or whose house is away
PRIVATE = "live.private_outlets"

settings.define(
    PRIVATE, False, kind="bool", label=lazy_gettext("Posts to platforms may stay in the house"),
    help=lazy_gettext("Lets ways out lead to programs of this machine and of the shop's own network."),
)  # fmt: skip


class Refused(DomainError):
    """Not taken. `passing`: another try may do better."""

    def __init__(self, message: object, *, passing: bool) -> None:
        super().__init__(message)
        self.passing = passing


@dataclass(frozen=True)
class Message:
    """What goes out. `values` are the session, the item and the address of the preview, as JSON holds them."""

    key: str
    kind: str
    text: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return orjson.dumps({"key": self.key, "kind": self.kind, "text": self.text, **self.values})


@dataclass(frozen=True)
class Told:
    """What the platform said: a sentence for people."""

    said: str


@dataclass(frozen=True)
class Way:
    """What an adapter needs of a way out; no row of the database is held while a platform thinks."""

    url: str
    nonce: str


class Carrier(Protocol):
    """The control of a platform that goes out."""

    def carry(self, outlet: Way, message: Message) -> Told:
        """
        :raises Refused: when it was not taken
        """


class Practice:
    """A platform that takes everything and shows it to nobody. The address “fail” tries out what a failure looks like."""

    def carry(self, outlet: Way, message: Message) -> Told:
        if outlet.url.strip() == "fail":
            raise Refused(_("The practice channel was told to fail."), passing=False)
        return Told(_("Taken by the practice channel; nobody sees it."))


class Webhook:
    """A program in between, which knows the platform."""

    def carry(self, outlet: Way, message: Message) -> Told:
        if not outlet.nonce:
            raise Refused(_("This way out has no secret yet."), passing=False)
        headers = {"Content-Type": "application/json", KEY: message.key, SIGNATURE: signed(secret_of(outlet), message.body)}
        return Told(_("Taken (%(status)s).", status=_posted(outlet, message.body, headers).status))


class Group:
    """The robot of a chat group. Its house answers 200 whatever comes; what it says stands in the answer."""

    def carry(self, outlet: Way, message: Message) -> Told:
        text = "\n".join(part for part in (message.text, str(message.values.get("url") or "")) if part)
        is_feishu = (urlsplit(outlet.url).hostname or "").endswith(FEISHU)
        said: dict[str, Any] = {"msgtype": "text", "text": {"content": text}}
        if is_feishu:
            said = {"msg_type": "text", "content": {"text": text}}
        answer = _posted(outlet, orjson.dumps(said), {"Content-Type": "application/json"})
        try:
            told = orjson.loads(answer.body)
            code = int(told.get("errcode", told.get("code", told.get("StatusCode", 0))))
        except (ValueError, AttributeError, TypeError):
            raise Refused(_("The answer of the group is no answer of a robot."), passing=False) from None
        if code:
            why = str(told.get("errmsg") or told.get("msg") or code)[:120]
            raise Refused(_("The group did not take it: %(why)s", why=why), passing=code in BUSY)
        return Told(_("Posted in the group."))


def _posted(outlet: Way, body: bytes, headers: dict[str, str]) -> fetching.Answered:
    """:raises Refused: unless the answer is one from 200 to 299"""
    house = settings.setting(PRIVATE)
    try:
        answer = fetching.post(outlet.url, body, headers, allowed=(lambda _one: True) if house else None)
    except fetching.Unfetched as error:
        raise Refused(error.message, passing=error.passing) from error
    if not 200 <= answer.status < 300:
        passing = answer.status >= 500 or answer.status in PASSING
        raise Refused(_("The server answered with %(status)s.", status=answer.status), passing=passing)
    return answer


def secret_of(outlet: Any) -> str:
    return signing.secret_of(current_app.config["SECRET_KEY"], PURPOSE, outlet.nonce)


def signed(secret: str, body: bytes) -> str:
    """The header of a post: signed now, under a nonce of its own."""
    head = f"{int(clock.now().timestamp())}.{secrets.token_hex(8)}"
    seconds, nonce = head.split(".")
    return f"t={seconds},n={nonce},v1={signing.signature(secret, head, body)}"


CARRIERS: dict[OutletKind, Carrier] = {OutletKind.PRACTICE: Practice(), OutletKind.WEBHOOK: Webhook(), OutletKind.GROUP: Group()}
