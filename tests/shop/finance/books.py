"""The ledger as a test reads it."""

from app.panel.core.db import db
from app.shop.finance.models import Account, Entry, Posting


def balance(role, currency="CNY"):
    """Debits less credits of an account, by its role."""
    rows = db.session.query(Posting.debit, Posting.credit).join(Account, Account.id == Posting.account_id)
    return sum(row.debit - row.credit for row in rows.filter(Account.role == role, Posting.currency == currency))


def balances():
    """{role: balance} of all accounts on which something stands."""
    roles = [role for (role,) in db.session.query(Account.role).filter(Account.role.is_not(None))]
    found = {role: balance(role) for role in roles}
    return {role: amount for role, amount in found.items() if amount}


def kinds():
    return [entry.kind.value for entry in db.session.query(Entry).order_by(Entry.id)]
