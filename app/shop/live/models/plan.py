"""What is planned: the room, the session, and its run sheet."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql

from app.panel.core.columns import (
    children,
    choice,
    currency,
    file_ref,
    flag,
    instant,
    integer,
    longtext,
    money,
    ref,
    relation,
    text,
)
from app.panel.core.db import PanelModel
from app.shop.live.states import ItemKind, ItemState, SessionState


class LiveRoom(PanelModel):
    """A studio: one session at a time."""

    __tablename__ = "live_room"
    __table_args__ = (UniqueConstraint("name"),)

    name = text(_("Room"), 100, required=True, search=True)
    place = text(_("Where it is"), 200)
    shop_id = ref(_("Shop"), "setup_shop.id", help=_("Empty: every shop may use it."))
    shop = relation("Shop", shop_id)
    equipment = longtext(
        _("Equipment to check"),
        help=_(
            "One piece a line. Each new session in this room gets them as its checklist. "
            "A line that begins with a question mark is good to have: it warns and blocks nothing."
        ),
    )
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return self.name


class LiveSession(PanelModel):
    """One live session, from the plan to its end.

    `step` counts what was done in it: every command raises it by one, and a console that misses one asks for the whole
    state. Consoles are told through the topic `live:<id>`.
    """

    __tablename__ = "live_session"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        Index(None, "shop_id", "starts_at"),
        Index(None, "creator_id", "starts_at"),
        Index(None, "room_id", "starts_at"),
        Index(None, "state", "starts_at"),
        Index(None, "starts_at", "id"),
    )

    title = text(_("Title"), 120, required=True, search=True)
    shop_id = ref(_("Shop"), "setup_shop.id", required=True, index=False)
    shop = relation("Shop", shop_id)
    channel_id = ref(_("Channel"), "setup_channel.id", required=True)
    channel = relation("Channel", channel_id)
    creator_id = ref(_("Host"), "creators_creator.id", required=True, index=False)
    creator = relation("Creator", creator_id)
    room_id = ref(_("Room"), "live_room.id", required=True, index=False)
    room = relation("LiveRoom", room_id)
    state = choice(_("State"), SessionState, default=SessionState.DRAFT, readonly=True)
    starts_at = instant(_("Begins"), required=True)
    ends_at = instant(_("Ends"), required=True)
    begun_at = instant(_("Begun at"), readonly=True)
    ended_at = instant(_("Ended at"), readonly=True)
    cover_id = file_ref(_("Cover"))
    cover = relation("File", cover_id)
    tags = text(_("Tags"), 200, help=_("With commas between."))
    category = text(_("Category"), 100, search=True)
    theme = text(_("Theme"), 200, help=_("One sentence for the preview."))
    offers = text(_("Offers"), 300, help=_("What the preview promises."))
    currency = currency(required=False, nullable=False, default="CNY")
    goal_gmv = money(_("Goal: sales"), min=0)
    goal_viewers = integer(_("Goal: viewers"), min=0)
    goal_orders = integer(_("Goal: orders"), min=0)
    preview_text = longtext(_("Preview text"), help=_("Made from the data of the session; yours to change."))
    preview_seconds = integer(
        _("Length of the preview film"), unit="s", min=0, help=_("It has 30 seconds to catch the eye.")
    )
    film_id = file_ref(_("Preview film"), kinds=("video",), help=_("MP4 or MOV; its length is read from the file."))
    film = relation("File", film_id)
    remind_minutes = integer(
        _("Remind those who booked"), unit=_("minutes before"), default=30, min=0, max=1440, help=_("0: nobody is reminded.")
    )
    is_practice = flag(_("Rehearsal"), default=False, help=_("Writes no order and no stock."))
    copied_from_id = ref(_("Copied from"), "live_session.id", ondelete="SET NULL", readonly=True)
    copied_from = relation("LiveSession", copied_from_id, remote_side="LiveSession.id")
    step = integer(_("Step"), default=0, hidden=True)
    items = children(
        _("Run sheet"), "LiveItem", back="session", order_by="(LiveItem.position, LiveItem.id)", readonly=True
    )
    checks = children(
        _("Checklist"),
        "LiveCheck",
        back="session",
        order_by="(LiveCheck.kind, LiveCheck.position, LiveCheck.id)",
        readonly=True,
    )

    def __str__(self) -> str:
        """A rehearsal has the title of what it rehearses; that it is one is said in the language of the reader."""
        return str(_("Rehearsal: %(title)s", title=self.title)) if self.is_practice else self.title

    @property
    def minutes(self) -> int:
        """Its planned length."""
        length: dt.timedelta = self.ends_at - self.starts_at
        return int(length.total_seconds() // 60)

    @property
    def topic(self) -> str:
        return f"live:{self.id}"


class LiveItem(PanelModel):
    """A line of the run sheet: goods to sell, or a demonstration.

    At most one item of a session is pinned, and the database holds to it. `stock_set_aside` is what the plan counts on;
    stock itself is moved by orders alone.
    """

    __tablename__ = "live_item"
    __table_args__ = (
        CheckConstraint("planned_minutes >= 0", name="planned_minutes"),
        Index(None, "session_id", "position"),
        Index(
            "uq_live_item_pinned", "session_id", unique=True, sqlite_where=sql("pinned_at IS NOT NULL"),
            postgresql_where=sql("pinned_at IS NOT NULL"),
        ),
    )  # fmt: skip

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id, back_populates="items")
    position = integer(_("Position"), default=0)
    kind = choice(_("Kind"), ItemKind, default=ItemKind.ITEM)
    title = text(_("Title"), 200, search=True, help=_("Empty: that of the product."))
    product_id = ref(_("Product"), "catalog_product.id")
    product = relation("Product", product_id)
    sku_id = ref(_("SKU"), "catalog_sku.id", help=_("Empty: all of the product."))
    sku = relation("Sku", sku_id)
    planned_minutes = integer(_("Minutes"), default=5, min=0, max=600)
    currency = currency(required=False, nullable=False, default="CNY")
    live_price = money(_("Live price"), min=0)
    stock_set_aside = integer(_("Stock set aside"), min=0)
    talking_points = longtext(_("Talking points"), help=_("Material, fit, occasions: one a line."))
    cue = text(_("Cue"), 200, help=_("What the host says or does to begin."))
    camera_cue = text(_("Camera"), 200, help=_("Close-up, scene, screen."))
    materials = longtext(_("Materials"), help=_("What a demonstration needs on the table, one a line."))
    faq = longtext(_("Questions and answers"), help=_("Question | answer, one a line."))
    state = choice(_("State"), ItemState, default=ItemState.PLANNED, readonly=True)
    pinned_at = instant(_("Pinned since"), readonly=True)
    repin_seconds = integer(
        _("Pin again every"), unit="s", min=0, max=600, help=_("For platforms whose card goes away by itself.")
    )

    def __str__(self) -> str:
        return self.title or (str(self.product) if self.product else f"#{self.position}")
