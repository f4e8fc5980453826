"""Shopify's customer export, old and new headings: one row a person."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.bulk import importers, removal
from app.panel.bulk.importers import Image, Importer, Option, Plan, Reader, Record, Result, Work
from app.panel.bulk.reading import values as cells
from app.panel.bulk.reading.problems import BadValue
from app.panel.core.db import db
from app.shop.customers.imports import cards
from app.shop.customers.imports.known import CONTACTS
from app.shop.customers.imports.people import tidy_email, tidy_phone
from app.shop.customers.models import Customer
from app.shop.customers.services import identities

LONGEST_NAME = 120


class CustomerWork(Work):
    """People of one file on their way into one shop."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.place = cards.place_of(self.options.get("shop"), self.actor)

    def parse(self, record: Record) -> Plan:
        reader = Reader(self, record)
        plan = Plan(record.seq, [])
        country = (reader.get(cells.text, "country") or "").upper()[:2]
        email, raw_phone = reader.get(cells.text, "email"), reader.get(cells.identifier, "phone")
        phone = tidy_phone(raw_phone or "", country)
        if email and not tidy_email(email):
            reader.wrong(BadValue("not_an_email", value=email[:60]))
        names = [part for name in ("first", "last") if (part := reader.get(cells.text, name))]
        name = " ".join(names) or reader.get(cells.text, "company") or tidy_email(email or "") or phone
        if not name:
            reader.wrong(BadValue("nobody"))
        external = reader.get(cells.identifier, "id")
        plan.values = {
            "name": (name or "")[:LONGEST_NAME], "phone": phone or None, "email": tidy_email(email or "") or None,
            "external_id": external or "", "country": country, "tags": self._tags(reader),
            "note": reader.get(cells.text, "note"), "address": self._address(reader, name or "", phone, country),
            "accepts_email": reader.get(cells.flag, "accepts_email"), "accepts_sms": reader.get(cells.flag, "accepts_sms"),
        }  # fmt: skip
        plan.key = external or plan.values["phone"] or plan.values["email"] or ""
        plan.errors = reader.errors
        plan.shown = {name: plan.values[name] for name in ("name", "phone", "email", "accepts_email", "accepts_sms", "tags")}
        plan.shown |= {"address": (plan.values["address"] or {}).get("street"), "note": plan.values["note"]}
        return plan

    def _tags(self, reader: Reader) -> list[str]:
        parts = (reader.get(cells.text, "tags") or "").split(",")
        return list(dict.fromkeys(part.strip()[:60] for part in parts if part.strip()))

    def _address(self, reader: Reader, name: str, phone: str, country: str) -> dict[str, Any] | None:
        street = ", ".join(part for key in ("address1", "address2") if (part := reader.get(cells.text, key)))
        if not street:
            return None
        return {
            "recipient": name[:LONGEST_NAME], "phone": phone or None, "country": country or "CN",
            "province": (reader.get(cells.text, "province") or "")[:60] or None,
            "city": (reader.get(cells.text, "city") or "")[:60] or None, "street": street[:300],
            "postcode": (reader.get(cells.text, "zip") or "")[:20] or None, "is_default": True,
        }  # fmt: skip

    def apply(self, plans: list[Plan], *, dry_run: bool) -> list[Result]:
        return cards.write(self.place, plans, actor=self.actor, dry_run=dry_run)


@importers.register
class ShopifyCustomers(Importer):
    key = "shopify-customers"
    label = _("Shopify customers")
    resource = "customers.Customer"
    work = CustomerWork
    required = ("first", "last", "email", "spent")
    words = {
        "tags": _("Tags"), "accepts_email": _("Newsletters allowed"), "accepts_sms": _("Text messages allowed"),
        "address": _("Address"), "note": _("Note"),
    }  # fmt: skip
    fills = {
        "id": "", "first": "name", "last": "name", "company": "name", "spent": "",
        "address1": "customers.Address.street", "address2": "customers.Address.street", "city": "customers.Address.city",
        "province": "customers.Address.province", "country": "customers.Address.country", "zip": "customers.Address.postcode",
        "phone": "phone customers.Address.phone", "note": "customers.CustomerNote.body",
    }  # fmt: skip
    headings = {
        "id": ("Customer ID",), "first": ("First Name",), "last": ("Last Name",), "email": ("Email",),
        "company": ("Default Address Company", "Company"), "address1": ("Default Address Address1", "Address1"),
        "address2": ("Default Address Address2", "Address2"), "city": ("Default Address City", "City"),
        "province": ("Default Address Province Code", "Province", "Province Code"),
        "country": ("Default Address Country Code", "Country Code"), "zip": ("Default Address Zip", "Zip"),
        "phone": ("Phone", "Default Address Phone"), "accepts_email": ("Accepts Email Marketing", "Accepts Marketing"),
        "accepts_sms": ("Accepts SMS Marketing",), "spent": ("Total Spent",), "note": ("Note",), "tags": ("Tags",),
    }  # fmt: skip

    def options(self, actor: Any) -> list[Option]:
        return [Option("shop", _("Shop"), choices=cards.shops, help=_("Empty: the first shop."))]

    def undo(self, images: list[Image], *, actor: Any, since: Any, run_id: int) -> list[str] | None:
        """A card that gets its old phone or e-mail back is recognised by it again."""
        if images[0].table != Customer.__tablename__ or images[0].before is None:
            return None
        said = removal.take_back(images, actor=actor, since=since, run_id=run_id)
        for image, why in zip(images, said, strict=True):
            for kind, name in CONTACTS:
                if not why and (image.before or {}).get(name):
                    card = db.session.get_one(Customer, image.row_id)
                    identities.claim(card, kind, (image.before or {})[name])
        return said
