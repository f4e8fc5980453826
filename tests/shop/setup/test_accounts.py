"""Platform accounts: bound, verified, expired; and a warning 30 days before."""

import datetime as dt

import pytest

from app.panel.core import clock as core_clock
from app.panel.core import records
from app.panel.core.errors import InvalidInput
from app.shop.setup import queries, services
from app.shop.setup.models import Channel, ChannelAccount
from app.shop.setup.states import AccountPart, AccountState
from app.shop.setup.tiles import accounts_expiring


@pytest.fixture
def account(session, clock, ada):
    clock.set("2026-03-01 09:00")
    channel = session.query(Channel).filter_by(name="Counter A").one()
    values = {"channel_id": channel.id, "name": "青禾官方", "part": AccountPart.ENTERPRISE}
    return records.create(ChannelAccount, values, actor=ada)


def test_an_account_is_bound_then_verified_then_expired(account, ada, clock):
    assert account.state is AccountState.BOUND
    values = {"verified_on": dt.date(2026, 3, 1), "expires_on": dt.date(2026, 4, 15)}
    records.update(account, values, actor=ada)
    assert account.state is AccountState.VERIFIED
    clock.set("2026-04-15 23:00")
    assert services.expire_accounts() == 0
    clock.set("2026-04-16 00:30")
    assert services.expire_accounts() == 1
    assert account.state is AccountState.EXPIRED
    records.update(account, {"verified_on": dt.date(2026, 4, 16), "expires_on": dt.date(2027, 4, 15)}, actor=ada)
    assert account.state is AccountState.VERIFIED


def test_thirty_days_before_the_end_those_in_charge_are_told_once(account, ada, ben, clock, session, monkeypatch):
    told = []
    monkeypatch.setattr(services.accounts.notices, "send", lambda people, title, **more: told.append((people, title)))
    records.update(account, {"expires_on": dt.date(2026, 4, 15)}, actor=ada)
    clock.set("2026-03-15 08:00")
    assert services.remind_of_accounts() == 0
    clock.set("2026-03-16 08:00")
    assert services.remind_of_accounts() == 1
    assert services.remind_of_accounts() == 0
    ((people, title),) = told
    assert ada.id in people
    assert ben.id not in people, "support may not change accounts, so it is not his to renew them"
    assert "30 days" in title
    records.update(account, {"expires_on": dt.date(2026, 4, 10)}, actor=ada)
    assert services.remind_of_accounts() == 1, "a new date deserves a new warning"


def test_the_to_do_counts_what_runs_out_and_opens_the_list(account, ada, clock, app):
    records.update(account, {"expires_on": core_clock.today() + dt.timedelta(days=30)}, actor=ada)
    with app.test_request_context():
        todo = accounts_expiring(ada)
    assert todo.count == 1
    assert todo.url.startswith("/setup/channelaccount/list/")
    clock.advance(days=31)
    services.expire_accounts()
    assert len(list(queries.db.session.scalars(queries.accounts_expiring()))) == 0


def test_an_account_cannot_run_out_before_it_was_verified(account, ada):
    with pytest.raises(InvalidInput):
        records.update(account, {"verified_on": dt.date(2026, 3, 1), "expires_on": dt.date(2026, 2, 1)}, actor=ada)


def test_the_verification_is_entered_on_the_accounts_page(account, as_user, session):
    client = as_user("ada")
    path = f"/setup/channelaccount/action/verify/{account.id}"
    assert client.get(path).status_code == 200
    data = {"_go": "1", "subject": "青禾商贸有限公司", "verified_on": "2026-03-01", "expires_on": "2027-03-01"}
    assert client.post(path, data=data).status_code == 302
    session.expire_all()
    assert (account.state, account.subject) == (AccountState.VERIFIED, "青禾商贸有限公司")


def test_the_reminder_on_the_home_page_opens_exactly_the_accounts_that_it_counts(account, ada, clock, session, as_user):
    other = Channel(name="Closed stall", shop_id=account.channel.shop_id, kind="counter", is_active=False)
    session.add(other)
    session.commit()
    made = {"channel_id": account.channel_id, "part": AccountPart.SHOWCASE}
    for name, days, channel_id in [
        ("Late", 31, account.channel_id), ("Soon", 30, account.channel_id), ("Today", 0, account.channel_id),
        ("Over", -1, account.channel_id), ("Closed", 5, other.id),
    ]:  # fmt: skip
        end = core_clock.today() + dt.timedelta(days=days)
        records.create(ChannelAccount, {**made, "channel_id": channel_id, "name": name, "expires_on": end}, actor=ada)
    with as_user("ada").application.test_request_context():
        waiting = accounts_expiring(ada)
    assert waiting.count == 2
    page = as_user("ada").get(waiting.url).text
    assert "2 rows" in page
    assert "Soon" in page
    assert "Today" in page
    assert services.remind_of_accounts() == 2
