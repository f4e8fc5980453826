"""What the check of an order file says before anything is written."""

from app.panel.bulk import repair
from tests.shop.bringing import bring
from tests.shop.orders.test_import_shopify import file, first, further


def test_a_refused_order_of_three_lines_comes_back_with_three_lines(session):
    wrong = first("#2", Total="much")
    run = bring(file(first("#1"), wrong, further("#2"), further("#2")), check=True)
    assert (run.findings["new"], run.findings["refused"]) == (1, 1)
    rows = "".join(repair.lines(run)).splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["#2", "#2", "#2"]
    assert rows[0].endswith("no number.") and rows[1].endswith(",")
