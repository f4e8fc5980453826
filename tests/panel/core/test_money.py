import pytest
from babel.numbers import get_currency_precision
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from app.panel.core import money


@pytest.mark.parametrize(
    ("text", "minor"),
    [("¥1,234.50", 123450), ("1.234,50", 123450), ("-12", -1200), ("(3.10)", -310), ("１２.５", 1250), ("CNY 5", 500),
     ("1,234", 123400), ("12 元", 1200), ("1,5", 150), ("1'234.50", 123450), ("0.01", 1), ("-¥5", -500), ("¥-5", -500),
     ("1.234.567", 123456700), ("US$ 1,234,567.89", 123456789), ("0,5", 50), ("Tk 10", 1000)],
)  # fmt: skip
def test_an_amount_is_read_as_people_and_exports_write_it(app, text, minor):
    with app.test_request_context():
        assert money.parse(text, "CNY") == minor


@pytest.mark.parametrize("text", ["", "abc", "1.234.5x", "1.005", "NaN", "Infinity", "1e99", "¥"])
def test_what_is_no_amount_is_refused_with_a_sentence(app, text):
    with app.test_request_context(), pytest.raises(ValueError, match=r"\w"):
        money.parse(text, "CNY")


def test_currencies_have_their_own_decimals(app):
    with app.test_request_context():
        assert money.parse("1234", "JPY") == 1234
        assert money.parse("1.234", "KWD") == 1234
        assert money.plain(1234, "KWD") == "1.234"


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_the_parts_of_an_amount_add_up_to_it(total, weights):
    parts = money.allocate(total, weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)
    whole = sum(weights)
    if whole:
        assert all(abs(part - total * weight / whole) <= 1 for part, weight in zip(parts, weights, strict=True))


def test_an_amount_is_written_anew_for_the_reader_of_another_language(app):
    with app.test_request_context("/"):
        written = []
        for language in ("en", "zh_Hans_CN", "en"):
            with force_locale(language):
                written.append((money.format(123450, "CNY"), money.format(123450, "JPY")))
    assert written == [("CN¥1,234.50", "¥123,450"), ("¥1,234.50", "JP¥123,450"), ("CN¥1,234.50", "¥123,450")]


@pytest.mark.parametrize("currency", ["CNY", "JPY", "KWD", "CLF", "XXX", "no currency"])
def test_an_amount_has_as_many_digits_as_babel_knows_of_its_currency(currency):
    assert money.exponent(currency) == get_currency_precision(currency)
