"""Addresses: checked against the official list in China, free abroad, one default a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.core import changes, policy, records, setwise, sight, trash
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.customers import areas, checks
from app.shop.customers.models import Address, Customer

RESOURCE = "customers.Address"
PARTS = ("country", "province", "city", "district", "street", "postcode")


def address_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """What keeps a parcel from arriving: field → sentence; empty when nothing does. Reads country, province, city,
    district, street, postcode."""
    given = {name: str(values.get(name) or "").strip() for name in ("country", "province", "city", "district", "street")}
    found: dict[str, str] = {}
    if not given["street"]:
        found["street"] = _("Street and house number are missing.")
    if (given["country"] or "CN").upper() != "CN":
        if not given["city"] and not given["province"]:
            found["city"] = _("City or region is missing.")
        return found
    province = areas.find(given["province"]) if given["province"] else None
    if province is None:
        found["province"] = _("Choose the province from the list.")
        return found
    if not areas.children(province.code):
        return found
    city = areas.find(given["province"], given["city"]) if given["city"] else None
    if city is None:
        found["city"] = _("This city is not in %(province)s.", province=province.name)
    elif areas.children(city.code) and areas.find(given["province"], given["city"], given["district"] or "-") is None:
        found["district"] = _("This district is not in %(city)s.", city=city.name)
    return found


def normal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Full names and the code of a Chinese address, where its parts are known; otherwise what was written."""
    result = dict(values)
    result["country"] = (str(result.get("country") or "CN")).upper()
    result["area_code"] = None
    if result["country"] != "CN" or not result.get("province"):
        return result
    names = [str(result.get(name) or "") for name in ("province", "city", "district")]
    province = areas.find(names[0])
    deepest = areas.find(*names)
    if province is None or deepest is None:
        return result
    result["province"], result["area_code"] = province.name, deepest.code
    city = areas.find(names[0], names[1]) if names[1] else None
    if city is not None and city.level == "city":
        result["city"] = city.name
    elif city is not None and city.level == "district" and not names[2]:  # 北京市 / 朝阳区
        result["city"], result["district"] = province.name, city.name
        return result
    if deepest.level == "district":
        result["district"] = deepest.name
    return result


def settle(address: Address | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an address, its place spelled as the official list spells it.

    :raises InvalidInput: with a sentence for each part of a Chinese address that does not belong to the one above it
    """
    whole = {name: values.get(name, getattr(address, name, None)) for name in PARTS}
    if problems := address_problems(whole):
        raise InvalidInput(problems)
    settled = {**values, **{k: v for k, v in normal(whole).items() if k in PARTS or k == "area_code"}}
    if settled.get("phone"):
        settled["phone"] = checks.phone(settled["phone"])
    return settled


@transactional
def save_address(address: Address | None, values: Mapping[str, Any], *, actor: Any) -> Address:
    """Add or change an address. The first one, and one that says so, becomes the default.

    :raises InvalidInput: with a sentence for each part of a Chinese address that does not belong to the one above it
    """
    settled = settle(address, values)
    row = address or Address()
    if address is None:
        db.session.add(row)
    with db.session.no_autoflush:
        records.assign(row, settled, actor=actor)
    db.session.flush()
    _one_default(row)
    return row


def _one_default(address: Address) -> None:
    others = list(
        db.session.scalars(
            select(Address).where(Address.customer_id == address.customer_id, Address.id != address.id)
        )
    )
    if not any(other.is_default for other in others):
        address.is_default = True
    elif address.is_default:
        wrong = [other.id for other in others if other.is_default]
        db.session.execute(
            update(Address).where(Address.id.in_(wrong)).values(is_default=False, version=Address.version + 1)
        )
        changes.record(Address, wrong)
    db.session.flush()


def address_is_back(address: Address, *, actor: Any) -> None:
    """Out of the trash: the address that has become the default meanwhile stays it."""
    others = select(Address.id).where(Address.customer_id == address.customer_id, Address.id != address.id)
    if address.is_default and db.session.scalar(others.where(Address.is_default).limit(1)) is not None:
        address.is_default = False
    _one_default(address)


def place_addresses(customer: Customer, rows: list[dict[str, Any]], *, actor: Any) -> None:
    """The addresses of a card as its form has them, together: those that it does not name are removed.

    Of two defaults that which has just become one stays it; without any the first is.

    :raises InvalidInput: keyed `addresses.<row>.<field>`
    """
    named = {str(row.get("id") or "") for row in rows}
    gone = [one for one in sight.children(actor, customer.addresses) if str(one.id) not in named]
    policy.authorize(actor, "write", RESOURCE)
    if gone:
        policy.authorize(actor, "delete", RESOURCE)
    before = {one.id for one in customer.addresses if one.is_default and one not in gone}
    with db.session.no_autoflush:
        records.assign(customer, {"addresses": rows}, actor=actor)
        marked = [one for one in customer.addresses if one.is_default]
        chosen = next((one for one in marked if one.id not in before), next(iter(marked or customer.addresses), None))
        for one in customer.addresses:
            one.is_default = one is chosen


@transactional
def add_address(customer: Customer, values: Mapping[str, Any], *, actor: Any) -> Address:
    """Put an address on a card."""
    policy.authorize(actor, "write", RESOURCE)
    setwise.authorize(actor, Address, [values])
    address = save_address(None, {**values, "customer_id": customer.id}, actor=actor)
    db.session.expire(customer, ["addresses"])
    return address


def new_address(values: dict[str, Any], *, actor: Any) -> Address:
    return save_address(None, values, actor=actor)


records.override(Address, create=new_address, update=save_address, settle=settle)
trash.after_restore(Address, address_is_back)
