"""`flask import`: without a web process, a worker or Valkey; and a worker that is really killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.panel.core import bus
from tests.panel.bulk.conftest import BOOKS, PACKAGES, table

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture
def run_cli(library, shelf, tmp_path):
    def run(*arguments, code=0):
        done = library.test_cli_runner().invoke(args=["import", *map(str, arguments)])
        assert done.exit_code == code, done.output
        return done

    return run


@pytest.fixture
def file(tmp_path):
    def write(content=None, name="books.csv"):
        path = tmp_path / name
        path.write_bytes(content if content is not None else table(BOOKS))
        return path

    return write


def last(done):
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_last_line_is_json_with_counts_and_sums(run_cli, file):
    found = last(run_cli(file(), "--as", "table:books.Book", "--json"))
    wanted = {"read": 3, "rows": 3, "new": 3, "changed": 0, "same": 0, "refused": 0, "refused_rows": []}
    assert {name: found[name] for name in wanted} == wanted
    assert found["totals"] == {"CNY": "1254.50"}


def test_a_dry_run_says_the_same_and_writes_nothing(run_cli, file, shelf):
    from tests.library.books.models import Book

    found = last(run_cli(file(), "--as", "table:books.Book", "--dry-run", "--json"))
    assert (found["new"], found["totals"], found["dry_run"]) == (3, {"CNY": "1254.50"}, True)
    shelf.rollback()
    assert shelf.query(Book).count() == 0


def test_a_mapping_in_yaml_says_what_is_what(run_cli, file, tmp_path):
    mapping = tmp_path / "map.yaml"
    mapping.write_text("as: table:books.Book\nkey: isbn\ndecimal: ','\ncolumns:\n  Número: isbn\n  Título: title\n  Precio: price\n")
    content = "Número;Título;Precio\nA1;Don Quijote;1.234,50\n".encode("latin-1")
    found = last(run_cli(file(content), "--map", mapping, "--json"))
    assert (found["new"], found["totals"]) == (1, {"CNY": "1234.50"})


def test_refused_rows_are_named_with_their_reason(run_cli, file):
    content = table([*BOOKS, ["", "No number", "", "", "", ""]])
    found = last(run_cli(file(content), "--as", "table:books.Book", "--json"))
    assert (found["refused"], found["refused_rows"][0]["line"]) == (1, 5)
    assert "missing" in found["refused_rows"][0]["reason"]


def test_a_run_is_taken_back_by_its_number(run_cli, file, shelf):
    from tests.library.books.models import Book

    number = last(run_cli(file(), "--as", "table:books.Book", "--json"))["run"]
    found = last(run_cli("--undo", number, "--json"))
    assert found["changed"] == 3
    shelf.rollback()
    assert shelf.query(Book).count() == 0
    assert "taken back already" in run_cli("--undo", number, code=1).output


@pytest.mark.parametrize(
    ("content", "layout", "said"),
    [
        (b"%PDF-1.7", "table:books.Book", "This is a PDF"),
        (b"a,b\n1,2\n", "", "The headings are not known"),
        (b"a,b\n1,2\n", "no-such", "There is no layout"),
    ],
)
def test_what_cannot_be_imported_ends_with_a_sentence(run_cli, file, content, layout, said):
    assert said in run_cli(file(content), *(["--as", layout] if layout else []), code=1).output


WORKER = """
import sys, time
from pathlib import Path
from tests import conftest
from app import create_app
app = create_app({packages!r}, **conftest.settings({url!r}, Path({home!r})))
from app.panel.bulk import loop, runs
loop.CHUNK, runs.LEASE_SECONDS = 20, 3.0
hold, chunks = runs.hold, []
def hold_some(held, **values):
    hold(held, **values)
    if "position" in values:
        chunks.append(values)
        if len(chunks) > 15:  # in the middle of a chunk, however late the kill comes
            time.sleep(600)
runs.hold = hold_some
with app.app_context():
    loop.work_off({run_id})
"""


def test_a_worker_that_is_killed_loses_nothing_and_repeats_nothing(library, shelf):
    """A real process, a real SIGKILL in the middle, and another one that goes on."""
    import io

    from app.panel.bulk import drafts, loop, runs, store
    from app.panel.bulk.models import Run, RunItem
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    count = 600
    rows = [["ISBN", "Title", "Price"], *([f"K{n:05d}", f"Book {n}", "1.00"] for n in range(count))]
    run = drafts.prepare(store.keep(io.BytesIO(table(rows)), "k.csv"), actor=SYSTEM, importer="table:books.Book")
    runs.ask_start(run.id, actor=SYSTEM, unchecked=True)
    url = library.config["SQLALCHEMY_DATABASE_URI"]
    script = WORKER.format(packages=PACKAGES, url=url, home=str(library.config["HOME"]), run_id=run.id)
    child = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while time.monotonic() < until and child.poll() is None:
        shelf.rollback()
        if shelf.get(Run, run.id, populate_existing=True).position > 0:
            break
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    shelf.rollback()
    run = shelf.get(Run, run.id, populate_existing=True)
    stood = run.position
    assert 0 < stood < count, "the kill came too late to prove anything"
    shelf.rollback()
    while loop.work_off(run.id) is None:
        assert time.monotonic() < until, "the lease of the dead worker never ends"
        time.sleep(0.1)
    shelf.rollback()
    run = shelf.get(Run, run.id, populate_existing=True)
    assert (run.state.value, run.new, run.refused) == ("done", count, 0)
    assert shelf.query(Book).count() == shelf.query(RunItem).filter_by(run_id=run.id).count() == count
    assert run.sums == {"CNY": {"price": count * 100}}


def test_without_valkey_nothing_is_said_about_events_that_nobody_hears(run_cli, file, library, caplog):
    library.extensions.pop("panel_bus_away", None)
    run_cli(file(), "--as", "table:books.Book")
    assert not [record for record in caplog.records if "bus" in record.getMessage()]
    library.extensions.pop("panel_bus_away", None)
    with library.app_context():
        bus.send(library, bus.encode("run:1", "progress", {}, "bulk.Run"))
    assert "the bus is away" in caplog.text, "elsewhere it is"
