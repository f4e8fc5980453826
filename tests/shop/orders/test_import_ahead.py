"""A large file of orders is read by a second process, which asks no database and whose end, good or bad, is noticed."""

import os
import signal

import psutil
import pytest

from app.panel.bulk import importers, loop, opening
from app.panel.bulk.ahead import ahead
from app.panel.bulk.reading.problems import BadFile
from app.panel.bulk.source import Source
from app.shop.orders.imports.common import OrderImporter
from tests.shop.bringing import bring, counts, reasons
from tests.shop.orders.test_import_shopify import file, first, further
from tests.shop.orders.test_import_taobao import DOUDIAN, SHORT


def shopify():
    return file(*(first(f"#{n}") for n in range(1, 7)), further("#6"), first("#8", Total="much"), first("#1", Total="7"))


FILES = {
    "shopify-orders": shopify,
    "taobao-orders": lambda: [SHORT, ["1", "178.8", "178.8", "上海", "2020-02-21 00:00:00", "2020-02-21 00:01:00", "0.0"]],
    "doudian-orders": lambda: [DOUDIAN, ["1", "1-1", "Tea", "", "2", "T-1", "20.00", "0", *([""] * (len(DOUDIAN) - 8))]],
}


def test_there_is_a_file_for_every_layout_that_may_be_read_ahead():
    assert {one.key for one in importers.known() if one.asks_nobody} == set(FILES)
    assert all(one.asks_nobody == isinstance(one, OrderImporter) for one in importers.known())


@pytest.mark.parametrize("layout", FILES)
def test_to_understand_a_record_no_database_is_asked(session, count_queries, layout):
    run = bring(FILES[layout](), layout, check=True)
    with opening.open_run(run) as (source, work), count_queries() as seen:
        assert list(loop._plans(source, work))
    assert not seen


def test_the_outcome_is_the_same_and_nobody_is_left(session, monkeypatch):
    children = psutil.Process().children()
    monkeypatch.setattr(loop, "WORTH_BYTES", 0)
    monkeypatch.setattr(loop, "CHUNK", 2)
    checked = bring(shopify(), check=True)
    assert (checked.findings["new"], checked.findings["refused"]) == (6, 2)
    run = bring(shopify())
    assert counts(run) == {"new": 6, "changed": 0, "same": 0, "refused": 2}
    assert run.sums["BDT"]["total"] == 60000
    assert set(reasons(run)) == {9, 10}
    assert counts(bring(shopify()))["same"] == 6
    assert psutil.Process().children() == children


@pytest.mark.parametrize("end", ["wrong", "killed", "fault"])
def test_a_file_that_cannot_be_read_further_is_told_as_ever(tmp_path, end):
    def chunks():
        yield []
        if end == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise BadFile("file_gone") if end == "wrong" else ZeroDivisionError

    (tmp_path / "file.csv").write_text("Name\nOak\n")
    with Source(tmp_path / "file.csv") as source:
        found = ahead(chunks(), source)
        assert next(found) == []
        with pytest.raises(RuntimeError if end == "fault" else BadFile) as told:
            next(found)
    assert {"wrong": "file_gone", "killed": "too_heavy", "fault": "ZeroDivisionError"}[end] in str(told.value)


def test_whoever_stops_listening_leaves_nobody_behind(tmp_path):
    (tmp_path / "file.csv").write_text("Name\nOak\n")
    before = psutil.Process().children()
    with Source(tmp_path / "file.csv") as source:
        found = ahead(iter([[]] * 100_000), source)
        next(found)
        found.close()
    assert psutil.Process().children() == before
