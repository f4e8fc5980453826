"""Cells become values, or say why not."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.panel.bulk.reading import cells, values
from app.panel.bulk.reading.problems import BadValue

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("¥1,234.50", 123450), ("￥1，234.50", 123450), ("1.234,50", 123450), ("$1,234", 123400), ("(12.00)", -1200),
        ("1234.5元", 123450), ("CNY 12", 1200), ("-¥5", -500), ("¥-5", -500), ("１２.５", 1250), ("1,23", 123),
        ("1 234,50", 123450), ("1.234.567", 123456700), ("BDT 1500.00", 150000), ("0.30000000000000004", 30), ("-", None),
        ("", None), ("12.", None),
    ],
)  # fmt: skip
def test_money_is_read_as_people_write_it(cell, minor):
    if cell == "12.":
        with pytest.raises(BadValue):
            values.minor(cell, 2)
        return
    assert values.minor(cell, 2) == minor


def test_money_is_never_rounded():
    with pytest.raises(BadValue) as wrong:
        values.minor("12.345", 2)
    assert wrong.value.code == "too_many_decimals"


@pytest.mark.parametrize("cell", ["1.18E+11", "6.91792676882364E+18", "1E+15", "1,18E+11"])
def test_an_id_that_a_spreadsheet_has_damaged_is_refused(cell):
    with pytest.raises(BadValue) as wrong:
        values.identifier(cell)
    assert wrong.value.code == "id_damaged"


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("\t6917926768823643751", "6917926768823643751"), ("'00123", "00123"), ('="00123"', "00123"), ('=""', ""),
        ("118.0", "118"), ("１２３", "123"), ("7E12", "7E12"), ("AB-1", "AB-1"), ("'n' roll", "'n' roll"),
        (" \u3000x\u00a0", "x"),
    ],
)  # fmt: skip
def test_an_id_loses_the_armour_that_shops_put_around_it(cell, plain):
    assert (values.identifier(cells.plain(cell)) or "") == plain


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2026-04-05 21:06:21 +0400", "2026-04-05T17:06:21+00:00"), ("2026-04-05 21:06:21 -0400", "2026-04-06T01:06:21+00:00"),
        ("2020/2/21 0:00", "2020-02-20T16:00:00+00:00"), ("30/09/2025 22:43:27", "2025-09-30T14:43:27+00:00"),
        ("2020年2月21日 13时5分", "2020-02-21T05:05:00+00:00"), ("20200221", "2020-02-20T16:00:00+00:00"),
        ("2020-02-21T00:00:00Z", "2020-02-21T00:00:00+00:00"), ("5/28/2024 3:05 PM", "2024-05-28T07:05:00+00:00"),
    ],
)  # fmt: skip
def test_an_instant_keeps_its_zone_and_without_one_takes_that_of_the_file(cell, instant):
    assert values.instant(cell, SHANGHAI) == dt.datetime.fromisoformat(instant)


def test_a_date_that_can_be_read_in_two_ways_is_refused_until_the_order_is_known():
    with pytest.raises(BadValue) as wrong:
        values.day("03/04/2025")
    assert wrong.value.code == "day_or_month"
    assert values.day("03/04/2025", "dmy") == dt.date(2025, 4, 3)
    assert values.day("03/04/2025", "mdy") == dt.date(2025, 3, 4)


def test_one_date_of_a_column_may_give_the_order_away():
    assert values.day_order(["03/04/2025", "30/09/2025"]) == "dmy"
    assert values.day_order(["03/04/2025", "09/30/2025"]) == "mdy"
    assert values.day_order(["03/04/2025"]) == ""


@pytest.mark.parametrize("cell", ["2025-13-01", "2025-02-30", "0000-01-01", "gestern", "99999"])
def test_what_is_no_date_is_refused(cell):
    with pytest.raises(BadValue):
        values.day(cell)


TEXTS = st.text(max_size=60) | st.text("0123456789.,-+()¥$ E：年月日/\t'=\"", max_size=30)


@given(TEXTS)
def test_no_text_makes_the_reading_of_a_cell_fail_otherwise_than_by_a_sentence(text):
    cell = cells.plain(text)
    readers = (
        values.text, values.identifier, values.decimal, values.integer, values.flag, values.day,
        lambda value: values.instant(value, SHANGHAI), lambda value: values.minor(value, 2),
    )  # fmt: skip
    for read in readers:
        try:
            read(cell)
        except BadValue as wrong:
            assert wrong.code


@given(st.integers(-(10**12), 10**12), st.sampled_from(["{:,.2f}", "{:.2f}", "¥{:,.2f}", "{:.2f} CNY"]))
def test_every_amount_comes_back_to_the_cent(minor, shape):
    written = shape.format(Decimal(minor) / 100)
    assert values.minor(written, 2) == minor


@given(st.datetimes(min_value=dt.datetime(1970, 1, 2), max_value=dt.datetime(2100, 1, 1)))
def test_every_second_comes_back_as_it_was_written(moment):
    moment = moment.replace(microsecond=0)
    for shape in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S"):
        assert values.instant(moment.strftime(shape), SHANGHAI) == moment.replace(tzinfo=SHANGHAI)
