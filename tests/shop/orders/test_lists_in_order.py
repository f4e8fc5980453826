"""The list of orders is read in its order from an index, whatever it is filtered by and whoever reads it: a million rows are
not sorted to show fifty."""

import re

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Engine, event, text

from app.panel.core import listing, paging
from app.panel.core.db import db
from app.shop.orders.models import Order
from app.shop.setup.models import Channel, Shop

FILTERS = {
    "all": lambda shop, channel: None,
    "state": lambda shop, channel: ["state", "eq", "shipped"],
    "shop": lambda shop, channel: ["shop", "eq", str(shop.id)],
    "channel": lambda shop, channel: ["channel", "eq", str(channel.id)],
    "date": lambda shop, channel: ["placed_at", "between", ["2026-01-01", "2026-12-31"]],
}
# one shop's orders are kept in the order of the list alone
SORTS = ("", "placed_at", "-total", "total", "number", "-number", "paid_at", "-paid_at", "ship_by_at", "-ship_by_at")


def sorts(session, ask):
    """What the database says of how it would sort for each statement over orders that the call makes."""
    seen, found = [], []
    note = lambda _c, _cursor, said, values, *_rest: seen.append((said, values))  # noqa: E731
    event.listen(Engine, "before_cursor_execute", note)
    ask()
    event.remove(Engine, "before_cursor_execute", note)
    is_sqlite = db.engine.dialect.name == "sqlite"
    if not is_sqlite:  # a table of a few rows is quicker read as a whole
        for wish in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"):
            session.execute(text(f"SET LOCAL {wish} = off"))
    for said, values in seen:
        if "FROM orders_order" in said:
            plan = session.connection().exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{said}", values)
            found.append([line[-1] for line in plan if re.search(r"TEMP B-TREE|(^|> +)Sort ", line[-1])])
    assert found
    return [line for lines in found for line in lines]


@pytest.mark.parametrize("name", ["ada", "ben"])
def test_no_page_of_orders_is_sorted(app, session, name):
    person = session.query(User).filter_by(username=name).one()
    shop = session.query(Shop).filter_by(code="A").one()
    channel = session.query(Channel).filter_by(shop_id=shop.id).first()
    view = app.extensions["panel_views"][Order]
    with app.test_request_context():
        plan = view.plan(person)
        for what, condition in FILTERS.items():
            tree = condition(shop, channel)
            if tree is not None and tree[0] not in plan.filterable:
                continue
            for sort in (SORTS if tree is None and name == "ada" else SORTS[:2]):
                for place in (paging.FIRST, paging.LAST):
                    asked = listing.Asked(tree={"and": [tree]} if tree else None, sort=sort, place=place)
                    assert sorts(session, lambda asked=asked: listing.find(asked, plan, person)) == [], (what, sort, place)
