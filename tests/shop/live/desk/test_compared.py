"""The report of a session stands beside similar ones, as far as its reader may see them."""

import html
import re

from app.shop.live.pages.reporting import ReportPage
from app.shop.live.services import reviewing, run


def test_a_report_names_the_similar_sessions_that_its_reader_sees(app, filled, planned, person):
    other = planned(40)
    found = {"similar": [{"id": other.id, "figures": {"orders": 10}}, {"id": 999_999, "figures": {}}], "figures": {"orders": 12}, "currency": "CNY"}
    with app.test_request_context():
        told = ReportPage._compared(ReportPage, found, True, person("ada"))
    assert told.heads == [(other.id, "Evening", other.starts_at)]
    assert ("12", [("10", "+20 %", f"/live/{other.id}/report/rows?kind=order")]) in [(mine, others) for _label, mine, _kind, others in told.rows]


def test_a_pair_whose_interval_holds_zero_is_called_chance(on_air, as_user, person):
    run.end(on_air.id, actor=person("ada"), key="end-it")
    figures = reviewing.build(on_air)
    pair = {"pair": "watch_sales", "n": 36, "r": 0.08, "low": -0.26, "high": 0.4, "weak": False, "clear": False}
    for is_clear, word in ((False, "May be chance"), (True, "They go together")):
        reviewing.keep(on_air.id, figures | {"correlations": [pair | {"clear": is_clear}]})
        page = as_user("ada").get(f"/live/{on_air.id}/report").text
        assert [one for one in ("May be chance", "They go together") if one in page] == [word]


def test_the_page_of_a_report_links_each_figure_with_its_rows(on_air, items, as_user, person):
    run.pin(on_air.id, items[0].id, actor=person("ada"), key="pin-first")
    run.end(on_air.id, actor=person("ada"), key="end-it")
    source = dict.fromkeys(("joins", "clicks", "carts", "orders", "gmv"), 1) | {"source": "search", "conversion": 1.0}
    reviewing.keep(on_air.id, reviewing.build(on_air) | {"sources": [source]})
    client, base = as_user("ada"), f"/live/{on_air.id}/report"
    page = client.get(base).text
    item = f"item={items[0].id}"
    for asked in ("kind=readings", "kind=viewers_seen", "kind=visits", "kind=order", "kind=questions", f"kind=displays&{item}",
                  f"kind=order&{item}", f"kind=click&{item}", "kind=source&source=search"):  # fmt: skip
        assert f'href="{base}/rows?{asked.replace("&", "&amp;")}"' in page, asked
        assert client.get(f"{base}/rows?{asked}").status_code == 200, asked
    assert "1 displays" in client.get(f"{base}/rows?kind=displays&{item}").text
    hints = re.search(r'href="(/live/livehint/list/[^"]*)"', page).group(1)
    assert client.get(html.unescape(hints)).status_code == 200
    for wrong in ("kind=displays", "kind=displays&item=999999", "kind=nothing"):
        assert client.get(f"{base}/rows?{wrong}").status_code == 404
