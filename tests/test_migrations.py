"""One history for all tables: up from nothing, down again, and no difference to the models."""

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger, String, delete, insert, inspect, text
from sqlalchemy.sql.naming import conv

from tests import conftest, people


@pytest.fixture
def migrated(new_database, tmp_path):
    """A populated instance of its own."""
    app = conftest.make_app(new_database(), tmp_path)
    with app.app_context():
        people.settle()
    yield app
    with app.app_context():
        from app.panel.core.db import db

        db.session.remove()
        db.engine.dispose()


def tables(db):
    """Without those of the test library."""
    found = set(inspect(db.engine).get_table_names()) - {"sqlite_sequence"}
    return {name for name in found if not name.startswith("books_")}


def test_the_migrations_make_the_tables_of_the_models(migrated):
    from app.panel.core.db import db, metadata

    # tables of the test library are no part of the product
    own = {name for name in metadata().tables if not name.startswith("books_")}

    def ours(item, name, kind, _reflected, _other):
        return kind != "table" or name in own

    with migrated.app_context(), db.engine.connect() as connection:
        options = {"compare_type": compare_type, "include_object": ours}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata())
    assert found == []


def compare_type(_context, _inspected, _column, inspected_type, metadata_type):
    """Our types are plain ones in the database."""
    from app.panel.core.types import ChoiceType, MinorUnits

    if isinstance(metadata_type, ChoiceType):
        return not isinstance(inspected_type, String)
    if isinstance(metadata_type, MinorUnits):
        return not isinstance(inspected_type, BigInteger)
    return None


def test_a_populated_instance_goes_down_and_up_again(migrated):
    from app.panel.core.db import db

    with migrated.app_context():
        full = tables(db)
        assert db.session.execute(text("select count(*) from ab_user")).scalar_one() == 3
        db.session.remove()
        for table in reversed(db.metadata.sorted_tables):
            if table.name.startswith("books_"):  # no migration knows them
                table.drop(db.engine)
        rows_of_runs_go_down_and_up_again(db)
        flask_migrate.downgrade(directory="migrations", revision="base")
        assert tables(db) == {"alembic_version"}
        flask_migrate.upgrade(directory="migrations")
        assert tables(db) == full


def rows_of_runs_go_down_and_up_again(db):
    """How rows stood before an operation, and what the feed tells of many rows at once."""
    from app.panel.bulk.models import Run, RunItem
    from app.panel.bulk.states import RunKind
    from app.panel.core import clock
    from app.panel.core.changes import Change

    def read(*statements):
        with db.engine.connect() as connection:
            return [[tuple(row) for row in connection.execute(text(one))] for one in statements]

    item = {"run_id": 1, "lines": [], "key": "", "reason": ""}
    with db.engine.begin() as connection:
        connection.execute(insert(Run.__table__).values(id=1, kind=RunKind.OPERATION, resource="live.LiveItem"))
        connection.execute(insert(RunItem.__table__), [
            item | {"seq": 1, "outcome": "changed", "row_id": 7, "before": {"n": 1}, "version": 3},
            item | {"seq": 2, "outcome": "refused", "row_id": 8, "before": None, "version": None},
        ])  # fmt: skip
        connection.execute(delete(Change.__table__))
        told = {"table": "x", "kind": "update", "at": clock.now()}
        connection.execute(insert(Change.__table__), [
            told | {"key": 1, "keys": None, "last_key": None}, told | {"key": 2, "keys": [2, 3], "last_key": None},
            told | {"key": 4, "keys": None, "last_key": 6},
        ])  # fmt: skip
    items = "SELECT seq, CAST(before AS varchar(20)), version FROM bulk_run_item ORDER BY seq"
    images = 'SELECT seq, "table", row_id, CAST(before AS varchar(20)), version FROM bulk_before_image'
    as_it_was = read(items)
    flask_migrate.downgrade(directory="migrations", revision="0031")
    assert read(images, "SELECT key FROM core_change ORDER BY key") == [[(1, "live_item", 7, '{"n": 1}', 3)], [(1,), (2,), (3,), (4,), (5,), (6,)]]
    flask_migrate.upgrade(directory="migrations")
    assert read(items) == as_it_was == [[(1, '{"n": 1}', 3), (2, None, None)]]
    assert read(images) == [[]]


def test_names_that_we_gave_fit_postgresql(app):
    """Those of the naming convention are shortened by SQLAlchemy, in the same way each time."""
    from app.panel.core.db import metadata

    names = [item.name for table in metadata().tables.values() for item in (table, *table.constraints, *table.indexes)]
    assert [name for name in names if name and not isinstance(name, conv) and len(name) > 63] == []
