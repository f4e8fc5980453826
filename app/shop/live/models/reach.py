"""Who is told of a session, and by which ways: bookings of viewers, and what goes out to platforms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql

from app.panel.core import clock
from app.panel.core.columns import choice, flag, instant, integer, json_column, longtext, ref, relation
from app.panel.core.columns import text as short
from app.panel.core.db import PanelModel
from app.shop.live.out.states import ContactKind, OutKind, OutletKind, OutState


class LiveBooking(PanelModel):
    """Somebody who wants to be there. Once a session and contact; one that is taken back keeps no contact."""

    __tablename__ = "live_booking"
    __table_args__ = (UniqueConstraint("session_id", "contact"), Index(None, "session_id", "booked_at"))

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    kind = choice(_("Contact by"), ContactKind, default=ContactKind.EMAIL)
    contact = short(_("Contact"), 200, required=True, help=_("E-mail, phone, or the number of the viewer on the platform."))
    name = short(_("Name"), 80)
    came_by = short(_("Came by"), 120, help=_("The link, or the platform."))
    booked_at = instant(_("Booked at"), default=clock.now)
    agreed_at = instant(_("Agreed at"), readonly=True)
    token = short("", 32, hidden=True, unique=True)
    cancelled_at = instant(_("Taken back at"), readonly=True)
    reminded_at = instant(_("Reminded at"), readonly=True)
    reminded_for = instant("", hidden=True)  # the beginning that he was told

    def __str__(self) -> str:
        return self.name or str(self.kind.label)


class LiveOutlet(PanelModel):
    """A way out of a channel: a program in between that takes signed posts, the robot of a chat group, or a practice channel.

    A channel may have several groups, each with a name; a way out may be for the sessions of one room, or of its own channel.
    """

    __tablename__ = "live_outlet"
    __table_args__ = (
        UniqueConstraint("channel_id", "kind", "name"),
        Index(
            "uq_live_outlet_unnamed", "channel_id", "kind", unique=True, sqlite_where=sql("name IS NULL"),
            postgresql_where=sql("name IS NULL"),
        ),
    )  # fmt: skip

    channel_id = ref(_("Channel"), "setup_channel.id", required=True, ondelete="CASCADE", index=False)
    channel = relation("Channel", channel_id)
    kind = choice(_("Way"), OutletKind, default=OutletKind.PRACTICE)
    name = short(_("Name of the group"), 80, help=_("Needed when a channel has several, such as groups of customers."))
    room_id = ref(_("Only sessions in this room"), "live_room.id", help=_("Empty: wherever they are."))
    room = relation("LiveRoom", room_id)
    only_own = flag(
        _("Only sessions of this channel"), default=False, help=_("Else the previews of all channels of the shop go there.")
    )
    url = short(
        _("Address"), 500,
        help=_("Where the program in between, or the robot of the group, takes posts. A practice channel needs none."),
    )  # fmt: skip
    nonce = short("", 64, hidden=True)
    carries_previews = flag(_("Previews go there"), default=True)
    carries_replies = flag(_("Answers and notices go there"), default=True)
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return f"{self.channel}: {self.name or self.kind.label}"


class LiveOut(PanelModel):
    """One message to a platform: once by its key, with what came of it."""

    __tablename__ = "live_out"
    __no_history__ = True  # it is a trail itself
    __table_args__ = (UniqueConstraint("key"), Index(None, "session_id", "kind", "id"))

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    outlet_id = ref(_("Way out"), "live_outlet.id", required=True, ondelete="CASCADE")
    outlet = relation("LiveOutlet", outlet_id)
    kind = choice(_("Kind"), OutKind, default=OutKind.PREVIEW, readonly=True)
    key = short(_("Key"), 120, required=True, readonly=True)
    text = longtext(_("Text"), readonly=True)
    values = json_column("", hidden=True)
    state = choice(_("State"), OutState, default=OutState.WAITING, readonly=True)
    tries = integer(_("Tries"), default=0, readonly=True)
    at = instant(_("At"), required=True, readonly=True)
    sent_at = instant(_("Sent at"), readonly=True)
    said = short(_("Answer"), 300, readonly=True)

    def __str__(self) -> str:
        return self.key
