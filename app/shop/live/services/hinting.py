"""Hints at the control desk: what each suggests, with the reason and the playbook; followed, set aside, or applied (LVC-29 to 31).

To apply one gives the command that changes the run sheet, so it stands in the log and is taken back there.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from app.panel.core import money, policy, veil
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.transaction import transactional
from app.shop.live import rules
from app.shop.live.feed import defaults
from app.shop.live.feed.states import HintKind, HintState
from app.shop.live.models import LiveAction, LiveHint, LiveItem, LivePlay, LiveSession
from app.shop.live.services import board, offers, prices, run
from app.shop.live.services.commands import Effect, obey, seen, undoes
from app.shop.live.states import ItemState, Post

CONTROL = "control"
NEW, ANSWERED = 5, 4
LONGER, SHORTER, CHEAPER = 4 / 3, 2 / 3, 0.9
WORDS = {
    "longer": lazy_gettext("Show it longer"), "bundle": lazy_gettext("Offer it with another"),
    "shorter": lazy_gettext("Cut it short"), "cheaper": lazy_gettext("Make it cheaper"),
    "take_down": lazy_gettext("Take it down"),
}  # fmt: skip
WAYS = {
    HintKind.SELLS_WELL: ("longer", "bundle"), HintKind.SELLS_BADLY: ("shorter", "cheaper", "take_down"),
    HintKind.FEW_ORDERS: ("cheaper", "shorter"),
}  # fmt: skip


@board.contributes
def of_hints(session: LiveSession, post: Post, actor: Any) -> dict[str, Any]:
    """The newest hints, those that nobody answered first, with what can be done about them."""
    if post is not Post.CONTROL or not policy.allowed(actor, "read", "live.LiveHint"):
        return {}
    mine = select(LiveHint).where(LiveHint.session_id == session.id).order_by(LiveHint.id.desc())
    new = list(db.session.scalars(mine.where(LiveHint.state == HintState.NEW).limit(NEW)))
    done = list(db.session.scalars(mine.where(LiveHint.state == HintState.FOLLOWED).limit(ANSWERED)))
    plays: dict[HintKind, list[dict[str, str]]] = {}
    for play in db.session.scalars(select(LivePlay).where(LivePlay.is_active).order_by(LivePlay.position, LivePlay.id)):
        shown = veil.seen(play)
        plays.setdefault(play.kind, []).append({"title": str(shown.title), "steps": str(shown.steps or "")})
    names = {line.id: board.title_of(line) for line in session.items} if new or done else {}
    may = policy.allowed(actor, "answer", "live.LiveHint")
    return {"hints": [_told(one, names, plays, may, session.currency) for one in [*new, *done]]}


def _told(
    row: LiveHint, names: dict[int, str], plays: dict[HintKind, list[dict[str, str]]], may: bool, code: str
) -> dict[str, Any]:
    hint = veil.seen(row)
    is_new = row.state is HintState.NEW
    ways = [{"way": way, "label": str(WORDS[way])} for way in WAYS.get(row.kind, ())] if is_new and may else []
    return {
        "id": row.id, "kind": str(row.kind.label).partition(" (")[0].partition("（")[0], "tone": row.kind.tone,
        "at": row.at.isoformat(), "state": row.state.value, "word": str(row.state.label), "advice": hint.advice or "",
        "item": names.get(row.item_id or 0, ""),
        "reason": reason(row, code) if veil.shows(row, "before", "usual", "source") else "",
        "source": hint.source or "",
        "plays": plays.get(row.kind, []) if is_new else [], "ways": ways if row.item_id else [], "may": may and is_new,
        "outcome": came_of(row, code) if veil.shows(row, "values") else "",
    }  # fmt: skip


def reason(hint: LiveHint, code: str) -> str:
    """By which figures a hint was given, in a sentence.

    :param code: the currency of the session
    """
    figure, usual = (_figure(hint, value, code) for value in (hint.before, hint.usual))
    if hint.kind in (HintKind.SELLS_WELL, HintKind.SELLS_BADLY):
        return _("%(n)s pieces a minute; the median of the session is %(usual)s.", n=figure, usual=usual)
    if hint.kind is HintKind.FEW_ORDERS:
        return _("%(n)s orders to a hundred clicks; the median of the session is %(usual)s.", n=figure, usual=usual)
    if hint.kind is HintKind.STOCK_LOW:
        return _("%(n)s left.", n=figure)
    if hint.kind is HintKind.SOURCE_LOW:
        gap = round(100 * (1 - float(hint.before or 0) / float(hint.usual or 1)))
        words = {"source": rules.source_word(hint.source or "–"), "n": figure, "usual": usual, "gap": gap}
        return _("%(source)s: %(n)s came, usual are %(usual)s (%(gap)s %% fewer).", **words)
    said = _("%(n)s; usual is %(usual)s.", n=figure, usual=usual)
    return f"{rules.source_word(hint.source)}: {said}" if hint.source else said


def _figure(hint: LiveHint, value: Any, code: str) -> str:
    if hint.kind is HintKind.PRICE_SLIP:  # kept in whole units of the currency
        return money.format(round(Decimal(str(value or 0)).scaleb(money.exponent(code))), code)
    return f"{round(float(value or 0), 1 if float(value or 0) >= 1 else 3):g}"


def came_of(hint: LiveHint, code: str) -> str:
    """The five minutes before a hint was followed beside those after; empty until they are over."""
    outcome = (hint.values or {}).get("outcome")
    if not outcome:
        return ""
    before, after = outcome["before"], outcome["after"]
    return _(
        "5 min before → after: viewers %(v0)s → %(v1)s, clicks %(c0)s → %(c1)s, orders %(o0)s → %(o1)s, sales %(g0)s → %(g1)s",
        v0=before["viewers"], v1=after["viewers"], c0=before["clicks"], c1=after["clicks"], o0=before["orders"],
        o1=after["orders"], g0=money.format(before["gmv"], code), g1=money.format(after["gmv"], code),
    )  # fmt: skip


def followed(session: LiveSession) -> list[dict[str, Any]]:
    """The hints of a session that were followed, with what came of each, for its report."""
    query = select(LiveHint).where(LiveHint.session_id == session.id, LiveHint.state == HintState.FOLLOWED).order_by(LiveHint.at)
    return [
        {
            "at": row.at, "kind": row.kind, "advice": veil.seen(row).advice or "",
            "reason": reason(row, session.currency) if veil.shows(row, "before", "usual", "source") else "",
            "outcome": came_of(row, session.currency) if veil.shows(row, "values") else "",
        }
        for row in db.session.scalars(query)
    ]  # fmt: skip


def _hint(session_id: int, hint_id: int) -> LiveHint:
    hint = db.session.get(LiveHint, hint_id)
    if hint is None or hint.session_id != session_id:
        raise NotFound(_("There is nothing here."))
    return hint


def answer(session_id: int, hint_id: int, state: HintState, *, actor: Any, key: str) -> dict[str, Any]:
    """Follow a hint by hand, or set it aside."""

    def work(_session: LiveSession) -> Effect:
        hint = _hint(session_id, hint_id)
        defaults.answer(hint, state, actor=actor)
        return Effect(_("Hint %(state)s: %(advice)s", state=state.label, advice=hint.advice or ""))

    return obey(session_id, f"hint_{state.value}", {"hint": hint_id}, work, actor=actor, right=CONTROL, key=key)


@transactional
def apply(session_id: int, hint_id: int, way: str, *, actor: Any, key: str) -> dict[str, Any]:
    """Do what a hint suggests, by the command that does it; sent twice it happens once.

    :raises DomainError: when the hint was answered, or the command is refused
    """
    policy.authorize(actor, "answer", "live.LiveHint")
    hint = _hint(session_id, hint_id)
    if way not in WAYS.get(hint.kind, ()) or hint.item_id is None:
        raise InvalidInput({"way": _("Choose one from the list.")})
    is_again = (hint.values or {}).get("key") == key
    if hint.state is not HintState.NEW and not is_again:
        raise DomainError(_("This hint was answered already."))
    told = _do(session_id, db.session.get_one(LiveItem, hint.item_id), way, hint, actor, key)
    if not is_again:
        defaults.answer(hint, HintState.FOLLOWED, actor=actor)
        hint.values = (hint.values or {}) | {"way": way, "key": key}
    return told


def _do(session_id: int, item: LiveItem, way: str, hint: LiveHint, actor: Any, key: str) -> dict[str, Any]:
    wanted: dict[str, Any] = (hint.values or {}).get("wanted") or {}
    if way in ("longer", "shorter"):
        now = item.planned_minutes or 0
        minutes = wanted.get("minutes") or max(1, round(now * (LONGER if way == "longer" else SHORTER)) or 1)
        hint.values = (hint.values or {}) | {"wanted": {"minutes": minutes}}
        return run.set_aside(session_id, item.id, minutes, actor=actor, key=key)
    if way == "take_down":
        return run.change_item(session_id, "delist", item.id, actor=actor, key=key)
    if way == "cheaper":
        if not item.live_price:
            raise DomainError(_("This item has no live price."))
        price = wanted.get("price") or str(money.to_decimal(round(item.live_price * CHEAPER), item.currency))
        hint.values = (hint.values or {}) | {"wanted": {"price": price}}
        return prices.change(session_id, item.id, price, actor=actor, key=key)
    return _bundle(session_id, item.id, actor, key)


def _bundle(session_id: int, item_id: int, actor: Any, key: str) -> dict[str, Any]:
    """Offer it together with the next item: a coupon for both, and a line that tells the host."""

    def work(session: LiveSession) -> Effect:
        item = seen(LiveItem, session, item_id, None)
        other = _beside(session, item)
        if other is None:
            raise DomainError(_("There is no other item to offer it with."))
        offer = offers.pair(session, item, other)
        line = _("Offer it together with “%(item)s”.", item=board.title_of(other))
        before = item.talking_points
        item.talking_points = f"{line}\n{before}" if before else line
        undo = {"item": item.id, "points": before, "set": item.talking_points, "offer": offer.id}
        return Effect(f"{item}: {line} {offers.said(offer)}", item, undo, {"offer": offer.id})

    return obey(session_id, "hint_bundle", {"item": item_id}, work, actor=actor, right=prices.OFFER, key=key)


def _beside(session: LiveSession, item: LiveItem) -> LiveItem | None:
    """The next item of the run sheet that can be bought and is another article."""
    mine = set(prices.goods_of(item))
    others = [
        one for one in session.items
        if one.id != item.id and one.kind is item.kind and one.state not in (ItemState.SUSPENDED, ItemState.DELISTED)
        and set(prices.goods_of(one)) - mine
    ]  # fmt: skip
    return next((one for one in others if one.position > item.position), others[0] if others else None)


@undoes("hint_bundle")
def _unbundle(session: LiveSession, action: LiveAction, before: dict[str, Any]) -> LiveItem:
    item = seen(LiveItem, session, before["item"], None)
    if item.talking_points != before["set"]:
        raise DomainError(_("Its talking points were changed since."))
    item.talking_points = before["points"]
    offers.take_back(session, action, before)
    return item
