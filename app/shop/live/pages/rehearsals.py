"""Rehearsals: begin one, follow it, stop it, and see how fast each post was."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.core import clock, policy, veil
from app.panel.core.actor import current_actor
from app.panel.core.api import answers
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.live import domain, incidents
from app.shop.live.feed.states import EVENTS_FOR
from app.shop.live.models import LiveRehearsal, LiveSession
from app.shop.live.permissions import SESSION, posts_of
from app.shop.live.services import rehearsed, rehearsing
from app.shop.live.states import Post, SessionState

CHOICE = 30  # sessions to choose from


def _whole(name: str, default: int) -> int:
    """A whole number of the form; what is none is nobody's choice and is refused by the service."""
    text = request.form.get(name, str(default))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


@domain.page(_("Rehearsals"), icon="fa-masks-theater", order=26)
class RehearsalPage(PanelPage):
    """A past or a made session is played to the three consoles, with what goes wrong planted in it."""

    resource = SESSION
    title = _("Rehearsals")
    route_base = "/live/rehearsals"
    default_view = "index"

    @expose("/")
    @needs("read")
    def index(self) -> str:
        actor = current_actor()
        found = rehearsed.results(rehearsed.latest(actor))
        may = policy.allowed(actor, "control", SESSION)
        return self.render(
            "live/rehearsals.html", title=gettext("Rehearsals"), results=found, may=may, posts=list(Post),
            running=[one for one in found if one.rehearsal.ended_at is None], sources=self._sources(actor) if may else [],
            people=rehearsed.people([one for one in found if one.rehearsal.ended_at], None if may else actor.id),
            minutes=rehearsing.MINUTES, speeds=rehearsing.SPEEDS, asked=incidents.REACTIONS, kinds=list(incidents.IncidentKind),
            goal=incidents.GOAL, limit=incidents.LIMIT, word=incidents.word,
        )  # fmt: skip

    @expose("/start", methods=["POST"])
    @needs("control")
    def start(self) -> Any:
        try:
            made = rehearsing.start(
                _whole("source", 0), actor=current_actor(), minutes=_whole("minutes", 10), speed=_whole("speed", 1),
                seed=_whole("seed", 7), is_replay=request.form.get("events") == "own",
            )  # fmt: skip
        except DomainError as error:
            if error.status == 403:
                raise
            flash(error.message, "danger")
            return redirect(url_for(".index"))
        return redirect(url_for(".result", rehearsal_id=made.id))

    @expose("/<int:rehearsal_id>")
    @needs("read")
    def result(self, rehearsal_id: int) -> str:
        actor = current_actor()
        rehearsal = rehearsing.of(rehearsal_id, actor=actor)
        last = rehearsed.before(rehearsal)
        found = rehearsed.results([rehearsal, *([last] if last else [])])
        may = policy.allowed(actor, "control", SESSION)
        return self.render(
            "live/rehearsal.html", title=str(rehearsal.session), one=rehearsal, result=found[0], last=found[1] if last else None,
            may=may, posts=list(Post), points=incidents.points, speeds=rehearsing.SPEEDS, my_posts=posts_of(actor), me=actor.id,
            state=self._told(rehearsal), word=incidents.word,
        )  # fmt: skip

    @expose("/<int:rehearsal_id>/state.json")
    @answers("read")
    def state(self, rehearsal_id: int, actor: Any) -> Any:
        answer = jsonify(self._told(rehearsing.of(rehearsal_id, actor=actor)))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/<int:rehearsal_id>/stop", methods=["POST"])
    @needs("control")
    def stop(self, rehearsal_id: int) -> Any:
        return self._do(rehearsal_id, lambda actor: rehearsing.stop(rehearsal_id, actor=actor))

    @expose("/<int:rehearsal_id>/speed", methods=["POST"])
    @needs("control")
    def speed(self, rehearsal_id: int) -> Any:
        speed = _whole("speed", 1)
        return self._do(rehearsal_id, lambda actor: rehearsing.set_speed(rehearsal_id, speed, actor=actor))

    @staticmethod
    def _do(rehearsal_id: int, work: Any) -> Any:
        try:
            work(current_actor())
        except DomainError as error:
            if error.status in (403, 404):
                raise
            flash(error.message, "danger")
        return redirect(url_for(".result", rehearsal_id=rehearsal_id))

    @staticmethod
    def _told(rehearsal: LiveRehearsal) -> dict[str, Any]:
        """How far it is, and whether anybody plays it."""
        seen = veil.seen(rehearsal)
        silent = (clock.now() - rehearsal.heartbeat_at).total_seconds() if veil.shows(rehearsal, "heartbeat_at") else 0
        return {
            "mark": RehearsalPage._mark(rehearsal), "over": rehearsal.ended_at is not None,
            "position": seen.position_ms or 0, "speed": seen.speed or 0,
            "length": rehearsal.length_ms if veil.shows(rehearsal, "minutes") else 0, "silent": silent > rehearsing.AWAY,
        }  # fmt: skip

    @staticmethod
    def _mark(rehearsal: LiveRehearsal) -> str:
        """Another one when there is something new to be read on the page of the result."""
        found = rehearsed.results([rehearsal])[0]
        return f"{len(found.shown)}-{len(found.reactions)}-{sum(found.is_open(one) for one in found.shown)}"

    @staticmethod
    def _sources(actor: Any) -> list[tuple[LiveSession, bool]]:
        """Sessions whose run sheet can be rehearsed; and of which the events are still there."""
        query = policy.scope(select(LiveSession), actor, LiveSession).where(
            LiveSession.is_practice.is_(False), LiveSession.state != SessionState.CANCELLED
        )
        kept = clock.now() - EVENTS_FOR
        rows = db.session.scalars(query.order_by(LiveSession.starts_at.desc(), LiveSession.id.desc()).limit(CHOICE))
        return [(one, one.state is SessionState.ENDED and one.starts_at > kept) for one in rows]
