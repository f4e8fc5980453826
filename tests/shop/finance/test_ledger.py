"""What the ledger keeps: balance, order, and everything once; the database refuses the rest by itself."""

import datetime as dt

import pytest
import sqlalchemy as sa

from app.panel.core import trail
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, Forbidden
from app.shop.finance import services
from app.shop.finance.models import Account, Entry, EntryKind, Posting
from app.shop.finance.services import Draft, Line
from tests.shop.finance.books import balances

AT = dt.datetime(2026, 5, 1, 4, 0, tzinfo=dt.UTC)


@pytest.fixture
def draft(stall):
    def make(*lines, key="k-1", **more):
        lines = lines or (Line("fees", 700, "CNY"), Line("money.transfer", -700, "CNY"))
        return Draft(EntryKind.HAND, key, stall.shop_id, AT, tuple(lines), **more)

    return make


def test_an_entry_stands_on_both_sides(draft):
    entry = services.post(draft(), actor=SYSTEM)
    assert balances() == {"fees": 700, "money.transfer": -700}
    assert (entry.amount, entry.currency, len(entry.postings)) == (700, "CNY", 2)


@pytest.mark.parametrize(
    "lines",
    [
        [("fees", 700, "CNY"), ("money.transfer", -699, "CNY")],
        [("fees", 700, "CNY"), ("money.transfer", -700, "USD")],
        [("fees", 0, "CNY"), ("money.transfer", 0, "CNY")],
        [("fees", 700, "CNY")],
        [("fees", 7.0, "CNY"), ("money.transfer", -7.0, "CNY")],
    ],
)
def test_what_does_not_balance_in_each_currency_is_refused(session, draft, lines):
    with pytest.raises(DomainError):
        services.post(draft(*(Line(*one) for one in lines)), actor=SYSTEM)
    assert session.query(Entry).count() == 0


def test_two_currencies_balance_each_for_itself(draft):
    pairs = [("fees", 700, "CNY"), ("money.transfer", -700, "CNY"), ("fees", 5, "JPY"), ("money.transfer", -5, "JPY")]
    entry = services.post(draft(*(Line(*one) for one in pairs)), actor=SYSTEM)
    assert sorted(one.currency for one in entry.postings) == ["CNY", "CNY", "JPY", "JPY"]


def test_the_same_key_is_booked_once_and_never_for_something_else(session, draft):
    ids = {services.post(draft(), actor=SYSTEM).id for _ in range(3)}
    services.post_many([draft(), draft()], actor=SYSTEM)
    assert len(ids) == session.query(Entry).count() == 1
    with pytest.raises(Conflict):
        services.post(draft(Line("fees", 1, "CNY"), Line("money.transfer", -1, "CNY")), actor=SYSTEM)


def test_the_database_seals_only_what_balances(session, draft):
    """Past the service, by plain SQL: an entry without postings, with one side only, of another time, and one more posting."""
    entry = services.post(draft(), actor=SYSTEM)
    session.commit()
    account = session.query(Account.id).filter_by(role="fees").scalar()
    shape = {"occurred_at": AT, "shop_id": entry.shop_id, "currency": "CNY"}

    def posting(number, **more):
        session.execute(sa.insert(Posting), {**shape, "entry_id": number, "account_id": account, "debit": 0, "credit": 0, **more})

    def header(number, **more):
        row = {**shape, "kind": EntryKind.HAND, "amount": 9, "key": f"k-{number}", "id": number, **more}
        session.execute(sa.insert(Entry.__table__), row)

    def one_sided():
        posting(9001, debit=9)
        header(9001)

    def of_another_day():
        posting(9002, debit=9)
        posting(9002, credit=9)
        header(9002, occurred_at=AT + dt.timedelta(days=1))

    def one_more():
        posting(entry.id, debit=9)
        posting(entry.id, credit=9)

    def both_sides_at_once():
        posting(9003, debit=9, credit=9)

    for attempt in (lambda: header(9000), one_sided, of_another_day, one_more, both_sides_at_once):
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
            attempt()
    posting(9004, debit=9)
    posting(9004, credit=9)
    header(9004)
    assert session.query(Posting).filter_by(entry_id=9004).count() == 2


def test_postings_that_no_entry_seals_fail_at_the_commit(live_app):
    from app.shop.setup.models import Shop

    with live_app.app_context():
        services.ensure_chart()
        row = {
            "entry_id": 77, "account_id": db.session.query(Account.id).limit(1).scalar(), "debit": 9, "credit": 0, "occurred_at": AT,
            "shop_id": db.session.query(Shop.id).limit(1).scalar(), "currency": "CNY",
        }  # fmt: skip
        db.session.execute(sa.insert(Posting), row)
        with pytest.raises(sa.exc.IntegrityError):
            db.session.commit()


@pytest.mark.parametrize("model", [Entry, Posting])
def test_nothing_that_is_posted_is_changed_or_deleted(session, draft, model):
    """G14: by the ORM, and by plain SQL as the user of the application."""
    services.post(draft(), actor=SYSTEM)
    session.commit()
    table = model.__tablename__
    attempts = [
        lambda: session.execute(sa.text(f"UPDATE {table} SET currency = 'USD'")),
        lambda: session.execute(sa.text(f"DELETE FROM {table}")),
        lambda: (setattr(session.query(model).first(), "currency", "USD"), session.flush()),
        lambda: (session.delete(session.query(model).first()), session.flush()),
    ]
    for attempt in attempts:
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
            attempt()
        session.expire_all()
    assert session.query(model.currency).first() == ("CNY",)


def test_only_the_demo_takes_its_entries_along(session, draft):
    services.post(draft(), actor=SYSTEM)
    session.commit()
    for opened_for in (trail.ERASURE, trail.RETENTION):
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested(), trail.door(opened_for):
            session.execute(sa.delete(Posting))
    with trail.door(trail.DEMO):
        session.execute(sa.delete(Posting))
        session.execute(sa.delete(Entry))
    assert session.query(Entry).count() == 0


def test_an_entry_is_reversed_once_and_a_reversal_never(draft, clock):
    entry = services.post(draft(), actor=SYSTEM)
    back = services.reverse(entry, why="Booked twice", actor=SYSTEM)
    assert (back.reverses_id, back.memo, balances()) == (entry.id, "Booked twice", {})
    for one in (entry, back):
        with pytest.raises(DomainError, match="revers"):
            services.reverse(one, why="Again", actor=SYSTEM)


def test_what_follows_from_an_order_is_put_right_there(session, order_of):
    order_of(1, paid=True)
    for entry in session.query(Entry):
        with pytest.raises(DomainError, match="order"):
            services.reverse(entry, why="No", actor=SYSTEM)


def test_finance_books_by_hand_and_nobody_else(stall, ben, somebody):
    lines = [Line("fees", 700, "CNY"), Line("money.transfer", -700, "CNY")]
    for person in (ben, somebody("viewer", stall.shop_id), somebody("operations", stall.shop_id)):
        with pytest.raises(Forbidden):
            services.book_by_hand(lines, shop_id=stall.shop_id, key="h", memo="Fee", actor=person)
    made = services.book_by_hand(lines, shop_id=stall.shop_id, key="h", memo="Fee", actor=somebody("finance", stall.shop_id))
    assert made.kind is EntryKind.HAND
    assert services.book_by_hand(lines, shop_id=stall.shop_id, key="h", memo="Fee", actor=SYSTEM).id == made.id
