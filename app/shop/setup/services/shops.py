"""Opening and changing shops and their channels."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import func, select

from app.panel.accounts.login import passwords
from app.panel.core import clock, fields, history, records, trash
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.settings import define, setting
from app.panel.core.transaction import transactional
from app.shop.setup import queries, rules
from app.shop.setup.events import shop_opened
from app.shop.setup.models import Business, Channel, Shop
from app.shop.setup.services.logos import check_logo
from app.shop.setup.services.staff import keep_staff_of
from app.shop.setup.states import ChannelKind, Language, Severity

SETTING_OF = {"name": "setup.shop_name_rule", "main_category": "setup.licence_scope_rule"}

define(
    SETTING_OF["name"], Severity.WARN.value, label=lazy_gettext("A shop name outside the rules"), kind="choice",
    choices=Severity, group=lazy_gettext("Shops"),
    help=lazy_gettext("8 to 12 characters, the core keyword in it, no rare characters."),
)
define(
    SETTING_OF["main_category"], Severity.WARN.value, label=lazy_gettext("A main category that the licence lacks"),
    kind="choice", choices=Severity, group=lazy_gettext("Shops"),
)


@passwords.names_from
def names_over_the_doors() -> list[str]:
    """Whoever guesses a password of the staff begins with these."""
    return [*db.session.scalars(select(Shop.name).limit(100)), *db.session.scalars(select(Business.name).limit(100))]


def shop_findings(
    name: str | None, core_keyword: str | None, main_category: str | None, *, of: Business | None = None
) -> list[tuple[rules.Finding, bool]]:
    """What the rules say about a shop, each with: does it stop the save? Rules that are off say nothing."""
    owner = of or queries.business()
    found = rules.shop_name_findings(name or "", core_keyword)
    found += rules.category_findings(main_category, owner.licence_scope if owner else "")
    severity = {field: setting(key) for field, key in SETTING_OF.items()}
    return [(item, severity[item.field] == Severity.BLOCK) for item in found if severity[item.field] != Severity.OFF]


def check_shop(shop: Shop | None, values: dict[str, Any]) -> None:
    """:raises InvalidInput: when a rule blocks what would be saved, or the logo is no logo"""
    def value(name: str) -> Any:
        return values[name] if name in values else getattr(shop, name, None)

    if shop is None or {"name", "core_keyword", "main_category"} & set(values):
        found = shop_findings(value("name"), value("core_keyword"), value("main_category"))
        blocking = {item.field: item.sentence for item, blocks in found if blocks}
        if blocking:
            raise InvalidInput(blocking)
    if values.get("logo_id"):
        check_logo(values["logo_id"])


def zone_of_business() -> str | None:
    """For the clock: the zone of day boundaries and display, read once a request."""
    found = queries.business_defaults()
    return found[0] if found else None


def currency_of_business() -> str | None:
    """For amounts whose row names no currency."""
    found = queries.business_defaults()
    return found[1] if found else None


def change_business(business: Business, values: dict[str, Any], *, actor: Any) -> Business:
    records.assign(business, values, actor=actor)
    queries.forget_shops()
    return business


def ensure_business(name: str = "") -> Business:
    """The business of this instance, made when it is missing."""
    business = queries.business()
    if business is None:
        business = Business(name=name or _("My business"))
        db.session.add(business)
        db.session.flush()
    return business


def check_business(business: Business | None, values: dict[str, Any]) -> None:
    if business is None and queries.business() is not None:
        raise DomainError(_("There is one business in this house already: change that one."))


@transactional
def open_shop(values: dict[str, Any], *, actor: Any) -> Shop:
    """A new shop. When it is the second one, the people of the first keep seeing what they saw."""
    values = dict(values)
    business_id = values.pop("business_id", None) or ensure_business(values.get("name", "")).id
    before = db.session.scalar(select(func.count(Shop.id))) or 0
    if before == 1:
        first = queries.default_shop()
        assert first is not None
        keep_staff_of(first)
    shop = Shop(business_id=business_id)
    records.assign(shop, values, actor=actor)
    db.session.add(shop)
    db.session.flush()
    queries.forget_shops()
    history.record(shop, "shop.opened", actor=actor)
    shop_opened.send(shop, actor=actor)
    return shop


@transactional
def open_channel(shop: Shop, name: str, kind: ChannelKind, *, actor: Any, **values: Any) -> Channel:
    """One more place where `shop` sells."""
    return records.create(Channel, {"shop_id": shop.id, "name": name, "kind": kind, **values}, actor=actor)


@transactional
def create_channel(values: dict[str, Any], *, actor: Any) -> Channel:
    """A channel; with one shop nobody is asked whose it is."""
    shop = queries.default_shop()
    channel = Channel(shop_id=shop.id if shop else None)
    with db.session.no_autoflush:
        records.assign(channel, values, actor=actor)
    db.session.add(channel)
    return channel


@transactional
def close_shop(shop: Shop, *, actor: Any) -> None:
    """Remove a shop to which nothing belongs; one with orders or stock can only be marked as not open.

    :raises DomainError: for the last one
    """
    if (db.session.scalar(select(func.count(Shop.id))) or 0) <= 1:
        raise DomainError(_("The last shop cannot be removed."))
    trash.put(shop, actor=actor)
    queries.forget_shops()


@transactional
def first_run(name: str, *, zone: str, currency: str, language: str = "", actor: Any) -> Shop:
    """The first shop with its counter and its own site; called again it only changes name, zone and currency.

    The zone is that of the business: an instance has one calendar, whatever number of shops.

    :raises InvalidInput: for a zone or a currency that does not exist
    """
    errors: dict[str, object] = {}
    if not name.strip():
        errors["name"] = _("This is needed.")
    if not clock.is_zone(zone):
        errors["zone"] = _("“%(zone)s” is no time zone such as Asia/Shanghai.", zone=zone)
    if errors:
        raise InvalidInput(errors)
    values = {"name": name.strip(), "currency": fields.spec(Shop, "currency").parse(currency)}
    queries.forget_shops()
    shop = queries.default_shop()
    business = ensure_business(name.strip())
    business.zone, business.currency = zone, values["currency"]
    business.language = Language.of(language) or business.language
    if shop is not None:
        records.assign(shop, values, actor=actor)
        return shop
    shop = open_shop({**values, "business_id": business.id}, actor=actor)
    first_channels = ((_("Counter"), ChannelKind.COUNTER), (_("Own site"), ChannelKind.OWN_SITE))
    for position, (label, kind) in enumerate(first_channels):
        db.session.add(Channel(shop_id=shop.id, name=label, kind=kind, position=position))
    return shop


records.override(Shop, create=open_shop, delete=close_shop, validate=check_shop)
records.override(Channel, create=create_channel)
records.override(Business, update=change_business, validate=check_business)
clock.zone_from(zone_of_business)
fields.currency_from(currency_of_business)
