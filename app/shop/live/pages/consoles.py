"""The three consoles of a session: control desk, host prompter, service desk (TEAM-01).

A console draws what `state.json` says and asks again when the topic `live:<id>` tells of a step that it has not seen.
Each command carries a key of its own and the version that was on screen.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import jsonify, redirect, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import clock, policy, records, veil
from app.panel.core.actor import current_actor
from app.panel.core.api import answers, body
from app.panel.core.db import db
from app.panel.core.errors import BadRequest, DomainError, InvalidInput, NotFound
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.live import domain, queries
from app.shop.live.models import LiveQuestion, LiveSession
from app.shop.live.pages.games import GAMES, MODERATION, form_of_games
from app.shop.live.pages.hinting import OF_HINTS
from app.shop.live.pages.offering import OF_THE_DESK, OF_THE_SERVICE
from app.shop.live.pages.raw import Command, about, maybe, number, version, words
from app.shop.live.pages.words import texts
from app.shop.live.permissions import SESSION, VERBS
from app.shop.live.review import charts
from app.shop.live.services import asker, board, commands, rehearsing, run, talk
from app.shop.live.states import AskedOf, MessageKind, Post, SessionState

LONGEST_KEY = 80
SECRET = {"game": {"key", "answer"}}  # what the log of a refused command leaves out, beside its key


def _of_item(verb: str) -> Command:
    return lambda live_id, raw, actor, key: run.change_item(
        live_id, verb, number(raw, "item"), actor=actor, key=key, expected_version=version(raw)
    )


def _of_question(func: Callable[..., dict[str, Any]], *names: str) -> Command:
    return lambda live_id, raw, actor, key: func(
        live_id, number(raw, "question"), *(words(raw, name) for name in names), actor=actor, key=key,
        expected_version=version(raw),
    )  # fmt: skip


def _ask(live_id: int, raw: dict[str, Any], actor: Any, key: str) -> dict[str, Any]:
    return talk.ask(
        live_id, words(raw, "text"), actor=actor, key=key, asker=words(raw, "asker"), viewer_key=words(raw, "viewer"),
        comment_id=maybe(raw, "comment"), item_id=maybe(raw, "item"), to=AskedOf.of(raw.get("to")) or AskedOf.SERVICE,
    )  # fmt: skip


def _escalate(live_id: int, raw: dict[str, Any], actor: Any, key: str) -> dict[str, Any]:
    to = AskedOf.of(raw.get("to"))
    if to is None:
        raise InvalidInput({"to": gettext("Choose one from the list.")})
    return talk.escalate(
        live_id, number(raw, "question"), to, words(raw, "note"), actor=actor, key=key, expected_version=version(raw)
    )


def _done(live_id: int, raw: dict[str, Any], actor: Any, key: str) -> dict[str, Any]:
    return talk.done(
        live_id,
        number(raw, "question"),
        actor=actor,
        key=key,
        answer=words(raw, "answer"),
        expected_version=version(raw),
    )


def _say(post: Post) -> Command:
    return lambda live_id, raw, actor, key: talk.say(
        live_id,
        words(raw, "text"),
        post,
        actor=actor,
        key=key,
        kind=MessageKind.of(raw.get("kind")) or MessageKind.NOTE,
    )


def _seen(live_id: int, raw: dict[str, Any], actor: Any, key: str) -> dict[str, Any]:
    return talk.acknowledge(live_id, number(raw, "message"), actor=actor, key=key)


QUESTIONS: dict[str, Command] = {
    "ask": _ask, "send_to_host": _of_question(talk.send_to_host), "escalate": _escalate,
    "give_back": _of_question(talk.give_back, "note"), "done": _done, "open_again": _of_question(talk.open_again),
}  # fmt: skip
COMMANDS: dict[Post, dict[str, Command]] = {
    Post.CONTROL: {
        "begin": lambda live_id, raw, actor, key: run.begin(live_id, actor=actor, key=key),
        "end": lambda live_id, raw, actor, key: run.end(live_id, actor=actor, key=key),
        **{verb: _of_item(verb) for verb in run.STATE_WORDS},
        "pin": lambda live_id, raw, actor, key: run.pin(
            live_id, number(raw, "item"), actor=actor, key=key, expected_version=version(raw)),
        "unpin": lambda live_id, raw, actor, key: run.unpin(live_id, actor=actor, key=key),
        "repin": lambda live_id, raw, actor, key: run.repin(live_id, number(raw, "item"), actor=actor, key=key),
        "next": lambda live_id, raw, actor, key: run.next_item(live_id, actor=actor, key=key, pinned=maybe(raw, "pinned")),
        "notice": lambda live_id, raw, actor, key: run.put_notice(
            live_id, words(raw, "text"), actor=actor, key=key, item_id=maybe(raw, "item")),
        "take_notice": lambda live_id, raw, actor, key: run.take_notice(live_id, actor=actor, key=key),
        "undo": lambda live_id, raw, actor, key: run.undo(live_id, number(raw, "action"), actor=actor, key=key),
        **QUESTIONS, "say": _say(Post.CONTROL), "seen": _seen, **OF_THE_DESK, **OF_HINTS,
        **GAMES,
    },
    Post.HOST: {
        "done": _done, "give_back": QUESTIONS["give_back"], "open_again": QUESTIONS["open_again"], "say": _say(Post.HOST),
        "seen": _seen,
    },
    Post.SERVICE: {**QUESTIONS, "say": _say(Post.SERVICE), "seen": _seen, **OF_THE_SERVICE, **MODERATION},
}  # fmt: skip


def _orders_of(session: LiveSession, actor: Any) -> str:
    """The list of the orders of a session, of which its figures are made."""
    if not policy.allowed(actor, "read", "orders.Order") or not policy.fields(actor, "orders.Order").usable(
        "session_key"
    ):
        return ""
    tree = {"and": [["session_key", "eq", session.topic]]}
    return url_for("orders_order.list", f=json.dumps(tree, separators=(",", ":")))


class Console(PanelPage):
    """What the three have in common. Their routes stand on the classes below, each behind the right of its post."""

    post: Post
    resource = SESSION
    default_view = "desk"

    def _desk(self) -> Any:
        """Which session? At once the one on air, if there is just one."""
        found = list(db.session.scalars(queries.on_the_way(current_actor(), clock.now() - clock.days(1))))
        on_air = [session for session in found if session.state is SessionState.LIVE]
        if len(on_air) == 1:
            return redirect(url_for(f"live_{self.post.value}.console", live_id=on_air[0].id))
        return self.render("live/desk.html", sessions=found, post=self.post, endpoint=f"live_{self.post.value}.console")

    def _console(self, live_id: int) -> str:
        actor = current_actor()
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        is_drawn = self.post is Post.CONTROL and veil.shows(session, "begun_at")
        return self.render(
            f"live/{self.post.value}.html", live=session, title=veil.seen(session).title, post=self.post,
            first=board.state(session, self.post, actor), texts=texts(), topic=session.topic,
            chart=charts.on_air(session, clock.now()) if is_drawn else None,
            addresses={
                "state": url_for(f"live_{self.post.value}.state", live_id=live_id),
                "do": url_for(f"live_{self.post.value}.do", live_id=live_id, verb="VERB"),
            },
            orders=_orders_of(session, actor) if self.post is Post.CONTROL else "",
            **form_of_games(session, self.post, actor), sees_customers=policy.allowed(actor, "read", "customers.Customer"),
        )  # fmt: skip

    def _state(self, live_id: int, actor: Any) -> Any:
        answer = jsonify(board.state(records.get(LiveSession, live_id, actor=actor), self.post, actor))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _do(self, live_id: int, verb: str, actor: Any) -> Any:
        command = COMMANDS[self.post].get(verb)
        if command is None:
            raise NotFound(gettext("There is nothing here."))
        raw = body()
        key = raw.get("key")
        if not isinstance(key, str) or not 8 <= len(key) <= LONGEST_KEY:
            raise BadRequest(gettext("A command needs a key of its own."))
        try:
            if rehearsing.is_only_shown(live_id, verb):
                told = rehearsing.pretend(live_id, verb, raw, actor=actor, key=key, right=VERBS[self.post])
            else:
                told = command(live_id, raw, actor, key)
            rehearsing.react(live_id, self.post, verb, told["action"], about(raw), actor=actor)
            return jsonify(told)
        except DomainError as error:
            if error.status not in (400, 403, 404):
                kept = raw.keys() - SECRET.get(verb, {"key"})
                told = {name: raw[name] for name in sorted(kept) if isinstance(raw[name], int | str)}
                commands.refused(live_id, verb, told, error.message, actor=actor, key=key)
            raise


@domain.page(_("Control desk"), icon="fa-sliders", order=20)
class ControlPage(Console):
    """场控: figures and items, the card on screen, notices, comments, questions to the host, the log with undo."""

    post = Post.CONTROL
    title = _("Control desk")
    route_base = "/live"

    @expose("/control/")
    @needs("control")
    def desk(self) -> Any:
        return self._desk()

    @expose("/<int:live_id>/control")
    @needs("control")
    def console(self, live_id: int) -> str:
        return self._console(live_id)

    @expose("/<int:live_id>/control/state.json")
    @answers("control")
    def state(self, live_id: int, actor: Any) -> Any:
        return self._state(live_id, actor)

    @expose("/<int:live_id>/control/do/<verb>", methods=["POST"])
    @answers("control")
    def do(self, live_id: int, verb: str, actor: Any) -> Any:
        return self._do(live_id, verb, actor)


@domain.page(_("Prompter"), icon="fa-display", order=22)
class HostPage(Console):
    """主播: the item on screen large, what comes next, time left, questions, calls; nothing else."""

    post = Post.HOST
    title = _("Prompter")
    route_base = "/live"

    @expose("/host/")
    @needs("present")
    def desk(self) -> Any:
        return self._desk()

    @expose("/<int:live_id>/host")
    @needs("present")
    def console(self, live_id: int) -> str:
        return self._console(live_id)

    @expose("/<int:live_id>/host/state.json")
    @answers("present")
    def state(self, live_id: int, actor: Any) -> Any:
        return self._state(live_id, actor)

    @expose("/<int:live_id>/host/do/<verb>", methods=["POST"])
    @answers("present")
    def do(self, live_id: int, verb: str, actor: Any) -> Any:
        return self._do(live_id, verb, actor)


@domain.page(_("Service desk"), icon="fa-headset", order=24)
class ServicePage(Console):
    """客服: questions with their age, answers at hand, escalation and back, the asker's orders."""

    post = Post.SERVICE
    title = _("Service desk")
    route_base = "/live"

    @expose("/service/")
    @needs("serve")
    def desk(self) -> Any:
        return self._desk()

    @expose("/<int:live_id>/service")
    @needs("serve")
    def console(self, live_id: int) -> str:
        return self._console(live_id)

    @expose("/<int:live_id>/service/state.json")
    @answers("serve")
    def state(self, live_id: int, actor: Any) -> Any:
        return self._state(live_id, actor)

    @expose("/<int:live_id>/service/asker/<int:question_id>")
    @answers("serve")
    def asker(self, live_id: int, question_id: int, actor: Any) -> Any:
        """The orders of whoever asked, as far as the agent may see them."""
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        question = db.session.get(LiveQuestion, question_id)
        if question is None or question.session_id != session.id:
            raise NotFound(gettext("There is nothing here."))
        return jsonify(asker.orders_of(question, session, actor))

    @expose("/<int:live_id>/service/do/<verb>", methods=["POST"])
    @answers("serve")
    def do(self, live_id: int, verb: str, actor: Any) -> Any:
        return self._do(live_id, verb, actor)
