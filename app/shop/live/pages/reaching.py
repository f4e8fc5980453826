"""Bookings, ways out to platforms and what went there: their lists, the secret of a way out, and their part of the preparation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import abort, redirect, request, url_for
from flask_babel import format_date, gettext
from flask_babel import lazy_gettext as _

from app.panel.core import policy, records, veil
from app.panel.core.actor import current_actor
from app.panel.core.charts import Chart, bars
from app.panel.core.interface import PanelInterface
from app.panel.core.listing import Asked
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.live import domain
from app.shop.live.models import LiveBooking, LiveOut, LiveOutlet, LiveSession
from app.shop.live.out.adapters import KEY, SIGNATURE
from app.shop.live.out.states import OutKind, OutletKind, OutState
from app.shop.live.permissions import BOOKING, OUT, OUTLET
from app.shop.live.services import booking, outgoing
from app.shop.live.views import LiveSessionView


@domain.relate(LiveSessionView, label=_("Bookings"), via="session", order=50)
@domain.view(_("Bookings"), icon="fa-bell", order=42)
class LiveBookingView(PanelView):
    datamodel = PanelInterface(LiveBooking)
    title = _("Bookings")
    one = _("booking")
    list_columns = ["session", "kind", "contact", "name", "came_by", "booked_at", "reminded_at", "cancelled_at"]
    filter_columns = ["session", "kind", "came_by", "booked_at", "reminded_at", "cancelled_at"]
    sort_columns = ["booked_at"]
    default_sort = "-booked_at"
    quick_filters = ["kind"]
    found_everywhere = False
    can_edit = False
    inline_columns: list[str] = []
    show_fieldsets = [
        (_("Booking"), ["session", "kind", "contact", "name", "came_by", "booked_at"]),
        (_("What came of it"), ["agreed_at", "reminded_at", "cancelled_at"]),
    ]
    add_fieldsets = [(_("Booking"), ["session", "kind", "contact", "name", "came_by", "booked_at"])]
    empty_text = _("Nobody has booked yet. Viewers do it on the preview; bookings of a platform come as a file or by the feed.")


@domain.view(_("Ways out"), icon="fa-paper-plane", order=82)
class LiveOutletView(PanelView):
    datamodel = PanelInterface(LiveOutlet)
    title = _("Ways out to platforms")
    one = _("way out")
    list_columns = ["channel", "kind", "name", "room", "url", "carries_previews", "carries_replies", "is_active"]
    filter_columns = ["channel", "kind", "room", "is_active"]
    sort_columns: list[str] = []
    default_sort = "id"
    found_everywhere = False
    can_import = False
    form_fieldsets = [
        (_("Way out"), ["channel", "kind", "name", "url", "is_active"]),
        (_("What goes there"), ["carries_previews", "carries_replies", "room", "only_own"]),
    ]
    show_fieldsets = form_fieldsets
    empty_text = _("No way out yet. A practice channel shows how it goes; a webhook leads to a program that knows the platform.")

    @verb("secret", _("Secret"), icon="fa-key", permission="read", many=False, read_only=True,
          when=lambda one: one.kind is OutletKind.WEBHOOK)  # fmt: skip
    def secret(self, rows: list[LiveOutlet], form: Any) -> Any:
        return redirect(url_for("live_outletsecret.index", outlet_id=rows[0].id))


@domain.relate(LiveSessionView, label=_("Sent to platforms"), via="session", order=55)
@domain.view(_("Sent to platforms"), icon="fa-paper-plane", menu=False)
class LiveOutView(PanelView):
    datamodel = PanelInterface(LiveOut)
    title = _("Sent to platforms")
    one = _("message")
    list_columns = ["at", "session", "outlet", "kind", "text", "state", "said", "tries", "sent_at"]
    filter_columns = ["session", "outlet", "kind", "state", "at"]
    sort_columns = ["at"]
    default_sort = "-id"
    quick_filters = ["state"]
    found_everywhere = False
    can_add = can_edit = can_delete = can_import = False
    show_fieldsets = [(_("Message"), ["at", "session", "outlet", "kind", "text", "key", "state", "said", "tries", "sent_at"])]
    empty_text = _("Nothing went out yet.")

    @verb("again", _("Send again"), icon="fa-rotate-right", permission="send",
          when=lambda one: one.state is OutState.FAILED)  # fmt: skip
    def again(self, rows: list[LiveOut], form: Any) -> str:
        for row in rows:
            outgoing.again(row, actor=current_actor())
        return gettext("%(n)s messages are sent again.", n=len(rows))


HOW = """POST %(url)s
Content-Type: application/json
%(key)s: reply:12:3:401
%(signature)s: t=1795320000,n=4f1c9a20b7,v1=hex(hmac_sha256(secret, "1795320000.4f1c9a20b7." + body))

{"key": "reply:12:3:401", "kind": "reply", "text": "…", "session": {"id": 12, "title": "…", "starts_at": "…"}}"""


@domain.page(_("Secret of a way out"), menu=False)
class OutletSecretPage(PanelPage):
    """What a program in between needs to know that a post is ours."""

    resource = OUTLET
    title = _("Secret of a way out")
    route_base = "/live/outlets"
    stands_under = "live_liveoutlet"

    @expose("/<int:outlet_id>/secret", methods=["GET"])
    @needs("read")
    def index(self, outlet_id: int) -> Any:
        return self._page(records.get(LiveOutlet, outlet_id, actor=current_actor()))

    @expose("/<int:outlet_id>/secret", methods=["POST"])
    @needs("write")
    def renew(self, outlet_id: int) -> Any:
        """A new one; it stands on this answer and nowhere else."""
        outlet: LiveOutlet = records.get(LiveOutlet, outlet_id, actor=current_actor())
        if request.form.get("do") != "renew":
            abort(400)
        return self._page(outlet, outgoing.new_secret(outlet, actor=current_actor()))

    def _page(self, outlet: LiveOutlet, secret: str = "") -> str:
        return self.render(
            "live/outlet.html", title=str(outlet), outlet=outlet, secret=secret,
            may_write=policy.allowed(current_actor(), "write", OUTLET),
            example=HOW % {"url": veil.seen(outlet).url or "https://…", "key": KEY, "signature": SIGNATURE},
        )  # fmt: skip


def shown(session: LiveSession, actor: Any) -> SimpleNamespace:
    """What the preparation shows of bookings and channels, as far as its reader may see them."""
    sees_bookings, sees_out = policy.allowed(actor, "read", BOOKING), policy.allowed(actor, "read", OUT)
    return SimpleNamespace(
        booked=booking.count(session.id) if sees_bookings else None,
        chart=bookings_chart(session) if sees_bookings else None,
        bookings_url=_rows(session) if sees_bookings else "",
        sent=outgoing.of_session(session, OutKind.PREVIEW) if sees_out else [],
        ways=outgoing.outlets_of(session, OutKind.PREVIEW) if sees_out else [],
    )


def _rows(session: LiveSession, day: str = "") -> str:
    """The bookings behind a figure."""
    tree = [["session", "eq", str(session.id)], ["cancelled_at", "empty"]]
    if day:
        tree.append(["booked_at", "on", day])
    return Asked(tree={"and": tree}).url(url_for("live_livebooking.list"))


def bookings_chart(session: LiveSession) -> Chart:
    """Bookings by day; a bar opens its rows."""
    days = booking.by_day(session.id)
    urls = [_rows(session, day.isoformat()) for day, _n in days]
    names = [day.isoformat() for day, _n in days]
    return Chart(
        key="bookings", title=gettext("Bookings by day"), size="small",
        data=[bars(names, [n for _day, n in days], gettext("Bookings"), customdata=urls)],
        layout={"xaxis": {"type": "category"}, "yaxis": {"rangemode": "tozero", "tickformat": "d"}},
        columns=[gettext("Day"), gettext("Bookings")], rows=[[format_date(day), n] for day, n in days],
        counts=gettext("By the day of the shop; those who took it back are left out."),
        summary=gettext("%(n)s booked in all.", n=sum(n for _day, n in days)), empty=gettext("Nobody has booked yet."),
    )  # fmt: skip
