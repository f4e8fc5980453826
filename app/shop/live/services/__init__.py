"""The verbs of live sessions: `from app.shop.live import services`, then `services.run.pin(…)`, `services.talk.ask(…)`."""

from app.panel.core import records
from app.shop.live.models import LiveBooking, LiveCheck, LiveConclusion, LiveItem, LiveOutlet, LivePreset, LiveSession
from app.shop.live.services import (
    board,
    booking,
    commands,
    concluding,
    games,
    games_board,
    hours,
    offered,
    offers,
    outgoing,
    overruled,
    plan,
    presets,
    prices,
    prizes,
    quiet,
    run,
    sheet,
    stocked,
    talk,
)  # fmt: skip

records.override(LiveSession, validate=plan.validate, create=plan.create, update=plan.update)
records.override(LiveBooking, validate=booking.validate, create=booking.create)
records.override(LiveOutlet, validate=outgoing.validate_outlet)
records.override(
    LiveItem, validate=sheet.validate_item, create=sheet.create_item, update=sheet.update_item, delete=sheet.remove_item
)
records.override(LivePreset, validate=presets.validate)
records.override(LiveCheck, validate=plan.validate_check, delete=plan.delete_check)
records.override(LiveConclusion, create=concluding.create, update=concluding.update)

__all__ = [
    "board", "booking", "commands", "concluding", "games", "games_board", "hours", "offered", "offers", "outgoing", "overruled",
    "plan",
    "presets", "prices",
    "prizes", "quiet", "run", "sheet", "stocked", "talk",
]  # fmt: skip
