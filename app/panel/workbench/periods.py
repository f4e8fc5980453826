"""The one date range of the home page, read from its address."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import clock
from app.panel.core.errors import BadRequest
from app.panel.workbench.registry import Period

RANGES = {"7": (7, _("7 days")), "30": (30, _("30 days")), "90": (90, _("90 days")), "365": (365, _("1 year"))}
DEFAULT = "30"
LONGEST = 800


def read(args: Any) -> tuple[Period, str]:
    """The period, ending yesterday unless both dates are given, and the key of the range that is on.

    :raises BadRequest: for dates that make no span of at most 800 days
    """
    if args.get("from") or args.get("to"):
        return _span(args.get("from", ""), args.get("to", "")), ""
    key = args.get("days") or DEFAULT
    if key not in RANGES:
        raise BadRequest(gettext("This period is not offered."))
    last = clock.today() - dt.timedelta(days=1)
    return Period(last - dt.timedelta(days=RANGES[key][0] - 1), last), key


def _span(first: str, last: str) -> Period:
    try:
        period = Period(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    except ValueError:
        raise BadRequest(gettext("A date is written as 2026-11-21.")) from None
    if not 1 <= period.days <= LONGEST:
        raise BadRequest(gettext("A period has 1 to %(n)s days.", n=LONGEST))
    return period
