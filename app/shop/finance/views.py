"""Screens of the ledger: accounts, entries and postings."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import cells, money, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.finance import domain, forms, queries, services
from app.shop.finance.models import Account, Entry, EntryKind, Posting
from app.shop.finance.services.posting import FOLLOWING
from app.shop.orders.models import Order
from app.shop.orders.views import OrderView
from app.shop.setup.views import PerShopView


def _order(entry: Entry) -> Any:
    """The number of the order, which leads there whoever reads orders."""
    if not entry.order_id or not policy.allowed(current_actor(), "read", "orders.Order"):
        return entry.order_number or ""
    return cells.link(entry.order_number, url_for("orders_order.show", pk=entry.order_id))


def _reversed(entry: Entry) -> Any:
    return cells.link(f"#{entry.reverses_id}", url_for("finance_entry.show", pk=entry.reverses_id)) if entry.reverses_id else ""


def _side(name: str) -> Any:
    """An amount, or nothing on the side where none stands."""

    def show(posting: Posting) -> Any:
        return None if getattr(posting, name) else ""

    return show


@domain.view(_("Chart of accounts"), icon="fa-sitemap", order=40)
class AccountView(PanelView):
    datamodel = PanelInterface(Account)
    title = _("Chart of accounts")
    one = _("ledger account")
    list_columns = ["code", "name", "kind", "is_active", "note"]
    sort_columns = ["code", "name"]
    default_sort = "code"
    quick_filters = ["kind", "is_active"]
    show_fieldsets = [(_("Ledger account"), ["code", "name", "kind", "is_active", "note"])]
    form_fieldsets = [(_("Ledger account"), ["code", "name", "kind", "is_active", "note"])]
    can_delete = can_import = False
    empty_text = _("No accounts yet. They come with the first shop.")


@domain.view(_("Ledger entries"), icon="fa-book", order=20)
class EntryView(PerShopView):
    datamodel = PanelInterface(Entry)
    title = _("Ledger entries")
    one = _("ledger entry")
    list_columns = ["id", "occurred_at", "kind", "shop", "order_number", "amount", "memo", "reverses_id", "created_by"]
    filter_columns = ["kind", "occurred_at", "shop", "order_number", "amount", "currency", "reverses_id"]
    sort_columns = ["occurred_at"]
    search_columns = ["order_number"]
    found_everywhere = False
    default_sort = "-occurred_at"
    quick_filters = ["kind"]
    label_columns = {"created_by": _("Booked by"), "created_at": _("Booked at")}
    formatters = {"reverses_id": _reversed, "order_number": _order}
    show_fieldsets = [
        (_("Entry"), ["kind", "occurred_at", "shop", "amount", "order_number", "memo", "reverses_id", "created_by", "created_at"]),
    ]
    child_tables = ["postings"]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("Nothing is booked yet. Entries come by themselves when orders are paid and refunded.")

    @verb("reverse", _("Reverse"), icon="fa-rotate-left", form=forms.WhyForm, many=False, tone="danger",
          when=lambda entry: entry.kind not in FOLLOWING and entry.kind is not EntryKind.REVERSAL,
          help=_("A second entry takes this one back today. Neither can be changed or deleted."))  # fmt: skip
    def reverse(self, entries: list[Entry], form: Any) -> str:
        services.reverse(entries[0], why=form.why.data, actor=current_actor())
        return gettext("The entry is reversed.")


@domain.view(_("Postings"), icon="fa-list-ol", order=30)
class PostingView(PerShopView):
    datamodel = PanelInterface(Posting)
    title = _("Postings")
    one = _("posting")
    list_columns = ["occurred_at", "account", "debit", "credit", "shop", "entry"]
    filter_columns = ["account", "occurred_at", "debit", "credit", "currency", "shop", "entry"]
    sort_columns = ["occurred_at"]
    search_columns: list[str] = []
    found_everywhere = False
    default_sort = "-occurred_at"
    quick_filters = ["account"]
    formatters = {"debit": _side("debit"), "credit": _side("credit")}
    show_fieldsets = [(_("Posting"), ["entry", "occurred_at", "account", "debit", "credit", "shop"])]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("Nothing is booked yet. Entries come by themselves when orders are paid and refunded.")


@domain.panel(OrderView, label=_("In the ledger"), order=60)
def entries_of_order(order: Order, actor: Any) -> Any:
    """What was booked of an order, for whoever reads the ledger."""
    if not policy.allowed(actor, "read", "finance.Entry"):
        return None
    rows = list(db.session.scalars(queries.entries_of_order(order.id, actor)))
    return ("finance/_entries.html", {"rows": rows, "format": money.format}) if rows else None
