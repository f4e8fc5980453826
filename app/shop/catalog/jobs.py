"""What the catalog does by the clock."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core import clock, notices
from app.panel.core.jobs import job, scheduled
from app.panel.core.listing import Asked
from app.shop.catalog import services


@scheduled("catalog.act_on_schedule", cron="* * * * *", label=_("Put products on sale and take them off as planned"))
@job("catalog.act_on_schedule", queue="live", timeout=120)
def act_on_schedule(limit: int = 500) -> dict[str, int]:
    """Every minute; a product that is due waits at most that long, then it is done in one transaction."""
    return services.act_on_schedule(limit=limit)


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
