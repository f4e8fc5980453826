"""The verbs of the orders domain: `from app.shop.orders import services`, then `services.refund(order, …)`."""

from app.panel.core import records
from app.shop.orders.models import ExceptionReason, Order
from app.shop.orders.services import forms
from app.shop.orders.services.assigning import assign, seen_by, tag
from app.shop.orders.services.clocks import Clocks, begins_later, renew, share_gone
from app.shop.orders.services.closing import close, hold, release, reopen
from app.shop.orders.services.counter import sell
from app.shop.orders.services.exceptions import (
    describe_exception,
    ensure_reasons,
    handle_exception,
    open_exception,
    reason,
    reopen_exception,
    settle,
    withdraw_exception,
)
from app.shop.orders.services.given_back import GivenBack, take_back
from app.shop.orders.services.intake import Incoming, Paid, take_in
from app.shop.orders.services.lateness import flag_late
from app.shop.orders.services.letters import tell
from app.shop.orders.services.lines import assign_sku, recheck
from app.shop.orders.services.notes import add_note, made_by_run, remove_note
from app.shop.orders.services.past import PastOutcome, record_past_order, record_past_orders, remove_past_orders
from app.shop.orders.services.payments import pay
from app.shop.orders.services.placing import Amounts, Creator, Wanted, place
from app.shop.orders.services.recalling import recall
from app.shop.orders.services.refund_figures import OrderFigures, figures_of
from app.shop.orders.services.refunds import refund
from app.shop.orders.services.refunds_of_many import Wish, refund_all_of, refund_many
from app.shop.orders.services.refunds_reversed import refunds_by_key, reverse_all_of, reverse_refunds
from app.shop.orders.services.reviewing import confirm, edit_address, failures, first_check
from app.shop.orders.services.shipping import cancel_rest, complete, hindrance, ship
from app.shop.orders.services.unpaid import close_unpaid, drop_messages, mark_sent, remind

records.override(Order, create=forms.create, update=forms.update, delete=forms.delete)
records.override(ExceptionReason, validate=forms.validate_reason)

__all__ = [
    "Amounts",
    "Clocks",
    "Creator",
    "GivenBack",
    "Incoming",
    "OrderFigures",
    "Paid",
    "PastOutcome",
    "Wanted",
    "Wish",
    "add_note",
    "assign",
    "assign_sku",
    "begins_later",
    "cancel_rest",
    "close",
    "close_unpaid",
    "complete",
    "confirm",
    "describe_exception",
    "drop_messages",
    "edit_address",
    "ensure_reasons",
    "failures",
    "figures_of",
    "first_check",
    "flag_late",
    "handle_exception",
    "hindrance",
    "hold",
    "made_by_run",
    "mark_sent",
    "open_exception",
    "pay",
    "place",
    "reason",
    "recall",
    "recheck",
    "record_past_order",
    "record_past_orders",
    "refund",
    "refund_all_of",
    "refund_many",
    "refunds_by_key",
    "release",
    "remind",
    "remove_note",
    "remove_past_orders",
    "renew",
    "reopen",
    "reopen_exception",
    "reverse_all_of",
    "reverse_refunds",
    "seen_by",
    "sell",
    "settle",
    "share_gone",
    "ship",
    "tag",
    "take_back",
    "take_in",
    "tell",
    "withdraw_exception",
]
