"""What no process of the panel needs is not in it."""

import subprocess
import sys

import pytest
from werkzeug.routing import Map, Rule

from app import lean
from app.panel.core.db import db
from app.panel.core.late import Late

STARTED = """
import sys
from app import create_app, lean
create_app(TESTING=True, SECRET_KEY="k" * 40)
wanted = [name for name in (*lean.UNUSED, *lean.HOLLOW, "alembic", "segno", "tinytag", "app.shop.orders.demo") if name in sys.modules]
import marshmallow.fields, redis
assert marshmallow.fields.Integer().deserialize("4") == 4
try:
    redis.RedisCluster("redis://localhost")
except RuntimeError as error:
    print(wanted, error)
"""


def test_a_process_that_serves_has_nothing_that_is_left_out_and_whoever_asks_later_gets_the_real_thing(tmp_path, monkeypatch):
    for name, value in (("ZHANGGUI_PART", "web"), ("ZHANGGUI_HOME", str(tmp_path)), ("ZHANGGUI_ENV_FILE", "/dev/null")):
        monkeypatch.setenv(name, value)
    done = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.startswith("[] redis.cluster.RedisCluster was left out"), done.stdout + done.stderr


def test_what_is_loaded_already_is_neither_hidden_nor_hollow():
    with lean.without(("json", "no_such_thing"), ("decimal", "hollow_thing", "nturl2path")):
        import decimal
        import json
        import nturl2path as later

        import hollow_thing.inside as hollow  # type: ignore[import-not-found]

        class Below(hollow.Class):
            pass

        assert json.loads("1") == 1 and decimal.Decimal(1) == 1
        assert hollow.decorator(meaning=1)(Below) is Below and isinstance(Below(1, two=2), lean.LeftOut)
        assert issubclass(hollow.WrongError, Exception)
    with pytest.raises(RuntimeError, match=r"Below was left out"):
        Below()
    assert later.url2pathname("///C|/a") == "C:\\a", "what is there is loaded by whoever calls it later"
    with pytest.raises(ModuleNotFoundError):
        hollow.Class()
    with pytest.raises(ModuleNotFoundError):
        import hollow_thing  # noqa: F401


def test_a_late_package_is_loaded_when_something_of_it_is_asked_for():
    sys.modules.pop("this_is_nowhere", None)
    late = Late("this_is_nowhere")
    with pytest.raises(ModuleNotFoundError):
        _ = late.anything
    assert Late("colorsys").rgb_to_hsv(1, 0, 0) == (0.0, 1.0, 1)


def test_rules_that_share_what_is_alike_lead_where_werkzeugs_own_lead(app):
    ours = list(app.url_map.iter_rules())
    plain = Map([Rule(rule.rule, endpoint=rule.endpoint, methods=set(rule.methods)) for rule in ours])
    own, theirs = app.url_map.bind("localhost"), plain.bind("localhost")
    assert len({id(rule.methods) for rule in ours}) < 12
    for rule in ours[::9]:
        values = {name: 7 if "Integer" in type(found).__name__ else "a" for name, found in rule._converters.items()}
        path, method = own.build(rule.endpoint, values), sorted(rule.methods)[0]
        assert path == theirs.build(rule.endpoint, values)
        assert own.match(path, method) == theirs.match(path, method)
        assert own.build(rule.endpoint, {**values, "q": "x y"}) == theirs.build(rule.endpoint, {**values, "q": "x y"})


def test_types_of_ours_that_store_alike_share_what_compares_their_columns(app):
    compared = {type(column.comparator) for table in db.metadata.tables.values() for column in table.c}
    assert 2 < len(compared) < 30, compared
    states = db.metadata.tables["orders_order"].c.state
    assert "LIKE" in str(states.like("p%")) and str(states == "paid").endswith("= :state_1")
