"""Games of sessions as lists: every poll and draw with its rule and result, and every winner with his prize."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core import cells
from app.panel.core.interface import PanelInterface
from app.panel.core.views import PanelView
from app.shop.live import domain
from app.shop.live.models import LiveGame, LiveWinner
from app.shop.live.rules import prize_said
from app.shop.live.views import LiveSessionView


@cells.made_of("prize")
def _prize(row: LiveGame | LiveWinner) -> cells.Cell:
    return cells.text(prize_said(row.prize))


@domain.relate(LiveSessionView, label=_("Games"), via="session", order=25)
@domain.view(_("Games"), icon="fa-dice", order=45)
class LiveGameView(PanelView):
    datamodel = PanelInterface(LiveGame)
    title = _("Games")
    one = _("game")
    list_columns = ["opens_at", "session", "kind", "prompt", "state", "taken_part", "in_the_draw", "viewers", "prize"]
    filter_columns = ["session", "kind", "state", "opens_at"]
    sort_columns = ["opens_at"]
    default_sort = "-id"
    quick_filters = ["kind", "state"]
    formatters = {"prize": _prize}
    found_everywhere = False
    can_add = can_edit = can_delete = can_import = False
    show_fieldsets = [
        (_("Game"), ["session", "kind", "state", "prompt", "item", "condition", "keyword", "prize", "batch", "winners_wanted"]),
        (_("Time"), ["opens_at", "closes_at", "counts_from", "opened_at", "closed_at", "drawn_at", "draws_itself"]),
        (_("Result"), ["taken_part", "in_the_draw", "viewers", "answer", "seed_hash", "seed", "takers_hash"]),
    ]  # fmt: skip
    empty_text = _("No games yet. They are begun from the control desk of a session.")


@domain.relate(LiveSessionView, label=_("Winners"), via="session", order=26)
@domain.view(_("Winners"), icon="fa-trophy", order=46)
class LiveWinnerView(PanelView):
    datamodel = PanelInterface(LiveWinner)
    title = _("Winners")
    one = _("winner")
    list_columns = [
        "won_at",
        "session",
        "game",
        "place",
        "name",
        "viewer",
        "prize",
        "state",
        "customer",
        "order",
        "coupon",
    ]
    filter_columns = ["session", "game", "state", "won_at", "customer"]
    search_columns = ["name"]
    sort_columns = ["won_at"]
    default_sort = "-id"
    quick_filters = ["state"]
    formatters = {"prize": _prize}
    can_add = can_edit = can_delete = can_import = False
    show_fieldsets = [
        (_("Winner"), ["session", "game", "place", "name", "viewer", "customer", "order"]),
        (_("Prize"), ["prize", "coupon", "state", "won_at", "claimed_at", "sent_at", "note"]),
    ]
    empty_text = _("Nobody has won yet.")
