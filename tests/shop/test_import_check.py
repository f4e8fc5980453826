"""What the check of an order file says before anything is written."""

from flask_babel import force_locale

from app.panel.bulk import importers, repair, screens
from app.panel.core import money
from app.shop.orders.models import OrderState
from tests.shop.bringing import bring
from tests.shop.orders.test_import_shopify import file, first, further


def test_a_refused_order_of_three_lines_comes_back_with_three_lines(session):
    wrong = first("#2", Total="much")
    run = bring(file(first("#1"), wrong, further("#2"), further("#2")), check=True)
    assert (run.findings["new"], run.findings["refused"]) == (1, 1)
    rows = "".join(repair.lines(run)).splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["#2", "#2", "#2"]
    assert rows[0].endswith("no number.") and rows[1].endswith(",")


def shown(run):
    """Column → what stands there in the first record of the check page."""
    found = screens.check(run, importers.get(run.importer))
    return {label: cell for (_name, label, _is_figure), (cell, _) in zip(found["names"], found["first"][0]["cells"], strict=True)}


def test_the_first_orders_are_shown_as_they_will_be(session):
    cells = shown(bring(file(first("#1", Total="1,100.00", Subtotal="1100")), check=True))
    assert cells["Placed at"]["text"] == "2026-04-06 01:06", "on the clock of the shop"
    assert cells["Total"]["text"] == money.format(110000, "BDT")
    assert (cells["State"]["kind"], cells["State"]["text"]) == ("badge", str(OrderState.COMPLETED.label))


def test_the_zone_that_was_chosen_shows_in_the_check(session):
    row = first("#1", Created_at="2026-04-05 21:06:21")
    tokyo = shown(bring(file(row), check=True, options={"zone": "Asia/Tokyo"}))
    assert tokyo["Placed at"]["text"] == "2026-04-05 20:06"


def test_states_are_shown_in_the_language_of_the_reader(session):
    run = bring(file(first("#1")), check=True)
    with force_locale("zh_Hans_CN"):
        assert [cell["text"] for cell in shown(run).values() if cell["kind"] == "badge"] == ["已完成"]
