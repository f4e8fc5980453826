"""The report of a session stands beside similar ones, as far as its reader may see them."""

from app.shop.live.pages.reporting import ReportPage


def test_a_report_names_the_similar_sessions_that_its_reader_sees(filled, planned, person):
    other = planned(40)
    found = {"similar": [{"id": other.id, "figures": {"orders": 10}}, {"id": 999_999, "figures": {}}], "figures": {"orders": 12}, "currency": "CNY"}
    told = ReportPage._compared(ReportPage, found, True, person("ada"))
    assert told.heads == [(other.id, "Evening", other.starts_at)]
    assert ("12", [("10", "+20 %")]) in [(mine, others) for _label, mine, others in told.rows]
