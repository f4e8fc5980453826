"""Screens of live sessions: rooms, the calendar, the lines of run sheets, checklists, the log, conclusions."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core.actor import current_actor
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.live import domain
from app.shop.live.models import LiveAction, LiveCheck, LiveConclusion, LiveItem, LiveRoom, LiveSession
from app.shop.live.permissions import posts_of
from app.shop.live.services import concluding, plan
from app.shop.live.states import PLANNED, Post, SessionState
from app.shop.setup.views import PerShopView


@domain.view(_("Sessions"), icon="fa-calendar-days", order=10)
class LiveSessionView(PerShopView):
    datamodel = PanelInterface(LiveSession)
    title = _("Live sessions")
    one = _("live session")
    list_columns = ["title", "starts_at", "ends_at", "creator", "room", "channel", "shop", "state", "is_practice"]
    filter_columns = ["title", "starts_at", "creator", "room", "channel", "shop", "state", "is_practice", "category"]
    search_columns = ["title", "category"]
    sort_columns = ["title", "starts_at", "state"]
    default_sort = "-starts_at"
    calendar_column = "starts_at"
    quick_filters = ["state", "creator", "room"]
    child_tables: list[str] = []
    can_import = False
    inline_columns: list[str] = []
    show_fieldsets = [
        (_("Session"), ["title", "shop", "channel", "creator", "room", "state", "is_practice"]),
        (_("Time"), ["starts_at", "ends_at", "begun_at", "ended_at"]),
        (_("How it is announced"), ["cover", "category", "tags", "theme", "offers", "preview_text", "film", "preview_seconds"]),
        (_("Bookings"), ["remind_minutes"]),
        (_("Goals"), ["goal_gmv", "goal_viewers", "goal_orders"]),
    ]
    form_fieldsets = [  # the shop is that of the channel
        (_("Session"), ["title", "channel", "creator", "room", "is_practice"]),
        (_("Time"), ["starts_at", "ends_at"]),
        (_("How it is announced"), ["cover", "category", "tags", "theme", "offers", "preview_text", "film", "preview_seconds"]),
        (_("Bookings"), ["remind_minutes"]),
        (_("Goals"), ["goal_gmv", "goal_viewers", "goal_orders"]),
    ]
    empty_text = _("No session yet. Plan the first one: who, where, when; the run sheet comes after that.")

    @verb("sheet", _("Run sheet"), icon="fa-list-ol", permission="read", many=False, read_only=True, primary=True)
    def sheet(self, sessions: list[LiveSession], form: Any) -> Any:
        return redirect(url_for("live_sheet.index", live_id=sessions[0].id))

    @verb("prepare", _("Prepare"), icon="fa-clipboard-check", permission="read", many=False, read_only=True)
    def prepare(self, sessions: list[LiveSession], form: Any) -> Any:
        return redirect(url_for("live_prepare.index", live_id=sessions[0].id))

    @verb("control", _("Control desk"), icon="fa-sliders", permission="control", many=False, read_only=True,
          when=lambda one: one.state is not SessionState.CANCELLED)  # fmt: skip
    def control(self, sessions: list[LiveSession], form: Any) -> Any:
        return redirect(url_for("live_control.console", live_id=sessions[0].id))

    @verb("present", _("Prompter"), icon="fa-display", permission="present", many=False, read_only=True,
          when=lambda one: one.state is not SessionState.CANCELLED)  # fmt: skip
    def present(self, sessions: list[LiveSession], form: Any) -> Any:
        return redirect(url_for("live_host.console", live_id=sessions[0].id))

    @verb("serve", _("Service desk"), icon="fa-headset", permission="serve", many=False, read_only=True,
          when=lambda one: one.state is not SessionState.CANCELLED)  # fmt: skip
    def serve(self, sessions: list[LiveSession], form: Any) -> Any:
        return redirect(url_for("live_service.console", live_id=sessions[0].id))

    @verb("report", _("Report"), icon="fa-chart-line", permission="read", many=False, read_only=True,
          when=lambda one: one.state in (SessionState.LIVE, SessionState.ENDED))  # fmt: skip
    def report(self, sessions: list[LiveSession], form: Any) -> Any:
        return redirect(url_for("live_report.index", live_id=sessions[0].id))

    @verb("cancel", _("Cancel"), icon="fa-ban", permission="write", many=False, tone="danger",
          confirm=_("Call this session off? Its host and its room are free again."),
          when=lambda one: one.state in PLANNED)  # fmt: skip
    def cancel(self, sessions: list[LiveSession], form: Any) -> str:
        plan.move(sessions[0], SessionState.CANCELLED, actor=current_actor())
        return gettext("The session is called off.")


@domain.relate(LiveSessionView, label=_("Run sheet"), via="session", order=10)
@domain.view(_("Lines of run sheets"), icon="fa-list-ol", menu=False)
class LiveItemView(PanelView):
    datamodel = PanelInterface(LiveItem)
    title = _("Lines of run sheets")
    one = _("line of the run sheet")
    list_columns = ["position", "title", "kind", "product", "sku", "planned_minutes", "live_price", "state"]
    filter_columns = ["session", "kind", "state", "product"]
    sort_columns = ["position"]
    default_sort = "position"
    found_everywhere = False
    can_import = False
    can_delete = False  # on the run sheet itself, where the order of the others is kept
    edits_many = False
    inline_columns: list[str] = []
    show_fieldsets = [
        (_("Item"), ["session", "position", "kind", "title", "product", "sku", "state", "pinned_at"]),
        (_("Offer"), ["live_price", "stock_set_aside", "planned_minutes", "repin_seconds"]),
        (_("For the host"), ["talking_points", "cue", "camera_cue", "materials", "faq"]),
    ]
    add_fieldsets = [
        (_("Item"), ["session", "kind", "title", "product", "sku"]),
        (_("Offer"), ["live_price", "stock_set_aside", "planned_minutes", "repin_seconds"]),
        (_("For the host"), ["talking_points", "cue", "camera_cue", "materials", "faq"]),
    ]
    edit_fieldsets = [
        (_("Item"), ["kind", "title", "product", "sku"]),
        (_("Offer"), ["live_price", "stock_set_aside", "planned_minutes", "repin_seconds"]),
        (_("For the host"), ["talking_points", "cue", "camera_cue", "materials", "faq"]),
    ]
    empty_text = _("The run sheet is empty.")


@domain.relate(LiveSessionView, label=_("Checklist"), via="session", order=20)
@domain.view(_("Checklists"), icon="fa-clipboard-check", menu=False)
class LiveCheckView(PanelView):
    datamodel = PanelInterface(LiveCheck)
    title = _("Checklists")
    one = _("point of the checklist")
    list_columns = ["text", "kind", "role", "is_blocking", "done_at", "done_by"]
    filter_columns = ["session", "kind", "role", "done_at"]
    sort_columns: list[str] = []
    default_sort = "id"
    found_everywhere = False
    can_import = False
    edits_many = False
    inline_columns: list[str] = []
    show_fieldsets = [(_("Point"), ["session", "text", "kind", "role", "is_blocking", "done_at", "done_by", "failed_at", "note"])]
    add_fieldsets = [(_("Point"), ["session", "text", "kind", "role", "is_blocking"])]
    edit_fieldsets = [(_("Point"), ["text", "role", "is_blocking"])]
    empty_text = _("Nothing has to be checked.")


@domain.relate(LiveSessionView, label=_("Conclusions"), via="session", order=30)
@domain.view(_("Conclusions"), icon="fa-lightbulb", order=40)
class LiveConclusionView(PanelView):
    datamodel = PanelInterface(LiveConclusion)
    title = _("Conclusions")
    one = _("conclusion")
    list_columns = ["text", "session", "owner", "due_on", "closed_at"]
    filter_columns = ["session", "owner", "due_on", "closed_at"]
    sort_columns = ["due_on"]
    default_sort = "-id"
    can_import = False
    show_fieldsets = [(_("Conclusion"), ["session", "text", "owner", "due_on", "closed_at"])]
    form_fieldsets = [(_("Conclusion"), ["session", "text", "owner", "due_on"])]
    empty_text = _("What did you learn? Open conclusions appear in the checklist of the next session.")

    @verb("settle", _("Settled"), icon="fa-check", permission="write", when=lambda one: one.closed_at is None)
    def settle(self, conclusions: list[LiveConclusion], form: Any) -> str:
        concluding.settle(conclusions, actor=current_actor())
        return gettext("It appears in no checklist any more.")


@domain.view(_("Rooms"), icon="fa-door-open", order=50)
class LiveRoomView(PerShopView):
    datamodel = PanelInterface(LiveRoom)
    title = _("Rooms")
    one = _("room")
    list_columns = ["name", "place", "shop", "is_active"]
    filter_columns = ["name", "shop", "is_active"]
    search_columns = ["name"]
    sort_columns = ["name"]
    default_sort = "name"
    can_import = False
    show_fieldsets = [(_("Room"), ["name", "place", "shop", "is_active"]), (_("Equipment"), ["equipment"])]
    form_fieldsets = show_fieldsets
    empty_text = _("Where do you go live from? A room holds one session at a time.")


@domain.relate(LiveSessionView, label=_("Log"), via="session", order=40)
@domain.view(_("Log of commands"), icon="fa-clock-rotate-left", menu=False)
class LiveActionView(PanelView):
    datamodel = PanelInterface(LiveAction)
    title = _("Log of commands")
    one = _("command")
    list_columns = ["at", "actor", "said", "item", "outcome", "undone_at"]
    filter_columns = ["session", "at", "actor", "verb", "item", "outcome"]
    sort_columns = ["at"]
    default_sort = "-id"
    found_everywhere = False
    can_add = can_edit = can_delete = can_import = False
    show_fieldsets = [(_("Command"), ["session", "at", "actor", "said", "item", "outcome", "undone_at"])]
    empty_text = _("Nothing was done in this session yet.")


def desks(session: LiveSession, actor: Any) -> list[tuple[Post, str]]:
    """The consoles of a session that somebody may stand at, with their addresses."""
    return [(post, url_for(f"live_{post.value}.console", live_id=session.id)) for post in posts_of(actor)]
