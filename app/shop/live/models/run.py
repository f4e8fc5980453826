"""What happens in a session: when each item was shown, notices, questions, what the team says, and every command."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Index, UniqueConstraint

from app.panel.core.columns import choice, flag, instant, integer, json_column, longtext, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.live.states import AskedOf, MessageKind, Outcome, Post, QuestionState


class LiveSlot(PanelModel):
    """From when to when an item was shown: from its pin to the next one's."""

    __tablename__ = "live_slot"
    __no_history__ = True  # it is a trail itself
    __table_args__ = (Index(None, "session_id", "begun_at"),)

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    item_id = ref(_("Item"), "live_item.id", required=True, ondelete="CASCADE")
    item = relation("LiveItem", item_id)
    begun_at = instant(_("Shown from"), required=True)
    ended_at = instant(_("Shown until"))
    pins = integer(_("Pins"), default=1, help=_("How often its card was brought back up in that time."))


class LiveNotice(PanelModel):
    """A message that an administrator pins over the comments, tied to the item that it corrects. One is up at a time."""

    __tablename__ = "live_notice"
    __table_args__ = (Index(None, "session_id", "put_at"),)

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    item_id = ref(_("Item"), "live_item.id", ondelete="SET NULL")
    item = relation("LiveItem", item_id)
    text = text(_("Notice"), 300, required=True)
    put_at = instant(_("Pinned at"), required=True)
    taken_at = instant(_("Taken down at"))

    def __str__(self) -> str:
        return self.text


class LiveQuestion(PanelModel):
    """A viewer's question on its way: service answers, the host says it, or the product team is asked first."""

    __tablename__ = "live_question"
    __table_args__ = (Index(None, "session_id", "state", "asked_at"), UniqueConstraint("session_id", "comment_id"))

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    item_id = ref(_("Item"), "live_item.id", ondelete="SET NULL")
    item = relation("LiveItem", item_id)
    comment_id = integer(_("Comment"), hidden=True)  # of live_comment, which the feed keeps and may drop
    asker = text(_("Watcher"), 120)
    viewer_key = text(_("Viewer on the platform"), 120, hidden=True)
    customer_id = ref(_("Customer"), "customers_customer.id", ondelete="SET NULL")
    customer = relation("Customer", customer_id)
    text = longtext(_("Question"), required=True)
    state = choice(_("State"), QuestionState, default=QuestionState.NEW, readonly=True)
    asked_of = choice(_("Waits for"), AskedOf, default=AskedOf.SERVICE, readonly=True)
    asked_at = instant(_("Asked at"), required=True)
    sent_at = instant(_("Sent to the host at"), readonly=True)
    escalated_at = instant(_("Escalated at"), readonly=True)
    done_at = instant(_("Done at"), readonly=True)
    thread = json_column(_("Thread"), default=list, help=_("What was said about it within the team: who, when, what."))
    answer = longtext(_("Answer"))
    answered_by_id = ref(_("Answered by"), "ab_user.id", ondelete="SET NULL", readonly=True)
    answered_by = relation("User", answered_by_id)

    def __str__(self) -> str:
        return self.text[:80]


class LiveMessage(PanelModel):
    """A line of the team's own channel."""

    __tablename__ = "live_message"
    __no_history__ = True
    __table_args__ = (Index(None, "session_id", "id"),)

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    author_id = ref(_("Said by"), "ab_user.id", ondelete="SET NULL")
    author = relation("User", author_id)
    post = choice(_("Post in the team"), Post, default=Post.CONTROL)
    kind = choice(_("Kind"), MessageKind, default=MessageKind.NOTE)
    text = text(_("Message"), 500)
    mentions = json_column(_("Mentions"), default=list)  # posts, such as ["host"]
    said_at = instant(_("Said at"), required=True)
    seen_at = instant(_("Seen at"))


class LiveAction(PanelModel):
    """Every command of a session: who gave it, what came of it, and whether it was taken back."""

    __tablename__ = "live_action"
    __no_history__ = True
    __table_args__ = (UniqueConstraint("session_id", "key"), Index(None, "session_id", "at"))

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    item_id = ref(_("Item"), "live_item.id", ondelete="SET NULL")
    item = relation("LiveItem", item_id)
    actor_id = ref(_("Given by"), "ab_user.id", ondelete="SET NULL")
    actor = relation("User", actor_id)
    verb = text(_("Command"), 40, required=True)
    key = text(_("Key"), 200, required=True, hidden=True)
    values = json_column(_("Values"), default=dict)
    outcome = choice(_("Outcome"), Outcome, default=Outcome.DONE)
    said = text(_("Said"), 300)
    at = instant(_("At"), required=True)
    step = integer(_("Step"), default=0)
    can_undo = flag(_("Can be taken back"), default=False)
    undone_at = instant(_("Taken back at"))

    def __str__(self) -> str:
        return self.said or self.verb
