"""Who sees which customers, and how much of them."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, select

from app.panel.core import folding, policy
from app.shop.customers.models import Address, Consent, Customer, CustomerIdentity, CustomerMerge, CustomerNote
from app.shop.setup.permissions import OF_MINE, my_shop_ids

CUSTOMER = "customers.Customer"
policy.verbs(
    CUSTOMER, reveal=_("Have contacts shown for a reason"), see_contacts=_("See all contacts at any time"),
    note=_("Write notes"), tag=_("Tag"), message=_("Send messages"), consent=_("Record consents"),
    block=_("Block"), merge=_("Merge"), export_person=_("Hand out a person's data"), erase=_("Erase a person"),
)  # fmt: skip
for _resource in ("customers.Address", "customers.CustomerIdentity"):
    policy.verbs(
        _resource, reveal=_("Have contacts shown for a reason"), see_contacts=_("See all contacts at any time")
    )
policy.verbs("customers.CustomerMerge", merge=_("Merge"))
folding.part_of(CUSTOMER, "customers.CustomerMerge")

policy.mask(CUSTOMER, "phone", verb="see_contacts", how="phone")
policy.mask(CUSTOMER, "email", verb="see_contacts", how="email")
policy.mask("customers.Address", "phone", verb="see_contacts", how="phone")
policy.mask("customers.Address", "street", verb="see_contacts", how="name")
policy.mask("customers.CustomerIdentity", "value", verb="see_contacts", how="tail")

CARD = "read write note tag consent"
policy.grant("operations", {
    CUSTOMER: f"{CARD} message merge export import", "customers.Address": "read write",
    "customers.CustomerTag": "read write delete", "customers.CustomerNote": "read write", "customers.Consent": "read write",
    "customers.CustomerIdentity": "read", "customers.CustomerMerge": "read",
})  # fmt: skip
policy.grant("support", {
    CUSTOMER: f"{CARD} reveal block", "customers.Address": "read write delete reveal", "customers.CustomerTag": "read",
    "customers.CustomerNote": "read write", "customers.Consent": "read write",
    "customers.CustomerIdentity": "read reveal",
})  # fmt: skip
policy.grant("deputy", {
    CUSTOMER: f"{CARD} message reveal see_contacts block merge", "customers.Address": "read write delete reveal see_contacts",
    "customers.CustomerTag": "read write", "customers.CustomerNote": "read write delete",
    "customers.Consent": "read write", "customers.CustomerIdentity": "read reveal see_contacts",
    "customers.CustomerMerge": "read",
})  # fmt: skip
policy.grant("finance", {CUSTOMER: "read export", "customers.Address": "read", "customers.CustomerTag": "read"})
policy.grant("host", {CUSTOMER: "read", "customers.CustomerTag": "read"})
policy.grant("field_control", {CUSTOMER: "read", "customers.CustomerTag": "read"})
policy.grant("viewer", {CUSTOMER: "read", "customers.CustomerTag": "read", "customers.CustomerNote": "read"})


@policy.rows(Customer, OF_MINE)
def customers_of_my_shops(actor: Any) -> ColumnElement[bool]:
    return Customer.shop_id.in_(my_shop_ids(actor))


def _of_my_customers(model: Any) -> Any:
    def rule(actor: Any) -> ColumnElement[bool]:
        column = getattr(model, "customer_id", None)
        column = model.kept_id if column is None else column
        mine: ColumnElement[bool] = column.in_(select(Customer.id).where(Customer.shop_id.in_(my_shop_ids(actor))))
        return mine

    return rule


for _model in (Address, CustomerNote, CustomerIdentity, Consent, CustomerMerge):
    policy.rows(_model, OF_MINE)(_of_my_customers(_model))
    policy.follow(_model, Customer, "kept_id" if _model is CustomerMerge else "customer_id")
