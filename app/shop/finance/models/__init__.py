"""Tables of the finance domain."""

from app.shop.finance.models.choices import AccountKind, EntryKind
from app.shop.finance.models.ledger import Account, Entry, Posting

__all__ = ["Account", "AccountKind", "Entry", "EntryKind", "Posting"]
