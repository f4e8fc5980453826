"""Screens of finance that are no tables: the trial balance, the check of the ledger, and booking by hand."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, request, url_for
from flask_babel import format_date, gettext
from flask_babel import lazy_gettext as _

from app.panel.core import clock, money, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden, NotFound
from app.panel.core.forms import show_errors
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.workbench import periods
from app.shop.finance import domain, forms, queries, services
from app.shop.finance.models import Account, AccountKind
from app.shop.finance.services import Line

GROWS_BY_DEBIT = (AccountKind.ASSET, AccountKind.EXPENSE)
SIDES = (("finance.Posting", "debit"), ("finance.Posting", "credit"))
HAPPENED = (("orders.Order", "total"), ("orders.Payment", "amount"), ("orders.Refund", "amount"))


@domain.page(_("Trial balance"), icon="fa-scale-balanced", order=10)
class BalancesPage(PanelPage):
    """Every account with what stood on it before a span, what moved in it, and what stands after; each figure opens its rows."""

    resource = "finance.Posting"
    title = _("Trial balance")

    @expose("/balances/")
    @needs("read")
    def index(self) -> str:
        actor = current_actor()
        _must_see(actor, *SIDES)
        period, on = periods.read(request.args)
        last = clock.today() if on else period.last  # what was paid today stands in the ledger today
        shops = list(db.session.execute(queries.books(actor)))
        shop_id = _shop(shops)
        start, stop = clock.day_span(period.first, last)
        sums = db.session.execute(queries.balances(actor, start, stop, shop_id)).all()
        known = {account.id: account for account in db.session.scalars(queries.accounts())}
        tables = [_table(code, rows, known, period.first, last, shop_id) for code, rows in _by_currency(sums)]
        kept = {"shop": str(shop_id)} if shop_id else {}
        asked = {"days": on} if on else {"from": period.first.isoformat(), "to": period.last.isoformat()}
        return self.render(
            "finance/balances.html", tables=tables, ranges=_ranges(on, kept), shops=_shop_tabs(shops, shop_id, asked),
            subtitle=f"{format_date(period.first)} – {format_date(last)}", first=period.first, last=last, shop_id=shop_id,
            may_book=policy.allowed(actor, "book", "finance.Entry"),
        )  # fmt: skip

    @expose("/check/")
    @needs("read")
    def check(self) -> str:
        """The ledger against what happened, as far as this reader may see both."""
        actor = current_actor()
        names = {shop.id: shop.name for shop in db.session.execute(queries.books(actor))}
        _must_see(actor, *SIDES, *HAPPENED)
        found = services.verify(actor)
        title = gettext("Check of the ledger")
        return self.render("finance/check.html", title=title, found=found, names=names, format=money.format)


def _must_see(actor: Any, *places: tuple[str, str]) -> None:
    """Sums tell of the amounts that they are made of.

    :raises Forbidden: when one of these fields is kept from the reader
    """
    if not all(policy.allowed(actor, "read", of) and policy.fields(actor, of).usable(name) for of, name in places):
        raise Forbidden(gettext("You do not see the amounts that this page adds up."))


def _shop(shops: list[Any]) -> int | None:
    """The shop that the address names, if it is one of the reader's."""
    asked = request.args.get("shop", "")
    if not asked:
        return None
    found = next((shop.id for shop in shops if str(shop.id) == asked), None)
    if found is None:
        raise NotFound(gettext("There is no such shop."))
    return int(found)


def _ranges(on: str, kept: dict[str, str]) -> list[Any]:
    return [
        SimpleNamespace(label=str(label), url=f"{request.path}?{urlencode({**kept, 'days': key})}", active=key == on)
        for key, (_days, label) in periods.RANGES.items()
    ]


def _shop_tabs(shops: list[Any], on: int | None, asked: dict[str, str]) -> list[Any]:
    """All shops, and each; nothing where there is but one."""
    if len(shops) < 2:
        return []
    pairs = [(None, gettext("All shops")), *((shop.id, shop.name) for shop in shops)]
    return [
        SimpleNamespace(
            label=name, url=f"{request.path}?{urlencode({**asked, **({'shop': key} if key else {})})}", active=key == on
        )
        for key, name in pairs
    ]


def _by_currency(sums: Any) -> list[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in sums:
        found[row.currency].append(row)
    return sorted(found.items(), key=lambda item: -len(item[1]))


def _table(
    code: str, rows: list[Any], known: dict[int, Account], first: dt.date, last: dt.date, shop_id: int | None
) -> SimpleNamespace:
    """The accounts of one currency, in the order of their numbers, with the sum of both sides."""
    rows = sorted(rows, key=lambda row: (known[row.account_id].code, row.account_id))
    where = [["currency", "eq", code]] + ([["shop", "eq", str(shop_id)]] if shop_id else [])
    span = ["occurred_at", "between", [first.isoformat(), last.isoformat()]]
    before, until = (["occurred_at", "before", day.isoformat()] for day in (first, last + dt.timedelta(days=1)))
    lines = []
    for row in rows:
        account = known[row.account_id]
        mine = [["account", "eq", str(account.id)], *where]
        sign = 1 if account.kind in GROWS_BY_DEBIT else -1
        opening, closing = sign * row.opening, sign * (row.opening + row.debit - row.credit)
        lines.append(SimpleNamespace(
            account=account,
            opening=_figure(opening, code, *mine, before), closing=_figure(closing, code, *mine, until),
            debit=_figure(row.debit, code, *mine, span, ["debit", "gt", "0"]),
            credit=_figure(row.credit, code, *mine, span, ["credit", "gt", "0"]),
        ))  # fmt: skip
    debit, credit = sum(row.debit for row in rows), sum(row.credit for row in rows)
    return SimpleNamespace(
        currency=code, lines=lines, debit=_figure(debit, code, *where, span, ["debit", "gt", "0"]),
        credit=_figure(credit, code, *where, span, ["credit", "gt", "0"]), agrees=debit == credit,
    )  # fmt: skip


def _figure(amount: int, code: str, *conditions: list[Any]) -> SimpleNamespace:
    """An amount, and the list of exactly the postings that it sums up."""
    url = url_for("finance_posting.list", f=json.dumps({"and": conditions}, separators=(",", ":")))
    return SimpleNamespace(text=money.format(amount, code), url=url, amount=amount)


@domain.page(_("Book by hand"), icon="fa-pen-to-square", menu=False)
class BookPage(PanelPage):
    """A fee, money that was moved, a difference that was found: one amount from one account to another."""

    resource = "finance.Entry"
    title = _("Book by hand")
    stands_under = "finance_entry"

    @expose("/book/", methods=["GET", "POST"])
    @needs("book")
    def index(self) -> Any:
        actor = current_actor()
        shops = list(db.session.execute(queries.books(actor)))
        form: Any = forms.BookForm()
        form.shop_id.choices = [(shop.id, shop.name) for shop in shops]
        accounts = [(one.id, str(one)) for one in db.session.scalars(queries.accounts()) if one.is_active]
        form.debit_id.choices = form.credit_id.choices = accounts
        currencies = {shop.id: shop.currency for shop in shops}
        form.amount.currency = currencies.get(form.shop_id.data, next(iter(currencies.values()), "CNY"))
        if request.method == "POST" and form.validate():
            try:
                return self._book(form, currencies[form.shop_id.data], actor)
            except DomainError as error:
                for text in show_errors(form, {error.field or "": error.message}):
                    flash(text, "danger")
        status = 422 if request.method == "POST" else 200
        return self.render("finance/book.html", form=form, names=_names(form, len(shops))), status

    def _book(self, form: Any, code: str, actor: Any) -> Any:
        amount = form.amount.minor or 0
        lines = [Line(form.debit_id.data, amount, code), Line(form.credit_id.data, -amount, code)]
        day = form.occurred_on.data
        made = services.book_by_hand(
            lines, shop_id=form.shop_id.data, key=form.idempotency_key.data, memo=form.memo.data, actor=actor,
            occurred_at=clock.day_start(day) if day else None,
        )  # fmt: skip
        flash(gettext("The entry is booked."), "success")
        return redirect(url_for("finance_entry.show", pk=made.id))


def _names(form: Any, shops: int) -> list[str]:
    """Where there is one shop, nobody is asked for it."""
    first = ["shop_id"] if shops > 1 else []
    return [*first, "debit_id", "credit_id", "amount", "occurred_on", "memo"]
