"""One floor for all faults of an engine: many rows, a Valkey of its own, workers that are forks of the tests."""

import pytest

from app.panel.bulk.engine import selecting, working
from tests import conftest, people, valkeys
from tests.faults import goods
from tests.faults.floor import ROWS, Floor

SOLD = 600  # orders of the short form


@pytest.fixture(scope="module")
def shop_floor(new_database, tmp_path_factory):
    home = tmp_path_factory.mktemp("faults")
    server = valkeys.started(home / "valkey")
    url = f"redis://127.0.0.1:{server.port}/0"
    app = conftest.make_app(new_database(), home, REDIS_URL=url, JOBS_EAGER=False)
    floor = Floor(app, server, home)
    with app.app_context():
        people.settle()
        floor.orders = goods.settle(ROWS or 2400, SOLD + ROWS // 5)
    yield floor
    floor.server.stop()


@pytest.fixture
def floor(shop_floor, monkeypatch):
    shop_floor.watch(monkeypatch)
    yield shop_floor
    shop_floor.end()


@pytest.fixture
def work(floor, monkeypatch):
    """`work(Prices, 500)`: so many rows on which nobody has worked, in the small chunks of the tests, and as many of these as there
    are faults to meet one of them; only where that is said do they grow."""

    monkeypatch.setattr(selecting, "MOST_TICKED", 10**6)
    for patience in ("QUICK_SECONDS", "ALONE_SECONDS"):  # no chunk is smaller, and those that may grow do, whatever the machine
        monkeypatch.setattr(working, patience, 60.0)

    def make(kind, rows, chunk=None, grows=1):
        kind.in_chunks(monkeypatch, chunk or kind.chunk, grows)
        if kind is goods.Prices:
            known = [key for (key,) in floor.rows("SELECT id FROM catalog_sku ORDER BY id")]
            return kind(floor, known[:rows])
        ids, floor.orders = floor.orders[:rows], floor.orders[rows:]
        assert len(ids) == rows, "the orders of the floor are used up"
        return kind(floor, ids)

    return make
