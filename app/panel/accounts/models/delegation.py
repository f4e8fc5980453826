"""A right that one person lends to another: until when, how often and for how much money."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Index

from app.panel.core import clock
from app.panel.core.choices import Choices
from app.panel.core.columns import currency, instant, integer, money, ref, relation, text
from app.panel.core.db import PanelModel


class LoanState(Choices):
    COMING = "coming", _("Not yet"), "info"
    RUNNING = "running", _("In force"), "success"
    USED_UP = "used_up", _("Used up"), "warning"
    OVER = "over", _("Expired"), "muted"
    REVOKED = "revoked", _("Ended early"), "muted"


class Delegation(PanelModel):
    """One verb on one resource. Rows and fields stay those of the person; it counts only while the lender holds it too."""

    __tablename__ = "accounts_delegation"
    __table_args__ = (
        Index("ix_accounts_delegation_person", "person_id", "until_at"),
        CheckConstraint("uses_max IS NULL OR uses <= uses_max", name="uses"),
        CheckConstraint("amount_max IS NULL OR spent <= amount_max", name="spent"),
        CheckConstraint("from_at < until_at", name="span"),
    )

    person_id = ref(_("Lent to"), "ab_user.id", ondelete="CASCADE", required=True, readonly=True, index=False)
    person = relation("User", person_id)
    lender_id = ref(_("Lent by"), "ab_user.id", ondelete="CASCADE", required=True, readonly=True)
    lender = relation("User", lender_id)
    resource = text(_("Area"), 80, required=True, readonly=True)
    verb = text(_("Right"), 40, required=True, readonly=True)
    from_at = instant(_("Begins at"), required=True, readonly=True)
    until_at = instant(_("Ends at"), required=True, readonly=True)
    uses_max = integer(_("How often at most"), readonly=True)
    uses = integer(_("Times used"), default=0, readonly=True, adds_up=True)
    amount_each = money(_("At most at once"), readonly=True, adds_up=False)
    amount_max = money(_("At most in all"), readonly=True, adds_up=False)
    spent = money(_("Amount moved"), default=0, readonly=True)
    currency = currency(default="CNY", readonly=True)
    note = text(_("What for"), 200, readonly=True)
    revoked_at = instant(_("Ended early at"), readonly=True)
    # what the lender was told in his last summary
    told_uses = integer("", default=0, hidden=True)
    told_spent = money("", default=0, hidden=True)

    def __str__(self) -> str:
        return f"{self.resource} {self.verb}"

    @property
    def state(self) -> LoanState:
        now = clock.now()
        if self.revoked_at is not None:
            return LoanState.REVOKED
        if self.until_at <= now:
            return LoanState.OVER
        if self.is_used_up:
            return LoanState.USED_UP
        return LoanState.COMING if self.from_at > now else LoanState.RUNNING

    @property
    def is_used_up(self) -> bool:
        return (self.uses_max is not None and self.uses >= self.uses_max) or (
            self.amount_max is not None and self.spent >= self.amount_max
        )
