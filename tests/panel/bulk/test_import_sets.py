"""A chunk of a file written as a set: quick over what needs nothing, and the same as row by row."""

import pytest

from tests.panel.bulk.conftest import counts
from tests.panel.bulk.test_import_table import books

CELLS = [
    "Dream", "978-1", " Dream", "Dream ", "-", "N/A", "null", "1.18E+11", "12.0", "a.0", "12.50", "+8613", "=1+1", "红楼", "e\u0301", "x\x07",
    "a\tb", "(1)", "x" * 20, "x" * 21, "~", "!", "0", "\ufeffx", "１２",
]  # fmt: skip


@pytest.mark.parametrize("column", ["isbn", "title", "blurb"])
def test_a_cell_that_is_taken_as_it_stands_means_nothing_else_when_it_is_understood(shelf, column):
    from app.panel.bulk import generic
    from app.panel.core.actor import SYSTEM

    work = generic.find("table:books.Book").begin(["isbn", "title", "blurb"], {}, SYSTEM)
    one = next(one for one in work.columns if one.name == column)
    taken = [cell for cell in CELLS if one.takes(cell)]
    assert [work._value(cell, one.spec, {}) for cell in taken] == taken
    assert {"Dream", "978-1", "a.0", "x" * 20} <= set(taken)
    assert ("x" * 21 in taken) == (column != "isbn")


def test_what_comes_again_is_understood_once_and_what_is_wrong_each_time(bring, monkeypatch):
    from app.panel.bulk import generic

    asked, whole = [], generic.choice_value
    monkeypatch.setattr(generic, "choice_value", lambda spec, cell: asked.append(cell) or whole(spec, cell))
    genres = ["Novel", "science", "Novel", "cookery", "cookery", "Novel"]
    run = bring([["ISBN", "Title", "Genre"], *([f"N{n}", "One", genre] for n, genre in enumerate(genres))])
    assert (counts(run)["new"], counts(run)["refused"]) == (4, 2)
    assert asked == ["Novel", "science", "cookery", "cookery", "cookery"], "once for the column, then for each of the two sentences"
    assert [books()[f"N{n}"].genre.value for n in (0, 1, 2, 5)] == ["novel", "science", "novel", "novel"]


def test_a_large_file_goes_in_by_larger_chunks_and_by_small_ones_once_a_worker_died(bring, monkeypatch):
    from app.panel.bulk import generic, loop

    whole, chunks = loop._chunk, []
    monkeypatch.setattr(loop, "_chunk", lambda held, work, plans: chunks.append(len(plans)) or whole(held, work, plans))
    monkeypatch.setattr(loop, "CHUNK", 2)
    rows = [["ISBN", "Title"], *([f"N{n}", f"Book {n}"] for n in range(40))]
    bring(rows)
    assert chunks == [2] * 20
    monkeypatch.setattr(loop, "WORTH_BYTES", 0)
    assert counts(bring(rows))["same"] == 40
    assert chunks[20:] == [2 * generic.SETS, 40 - 2 * generic.SETS]


def test_a_row_that_stands_against_the_others_costs_only_its_own_part_of_the_set(bring, monkeypatch):
    from sqlalchemy.exc import IntegrityError

    from app.panel.bulk import generic_sets

    sizes, whole = [], generic_sets._write

    def write(work, new, changed, results):
        sizes.append(len(results))
        if any(given["isbn"] == "N70" for rows in new.values() for _place, given in rows):
            raise IntegrityError("", {}, Exception())
        whole(work, new, changed, results)

    monkeypatch.setattr(generic_sets, "_write", write)
    monkeypatch.setattr(generic_sets, "FEW", 10)
    rows = [["ISBN", "Title"], *([f"N{n}", f"Book {n}"] for n in range(80))]
    assert bring(rows, check=True).findings["new"] == 80
    assert sizes == [80, 40, 40, 20, 20, 10, 10], "the ten with the one are looked at one by one"
    sizes.clear()
    assert counts(bring(rows))["new"] == len(books()) == 80
    assert sizes == [80, 40, 40, 20, 20, 10, 10], "and written one by one"
