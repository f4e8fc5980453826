"""What stands around the plan: checklists, conclusions, and links for viewers."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Index, UniqueConstraint

from app.panel.core.columns import choice, day, flag, instant, integer, longtext, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.live.states import CheckKind, Post


class LiveCheck(PanelModel):
    """A point of the checklist. The three of the kind “sign-off” are signed by one post each, and make a session ready."""

    __tablename__ = "live_check"
    __table_args__ = (Index(None, "session_id", "kind", "position"),)

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id, back_populates="checks")
    kind = choice(_("Kind"), CheckKind, default=CheckKind.MEETING)
    role = choice(_("Post in the team"), Post)
    note = text(_("What is wrong"), 200, readonly=True)
    text = text(_("Point"), 300, required=True)
    position = integer(_("Position"), default=0)
    is_blocking = flag(
        _("Blocks the session"), default=False, help=_("While it is open, the session cannot be made ready.")
    )
    conclusion_id = ref(_("Conclusion"), "live_conclusion.id", ondelete="SET NULL", readonly=True, hidden=True)
    conclusion = relation("LiveConclusion", conclusion_id)
    done_at = instant(_("Done at"), readonly=True)
    done_by_id = ref(_("Done by"), "ab_user.id", ondelete="SET NULL", readonly=True)
    done_by = relation("User", done_by_id)
    failed_at = instant(_("Found wrong at"), readonly=True)

    def __str__(self) -> str:
        return self.text


class LiveConclusion(PanelModel):
    """What was learned in a session. While it is open it appears in the checklist of the next one."""

    __tablename__ = "live_conclusion"

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE")
    session = relation("LiveSession", session_id)
    text = longtext(_("Conclusion"), required=True)
    owner_id = ref(_("Owner"), "ab_user.id", ondelete="SET NULL")
    owner = relation("User", owner_id)
    due_on = day(_("Until"))
    closed_at = instant(_("Settled at"), readonly=True)

    def __str__(self) -> str:
        return self.text[:80]


class LiveLink(PanelModel):
    """An address of the preview that we hand out: our own, or one a partner who posts it again."""

    __tablename__ = "live_link"
    __table_args__ = (UniqueConstraint("session_id", "partner"),)

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    partner = text(_("Handed to"), 120, required=True)
    token = text(_("Token"), 32, required=True, unique=True, readonly=True, hidden=True)
    clicks = integer(_("Opened"), default=0, readonly=True)

    def __str__(self) -> str:
        return self.partner
