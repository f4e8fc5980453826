"""What SQLite and PostgreSQL are told, so that both keep the same promises (SAFETY R10)."""

import io

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import OperationalError

from app.panel.core.db import db, prepare
from app.panel.core.transaction import RETRIES, transactional

HEAD = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nisbn,title\r\n'


@pytest.fixture
def open_engine(tmp_path):
    """Engines over one new SQLite file with a table of one row."""
    made = []

    def make(teach=prepare):
        made.append(create_engine(f"sqlite:///{tmp_path / 'x.db'}", connect_args={"timeout": 0.2}))
        teach(made[-1])
        return made[-1]

    with make().begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
        connection.execute(text("INSERT INTO t VALUES (1)"))
    yield make
    for engine in made:
        engine.dispose()


def test_a_sqlite_connection_is_told_what_the_panel_relies_on(open_engine):
    with open_engine().connect() as connection:
        told = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in (
            "journal_mode", "synchronous", "foreign_keys", "busy_timeout", "journal_size_limit",
        )}  # fmt: skip
    limit = told.pop("journal_size_limit")
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30000}
    assert 2**22 < limit < 2**24


def test_the_log_of_sqlite_is_cut_behind_a_large_transaction(open_engine, tmp_path):
    log = tmp_path / "x.db-wal"
    with open_engine().connect() as connection:
        connection.execute(text("CREATE TABLE large (b BLOB)"))
        more = "WITH RECURSIVE m(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM m WHERE n < 320) "
        connection.execute(text(f"INSERT INTO large {more} SELECT zeroblob(100000) FROM m"))
        connection.commit()
        assert log.stat().st_size > 3e7
        connection.execute(text("UPDATE t SET n = n + 1"))
        connection.commit()
        assert log.stat().st_size < 1e7


def test_a_read_that_becomes_a_write_outlives_what_another_wrote_in_between(open_engine):
    def begin_only(engine):
        @event.listens_for(engine, "connect")
        def connect(connection, _record):
            connection.isolation_level = None

        @event.listens_for(engine, "begin")
        def begin(connection):
            connection.exec_driver_sql("BEGIN")

    def read_then_write(engine, number):
        with engine.connect() as one, open_engine().connect() as other:
            one.execute(text("SELECT n FROM t")).all()
            other.execute(text("UPDATE t SET n = n + 1"))
            other.commit()
            one.execute(text("UPDATE t SET n = n + :number"), {"number": number})
            one.commit()

    with pytest.raises(OperationalError, match="locked"):
        read_then_write(open_engine(begin_only), 100)
    read_then_write(open_engine(), 10)
    with open_engine().connect() as connection:
        assert connection.execute(text("SELECT n FROM t")).scalar() == 13


def test_a_write_outside_of_a_transaction_of_ours_takes_the_lock_at_once(open_engine):
    with open_engine().connect() as one, open_engine().connect() as other:
        other.execute(text("PRAGMA busy_timeout = 50"))
        one.execute(text("INSERT INTO t VALUES (2)"))
        with pytest.raises(OperationalError, match="locked"):
            other.execute(text("INSERT INTO t VALUES (3)"))
        assert other.execute(text("SELECT count(*) FROM t")).scalar() == 1


def test_postgresql_ends_what_takes_too_long(app, session, engine_name):
    if engine_name != "postgresql":
        pytest.skip("SQLite knows no such limits")
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        assert session.execute(text(f"SHOW {name}")).scalar() == "2min"
    assert session.execute(text("SHOW timezone")).scalar().upper() == "UTC"


def test_postgresql_reads_without_a_transaction_and_begins_one_for_whatever_writes_locks_or_comes_piece_by_piece(app, engine_name):
    if engine_name != "postgresql":
        pytest.skip("SQLite says BEGIN itself, which costs it nothing")

    def after(*statements, **options):
        with app.app_context(), db.engine.connect().execution_options(**options) as connection:
            for statement in statements:
                connection.execute(text(statement)).close()
            return connection.connection.driver_connection.info.transaction_status.name

    changing, limit = "UPDATE ab_role SET name = name", "SELECT set_config('lock_timeout', '1s', true)"
    assert after("SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a") == "IDLE"
    for statement in (changing, f"WITH a AS ({changing} RETURNING id) SELECT * FROM a", "SELECT * FROM ab_role FOR UPDATE", "SAVEPOINT a", limit):
        assert after("SELECT 1", statement) == "INTRANS", statement
    assert after("SELECT 1", "SELECT generate_series(1, 9)", yield_per=2) == "INTRANS"
    assert after("SELECT 1") == "IDLE"  # and the next one on the same connection reads as the first


class Slow(io.BytesIO):
    """What comes over a thin line: it notes whether anybody holds a transaction open meanwhile."""

    def __init__(self, body):
        super().__init__(body)
        self.held = []

    def readinto(self, room):
        self.held.append(db.session().in_transaction())
        return super().readinto(room)


def test_no_transaction_stands_open_while_an_upload_comes_in(app, as_user):
    body = HEAD + b"978,Tea\r\n" * 40_000 + b"\r\n--cut--\r\n"
    line = Slow(body)
    answer = as_user("ada").post(
        "/bulk/import/", input_stream=line, content_length=len(body), content_type="multipart/form-data; boundary=cut"
    )
    assert answer.status_code < 400 and len(line.held) > 3 and set(line.held) == {False}


def refusal(state):
    return OperationalError("UPDATE …", {}, type("Refusal", (Exception,), {"sqlstate": state})())


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_transaction_that_lost_against_another_is_done_again(session, state):
    tries = []

    @transactional
    def write(refused):
        tries.append(db.session().info["depth"])
        if len(tries) <= refused:
            raise refusal(state)
        return "written"

    assert write(RETRIES) == "written"
    assert tries == [1] * (RETRIES + 1)
    tries.clear()
    with pytest.raises(OperationalError):
        write(RETRIES + 1)
    assert len(tries) == RETRIES + 1


def test_other_refusals_are_not_tried_again(session):
    tries = []

    @transactional
    def write():
        tries.append(1)
        raise refusal("23505")

    with pytest.raises(OperationalError):
        write()
    assert tries == [1]


@pytest.fixture
def server_engine(engine_name, empty_database):
    if engine_name == "sqlite":
        pytest.skip("a file does not hang up")
    made = create_engine(empty_database())
    prepare(made)
    yield made
    made.dispose()


def test_connections_that_died_in_the_pool_are_made_anew(server_engine, monkeypatch):
    monkeypatch.setattr("app.panel.core.db.TRUSTED_SECONDS", 0.0)
    with server_engine.connect() as first, server_engine.connect() as second:
        pids = [one.execute(text("SELECT pg_backend_pid()")).scalar() for one in (first, second)]
    with create_engine(server_engine.url, isolation_level="AUTOCOMMIT").connect() as other:
        for pid in pids:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    with server_engine.connect() as first, server_engine.connect() as second:
        assert {one.execute(text("SELECT pg_backend_pid()")).scalar() for one in (first, second)}.isdisjoint(pids)


def test_a_connection_that_just_answered_is_not_asked_whether_it_lives(server_engine, monkeypatch):
    asked = []
    monkeypatch.setattr(server_engine.dialect, "do_ping", asked.append)
    for _ in range(3):
        with server_engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    assert asked == []
    monkeypatch.setattr("app.panel.core.db.TRUSTED_SECONDS", 0.0)
    server_engine.connect().close()
    assert len(asked) == 1
