"""Money that is granted to a buyer for our being late stands in the books, once."""

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.finance import services
from app.shop.finance.models import Entry, EntryKind
from app.shop.logistics.models import Compensation, CompensationKind
from app.shop.logistics.services import compensations


@transactional
def granted(order, kind):
    row = Compensation(order=order, kind=kind, currency="CNY", amount=500, made_at=clock.now(), cause=kind.value)
    db.session.add(row)
    db.session.flush()
    return row


def test_an_approved_amount_is_a_cost_and_owed_to_the_buyer_and_a_coupon_is_not(session, order_of):
    order = order_of(1, paid=True)
    money, coupon = granted(order, CompensationKind.AMOUNT), granted(order, CompensationKind.COUPON)
    for row in (money, coupon, money):
        compensations.approve(row, actor=SYSTEM)
    entry = session.query(Entry).filter_by(kind=EntryKind.COMPENSATION).one()
    assert (entry.amount, entry.order_id, entry.cause_id) == (500, order.id, money.id)
    assert {(line.account.role, line.debit, line.credit) for line in entry.postings} == {("compensation", 500, 0), ("receivable", 0, 500)}
    services.follow([order.id], actor=SYSTEM)
    assert session.query(Entry).filter_by(kind=EntryKind.REVERSAL).count() == 0, "what orders do not tell is left in peace"
    assert services.verify() == []
