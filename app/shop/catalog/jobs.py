"""What the catalog does by the clock."""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import clock, notices
from app.panel.core.jobs import job, scheduled
from app.panel.core.listing import Asked
from app.shop.catalog import services

NAMED = 20  # products that a rehearsal names one by one


@scheduled("catalog.act_on_schedule", cron="* * * * *", label=_("Put products on sale and take them off as planned"))
@job("catalog.act_on_schedule", queue="live", timeout=120)
def act_on_schedule(limit: int = 500) -> dict[str, int]:
    """Every minute; a product that is due waits at most that long, then it is done in one transaction."""
    return services.act_on_schedule(limit=limit)


@act_on_schedule.rehearses
def would_act(at: dt.datetime, limit: int = 500) -> list[str]:
    """By what is planned now: of what went on sale before the plan is gone."""
    found = services.planned_until(at, limit=limit)
    told = (
        (gettext("Products that would go on sale: %(n)s"), found.published),
        (gettext("Products that would be taken off the shelf: %(n)s"), found.withdrawn),
    )
    said = [
        (sentence % {"n": len(titles)}) + (f" ({', '.join(titles[:NAMED])}{' …' if len(titles) > NAMED else ''})" if titles else "")
        for sentence, titles in told
    ]
    return [*said, *(gettext("“%(name)s” was refused: %(why)s", name=name, why=why) for name, why in found.refused[:NAMED])]


@scheduled("catalog.sweep_searches", cron="50 3 * * *", label=_("Forget old searches"))
@job("catalog.sweep_searches", timeout=120)
def sweep_searches() -> None:
    services.sweep_searches()


@job("catalog.fetch_pictures", queue="bulk", timeout=900)
def fetch_pictures(user_id: int, since: str) -> None:
    """Bring in the pictures that wait; at the end whoever asked is told. What is left after ten minutes follows anew."""
    if services.fetch_waiting(seconds=600):
        fetch_pictures.enqueue(user_id=user_id, since=since)
        return
    fetched, failed = services.fetch_results(clock.from_iso(since))
    title = _("Pictures fetched: %(n)s; failed: %(failed)s", n=fetched, failed=failed)
    asked = Asked(tree={"and": [["fetch_error", "not_empty"]]})
    notices.send([user_id], title, url=asked.url("/catalog/productimage/list/"))
