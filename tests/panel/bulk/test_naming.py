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


def test_amounts_and_choices_of_the_first_rows_are_written_in_the_language_of_the_reader_also_where_they_go_back(shelf):
    from app.panel.bulk.engine import backwards, declaring, life, showing
    from app.panel.bulk.engine.selecting import Selection
    from app.panel.core.actor import SYSTEM
    from tests.panel.bulk.operating import done

    values = {"set": {"price": 2000, "is_lent_out": True}, "raw": {"price": "20.00", "is_lent_out": "true"}}
    with force_locale("en"):
        run = life.prepare(declaring.find("edit:books.Book"), Selection(tuple(books(1))), values, actor=SYSTEM)
        assert life.look(run, actor=SYSTEM)

    def read(language, found=None):
        with force_locale(language):
            changes = showing._first(run, found or run.findings, SYSTEM)[0]["changes"]
            return {one["name"]: (one["before"], one["after"]) for one in changes}

    assert read("en") == {"price": ("CN¥10.00", "CN¥20.00"), "is_lent_out": ("no", "yes")}
    assert read("zh_Hans_CN") == {"price": ("¥10.00", "¥20.00"), "is_lent_out": ("否", "是")}
    run = done(run)
    turned = backwards.findings(run, declaring.find(run.operation))
    assert read("zh_Hans_CN", turned) == {"price": ("¥20.00", "¥10.00"), "is_lent_out": ("是", "否")}


def test_the_list_of_runs_calls_them_in_the_language_of_the_reader(shelf, visit):
    from app.panel.bulk.engine import declaring, life, naming
    from app.panel.bulk.engine.selecting import Selection
    from app.panel.core.actor import SYSTEM

    values = {"set": {"price": 2000}, "raw": {"price": "20.00"}}
    with force_locale("zh_Hans_CN"):
        made = life.prepare(declaring.find("edit:books.Book"), Selection(tuple(books(1))), values, actor=SYSTEM)
    assert made.file_name == "批量修改字段：Price"
    told = visit("ada").get("/bulk/run/list/").text
    assert ">Edit fields of many rows: Price</a>" in told and ">批量修改字段：Price<" not in told
    made.file_name = "批量修改字段"  # as a release called it that did not tell what was answered
    with force_locale("en"):
        assert naming.title(made) == "Edit fields of many rows: Price"


def test_the_list_of_runs_takes_no_more_statements_for_many_than_for_one(shelf, visit, count_queries):
    client, ids = visit("ada"), books(1)

    def asked():
        with count_queries() as seen:
            assert ">Raise the price" in client.get("/bulk/run/list/").text
        return len(seen)

    prepared("books.raise_price", 2, ids)
    asked()  # what is kept from one page to the next is asked for once
    few = asked()
    for _n in range(8):
        prepared("books.raise_price", 2, ids)
    assert asked() <= few


def test_when_a_run_is_to_begin_and_when_it_began_are_called_otherwise(shelf):
    from app.panel.bulk.models import Run
    from app.panel.core.fields import specs

    with force_locale("zh_Hans_CN"):
        assert len({str(specs(Run)[name].label) for name in ("begins_at", "started_at", "finished_at")}) == 3
