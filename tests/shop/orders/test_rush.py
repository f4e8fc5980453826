"""G09: a rush over HTTP on a real server with two processes: exactly what is there is sold, everybody else hears a clean no."""

import http.client
import itertools
import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.conftest import SECRET, make_app
from tests.goals import goal
from tests.ops import loaded
from tests.ops.tree import clean_env, free_port, listening, wait_for
from tests.shop.orders import rush
from tests.shop.orders.rush import FEW, MANY

pytestmark = [pytest.mark.processes, pytest.mark.slow]
LIMIT = 10.0  # seconds


class Stall:
    """A running instance and the way in: `app` works in it beside the server."""

    def __init__(self, app, port):
        self.app, self.port = app, port

    def script(self, what):
        """What a function of `rush` returned."""
        with self.app.app_context():
            return what()

    def buyers(self, orders, threads=16):
        """Post all orders from so many threads, each with one connection; returns (status, answer) and the seconds."""
        posts = [("/api/v1/orders/intake/", "application/json", json.dumps(order)) for order in orders]
        told, seconds = self.post(posts, threads)
        return [(status, json.loads(text)) for status, _location, text in told], seconds

    def refunds(self, order, keys, amount):
        """Press the button of the form once for every key, 50 at once; (status, where to, the words of a refusal)."""
        fields = {"_go": "1", "reason": "other", "amount": amount}
        path, kind = f"/orders/order/action/refund/{order}", "application/x-www-form-urlencoded"
        told, _seconds = self.post([(path, kind, urlencode(fields | {"idempotency_key": key})) for key in keys], 50)
        return [(status, location) for status, location, _page in told]

    def post(self, posts, threads):
        queue, way_in = iter(posts), self.prepared
        headers = {"Cookie": way_in["cookie"], "X-CSRFToken": way_in["token"]}

        def send(_number):
            connection, told = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60), []
            for path, kind, body in queue_of(queue):
                connection.request("POST", path, body, headers | {"Content-Type": kind})
                answer = connection.getresponse()
                told.append((answer.status, answer.getheader("Location"), answer.read()))
            return told

        began = time.monotonic()
        with ThreadPoolExecutor(threads) as pool:
            told = list(itertools.chain.from_iterable(pool.map(send, range(threads))))
        return told, time.monotonic() - began


def queue_of(shared):
    while (one := next(shared, None)) is not None:
        yield one


@pytest.fixture(scope="module")
def stall(tmp_path_factory, valkey, new_database):
    home, url, port = tmp_path_factory.mktemp("stall"), new_database(), free_port()
    (home / "secret_key").write_text(SECRET)
    (home / "secret_key").chmod(0o600)
    app = make_app(url, home, REDIS_URL=valkey, JOBS_EAGER=False)
    stall = Stall(app, port)
    stall.prepared = stall.script(rush.prepare)
    env = {"DATABASE_URL": url, "REDIS_URL": valkey, "ZHANGGUI_WEB_PROCESSES": "2", "ZHANGGUI_LOG_LEVEL": "warning"}
    web = loaded.start(clean_env(home, port, **env), home / "output", "web")
    try:
        wait_for(lambda: len(listening(web.pid, port)) == 2, 120, "both processes of the web server")
        stall.buyers([{"channel_id": 0}] * 64)  # both processes warm
        yield stall
    finally:
        web.terminate()
        web.wait()


def order(stall, number, lines, **buyer):
    return {"channel_id": stall.prepared["channel"], "external_number": f"R-{number}", "lines": lines, **buyer}


def test_1000_buyers_of_100_pieces(stall):
    buyer = {"name": "王小明", "province": "广东省", "city": "深圳市", "district": "南山区", "street": "科技园路 1 号"}
    phones = [f"138{n:08d}" for n in range(1000)]
    orders = [
        order(stall, n, [{"sku": "T-1", "quantity": 1}], buyer={**buyer, "phone": phone}) for n, phone in enumerate(phones)
    ]
    told, seconds = stall.buyers(orders)
    goal("G09", f"{seconds:.1f}s", f"{LIMIT}s", seconds <= LIMIT)
    assert Counter(status for status, _answer in told) == {201: 100, 409: 900}
    assert {answer["code"] for status, answer in told if status == 409} == {"out_of_stock"}
    after = stall.script(rush.settle)
    assert (after["orders"], after["sold"], after["left"][0], after["numbers"]) == (100, 100, 0, 100)
    assert not after["wrong"]


def test_mixed_baskets_of_9_articles_never_lock_each_other_up(stall, engine_name):
    """G10: 2,000 baskets that name their articles in any order; no deadlock reaches a buyer, nothing is oversold.

    SQLite has one writer and no deadlocks: there a fifth of them shows that nothing is oversold.
    """
    die = random.Random(9)
    codes = [f"T-{n}" for n in range(2, 11)]  # T-1 is sold out
    number = 2000 if engine_name == "postgresql" else 400
    baskets = [[{"sku": code, "quantity": 1} for code in die.sample(codes, die.randint(1, 4))] for _ in range(number)]
    told, _seconds = stall.buyers([order(stall, f"mixed-{n}", lines) for n, lines in enumerate(baskets)])
    statuses = Counter(status for status, _answer in told)
    goal("G10", len(set(statuses) - {201, 409}), 0, set(statuses) == {201, 409})
    assert set(statuses) == {201, 409}
    after = stall.script(rush.settle)
    assert after["sold"] == MANY + 9 * FEW - sum(after["left"])
    assert min(after["left"][1:]) == 0 and not after["wrong"]


def test_a_refund_pressed_fifty_times_at_once(stall):
    """G11: with one key it is one refund and fifty equal replies; with fifty, what fits into what was paid."""
    one, all_of_it, many = stall.script(rush.owe)
    replies = [stall.refunds(one, ["k"] * 50, "3.00"), stall.refunds(all_of_it, ["all"] * 50, "")]
    told = Counter(status for status, _location in stall.refunds(many, [f"k-{n}" for n in range(50)], "0.30"))
    booked = stall.script(rush.given_back)
    goal("G11", json.dumps(booked).replace(" ", ""), "1,1,16_refunds", [len(parts) for _sum, parts in booked] == [1, 1, 16])
    assert booked == [[300, [300]], [500, [500]], [480, [30] * 16]]
    assert [set(reply) for reply in replies] == [{(302, f"/orders/order/show/{order}")} for order in (one, all_of_it)]
    assert set(told) <= {302, 409, 422} and told[302] == 16
