"""Pages of marketing that are no tables: what coupons brought, and a cart to try prices with."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

from flask import abort, request, url_for
from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.core import clock, money, policy, records, veil
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.panel.core.fields import spec
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.catalog.models import Sku
from app.shop.customers.models import Customer
from app.shop.inventory.services import default_warehouse_id
from app.shop.marketing import domain, forms, lift, queries, services, sessions, trace
from app.shop.marketing.models import Coupon, Promotion
from app.shop.marketing.states import CouponState, GroupState
from app.shop.marketing.views import PromotionView
from app.shop.orders.pages.counter import my_channels, sees_prices
from app.shop.orders.pricing import Gift, PricedLine, PriceRequest, codes_in, quote

LOW, HIGH = 65, 80  # percent: the reference band of coupons that are used (MKT-05)
OUT = [CouponState.RESERVED.value, CouponState.REDEEMED.value]
FILL_LOW, FILL_HIGH = 40, 60  # percent: the reference band of groups that are complete in time (MKT-07)
STATES = ("reserved", "redeemed", "expired", "void")
MOST_LINES = 50
MOST_USES = 50_000  # used coupons that are looked at for who bought again
MOST_ORDERS = 200
LIFT_HEADINGS = {
    lift.DURING: _("Orders while it held"), lift.BEFORE: _("Orders just before, for as long"),
    lift.USUAL: _("Orders of the same hours of weeks before"),
}  # fmt: skip
AGAIN_WITHIN = dt.timedelta(days=30)  # MKT-06
OF_ORDERS = ("subtotal", "discount", "cost", "customer_id", "paid_at")


def _coupons(batch_id: int, *conditions: Any) -> str:
    """The address of the list of coupons of a batch."""
    tree = {"and": [["batch", "eq", str(batch_id)], *conditions]}
    return url_for("marketing_coupon.list", f=json.dumps(tree, separators=(",", ":")))


@domain.page(_("Coupon figures"), icon="fa-chart-column", order=25)
class FiguresPage(PanelPage):
    """How many of each batch are out, in hands, and used; each figure leads to its rows."""

    resource = "marketing.CouponBatch"
    title = _("Coupon figures")

    @expose("/figures/")
    @needs("read")
    def index(self) -> str:
        actor = self.check("read", "marketing.Coupon")
        access = policy.fields(actor, "marketing.Coupon")
        if not all(access.usable(name) for name in ("state", "customer_id", "batch_id")):
            raise Forbidden(gettext("You do not see what these figures are made of."))
        orders = policy.fields(actor, "orders.Order")
        sees_orders = policy.allowed(actor, "read", "orders.Order") and all(orders.usable(name) for name in OF_ORDERS)
        sold = {one.batch_id: one for one in db.session.execute(queries.sold_with(actor))} if sees_orders else {}
        again = _bought_again(actor) if sees_orders else {}
        rows = [self._row(one, sold, again) for one in db.session.execute(queries.figures(actor))]
        return self.render(
            "marketing/figures.html", rows=rows, low=LOW, high=HIGH, sees_orders=sees_orders, days=AGAIN_WITHIN.days
        )

    def _row(self, found: Any, sold: dict[int, Any], again: dict[int, tuple[int, int]] | None) -> Any:
        batch = found.CouponBatch
        not_void = ["state", "ne", CouponState.VOID.value]
        in_hands = {"or": [["customer", "not_empty"], ["state", "in", OUT]]}
        rate = round(100 * found.redeemed / found.claimed) if found.claimed else None
        tone = "" if rate is None else "success" if LOW <= rate <= HIGH else "warning" if rate < LOW else "info"
        return SimpleNamespace(
            batch=batch, worth=services.said(batch), rate=rate, tone=tone, sold=_sold(batch, sold.get(batch.id)),
            again=None if again is None else again.get(batch.id), used_url=_coupons(batch.id, ["state", "eq", "redeemed"]),
            figures=[(found.issued, _coupons(batch.id, not_void)), (found.claimed, _coupons(batch.id, not_void, in_hands))]
            + [(getattr(found, state), _coupons(batch.id, ["state", "eq", state])) for state in STATES],
        )  # fmt: skip


def _sold(batch: Any, one: Any) -> Any:
    if one is None:
        return None
    share = round(100 * one.margin / one.revenue) if one.revenue else None
    return SimpleNamespace(orders=one.orders, margin=money.format(int(one.margin), batch.currency), share=share)


def _bought_again(actor: Any) -> dict[int, tuple[int, int]] | None:
    """(customers who bought again in time, customers who used a coupon) of each batch; None where they are too many to look at."""
    found = db.session.execute(queries.next_bought(actor, MOST_USES + 1)).all()
    if len(found) > MOST_USES:
        return None
    used, again = defaultdict(set), defaultdict(set)
    for batch_id, customer_id, paid_at, next_at in found:
        used[batch_id].add(customer_id)
        if next_at is not None and next_at - paid_at <= AGAIN_WITHIN:
            again[batch_id].add(customer_id)
    return {key: (len(again[key]), len(people)) for key, people in used.items()}


def _groups(promotion_id: int, *states: GroupState) -> str:
    """The address of the list of groups of a promotion."""
    tree = {"and": [["promotion", "eq", str(promotion_id)], ["state", "in", [state.value for state in states]]]}
    return url_for("marketing_groupbuy.list", f=json.dumps(tree, separators=(",", ":")))


@domain.page(_("Group buy figures"), icon="fa-chart-simple", order=36)
class GroupFiguresPage(PanelPage):
    """How many groups of each promotion are complete in time; each figure leads to its rows."""

    resource = "marketing.GroupBuy"
    title = _("Group buy figures")

    @expose("/groups/")
    @needs("read")
    def index(self) -> str:
        actor = self.check("read", "marketing.Promotion")
        access = policy.fields(actor, "marketing.GroupBuy")
        if not all(access.usable(name) for name in ("state", "promotion_id")):
            raise Forbidden(gettext("You do not see what these figures are made of."))
        found = db.session.execute(queries.group_figures(actor)).all()
        wanted = select(Promotion).where(Promotion.id.in_([one.promotion_id for one in found]))
        names = {one.id: veil.seen(one).name for one in db.session.scalars(policy.scope(wanted, actor, Promotion))}
        rows = [self._row(one, names[one.promotion_id]) for one in found if one.promotion_id in names]
        return self.render("marketing/groups.html", rows=rows, low=FILL_LOW, high=FILL_HIGH)

    def _row(self, found: Any, name: str) -> Any:
        ended = found.filled + found.failed
        rate = round(100 * found.filled / ended) if ended else None
        tone = "" if rate is None else "success" if FILL_LOW <= rate <= FILL_HIGH else "warning" if rate < FILL_LOW else "info"
        figures = [(getattr(found, state.value), _groups(found.promotion_id, state)) for state in GroupState]
        return SimpleNamespace(
            id=found.promotion_id, name=name, rate=rate, tone=tone, ended=ended, figures=figures,
            begun=(found.begun, _groups(found.promotion_id, *GroupState)),
            url=_groups(found.promotion_id, GroupState.FILLED, GroupState.FAILED),
        )  # fmt: skip


@domain.page(_("Try a cart"), icon="fa-calculator", order=15)
class CartPage(PanelPage):
    """Articles, a customer, codes and a time go in; prices come out, with the reason of each. Nothing is ordered."""

    resource = "marketing.Promotion"
    title = _("Try a cart")

    @expose("/try/")
    @needs("read")
    def index(self) -> Any:
        actor = current_actor()
        if not sees_prices(actor):
            raise Forbidden(gettext("You do not see prices, so nothing is reckoned up for you here."))
        channels = my_channels(actor)
        form = forms.CartForm(formdata=request.args if request.args else None, meta={"csrf": False})
        form.channel_id.choices = [(channel.id, channel.name) for channel in channels]
        form.session_key.choices = [("", gettext("In no session")), *sessions.known(actor, form.session_key.data or "")]
        told, status = None, 200
        if request.args:
            try:
                told = self._told(form, {channel.id: channel for channel in channels}, actor)
            except DomainError as error:
                status = 422
                errors = error.errors if isinstance(error, InvalidInput) else {error.field or "lines": error.message}
                for name, sentence in errors.items():
                    form[name].errors = [*form[name].errors, str(sentence)]
                if "customer" in errors:
                    form.customer.data = None
        return self.render("marketing/try.html", form=form.dressed(), told=told), status

    def _told(self, form: Any, channels: dict[int, Any], actor: Any) -> Any:
        if not form.validate() or form.channel_id.data not in channels:
            form.customer.data = None
            raise InvalidInput({"lines": gettext("Please look at what is marked.")})
        channel = channels[form.channel_id.data]
        skus, lines = self._lines(form.lines.data)
        customer = self._customer(form.customer.data, actor)
        asked = PriceRequest(
            shop_id=channel.shop_id, channel_id=channel.id, currency=channel.shop.currency, lines=lines,
            at=self._at(form.at.data), customer_id=customer and customer.id, codes=codes_in(form.codes.data),
            session=form.session_key.data or "", warehouse_id=default_warehouse_id(channel.shop_id),
        )  # fmt: skip
        return self._shown(asked, skus)

    def _lines(self, text: str) -> tuple[dict[int, Sku], tuple[tuple[int, int], ...]]:
        wanted = []
        for place, line in enumerate((one.split() for one in text.splitlines() if one.strip()), 1):
            pieces = line[1] if len(line) > 1 else "1"
            if len(line) > 2 or not pieces.isdecimal() or not 0 < int(pieces) <= 100_000 or place > MOST_LINES:
                raise InvalidInput({"lines": gettext("Line %(n)s: a SKU code and how many pieces.", n=place)})
            wanted.append((line[0], int(pieces)))
        by_code = {sku.code: sku for sku in db.session.scalars(select(Sku).where(Sku.code.in_([code for code, _n in wanted])))}
        if unknown := [code for code, _n in wanted if code not in by_code]:
            raise InvalidInput({"lines": gettext("“%(code)s” is not in the catalog.", code=unknown[0][:60])})
        return {sku.id: sku for sku in by_code.values()}, tuple((by_code[code].id, n) for code, n in wanted)

    def _customer(self, key: Any, actor: Any) -> Customer | None:
        if not key:
            return None
        try:
            found: Customer = records.get(Customer, key, actor=actor)
        except DomainError as error:
            raise InvalidInput({"customer": error.message}) from None
        return found

    def _at(self, text: Any) -> Any:
        try:
            return spec(Coupon, "expires_at").parse(text, {}) or clock.now()
        except ValueError as error:
            raise InvalidInput({"at": str(error)}) from None

    def _shown(self, asked: PriceRequest, skus: dict[int, Sku]) -> Any:
        found, shown = quote(asked), money.writer()
        currency = asked.currency
        gifts = [gift.sku_id for gift in found.gifts]
        skus |= {sku.id: sku for sku in db.session.scalars(select(Sku).where(Sku.id.in_(gifts)))}

        def row(sku_id: int, quantity: int, line: PricedLine | Gift) -> Any:
            price, off = (line.unit_price, line.discount) if isinstance(line, PricedLine) else (0, 0)
            return SimpleNamespace(
                name=f"{skus[sku_id].product.title} · {skus[sku_id]}", quantity=quantity, unit_price=shown(price, currency),
                off=shown(off, currency) if off else "", total=shown(price * quantity - off, currency),
                steps=trace.sentences(line.trace, currency),
            )  # fmt: skip

        rows = [row(sku_id, n, line) for (sku_id, n), line in zip(asked.lines, found.lines, strict=True)]
        total = sum(line.unit_price * n - line.discount for (_sku, n), line in zip(asked.lines, found.lines, strict=True))
        refused = [why or gettext("There is no coupon “%(code)s”.", code=code[:40]) for code, why in found.refused.items()]
        return SimpleNamespace(
            rows=rows + [row(gift.sku_id, gift.quantity, gift) for gift in found.gifts], refused=refused,
            total=shown(total, currency),
        )  # fmt: skip


@domain.page(_("Orders beside a promotion"), menu=False)
class LiftPage(PanelPage):
    """The orders behind what a promotion changed."""

    resource = "marketing.Promotion"
    stands_under = "marketing_promotion"
    default_view = "rows"

    @expose("/promotions/<int:promotion_id>/orders/")
    @needs("read")
    def rows(self, promotion_id: int) -> str:
        which = request.args.get("which") or lift.DURING
        if which not in LIFT_HEADINGS:
            abort(404)
        actor = current_actor()
        promotion: Promotion = records.get(Promotion, promotion_id, actor=actor)
        if not lift.may_see(actor, lift.READ | {"marketing.Promotion": lift.TIMES}):
            raise Forbidden(gettext("You do not see what these figures are made of."))
        found = lift.rows(promotion, which, actor, MOST_ORDERS + 1)
        return self.render(
            "marketing/lift.html", title=LIFT_HEADINGS[which], promotion=veil.seen(promotion), rows=found[:MOST_ORDERS],
            more=len(found) > MOST_ORDERS, most=MOST_ORDERS, format=money.format,
            spans=[span for key, span in lift.known_spans(promotion, actor).items() if key.partition("-")[0] == which],
            sees_amount=lift.may_see(actor, lift.OF_AMOUNTS), sees_number=policy.fields(actor, "orders.Order").usable("number"),
        )  # fmt: skip


@domain.panel(PromotionView, label=_("Lift by the promotion"), order=12)
def what_it_changed(promotion: Promotion, actor: Any) -> Any:
    """Orders and pieces of its goods while it held, beside what is usual."""
    if not lift.may_see(actor, lift.READ | {"marketing.Promotion": lift.TIMES}) or (found := lift.of(promotion, actor)) is None:
        return None
    sees_amount, currency = lift.may_see(actor, lift.OF_AMOUNTS), promotion.currency

    def line(which: str, label: str, sold: lift.Sold, base: bool = True) -> Any:
        values = [
            (format_decimal(value, "#,##0.#"), lift.change(now, value) if base else None)
            for value, now in zip(sold[:2], found.during, strict=False)
        ]
        if sees_amount:
            amount = money.format(round(sold.amount), currency)
            values.append((amount, lift.change(found.during.amount, sold.amount) if base else None))
        return SimpleNamespace(
            label=label, values=values, is_base=base, url=url_for("marketing_lift.rows", promotion_id=promotion.id, which=which)
        )

    title = gettext("While it held") if found.is_over else gettext("So far, while it holds")
    lines = [line(lift.DURING, title, found.during, base=False)]
    if found.before is not None:
        lines.append(line(lift.BEFORE, gettext("Just before, for as long"), found.before))
    if found.usual is not None:
        lines.append(line(lift.USUAL, gettext("In the same hours of %(n)s weeks before, on average", n=found.weeks), found.usual))
    return "marketing/_lift.html", {"lines": lines, "span": found.span, "sees_amount": sees_amount}
