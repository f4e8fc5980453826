"""Any table takes a file: mapping, natural key, types, references, rights."""

import datetime as dt
import json

from app.panel.core import chain, history
from app.panel.core.db import db
from tests.panel.bulk.conftest import BOOKS, counts, table


def books():
    from app.panel.core.db import db
    from tests.library.books.models import Book

    db.session.expire_all()
    return {book.isbn: book for book in db.session.query(Book)}


def test_a_file_whose_headings_are_the_labels_needs_no_mapping(bring):
    run = bring(BOOKS)
    assert counts(run) == {"new": 3, "changed": 0, "same": 0, "refused": 0}
    found = books()
    assert found["978-1"].price == 123450
    assert found["978-1"].copies == 3
    assert found["978-2"].genre.value == "science"
    assert found["978-3"].genre.value == "novel"
    assert run.sums == {"CNY": {"price": 125450}}


def test_the_same_file_twice_changes_nothing(bring, shelf):
    from app.panel.core.history import HistoryEntry

    bring(BOOKS)
    before = shelf.query(HistoryEntry).count()
    assert counts(bring(BOOKS)) == {"new": 0, "changed": 0, "same": 3, "refused": 0}
    assert shelf.query(HistoryEntry).count() == before


def test_a_changed_cell_counts_as_changed_and_leaves_its_trail(bring, shelf):
    from app.panel.core.history import HistoryEntry

    bring(BOOKS)
    changed = [list(row) for row in BOOKS]
    changed[1][4] = "999.00"
    run = bring(changed)
    assert counts(run) == {"new": 0, "changed": 1, "same": 2, "refused": 0}
    entry = shelf.query(HistoryEntry).order_by(HistoryEntry.id.desc()).first()
    assert (entry.changes["price"], entry.path, entry.run_id) == ([123450, 99900], "import", run.id)


def test_a_check_counts_and_writes_nothing(bring, shelf):
    from app.panel.core.history import HistoryEntry

    before = shelf.query(HistoryEntry).count()
    run = bring([*BOOKS, ["978-4", "", "", "", "", ""]], check=True)
    assert run.state.value == "checked"
    found = run.findings
    assert (found["read"], found["new"], found["refused"]) == (4, 3, 1)
    assert found["refused_rows"][0]["line"] == 5
    assert not books()
    assert shelf.query(HistoryEntry).count() == before


def test_each_wrong_row_says_what_is_wrong_and_costs_no_other(bring):
    rows = [
        *BOOKS,
        ["", "No number", "", "", "", ""],
        ["978-5", "Bad genre", "cookery", "", "", ""],
        ["978-6", "Bad amount", "", "", "12.345", "CNY"],
        ["978-7", "Negative", "", "-3", "", ""],
        ["1.18E+11", "Damaged", "", "", "", ""],
        ["978-1", "The same number, another title", "", "", "", ""],
        ["978-2", "Elements", "science", "１", "20", "CNY"],
    ]
    run = bring(rows)
    assert counts(run) == {"new": 3, "changed": 0, "same": 1, "refused": 6}
    from app.panel.bulk import runs
    from app.panel.bulk.states import Outcome

    refused = list(runs.items(run.id, Outcome.REFUSED))
    reasons = {item.lines[0]: item.reason for item in refused}
    assert set(reasons) == {5, 6, 7, 8, 9, 10}
    assert {item.lines[0]: item.key for item in refused} == {5: "", 6: "978-5", 7: "978-6", 8: "978-7", 9: "1.18E+11", 10: "978-1"}
    assert "missing" in reasons[5]
    assert "cookery" in reasons[6]
    assert "decimals" in reasons[7]
    assert "damaged by a spreadsheet" in reasons[9]
    assert "line 2" in reasons[10]


def test_a_mapping_of_strange_headings_is_used_and_remembered(bring):
    from app.panel.bulk import drafts

    rows = [["Código", "Título", "Copias"], ["A1", "Don Quijote", "2"]]
    mapping = {"columns": {"Código": "isbn", "Título": "title", "Copias": "copies"}, "key": ["isbn"]}
    assert counts(bring(rows, mapping=mapping))["new"] == 1
    drafts.remember("table:books.Book", rows[0], mapping)
    again = bring([["Copias", "Código", "Título"], ["2", "A1", "Don Quijote"]], layout="")
    assert again.importer == "table:books.Book"
    assert counts(again)["same"] == 1


def test_words_that_mean_another_row_are_looked_up_by_its_code_or_name(bring):
    bring(BOOKS)
    rows = [
        ["Book", "Reader", "Due on"],
        ["978-1", "Li", "2026-05-01"],
        ["Elements", "Wang", "2026/5/2"],
        ["Nobody wrote this", "Zhao", "2026-05-03"],
    ]
    run = bring(rows, layout="table:books.Loan", mapping={"columns": {r: r.lower().replace(" ", "_") if r != "Book" else "book_id" for r in rows[0]}, "key": ["book_id", "reader", "due_on"]})
    assert counts(run) == {"new": 2, "changed": 0, "same": 0, "refused": 1}
    assert counts(bring(rows, layout="table:books.Loan", mapping=run.params["mapping"]))["same"] == 2


def test_a_row_outside_of_ones_rows_is_neither_changed_nor_made_again(bring, shelf):
    from app.panel.accounts.models import User

    bring([["ISBN", "Title"], ["VAULT-1", "Secret"]])
    lena = shelf.query(User).filter_by(username="lena").one()
    run = bring([["ISBN", "Title"], ["VAULT-1", "Mine now"], ["978-9", "Open"]], actor=lena)
    assert counts(run) == {"new": 1, "changed": 0, "same": 0, "refused": 1}
    assert books()["VAULT-1"].title == "Secret"


def test_a_field_that_one_may_not_write_refuses_the_row(bring, shelf):
    from app.panel.accounts.models import User

    lena = shelf.query(User).filter_by(username="lena").one()
    run = bring([["ISBN", "Title", "Cost"], ["978-9", "Open", "5.00"]], actor=lena)
    assert counts(run)["refused"] == 1
    assert not books()


def test_who_may_not_import_brings_nothing_in(bring, shelf):
    from app.panel.accounts.models import User

    nobody = shelf.query(User).filter_by(username="nobody").one()
    run = bring(BOOKS, actor=nobody)
    assert run.state.value == "failed"
    assert not books()


def test_rows_go_in_by_chunks_and_the_sums_agree(bring, monkeypatch):
    from app.panel.bulk import loop

    monkeypatch.setattr(loop, "CHUNK", 50)
    rows = [["ISBN", "Title", "Price"], *([f"N{n}", f"Book {n}", f"{n}.{n % 100:02d}"] for n in range(120))]
    run = bring(rows)
    assert counts(run)["new"] == 120
    assert run.sums == {"CNY": {"price": sum(n * 100 + n % 100 for n in range(120))}}
    assert sum(book.price for book in books().values()) == run.sums["CNY"]["price"]
    lines = history.HistoryEntry.__table__.c
    chunks = db.session.execute(db.select(db.func.min(lines.id), db.func.max(lines.id)).where(lines.run_id == run.id).group_by(lines.at))
    monkeypatch.setitem(chain.SETTLES, "postgresql", dt.timedelta(seconds=-1))
    chain.seal()
    ranges = db.session.execute(db.select(chain.BLOCKS.c.first_id, chain.BLOCKS.c.last_id)).all()
    spans = chunks.all()
    assert len(spans) == 3 and set(spans) <= set(ranges), "each chunk is sealed as one block"


def test_a_file_in_gb18030_with_semicolons_is_read_like_any_other(bring):
    content = table([["ISBN", "Title"], ["978-1", "红楼梦"]]).decode().replace(",", ";").encode("gb18030")
    run = bring(content)
    assert counts(run)["new"] == 1
    assert books()["978-1"].title == "红楼梦"
    assert json.dumps(run.params)  # what was chosen stays plain data


def test_a_check_shows_values_and_not_cells(bring):
    from app.panel.bulk import importers, screens
    from app.panel.core import money

    bring(BOOKS)
    rows = [["ISBN", "Title", "Genre", "Price", "Currency"], ["978-9", "Ulysses", "novel", "1.234,5", "CNY"]]
    columns = {"ISBN": "isbn", "Title": "title", "Genre": "genre", "Price": "price", "Currency": "currency"}
    run = bring(rows, check=True, mapping={"columns": columns, "key": ["isbn"], "decimal": ","})
    texts = cells_of(screens.check(run, importers.get(run.importer)))
    assert texts == ["978-9", "Ulysses", ("badge", "Novel"), ("money", money.format(123450, "CNY")), "CNY"]
    loans = [["Book", "Reader", "Due on"], ["978-1", "Li", "1/5/2026"]]
    columns = {"Book": "book_id", "Reader": "reader", "Due on": "due_on"}
    mapping = {"columns": columns, "key": ["book_id", "reader"]}
    run = bring(loans, layout="table:books.Loan", check=True, mapping=mapping, options={"dates": "dmy"})
    texts = cells_of(screens.check(run, importers.get(run.importer)))
    assert texts == ["Dream of the Red Chamber", "Li", ("date", "2026-05-01")], "the book that 978-1 means, the first of May"


def cells_of(check):
    """The first record that a check shows: words, and (kind, text) of everything else."""
    cells = [cell for cell, _is_figure in check["first"][0]["cells"]]
    return [cell["text"] if cell["kind"] == "text" else (cell["kind"], cell["text"]) for cell in cells]


def test_a_file_is_refused_by_the_declaration_that_form_and_api_obey(bring, library, shelf):
    from app.panel.bulk.models import RunItem
    from tests import conftest
    from tests.library.books.models import Book

    run = bring([["ISBN", "Title", "Copies"], ["978-9", "Negative", "-1"], ["978-8", "Fine", "2"]])
    assert counts(run) == {"new": 1, "changed": 0, "same": 0, "refused": 1}
    client = conftest.client_of(library, "ada")
    shelf.rollback()
    said = client.post("/api/v1/books/book/", json={"isbn": "978-7", "title": "Other", "copies": -1})
    typed = client.post("/books/book/add", data={"isbn": "978-7", "title": "Other", "copies": "-1"})
    sentence = said.json["errors"]["copies"]
    assert said.status_code == typed.status_code == 422 and sentence in typed.text
    told = [str(vars(item)) for item in shelf.query(RunItem).filter_by(run_id=run.id)]
    assert any(sentence in one for one in told), (sentence, told)
    assert [book.isbn for book in shelf.query(Book)] == ["978-8"]
