"""Rehearsals: a session that is played to the team, what is planted in it, and how fast each post reacted."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql

from app.panel.core.columns import choice, instant, integer, number, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.live.incidents import IncidentKind, RehearsalState
from app.shop.live.states import Post


class LiveRehearsal(PanelModel):
    """One rehearsal. `position_ms` of its events are told; the loop that plays it signs with `heartbeat_at`."""

    __tablename__ = "live_rehearsal"
    __no_history__ = True
    __table_args__ = (
        Index(
            "uq_live_rehearsal_running", "shop_id", unique=True, sqlite_where=sql("ended_at IS NULL"),
            postgresql_where=sql("ended_at IS NULL"),
        ),
    )  # fmt: skip

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", unique=True)
    session = relation("LiveSession", session_id, foreign_keys="LiveRehearsal.session_id")
    shop_id = ref(_("Shop"), "setup_shop.id", required=True, index=False)
    source_id = ref(_("Played from"), "live_session.id", ondelete="SET NULL")
    source = relation("LiveSession", source_id, foreign_keys="LiveRehearsal.source_id")
    state = choice(_("State"), RehearsalState, default=RehearsalState.RUNNING, readonly=True)
    minutes = integer(_("Minutes"), default=10)
    speed = integer(_("Speed"), default=1)
    seed = integer(_("Seed"), default=7)
    peak = integer(_("Most viewers at once"), default=300)
    is_replay = integer("", default=0, hidden=True)  # 1: the events of the source, 0: made by the simulator
    position_ms = integer("", default=0, hidden=True)
    positioned_at = instant("", required=True, hidden=True)
    heartbeat_at = instant("", required=True, hidden=True)
    begun_at = instant(_("Begun at"), required=True)
    ended_at = instant(_("Ended at"))

    @property
    def length_ms(self) -> int:
        return int(self.minutes) * 60_000


class LiveIncident(PanelModel):
    """Something that was planted. It is shown when the session comes to its moment, and reactions count from then on."""

    __tablename__ = "live_incident"
    __no_history__ = True
    __table_args__ = (UniqueConstraint("rehearsal_id", "kind"),)

    rehearsal_id = ref(_("Rehearsal"), "live_rehearsal.id", required=True, ondelete="CASCADE", index=False)
    rehearsal = relation("LiveRehearsal", rehearsal_id)
    kind = choice(_("Incident"), IncidentKind, required=True)
    at_ms = integer("", required=True)
    item_id = ref(_("Item"), "live_item.id", ondelete="SET NULL")
    item = relation("LiveItem", item_id)
    shown_at = instant(_("Shown at"))


class LiveReaction(PanelModel):
    """The first thing that a post did about an incident."""

    __tablename__ = "live_reaction"
    __no_history__ = True
    __table_args__ = (UniqueConstraint("incident_id", "post"),)

    incident_id = ref(_("Incident"), "live_incident.id", required=True, ondelete="CASCADE", index=False)
    incident = relation("LiveIncident", incident_id)
    post = choice(_("Post in the team"), Post, required=True)
    person_id = ref(_("Person"), "ab_user.id", ondelete="SET NULL")
    person = relation("User", person_id)
    action_id = ref(_("Command"), "live_action.id", ondelete="SET NULL")
    verb = text(_("Command"), 40, required=True)
    seconds = number(_("Seconds"), 10, 3, required=True)
    at = instant(_("At"), required=True)
