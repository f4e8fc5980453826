"""Real parts for the background tests: a database of their own, a Valkey of their own, real worker processes."""

import time

import pytest
from redis import Redis

from app.panel.core import clock
from tests import valkeys
from tests.panel.core import background


@pytest.fixture(scope="session")
def doorbell(tmp_path_factory):
    """A running Valkey server for the background tests."""
    server = valkeys.started(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture
def backend(tmp_path, doorbell, new_database):
    """An application on an empty database and an empty Valkey; commits are real."""
    url = f"redis://127.0.0.1:{doorbell.port}/0"
    Redis.from_url(url).flushall()
    app = background.make_app(tmp_path, new_database(), url)
    background.make_tables(app)
    yield app
    clock.freeze(None)
    with app.app_context():
        background.db.engine.dispose()


@pytest.fixture
def processes():
    """Start worker and ticker processes; all of them are ended with the test."""
    started = []

    def start(app, *arguments):
        started.append(background.start(app, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(condition, seconds=60.0, every=0.05):
    """Wait until a condition holds; its value, or a failure that says what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(every)
    raise AssertionError(f"waited {seconds} s in vain")
