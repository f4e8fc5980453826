"""What all order files have in common: into which channel, whose orders, which SKUs; and the way into `record_past_orders`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.bulk import removal, writing
from app.panel.bulk.importers import Image, Importer, Option, Plan, Result, Work
from app.panel.bulk.reading.problems import BadValue
from app.panel.bulk.states import Outcome
from app.panel.core import clock, money, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.rows import among
from app.shop.catalog.models import Sku
from app.shop.customers.imports.people import NOBODY, Found, People
from app.shop.orders.models import Order
from app.shop.orders.services import past, past_rows
from app.shop.setup import queries as setup
from app.shop.setup.models import Channel, Shop
from app.shop.setup.services import shops
from app.shop.setup.states import ChannelKind

CUSTOMER = "customers.Customer"
NOWHERE = -1  # the channel that a check looks into when the first import will open it


class OrderImporter(Importer):
    """`kind` is the platform of the channel that the orders go to when the user does not name one."""

    resource = "orders.Order"
    kind = ChannelKind.OTHER
    asks_nobody = True
    channel_name: Any = ""
    # what is known of the buyer goes to his card, too, where customers are added
    NAME, PHONE = "buyer_name customers.Customer.name", "buyer_phone customers.Customer.phone"
    EMAIL = "buyer_email customers.Customer.email"

    words = {
        "placed_at": _("Placed at"), "buyer_name": _("Buyer"), "shipping_fee": _("Shipping fee"), "discount": _("Discount"),
        "tax": _("Tax"), "goods": _("Goods"), "paid": _("Paid"), "refunded": _("Refunded"),
    }  # fmt: skip

    def options(self, actor: Any) -> list[Option]:
        return [
            Option("channel", _("Channel"), choices=channels,
                   help=_("Empty: the first channel of this platform, opened when there is none.")),
            Option("customers", _("Add customers"), kind="flag", default="yes",
                   help=_("Recognised by phone and e-mail; those nobody knows get a card.")),
            Option("zone", _("Time zone of the file"), kind="text", help=_("For times without one. Empty: that of the business.")),
        ]  # fmt: skip

    def undo(self, images: list[Image], *, actor: Any, since: Any, run_id: int) -> list[str] | None:
        """Past orders go and come back through their own verbs, lines and payments with them."""
        if images[0].table != Order.__tablename__:
            return None
        said = removal.why_not(Order, images, since=since, run_id=run_id)
        free = [image for image in images if not said.get(image.row_id)]
        if free and free[0].before is None:
            past.remove_past_orders([image.row_id for image in free], actor=actor)
        elif free:
            outcomes = past.record_past_orders([image.before or {} for image in free], actor=actor, restoring=True)
            said.update({
                image.row_id: found.why for image, found in zip(free, outcomes, strict=True) if found.outcome == "refused"
            })  # fmt: skip
        return [said.get(image.row_id, "") for image in images]


class OrderWork(Work):
    """Orders of one file on their way into one channel."""

    importer: OrderImporter

    def __init__(self, importer: OrderImporter, headings: Sequence[str], options: dict[str, Any], actor: Any) -> None:
        super().__init__(importer, headings, options, actor)
        self.channel_id, self.shop = place_of(importer, options, actor)
        self.currency = self.shop.currency
        self.shop_id = self.shop.id
        zone = str(options.get("zone") or "")
        if zone and not clock.is_zone(zone):
            raise DomainError(gettext("“%(zone)s” is no time zone; write it as Asia/Shanghai.", zone=zone[:60]))
        self.zone = ZoneInfo(zone) if zone else clock.zone()
        self.with_customers = str(options.get("customers") or "yes").lower() not in ("no", "false", "0", "off")
        self.people = People(self.shop_id, self._opened_channel(), actor)
        self.opened: list[Image] = []
        self.silent = self.unsaid()

    def exponent(self, currency: str) -> int:
        return exponent(currency)

    def filled(self) -> list[tuple[str, str, str]]:
        cards = CUSTOMER if not self.with_customers else ""
        return [one for one in super().filled() if one[1] != cards]

    def unsaid(self) -> set[str]:
        """Fields of an order that some column of the layout fills, and none of this file: what is known of them stays."""
        layout = self.importer
        told = {field for name in self.places for _resource, field in layout.filled(name)}
        return {field for name in layout.headings for _resource, field in layout.filled(name)} - told

    def ready(self, plan: Plan) -> None:
        values = plan.values
        face = self.people.face(values["person"]) if self.with_customers and values.get("person") else NOBODY
        number = values.get("number") or values["external_number"]
        values = {name: value for name, value in values.items() if name not in past_rows.TEXTS or name not in self.silent}
        row = {**values, "shop_id": self.shop_id, "channel_id": self.channel_id, "number": number}
        try:
            plan.values = {"face": face, "past": past_rows.packed(row), "why": ""}
        except DomainError as error:
            plan.values = {"face": face, "past": None, "why": error.message}

    def apply(self, plans: list[Plan], *, dry_run: bool) -> list[Result]:
        """Channel, customers and SKUs first, then all orders of the chunk in one call."""
        if self.channel_id == NOWHERE and not dry_run:
            self._open_channel()
        self.people.channel_id = self._opened_channel()
        customers = self.people.remember([plan.values["face"] for plan in plans], dry_run=dry_run)
        both = [(plan.values["past"], customer) for plan, customer in zip(plans, customers, strict=True)]
        outcomes = iter(self._record([(row, customer) for row, customer in both if row], dry_run))
        found = [next(outcomes) if row else past.PastOutcome("refused", why=plan.values["why"])
                 for plan, (row, _customer) in zip(plans, both, strict=True)]  # fmt: skip
        changed = [one.order_id for one in found if one.order_id and one.outcome == "changed"]
        versions = {} if dry_run else writing.versions(Order, changed)
        results = [self._result(one, versions, customer) for one, customer in zip(found, customers, strict=True)]
        if results and self.opened:
            results[0].images[:0] = self.opened
            self.opened = []
        return results

    def _record(self, both: Sequence[tuple[past_rows.Packed, Found]], dry_run: bool) -> list[past.PastOutcome]:
        skus, numbers = self._skus(row for row, _customer in both), self._numbers([row for row, _customer in both])
        rows = [
            past_rows.placed(row, number, self.channel_id, customer.customer_id, skus)
            for (row, customer), number in zip(both, numbers, strict=True)
        ]
        return past.record_past_orders(rows, actor=self.actor, dry_run=dry_run)

    def _result(self, found: past.PastOutcome, versions: dict[int, int], customer: Found) -> Result:
        outcome = Outcome(found.outcome)
        made = list(customer.images)
        if found.order_id in versions:
            made.append(Image(Order.__tablename__, found.order_id, found.before, versions[found.order_id]))
        elif found.order_id and outcome is Outcome.NEW:
            made += writing.created(Order, [found.order_id])
        return Result(outcome, found.order_id, found.why, made)

    def _skus(self, rows: Iterable[past_rows.Packed]) -> dict[str, int]:
        codes = {code for row in rows for code in row.sku_codes if code}
        if not codes:
            return {}
        return dict(db.session.execute(select(Sku.code, Sku.id).where(among(Sku.code, codes))).tuples().all())

    def _numbers(self, rows: Sequence[past_rows.Packed]) -> list[str]:
        """Two stores may both have an order #1001: the second one in this shop gets the platform's number behind it."""
        if not rows:
            return []
        orders = Order.__table__.c
        query = select(orders.number, orders.channel_id, orders.external_number).where(orders.shop_id == self.shop_id)
        found = db.session.execute(query.where(among(orders.number, {row.number for row in rows})))
        owners = {number: (channel_id, external) for number, channel_id, external in found}
        result = []
        for row in rows:
            number, me = row.number, (self.channel_id, row.external_number)
            if row.external_number and owners.setdefault(number, me) != me:
                number = f"{number} · {row.external_number}"[-64:]
            result.append(number)
        return result

    def _opened_channel(self) -> int | None:
        return None if self.channel_id == NOWHERE else self.channel_id

    def _open_channel(self) -> None:
        channel = self._own_channel()
        if channel is None:
            name, kind = str(self.importer.channel_name), self.importer.kind
            channel = shops.open_channel(self.shop, name, kind, actor=self.actor)
            self.opened = [Image(Channel.__tablename__, channel.id, None, channel.version)]
        self.channel_id = channel.id

    def _own_channel(self) -> Channel | None:
        """A channel that an earlier chunk of this import has opened, before it was killed."""
        query = select(Channel).where(Channel.shop_id == self.shop_id, Channel.kind == self.importer.kind)
        return db.session.scalars(query.order_by(Channel.id)).first()


def channels(actor: Any) -> list[tuple[str, str]]:
    """The channels of this person's shops, "Shop · Channel" when there is more than one shop."""
    query = policy.scope(select(Channel).order_by(Channel.shop_id, Channel.position, Channel.id), actor, Channel)
    several = setup.more_than_one_shop()
    return [
        (str(channel.id), f"{channel.shop} · {channel}" if several else str(channel))
        for channel in db.session.scalars(query)
    ]


def place_of(importer: OrderImporter, options: dict[str, Any], actor: Any) -> tuple[int, Shop]:
    """The channel's id (NOWHERE when it has to be opened yet) and its shop."""
    if options.get("channel"):
        channel = db.session.get_one(Channel, int(options["channel"]))
        return channel.id, channel.shop
    query = policy.scope(select(Shop).order_by(Shop.is_active.desc(), Shop.id), actor, Shop)
    for shop in db.session.scalars(query):
        found = setup.default_channel(shop, importer.kind)
        if found is not None:
            return found.id, shop
    shop = db.session.scalars(query).first()
    if shop is None:
        raise DomainError(gettext("There is no shop yet. Set up the shop first."))
    return NOWHERE, shop


_exponents: dict[str, int] = {}


def exponent(currency: str) -> int:
    """Decimals of a currency, remembered: a file asks for it a million times."""
    if currency not in _exponents:
        _exponents[currency] = money.exponent(currency)
    return _exponents[currency]


def currency_code(cell: str) -> str | None:
    code = cell.strip().upper()
    if not code:
        return None
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise BadValue("unknown_currency", value=cell[:20])
    return code
