"""Who stands before the camera, and by which accounts of which platforms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import UniqueConstraint

from app.panel.core.columns import children, choice, flag, integer, longtext, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.creators.states import CreatorKind
from app.shop.setup.states import ChannelKind


class Creator(PanelModel):
    """A host of ours or a guest. `user` is the log-in of a host who uses the prompter."""

    __tablename__ = "creators_creator"

    name = text(_("Name"), 120, required=True, search=True)
    kind = choice(_("Kind"), CreatorKind, default=CreatorKind.HOST)
    phone = text(_("Phone"), 40, kind="phone")
    user_id = ref(_("Log-in"), "ab_user.id", ondelete="SET NULL", help=_("For the prompter; a guest needs none."))
    user = relation("User", user_id)
    shop_id = ref(_("Shop"), "setup_shop.id", help=_("Empty: works for every shop."))
    shop = relation("Shop", shop_id)
    note = longtext(_("Note"), help=_("What he is good at, what he does not present."))
    is_active = flag(_("Works for us"), default=True)
    accounts = children(_("Accounts"), "CreatorAccount", back="creator", order_by="CreatorAccount.id")

    def __str__(self) -> str:
        return self.name


class CreatorAccount(PanelModel):
    """A creator on one platform."""

    __tablename__ = "creators_account"
    __table_args__ = (UniqueConstraint("creator_id", "platform", "name"),)

    creator_id = ref(_("Live creator"), "creators_creator.id", required=True, ondelete="CASCADE")
    creator = relation("Creator", creator_id, back_populates="accounts")
    platform = choice(_("Platform"), ChannelKind, default=ChannelKind.DOUYIN)
    name = text(_("Account name"), 120, required=True, search=True)
    external_id = text(_("Number on the platform"), 100, search=True)
    followers = integer(_("Followers"), min=0)

    def __str__(self) -> str:
        return self.name
