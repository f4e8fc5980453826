"""The stage of all tests: one application a session, an outer transaction a test, people with names.

ada is the administrator, ben supports shop A, cleo supports shop B.
"""

from __future__ import annotations

import datetime as dt
import functools
import gc
import importlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as examples
from itsdangerous import URLSafeTimedSerializer
from jinja2 import BytecodeCache
from sqlalchemy import event

import config
from tests import crew, databases, people

SECRET = secrets.token_hex(32)
CSRF = "c" * 40
# what a person has set for an instance of his own is no business of the tests, least of all his database
for name in [*config.OTHER_NAMES, *config.NAMES - {"ZHANGGUI_DATA"}]:
    os.environ.pop(name, None)
os.environ.update(
    ZHANGGUI_HOME="/nonexistent/zhanggui-tests-name-their-own-home", ZHANGGUI_ENV_FILE=os.devnull, FLASK_SKIP_DOTENV="1"
)

# how long a machine takes that others use as well is nothing that an example can fail by
examples.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow],
    derandomize="EXPLORE" not in os.environ,  # what was green is green again; `EXPLORE=1` looks at other examples each time
)  # fmt: skip
examples.load_profile("house")

# what asks the database runs on PostgreSQL as well; looks, words and the process tree are the same on both
ON_POSTGRESQL = (
    "tests/test_migrations.py", "tests/panel/test_library.py", "tests/panel/core/", "tests/panel/bulk/", "tests/faults/",
    "tests/shop/inventory/", "tests/shop/orders/", "tests/shop/finance/", "tests/shop/live/test_feed_once.py",
    "tests/shop/test_demo.py", "tests/panel/test_conflicts.py", "tests/panel/test_children.py", "tests/panel/test_drafts.py",
    "tests/panel/test_show_pages.py", "tests/shop/catalog/test_sheets.py",
)  # fmt: skip
# among them, what answers before it asks the database, draws what it has read, or reads a file whose rows are then written as those of another one
ON_ONE = tuple(f"tests/panel/core/test_{name}.py" for name in ("security", "errorpages", "drawing", "kept_words", "frames_are_true")) + (
    "tests/shop/orders/test_import_taobao.py",
)
ENGINES = ("sqlite", "postgresql")


pytest_plugins = ["tests.ops.tree"]


def pytest_addoption(parser):
    parser.addoption("--workers", type=int, default=0, help="run the files in so many processes")
    parser.addoption("--engine", choices=(*ENGINES, "both"), default=os.environ.get("ENGINE", "sqlite"))


def pytest_generate_tests(metafunc):
    """With `--engine both` a test that asks the database runs on SQLite, and on PostgreSQL when its file is named above."""
    if "engine_name" in metafunc.fixturenames and metafunc.config.getoption("--engine") == "both":
        name = metafunc.definition.nodeid
        engines = ENGINES if name.startswith(ON_POSTGRESQL) and not name.startswith(ON_ONE) else ENGINES[:1]
        named = [pytest.param(engine, id=engine if number else pytest.HIDDEN_PARAM) for number, engine in enumerate(engines)]
        metafunc.parametrize("engine_name", named, indirect=True, scope="session")


def pytest_collection_modifyitems(items):
    """Files that take long begin first, so that no worker sits idle at the end while another has one of them left.

    Of these, what waits for processes of its own takes turns with what keeps a processor busy.
    """
    long = [item for item in items if any(mark.name == "slow" for mark in item.parent.own_markers)]
    turns = {}
    for waits in (False, True):
        pieces = dict.fromkeys(_piece_of(item) for item in long if bool(item.get_closest_marker("processes")) == waits)
        # the longest of all stand last: the walks over every route
        turns |= {piece: 2 * turn + waits for turn, piece in enumerate(pieces if waits else reversed(pieces))}
    short = len(items)
    items.sort(key=lambda item: (_is_on_postgresql(item.nodeid), turns.get(_piece_of(item), short)))


def _is_on_postgresql(nodeid):
    return re.search(rf"[\[-]{ENGINES[1]}[]-]", nodeid) is not None


def pytest_configure(config):
    if number := config.getoption("workers"):
        crew_of_all = crew.Crew(number, _before_all, _piece_of, lambda item: _is_on_postgresql(item.nodeid), spare=2)
        config.pluginmanager.register(crew_of_all)


def _piece_of(item):
    """Tests of one file and engine stay together, and files that say so."""
    if mark := item.get_closest_marker("together"):
        return mark.args
    return item.nodeid.split("::", 1)[0], _is_on_postgresql(item.nodeid)


def _before_all():
    """What every worker would otherwise do for itself."""
    know_everything()
    home = Path(tempfile.mkdtemp())
    app = make_app(f"sqlite:///{home}/first.db", home)
    for name in app.jinja_env.list_templates(filter_func=lambda name: name.endswith((".html", ".txt"))):
        app.jinja_env.get_template(name)
    shutil.rmtree(home)


@functools.cache
def know_everything():
    """All domains of all tests are imported before the first application is made.

    Tables and registries are a process's, not an application's: otherwise it would depend on the order of the tests
    which tables an application finds and which cards its home page shows.
    """
    from app import TIERS
    from app.panel.core import domain

    domain.load((*TIERS, "tests.library"))
    importlib.import_module("tests.library.quick_edit")
    gc.freeze()  # a seventh of the time of some files went into looking for garbage among all this
    gc.set_threshold(500_000)  # a worker of the suite ends long before it would have to be tidy


@pytest.fixture(scope="session", autouse=True)
def everything_is_known():
    know_everything()


@pytest.fixture(scope="session")
def engine_name(request):
    return getattr(request, "param", None) or request.config.getoption("--engine").replace("both", ENGINES[0])


@pytest.fixture(scope="session")
def database_server(engine_name):
    if engine_name == "sqlite":
        yield None
        return
    with databases.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def new_database(database_server, tmp_path_factory):
    """Addresses of databases of the chosen engine, each its own; `make_app` makes what lies there."""
    if database_server is None:
        return lambda: f"sqlite:///{tmp_path_factory.mktemp('db') / 'test.db'}"
    return lambda: databases.named(database_server)


@pytest.fixture(scope="session")
def empty_database(database_server, new_database):
    """Those of databases that are there, without a table."""
    return new_database if database_server is None else lambda: databases.create(database_server)


class Compiled(BytecodeCache):
    """What templates compile to, for all applications of a process: each has an environment of its own."""

    def __init__(self):
        self.known = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket):
        self.known[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


class Browser(FlaskClient):
    """A test client that sends the CSRF token of its session as our own pages do."""

    token = ""

    def open(self, *args, **kwargs):
        if self.token and kwargs.get("method", "GET") not in ("GET", "HEAD") and not kwargs.pop("without_csrf", False):
            headers = dict(kwargs.get("headers") or {})
            headers.setdefault("X-CSRFToken", self.token)
            kwargs["headers"] = headers
        # a request inside a test's own context would share its `g`, and with it the person who was logged in before
        with self.application.app_context():
            return super().open(*args, **kwargs)


def settings(url, home, **more):
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        # one process asks what all screens ask, as everybody: to write a statement anew each time was a tenth of a walk
        "SQLALCHEMY_ENGINE_OPTIONS": {"query_cache_size": 20_000},
        "SECRET_KEY": SECRET,
        "TESTING": True,
        "JOBS_EAGER": True,
        "HOME": home,
        "UPLOAD_FOLDER": str(home / "files"),
        "LOG_FOLDER": home / "logs",
        "CACHE_FOLDER": databases.CACHE,
        "PASSWORD_COST": {"time_cost": 1, "memory_cost": 8, "parallelism": 1},
        "LIMITS_STORAGE": "memory://",
        "BABEL_DEFAULT_LOCALE": "en",
        "ZONE": "Asia/Shanghai",
        "SERVER_HOST": "127.0.0.1",
        "SERVER_PORT": 80,
        "PUBLIC_URL": "http://localhost",
        "SESSION_COOKIE_SECURE": False,
        "REDIS_URL": "",
        **more,
    }


def make_app(url, home, packages=None, **more):
    """An application on an empty database: migrated, with permissions and roles.

    The first of a run does the work, the later ones begin with a copy of what it wrote.
    """
    from app.panel.core import policy, translations

    translations.compile_all()
    kind = (packages, *sorted(policy.REGISTRY.roles))
    with databases.copied(kind, url) as is_ready:
        app = app_on(url, home, packages, **more)
        if not is_ready:
            _set_up(app, packages)
    return app


def app_on(url, home, packages=None, **more):
    """An application on a database as it is."""
    from app import TIERS, create_app

    app = create_app(packages or TIERS, **settings(url, home, **more))
    app.test_client_class = Browser
    app.jinja_env.bytecode_cache = COMPILED
    return app


def _set_up(app, packages):
    from app.panel.core import setup
    from app.panel.core.db import db

    with app.app_context():
        if packages is None:
            flask_migrate.upgrade(directory="migrations")
        db.metadata.create_all(db.engine)  # the test library's tables, which no migration knows
    setup.sync(app)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def app(new_database, tmp_path_factory):
    """The application of the session. Tests see it through `session`, which undoes what they did."""
    app = make_app(new_database(), tmp_path_factory.mktemp("home"))
    with app.app_context():
        people.settle()
    gc.freeze()
    return app


@pytest.fixture(scope="module")
def chromium():
    """A browser for the tests of one file: Playwright's loop in this thread would refuse every `asyncio.run` after it."""
    from playwright.sync_api import sync_playwright

    from tests import browsing
    from tests.chromium import find

    browsing.patient()
    with sync_playwright() as playwright:
        arguments = [
            *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-extensions"),
            *("--in-process-gpu", "--renderer-process-limit=1", "--disable-component-extensions-with-background-pages"),
            # nobody looks at it: what is drawn is drawn once, by one thread
            *("--disable-gpu-compositing", "--num-raster-threads=1"),
            # a page lives a second here: a frame of its own and optimised scripts cost more than they bring
            "--disable-features=Translate,OptimizationHints,MediaRouter,PaintHolding,RenderDocument",
            "--enable-features=CDPScreenshotNewSurface,NetworkServiceInProcess2",  # the first is Playwright's wish
            "--js-flags=--no-opt --no-maglev --single-threaded-gc --min-semi-space-size=32",
        ]
        browser = playwright.chromium.launch(executable_path=find(), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def live_app(new_database, tmp_path):
    """An application with a database of its own in which commits are real, for threads and workers."""
    app = make_app(new_database(), tmp_path)
    with app.app_context():
        people.settle()
    yield app
    with app.app_context():
        from app.panel.core.db import db

        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def session(app) -> Iterator[object]:
    """The database session of a test: one outer transaction, undone at its end; commits inside become savepoints."""
    from app.panel.core.db import db

    with app.app_context():
        engines = db.engines
        engine = engines[None]
        connection = engine.connect()
        outer = connection.begin()
        connection.name = engine.name
        engines[None] = connection
        factory = db.session.session_factory
        before = factory.kw.get("join_transaction_mode")
        factory.configure(join_transaction_mode="create_savepoint")
        try:
            yield db.session
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            engines[None] = engine
            factory.kw.pop("join_transaction_mode", None) if before is None else factory.configure(
                join_transaction_mode=before
            )


@pytest.fixture
def as_user(app, session):
    """`as_user("ben")`: a client in which ben is logged in; it sends his CSRF token by itself."""

    def login(name, application=app):
        return client_of(application, name)

    return login


@pytest.fixture
def as_role(session):
    """`as_role(ben, "deputy")`: he is that and nothing else from now on."""
    from app.panel.accounts.models import Role
    from app.panel.core import policy

    def change(person, *names):
        person.roles = session.query(Role).filter(Role.name.in_(names)).all()
        assert len(person.roles) == len(names)
        session.commit()
        policy.forget()

    return change


def client_of(app, name):
    from app.panel.accounts.login import sessions
    from app.panel.accounts.models import User
    from app.panel.core.db import db

    user = db.session.query(User).filter_by(username=name).one()
    value = sessions.begin(user.id, {"_user_id": str(user.id), "_fresh": True, "csrf_token": CSRF, "language": "en"})
    client = app.test_client()
    client.set_cookie(sessions.cookie_name(False), value)
    client.token = URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token").dumps(CSRF)
    client.cookie_value = value
    return client


def _person(name):
    @pytest.fixture(name=name)
    def person(session):
        from app.panel.accounts.models import User

        return session.query(User).filter_by(username=name).one()

    return person


ada, ben, cleo = _person("ada"), _person("ben"), _person("cleo")


@pytest.fixture
def clock():
    """A clock that stands where a test puts it: `clock.set("2026-11-11 20:00")`, `clock.advance(hours=2)`."""
    from app.panel.core import clock as real

    class Hand:
        def set(self, text):
            at = dt.datetime.fromisoformat(text)
            real.freeze(at if at.tzinfo else at.replace(tzinfo=real.zone()))

        def advance(self, **span):
            real.freeze(real.now() + dt.timedelta(**span))

        now = staticmethod(real.now)

    yield Hand()
    real.freeze(None)


@pytest.fixture
def count_queries():
    """`with count_queries() as seen: …; assert len(seen) < 9`"""
    from sqlalchemy import Engine

    @contextmanager
    def counting():
        seen = []

        def note(_conn, _cursor, statement, *_rest):
            if not statement.lstrip().upper().startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO", "PRAGMA", "BEGIN")):
                seen.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(Engine, "before_cursor_execute", note)

    return counting


@pytest.fixture(scope="session")
def valkey(tmp_path_factory):
    """The address of a real Valkey server."""
    from tests import valkeys

    server = valkeys.started(tmp_path_factory.mktemp("valkey"))
    yield f"redis://127.0.0.1:{server.port}/0"
    server.stop()
