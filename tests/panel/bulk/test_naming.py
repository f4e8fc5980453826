"""What is kept with a run in the words of whoever asked for it is told in those of whoever reads it."""

from flask_babel import force_locale

from tests.panel.bulk.operating import books, prepared


def told(run, language):
    from app.panel.bulk.engine import naming

    with force_locale(language):
        return [one["label"] for one in naming.sums(run).values()], naming.heads(run)


def test_sums_and_columns_are_called_in_the_language_of_the_reader(shelf):
    ids = books(1)
    run = prepared("books.buy", 2, ids)
    assert told(run, "en") == (["Money moved", "Stock moved"], {"copies": "Copies"})
    labels, _heads = told(run, "zh_Hans_CN")
    assert labels == ["资金变动", "库存变动"], labels


def test_what_no_operation_knows_any_more_is_called_as_it_was_kept(shelf):
    ids = books(1)
    run = prepared("books.raise_price", 2, ids)
    run.findings = {**run.findings, "sums": {"weight": {"label": "Weights", "before": {}, "after": {"": 3}}}}
    assert told(run, "zh_Hans_CN")[0] == ["Weights"]
    run.operation = "books.given_up"
    assert told(run, "zh_Hans_CN") == (["Weights"], {"price": "Price"})
