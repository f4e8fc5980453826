"""Customers and what hangs on them: identities, addresses, notes, tags, consents, merges."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from app.panel.core import clock, trash
from app.panel.core.columns import (
    children,
    choice,
    day,
    flag,
    instant,
    integer,
    json_column,
    longtext,
    many,
    ref,
    relation,
    text,
)
from app.panel.core.db import PanelModel, metadata
from app.shop.customers.checks import birthday_check, country_check, email_check, phone_check
from app.shop.customers.states import CustomerLevel, CustomerState, Gender, IdentityKind, Purpose, TagTone

customer_tags = Table(
    "customers_customer_tag_link",
    metadata(),
    Column("customer_id", ForeignKey("customers_customer.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("customers_customer_tag.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class CustomerTag(PanelModel):
    """A word that staff or rules put on customers."""

    __tablename__ = "customers_customer_tag"
    __table_args__ = (UniqueConstraint("name"),)
    name = text(_("Tag"), 60, required=True, search=True)
    tone = choice(_("Colour"), TagTone, default=TagTone.NEUTRAL)
    note = text(_("Meaning"), 200, help=_("When does a customer get this tag?"))
    customers = many(_("Customers"), "Customer", customer_tags, back_populates="tags", hidden=True, viewonly=True)

    def __str__(self) -> str:
        return self.name


class Customer(PanelModel):
    """One person (or company) who buys, in one shop. Recognised by what `CustomerIdentity` holds."""

    __tablename__ = "customers_customer"
    __table_args__ = (Index(None, "phone"), Index(None, "email"), Index(None, "first_seen_at"))
    picker_hint = ("phone", "shop")

    name = text(_("Customer name"), 120, required=True, search=True)
    phone = text(
        _("Phone"), 40, kind="phone", search=True, check=phone_check,
        help=_("Stored in international form, such as +86 138 0013 8000."),
    )
    email = text(_("E-mail"), 200, kind="email", search=True, check=email_check)
    gender = choice(_("Gender"), Gender)
    birthday_on = day(_("Birthday"), check=birthday_check)
    level = choice(_("Member level"), CustomerLevel, default=CustomerLevel.REGULAR)
    state = choice(_("State"), CustomerState, default=CustomerState.ACTIVE, readonly=True)
    shop_id = ref(_("Shop"), "setup_shop.id")
    shop = relation("Shop", shop_id)
    channel_id = ref(_("Source channel"), "setup_channel.id", ondelete="SET NULL")
    channel = relation("Channel", channel_id)
    preferences = longtext(_("Preferences"), help=_("Sizes, tastes, allergies, how he likes to be addressed."))
    tags = many(_("Tags"), "CustomerTag", customer_tags, back_populates="customers")
    accepts_sms = flag(_("Text messages allowed"), readonly=True)
    accepts_email = flag(_("Newsletters allowed"), readonly=True)
    accepts_call = flag(_("Calls allowed"), readonly=True)
    accepts_profiling = flag(_("Personal offers allowed"), readonly=True)
    first_seen_at = instant(_("Customer since"), default=clock.now)
    erased_at = instant(_("Erased at"), readonly=True)
    addresses = children(_("Addresses"), "Address", back="customer")
    notes = children(_("Notes"), "CustomerNote", back="customer")
    identities = children(_("Identities"), "CustomerIdentity", back="customer")
    consents = children(_("Consents"), "Consent", back="customer")

    def __str__(self) -> str:
        return self.name


class CustomerIdentity(PanelModel):
    """A natural key: phone or e-mail within a shop, or the number that a platform gave the person.

    `slot` spells kind, scope and value in one unique string, for a unique index over a NULL channel would not hold.
    """

    __tablename__ = "customers_customer_identity"
    __table_args__ = (UniqueConstraint("slot"),)
    customer_id = ref(_("Customer"), "customers_customer.id", required=True, ondelete="CASCADE")
    customer = relation("Customer", customer_id, back_populates="identities")
    kind = choice(_("Kind"), IdentityKind, required=True)
    channel_id = ref(_("Channel"), "setup_channel.id", ondelete="CASCADE")
    channel = relation("Channel", channel_id)
    value = text(_("Value"), 200, required=True, search=True)
    slot = text(_("Recognised by"), 260, required=True, hidden=True)

    def __str__(self) -> str:
        return str(self.kind.label) if self.kind else ""


class Address(PanelModel):
    """Where to send. The three levels of a Chinese address are names of the official list; abroad they are free."""

    __tablename__ = "customers_address"
    customer_id = ref(_("Customer"), "customers_customer.id", required=True, ondelete="CASCADE")
    customer = relation("Customer", customer_id, back_populates="addresses")
    label = text(_("Address label"), 40, placeholder=_("Home, office …"))
    recipient = text(_("Recipient"), 120, required=True)
    phone = text(_("Phone"), 40, kind="phone", check=phone_check)
    country = text(_("Country"), 2, default="CN", check=country_check, help=_("Two letters, such as CN or SG."))
    province = text(_("Province"), 60, help=_("Province, state or region."))
    city = text(_("City"), 60)
    district = text(_("District"), 60)
    area_code = text(_("Area code"), 12, hidden=True)
    street = text(_("Street and house number"), 300, required=True)
    postcode = text(_("Postcode"), 20)
    is_default = flag(_("Default address"))

    @property
    def place(self) -> str:
        """Largest part first in China, smallest first elsewhere, as the post of the country reads it; without the street."""
        parts = [self.province, self.city if self.city != self.province else "", self.district]
        if (self.country or "CN") == "CN":
            return "".join(part for part in parts if part)
        return ", ".join(part for part in [*reversed(parts), self.postcode, self.country] if part)

    def __str__(self) -> str:
        # titles, pickers and the trash show it to people from whom the street is kept
        return f"{self.recipient} · {self.place}" if self.place else str(self.recipient)


class CustomerNote(PanelModel):
    """What staff wrote down about a customer."""

    __tablename__ = "customers_customer_note"
    __table_args__ = (Index(None, "customer_id", "created_at"),)
    customer_id = ref(_("Customer"), "customers_customer.id", required=True, ondelete="CASCADE", index=False)
    customer = relation("Customer", customer_id, back_populates="notes")
    body = longtext(_("Note"), required=True, search=True)
    is_pinned = flag(_("Keep on top"))
    created_by = relation("User", viewonly=True, primaryjoin="foreign(CustomerNote.created_by_id) == User.id")

    def __str__(self) -> str:
        return (self.body or "")[:60]


class Consent(PanelModel):
    """One decision of a person for or against one purpose: never edited, the latest one counts."""

    __tablename__ = "customers_consent"
    __table_args__ = (Index(None, "customer_id", "purpose", "decided_at"),)
    customer_id = ref(_("Customer"), "customers_customer.id", required=True, ondelete="CASCADE", index=False)
    customer = relation("Customer", customer_id, back_populates="consents")
    purpose = choice(_("Purpose"), Purpose, required=True)
    is_granted = flag(_("Granted"))
    decided_at = instant(_("Time"), default=clock.now)
    source = text(_("Source"), 120, required=True, help=_("Where it was said: web form, counter, telephone, import."))

    def __str__(self) -> str:
        return str(self.purpose.label) if self.purpose else ""


class CustomerMerge(PanelModel):
    """Two customers became one. `undo` holds what is needed to part them again."""

    __tablename__ = "customers_customer_merge"
    kept_id = ref(_("Card that stays"), "customers_customer.id", required=True, ondelete="CASCADE", readonly=True)
    kept = relation("Customer", kept_id)
    gone_id = integer(_("Number of the other"), required=True, readonly=True, index=True)
    gone_name = text(_("Name of the other"), 120, readonly=True)
    undo = json_column(_("Undo information"), hidden=True)
    undone_at = instant(_("Parted again"), readonly=True)

    def __str__(self) -> str:
        return f"{self.gone_name} → {self.kept}"


trash.not_kept(
    f"{CustomerIdentity.__tablename__}.channel_id", "what names a person lies in no trash but that of the person himself"
)
