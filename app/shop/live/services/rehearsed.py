"""What came of rehearsals: how fast each post was, incident by incident, beside the last time, and person by person."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.panel.core import clock, policy
from app.panel.core.db import db
from app.shop.live import incidents
from app.shop.live.incidents import IncidentKind
from app.shop.live.models import LiveIncident, LiveReaction, LiveRehearsal, LiveSession
from app.shop.live.states import Post

HISTORY = 10  # rehearsals that the history of people shows


@dataclass
class Result:
    """One rehearsal. `posts` says of each post its points over all incidents that it reacted to or missed, and who stood there."""

    rehearsal: LiveRehearsal
    incidents: list[LiveIncident]
    reactions: dict[tuple[int, Post], LiveReaction]
    posts: dict[Post, dict[str, Any]] = field(default_factory=dict)

    @property
    def shown(self) -> list[LiveIncident]:
        return [one for one in self.incidents if one.shown_at is not None]

    def is_open(self, incident: LiveIncident) -> bool:
        """Can a reaction to it still be worth a point? Until then nobody has missed it."""
        if self.rehearsal.ended_at is not None or incident.shown_at is None:
            return False
        return (clock.now() - incident.shown_at).total_seconds() < incidents.LIMIT

    def seconds(self, kind: IncidentKind, post: Post) -> float | None:
        """How fast a post was; None when it did nothing, or nothing was shown."""
        of_kind = next((one.id for one in self.shown if one.kind is kind), 0)
        found = self.reactions.get((of_kind, post))
        return float(found.seconds) if found is not None else None


def results(rehearsals: list[LiveRehearsal]) -> list[Result]:
    """In two statements, however many."""
    keys = [one.id for one in rehearsals]
    planted: dict[int, list[LiveIncident]] = defaultdict(list)
    query = select(LiveIncident).where(LiveIncident.rehearsal_id.in_(keys)).options(joinedload(LiveIncident.item))
    for incident in db.session.scalars(query.order_by(LiveIncident.at_ms)):
        planted[incident.rehearsal_id].append(incident)
    reactions: dict[int, dict[tuple[int, Post], LiveReaction]] = defaultdict(dict)
    done = (
        select(LiveReaction, LiveIncident.rehearsal_id).join(LiveIncident, LiveIncident.id == LiveReaction.incident_id)
        .where(LiveIncident.rehearsal_id.in_(keys)).options(joinedload(LiveReaction.person))
    )  # fmt: skip
    for reaction, key in db.session.execute(done):
        reactions[key][reaction.incident_id, reaction.post] = reaction
    found = [Result(one, planted[one.id], reactions[one.id]) for one in rehearsals]
    for result in found:
        result.posts = {post: _of_post(result, post) for post in Post}
    return found


def _of_post(result: Result, post: Post) -> dict[str, Any]:
    shown = [one for one in result.shown if (one.id, post) in result.reactions or not result.is_open(one)]
    mine = [one for (_incident, of), one in result.reactions.items() if of is post]
    people = Counter(one.person_id for one in mine)
    person_id = people.most_common(1)[0][0] if people else None
    seconds = [float(one.seconds) for one in mine]
    return {
        "points": round(sum(incidents.points(value) for value in seconds) / len(shown)) if shown else None,
        "reacted": len(mine), "shown": len(shown), "mean": sum(seconds) / len(seconds) if seconds else None,
        "person_id": person_id, "person": next((one.person for one in mine if one.person_id == person_id), None),
    }  # fmt: skip


def latest(actor: Any, most: int = 30) -> list[LiveRehearsal]:
    """Those of the shops that somebody may see, the newest first."""
    mine = policy.scope(select(LiveSession.id), actor, LiveSession)
    query = select(LiveRehearsal).where(LiveRehearsal.session_id.in_(mine)).options(joinedload(LiveRehearsal.session))
    return list(db.session.scalars(query.order_by(LiveRehearsal.begun_at.desc(), LiveRehearsal.id.desc()).limit(most)))


def before(rehearsal: LiveRehearsal) -> LiveRehearsal | None:
    """The last one of the shop that is over and came before this one."""
    query = select(LiveRehearsal).where(
        LiveRehearsal.shop_id == rehearsal.shop_id, LiveRehearsal.id < rehearsal.id, LiveRehearsal.ended_at.is_not(None)
    )
    found: LiveRehearsal | None = db.session.scalars(query.order_by(LiveRehearsal.id.desc()).limit(1)).first()
    return found


def people(found: list[Result], only: int | None = None) -> list[dict[str, Any]]:
    """The points of each person, the newest rehearsal first. Somebody at two posts has the mean of both.

    :param only: of this person alone
    """
    of: dict[int, dict[str, Any]] = {}
    for result in found[:HISTORY]:
        gained: dict[int, list[int]] = defaultdict(list)
        for told in result.posts.values():
            if told["person_id"] is None or told["points"] is None or (only is not None and told["person_id"] != only):
                continue
            gained[told["person_id"]].append(told["points"])
            of.setdefault(told["person_id"], {"person": told["person"], "scores": []})
        for key, values in gained.items():
            of[key]["scores"].append((result.rehearsal, round(sum(values) / len(values))))
    for one in of.values():
        one["mean"] = round(sum(score for _which, score in one["scores"]) / len(one["scores"]))
    return sorted(of.values(), key=lambda one: -one["mean"])
