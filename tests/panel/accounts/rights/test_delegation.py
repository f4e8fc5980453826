"""Lending a right (ACC-11): what it opens, how it is counted, how it ends."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.panel.accounts import queries
from app.panel.accounts.models import KeyKind, Role, User
from app.panel.accounts.models.delegation import Delegation, LoanState
from app.panel.accounts.rights import delegation
from app.panel.core import clock as clocks
from app.panel.core import notices, policy, trailsets
from app.panel.core.actor import SYSTEM, KeyHolder
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.orders import services
from app.shop.orders.models import Order
from app.shop.setup.models import Shop, StaffAssignment
from tests.people import make_key

ORDER = "orders.Order"


def in_days(days=1):
    return clocks.now() + dt.timedelta(days=days)


@pytest.fixture
def lend(session, ada, ben):
    """`lend("refund", uses=3)`: Ada lends Ben a right on orders for a day."""

    def make(verb="refund", resource=ORDER, days=1, actor=ada, person=ben, **limits):
        loan = delegation.lend(
            person, verb, resource, until=in_days(days), actor=actor, limits=delegation.Limits(**limits)
        )
        policy.forget()
        return loan

    return make


@pytest.fixture
def paid(session):
    """`paid(2)`: that many paid orders of ¥100 in Ben's shop."""
    return lambda count=1: [paid_order() for _number in range(count)]


def placed_order():
    shop = db.session.query(Shop).filter_by(code="A").one()
    tea = services.Wanted(None, 1, unit_price=10_000, title="Tea")
    return services.place([tea], channel_id=shop.channels[0].id, accept_short=True, actor=SYSTEM)


def paid_order():
    order = placed_order()
    services.pay(order, actor=SYSTEM)
    return order


def refund(order, actor, amount=1_000):
    policy.forget()
    return services.refund(order, amount, actor=actor)


def test_a_lent_right_opens_the_verb_and_ends_by_itself(lend, paid, ben, clock):
    clock.set("2026-11-20 10:00")
    [order] = paid()
    with pytest.raises(Forbidden):
        refund(order, ben)
    loan = lend()
    assert refund(order, ben).amount == 1_000
    clock.advance(days=1, seconds=1)
    with pytest.raises(Forbidden):
        refund(order, ben)
    assert loan.state is LoanState.OVER


def test_the_screens_offer_the_verb_while_it_lasts(lend, paid, as_user, ada):
    [order] = paid()
    page, action = f"/orders/order/show/{order.id}", f"/orders/order/action/refund/{order.id}"
    client = as_user("ben")
    assert action not in client.get(page).text and client.get(action).status_code == 403
    loan = lend()
    assert action in client.get(page).text and client.get(action).status_code == 200
    answer = client.post(action, data={"_go": "1", "amount": "10.00", "reason": "other", "method": "other"})
    assert answer.status_code == 302, answer.text
    assert db.session.get(Delegation, loan.id).uses == 1, "one command, one use, however many gates it passes"
    delegation.revoke(loan, actor=ada)
    assert action not in client.get(page).text and client.get(action).status_code == 403


def test_it_counts_uses_and_money_and_stops_at_either_limit(lend, paid, ben):
    first, second = paid(2)
    loan = lend(uses=3, amount_each=3_000, amount_max=5_000)
    with pytest.raises(Forbidden, match=r"at most CN¥30\.00 at once"):
        refund(first, ben, 3_001)
    assert loan.uses == 0, "what was refused was no use"
    refund(first, ben, 3_000)
    with pytest.raises(Forbidden, match=r"¥20\.00 are left"):
        refund(second, ben, 2_001)
    refund(second, ben, 1_500)
    assert (loan.uses, loan.spent) == (2, 4_500)
    refund(second, ben, 100)
    with pytest.raises(Forbidden):
        refund(second, ben, 100)
    assert (loan.uses, loan.spent, loan.state) == (3, 4_600, LoanState.USED_UP)


def test_a_payment_counts_its_money_too(lend, ben, session):
    ben.roles = [session.query(Role).filter_by(name="viewer").one()]
    session.commit()
    order, loan = placed_order(), lend("pay", amount_max=4_000)
    with pytest.raises(Forbidden):
        services.pay(order, actor=ben)
    services.pay(order, 4_000, actor=ben)
    assert (loan.uses, loan.spent) == (1, 4_000)


def test_a_service_that_is_called_by_another_is_no_second_use(lend, paid, ben, session):
    ben.roles = [session.query(Role).filter_by(name="viewer").one()]
    session.commit()
    orders, loan = paid(2), lend("hold", uses=3)

    @transactional
    def hold_both():
        for order in orders:
            services.hold(order, reason="asked", actor=ben)

    hold_both()
    assert loan.uses == 2, "each order is a use, also in one command"


def test_refunds_of_a_channel_need_the_right_itself(lend, ben):
    lend("intake")
    lend("refund", amount_max=1)
    given = services.GivenBack(channel_id=1, external_number="x", reference="x", amount=999_999)
    with pytest.raises(Forbidden):
        services.take_back(given, actor=ben)


def works_in(person, code=None):
    """In one shop, or in every one."""
    shop = db.session.query(Shop).filter_by(code=code).one() if code else None
    db.session.add(StaffAssignment(user_id=person.id, shop_id=shop.id if shop else None))
    db.session.commit()


def test_nobody_lends_what_he_does_not_hold_himself(lend, ben, cleo, session):
    lend("refund")
    works_in(ben)
    with pytest.raises(Forbidden):
        lend("ship", actor=ben, person=cleo)  # he holds it, but not the right to lend
    ben.roles = [*ben.roles, session.query(Role).filter_by(name="deputy").one()]
    session.commit()
    cleo.roles = [session.query(Role).filter_by(name="viewer").one()]
    session.commit()
    lend("ship", actor=ben, person=cleo)
    for verb, resource in (("import", ORDER), ("write", "accounts.User"), ("lend", "accounts.Delegation"), ("write", "core.Setting")):
        with pytest.raises(Forbidden):
            lend(verb, resource, actor=ben, person=cleo)


def test_a_lent_right_is_not_passed_on(lend, ben, cleo, ada, session):
    lend("refund")
    assert policy.allowed(ben, "refund", ORDER) and ("refund", ORDER) not in policy.held(ben)
    assert ("refund", ORDER) not in delegation.lendable(ben)
    finance = session.query(Role).filter_by(name="finance").one()
    refund = [one for one in finance.permissions if (one.permission.name, one.view_menu.name) == ("can_refund", ORDER)]
    session.add(refunder := Role(name="refunder", permissions=refund))
    session.commit()
    assert len(refund) == 1 and not queries.holds_rights(ben, [refunder])
    with pytest.raises(Forbidden):
        make_key(actor=ben, name="till", kind=KeyKind.PERSON, rights=[("refund", ORDER)])


def test_a_key_does_nothing_by_a_loan(lend, ben):
    """Not even one that was made when its owner held the right himself."""
    holder = KeyHolder(person=ben, name="till", key_id=1, rights=frozenset({("refund", ORDER), ("read", ORDER)}))
    lend()
    assert policy.allowed(ben, "refund", ORDER) and not policy.allowed(holder, "refund", ORDER)
    assert policy.usable(holder) == policy.held(holder) == {("read", ORDER)}


def test_nobody_lends_into_a_shop_that_is_not_his(lend, paid, ben, cleo, session):
    cleo.roles = [session.query(Role).filter_by(name="deputy").one()]
    session.commit()
    with pytest.raises(InvalidInput) as refused:
        lend("refund", actor=cleo)  # she has shop B, Ben has shop A: there she may refund nothing herself
    assert list(refused.value.errors) == ["person"]
    works_in(cleo, "A")
    loan, [order] = lend("refund", actor=cleo, uses=5), paid()
    refund(order, ben)
    session.query(StaffAssignment).filter_by(user_id=cleo.id).delete()
    session.commit()
    with pytest.raises(Forbidden):
        refund(order, ben)
    assert loan.uses == 1


def test_it_ends_when_the_lender_loses_the_right_or_his_account(lend, ben, cleo, session):
    works_in(cleo)
    cleo.roles = [session.query(Role).filter_by(name="deputy").one()]
    session.commit()
    lend("refund", actor=cleo)
    assert policy.allowed(ben, "refund", ORDER)
    cleo.active = False
    session.commit()
    policy.forget()
    assert not policy.allowed(ben, "refund", ORDER)
    cleo.active, cleo.roles = True, [session.query(Role).filter_by(name="viewer").one()]
    session.commit()
    policy.forget()
    assert not policy.allowed(ben, "refund", ORDER)


def test_rows_and_fields_stay_those_of_the_person(lend, paid, as_user, session):
    [order] = paid()
    lend("see_cost")
    client = as_user("cleo")
    assert client.get(f"/orders/order/show/{order.id}").status_code == 404
    assert client.post(f"/orders/order/action/refund/{order.id}").status_code == 403


def test_what_does_not_fit_is_refused_in_a_sentence(lend, ben, ada):
    for wrong, field in (
        ({"person": ada}, "person"), ({"verb": "ship"}, "right"), ({"days": 400}, "until"), ({"days": -1}, "until"),
        ({"uses": 0}, "uses"), ({"amount_max": 0}, "amount_max"), ({"verb": "intake", "amount_max": 5}, "amount_max"),
        ({"verb": "write", "resource": "setup.StaffAssignment"}, "right"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            lend(**wrong)
        assert field in refused.value.errors, wrong
    lend("refund")
    with pytest.raises(InvalidInput, match="already"):
        lend("refund")


def test_people_without_loans_cost_no_statement_more(ben, count_queries, session):
    policy.forget()
    with count_queries() as seen:
        for verb in ("read", "refund", "ship", "intake"):
            policy.allowed(ben, verb, ORDER)
    assert len([text for text in seen if "accounts_delegation" in text or "ab_permission" in text]) == 1


def test_each_use_is_written_down_and_summed_up_for_the_lender(lend, paid, ben, ada, session):
    [order], loan = paid(), lend(uses=5, amount_max=50_000)
    refund(order, ben, 1_000)
    refund(order, ben, 2_000)
    trail = [entry for entry in trailsets.of(loan) if entry.verb == "delegation.used"]
    assert [entry.actor_name for entry in trail] == ["ben"] * 4
    assert [pair for entry in reversed(trail) for pair in entry.changes.items()][:2] == [
        ("uses", [None, 1]), ("spent", [None, "10.00"]),
    ]  # fmt: skip
    assert delegation.summarise() == 1
    [notice] = [one for one in notices.latest(ada.id) if one.kind == delegation.SUMMARY]
    assert notice.body == "Ben used “Orders · Refund” 2 times, for CN¥30.00."
    assert delegation.summarise() == 0, "nothing new, nothing said"


def test_pages_lend_show_and_take_back(as_user, session, ben):
    ada, borrower = as_user("ada"), as_user("ben")
    until = clocks.local(in_days(2)).strftime("%Y-%m-%dT%H:%M")
    form = {"person": ben.id, "right": f"refund {ORDER}", "until": until, "uses": "2", "currency": "CNY", "amount_max": "50"}
    page = ada.get("/accounts/lend/").text
    assert "<option selected" not in page and page.count('<option value="">Choose …') == 2, "nobody and nothing is chosen beforehand"
    refused = ada.post("/accounts/lend/", data={**form, "person": "", "right": ""})
    assert (refused.status_code, re.findall(r"id=\"(\w+)-error\">This is needed", refused.text)) == (422, ["person", "right"])
    assert ada.post("/accounts/lend/", data={**form, "amount_max": "much"}).status_code == 422
    assert ada.post("/accounts/lend/", data=form).status_code == 302
    page = borrower.get("/account/lent/").text
    assert "Orders · Refund" in page and "0 / 2" in page and "CN¥0.00 / CN¥50.00" in page
    [loan] = session.query(Delegation).all()
    assert "Lent rights" in ada.get(f"/accounts/user/show/{ben.id}").text
    assert borrower.post("/account/lent/revoke", data={"id": loan.id}).status_code == 404, "only who lent it takes it back"
    assert 'href="/accounts/lend/"' in ada.get("/accounts/delegation/list/").text
    assert ada.post("/account/lent/revoke", data={"id": loan.id}).status_code == 302
    session.expire_all()
    assert db.session.get(Delegation, loan.id).state is LoanState.REVOKED


def test_two_at_once_never_pass_the_limits(live_app):
    """Real commits: eight threads, three uses and ¥50 lent."""
    with live_app.app_context():
        ada, ben = (db.session.query(User).filter_by(username=name).one() for name in ("ada", "ben"))
        limits = delegation.Limits(uses=4, amount_max=5_000)
        loan_id = delegation.lend(ben, "refund", ORDER, until=in_days(), actor=ada, limits=limits).id
        numbers = [paid_order().id for _number in range(8)]

    def one(number):
        with live_app.app_context():
            actor = db.session.query(User).filter_by(username="ben").one()
            try:
                services.refund(db.session.get(Order, number), 2_000, actor=actor)
            except DomainError:
                return 0
            finally:
                db.session.remove()
            return 1

    with ThreadPoolExecutor(4) as threads:
        done = sum(threads.map(one, numbers))
    with live_app.app_context():
        loan = db.session.get(Delegation, loan_id)
        assert (done, loan.uses, loan.spent) == (2, 2, 4_000)


def test_a_right_is_lent_from_the_page_of_a_person(as_user, ben):
    ada = as_user("ada")
    link = f"/accounts/user/action/lend/{ben.id}"
    assert link in ada.get(f"/accounts/user/show/{ben.id}").text
    answer = ada.get(link)
    assert answer.status_code == 302
    assert re.search(rf'<option[^>]*selected[^>]*value="{ben.id}"|<option[^>]*value="{ben.id}"[^>]*selected', ada.get(answer.location).text)


def test_roles_are_called_by_their_names_in_the_history_of_a_person(as_user, session):
    from app.panel.accounts import services
    from app.panel.core.actor import SYSTEM

    made = services.create_user(actor=SYSTEM, username="nora", name="Nora", email="nora@example.org", roles=["field_control", "support"])
    page = as_user("ada").get(f"/accounts/user/show/{made.id}").text
    history = page.partition('id="history-title"')[2]
    assert "field_control" not in history and "Field control" in history
