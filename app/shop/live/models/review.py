"""What is kept of a session that ended: its report, and how well forecasts did."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import UniqueConstraint

from app.panel.core.columns import choice, instant, integer, json_column, number, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.live.states import Origin, Trait


class LiveReport(PanelModel):
    """The report of a session, as it was made from its rows."""

    __tablename__ = "live_report"
    __no_history__ = True  # it can be made anew from the rows at any time

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", unique=True)
    session = relation("LiveSession", session_id)
    made_at = instant(_("Made at"), required=True)
    figures = json_column(_("Figures"), default=dict, hidden=True)


class LiveSkill(PanelModel):
    """How one way of forecasting did on the past sessions of a shop, for one figure and one span."""

    __tablename__ = "live_skill"
    __no_history__ = True
    __table_args__ = (UniqueConstraint("shop_id", "figure", "horizon", "way"),)

    shop_id = ref(_("Shop"), "setup_shop.id", required=True, index=False)
    shop = relation("Shop", shop_id)
    figure = text(_("Figure"), 20, required=True)
    horizon = integer(_("Ahead"), unit="min", required=True)
    way = text(_("Way"), 20, required=True)
    asked = integer(_("Questions"), default=0)
    sessions = integer(_("Sessions"), default=0)
    error = number(_("Mean error"), 18, 3)
    plain_error = number(_("Mean error of “as it is now”"), 18, 3)
    inside = number(_("Within the interval"), 5, 4)
    rows = json_column(_("Questions and answers"), hidden=True)  # [[session, minute, said, low, high, plain, came]]
    made_at = instant(_("Made at"), required=True)


class LiveForecast(PanelModel):
    """What was said on air about a figure, some minutes ahead; once the time has come, what it was."""

    __tablename__ = "live_forecast"
    __no_history__ = True
    __table_args__ = (UniqueConstraint("session_id", "figure", "horizon", "minute"),)

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    figure = text(_("Figure"), 20, required=True)
    horizon = integer(_("Ahead"), unit="min", required=True)
    minute = integer(_("Minute"), required=True)  # full minutes of the session that were known
    way = text(_("Way"), 20, required=True)
    expected = number(_("Expected"), 18, 3, required=True)
    low = number(_("Not less than"), 18, 3, required=True)
    high = number(_("Not more than"), 18, 3, required=True)
    plain = number(_("As it is now"), 18, 3, required=True)
    came = number(_("What it was"), 18, 3)


class LiveAudience(PanelModel):
    """How many of the audience of a session were alike in one trait. Groups under five are never written down by themselves."""

    __tablename__ = "live_audience"
    __no_history__ = True
    __table_args__ = (UniqueConstraint("session_id", "origin", "trait", "value"),)

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    origin = choice(_("Origin"), Origin, required=True)
    trait = choice(_("Trait"), Trait, required=True)
    value = text(_("Group"), 60, help=_("Empty: all that are under five, together."))
    n = integer(_("People"), default=0)

    def __str__(self) -> str:
        return self.value or "…"
