"""What watches the comments and the figures: block words, mutes, answers by themselves, and rules that give hints."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Index, UniqueConstraint

from app.panel.core.columns import choice, flag, instant, integer, json_column, number, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.live.feed.states import HintKind, HintState


class LiveBlockWord(PanelModel):
    """Comments with this word in them are hidden, however it is written: case and width make no difference."""

    __tablename__ = "live_block_word"

    word = text(_("Word"), 60, required=True, unique=True, search=True)
    note = text(_("Note"), 200)
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return self.word


class LiveMute(PanelModel):
    """A viewer whose comments are hidden, in one session or in all."""

    __tablename__ = "live_mute"
    __table_args__ = (Index(None, "viewer"),)

    viewer = text(_("Viewer on the platform"), 64, required=True)
    name = text(_("Name"), 80)
    session_id = ref(_("Session"), "live_session.id", ondelete="CASCADE", help=_("Empty: in every session."))
    session = relation("LiveSession", session_id)
    why = text(_("Why"), 200)

    def __str__(self) -> str:
        return self.name or self.viewer


class LiveReplyRule(PanelModel):
    """An answer that is given by itself, at most once in so many seconds of a session."""

    __tablename__ = "live_reply_rule"

    words = text(_("Words"), 300, required=True, help=_("With commas between; a comment with one of them is answered."))
    answer = text(_("Answer"), 300, required=True)
    seconds = integer(_("At most every"), unit="s", default=60, min=1, max=3600)
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return self.words


class LiveReply(PanelModel):
    """An answer that was given by itself."""

    __tablename__ = "live_reply"
    __no_history__ = True
    __table_args__ = (Index(None, "session_id", "rule_id", "at"),)

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    rule_id = ref(_("Rule"), "live_reply_rule.id", required=True, ondelete="CASCADE")
    rule = relation("LiveReplyRule", rule_id)
    comment_id = integer(_("Comment"), hidden=True)
    asked = text(_("Comment"), 500)
    answer = text(_("Answer"), 300)
    at = instant(_("At"), required=True)

    def __str__(self) -> str:
        return self.answer or ""


class LiveHintRule(PanelModel):
    """When the figures of a session make a hint, and what it advises."""

    __tablename__ = "live_hint_rule"
    __table_args__ = (UniqueConstraint("kind", "name"),)

    name = text(_("Rule"), 100, required=True)
    kind = choice(_("Watches"), HintKind, required=True)
    threshold = number(
        _("Threshold"), required=True, help=_("Per cent, a rate or a number of pieces: the kind says which.")
    )
    minutes = integer(_("Within"), unit=_("minutes"), default=3, min=1, max=120)
    least = integer(_("From so many"), default=20, min=0, help=_("Viewers or clicks under which nothing can be said."))
    quiet_minutes = integer(_("Then quiet for"), unit=_("minutes"), default=5, min=1, max=240)
    advice = text(_("Suggested action"), 300, required=True)
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return self.name


class LivePlay(PanelModel):
    """An entry of the playbook: what helped before when figures were like this. It is shown with each hint of its kind."""

    __tablename__ = "live_play"
    __table_args__ = (UniqueConstraint("kind", "title"),)

    kind = choice(_("Watches"), HintKind, required=True)
    title = text(_("What to do"), 120, required=True, search=True)
    steps = text(_("How"), 500, help=_("Content, speed, guest, cover, title: what was done, and who does it."))
    position = integer(_("Position"), default=0)
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return self.title


class LiveHint(PanelModel):
    """A hint that was shown: by which figures, whether it was followed, and what the figure did afterwards."""

    __tablename__ = "live_hint"
    __no_history__ = True
    __table_args__ = (Index(None, "session_id", "at"),)

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    rule_id = ref(_("Rule"), "live_hint_rule.id", ondelete="SET NULL")
    rule = relation("LiveHintRule", rule_id)
    kind = choice(_("Watches"), HintKind, required=True, readonly=True)
    item_id = ref(_("Item"), "live_item.id", ondelete="SET NULL", readonly=True)
    item = relation("LiveItem", item_id)
    source = text(_("Source"), 40, readonly=True)
    at = instant(_("At"), required=True, readonly=True)
    before = number(_("Figure then"), 18, 3, readonly=True)
    usual = number(_("Usual"), 18, 3, readonly=True)
    advice = text(_("Suggested action"), 300, readonly=True)
    state = choice(_("State"), HintState, default=HintState.NEW, readonly=True)
    done_by_id = ref(_("Answered by"), "ab_user.id", ondelete="SET NULL", readonly=True)
    done_by = relation("User", done_by_id)
    done_at = instant(_("Answered at"), readonly=True)
    after = number(_("Figure afterwards"), 18, 3, readonly=True)
    values = json_column("", hidden=True)

    def __str__(self) -> str:
        return f"{self.kind.label} {self.at:%H:%M}"
