"""What has just happened to customers. Sent inside the transaction: a listener that fails undoes the verb."""

from __future__ import annotations

from blinker import Signal

customer_created = Signal("Somebody new. sender: the Customer; actor")
customer_merged = Signal("Two customers became one. sender: the kept Customer; gone_id: int; actor")
customer_unmerged = Signal("A merge was taken back. sender: the kept Customer; back_id: int; actor")
customer_erased = Signal("A person was forgotten. sender: the Customer; actor")
consent_changed = Signal("A person said yes or no. sender: the Customer; purpose: Purpose; is_granted: bool; actor")
customer_merging = Signal(
    "Two customers are about to become one. A domain with rows that may exist once a customer folds its two into one "
    "here; all other rows that point at the customer are moved for it. sender: the kept Customer; gone_id: int; actor"
)
