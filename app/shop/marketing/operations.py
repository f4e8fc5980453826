"""What is done to many at once: coupons for chosen customers, coupons made void, promotions switched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.bulk.engine import Look, RowByRow, SetBased, register
from app.panel.core import clock, history, policy, records
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.customers.models import Customer
from app.shop.marketing import forms, services
from app.shop.marketing.models import Coupon, CouponBatch, Promotion
from app.shop.marketing.services.coupons import OPEN
from app.shop.marketing.states import CouponState

COUPONS: Any = Coupon.__table__


@register
class GiveCoupons(RowByRow):
    """A coupon of one batch for each chosen customer, by the rules of the batch; whoever has it already gets no second."""

    key, model, label, icon, order = "marketing.give", Customer, _("Give a coupon"), "fa-ticket", 60
    form, permission = forms.GiveForm, "read"

    def authorize(self, actor: Any, values: dict[str, Any]) -> None:
        super().authorize(actor, values)
        policy.authorize(actor, "issue", "marketing.CouponBatch")

    def may(self, actor: Any) -> bool:
        return super().may(actor) and policy.allowed(actor, "issue", "marketing.CouponBatch")

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        return {"batch": records.get(CouponBatch, form.batch_id.data, actor=actor).id}

    def said(self, values: dict[str, Any]) -> str:
        batch = db.session.get(CouponBatch, values["batch"])
        return str(batch.name) if batch else ""

    def look(self, row: Customer, values: dict[str, Any], *, actor: Any) -> Look:
        batch = db.session.get_one(CouponBatch, values["batch"])
        if why := services.not_for(batch, row):
            return Look(refused=why)
        return Look(after={"name": f"{batch.name} · {services.said(batch)}"})

    def kept(self, row: Customer, values: dict[str, Any]) -> dict[str, Any]:
        return {"cause": _cause(row)}

    def apply(self, row: Customer, values: dict[str, Any], *, actor: Any) -> str:
        batch = db.session.get_one(CouponBatch, values["batch"])
        return services.issue(batch, row, cause=_cause(row), actor=actor).code

    def take_back(self, row: Customer, image: dict[str, Any], *, actor: Any) -> str:
        coupon = db.session.query(Coupon).filter_by(cause=image["cause"]).one_or_none()
        if coupon is None:
            return gettext("There is no such coupon any more.")
        if coupon.state not in OPEN:
            return gettext("The coupon is “%(state)s”.", state=coupon.state.label)
        with history.by(actor=actor):
            services.void(coupon, why=gettext("Taken back."), actor=actor)
        return ""


def _cause(row: Customer) -> str:
    """One coupon a run and customer, however often a chunk begins anew."""
    run = history.present_run()
    if run is None:
        raise DomainError(gettext("This is done by a run only."))
    return f"run:{run}:{row.id}"


@register
class VoidCoupons(SetBased):
    key, model, label, icon, tone, order = "marketing.void", Coupon, _("Make void"), "fa-ban", "danger", 10
    form, permission, instead_of, fields = forms.VoidForm, "void", "void", ("state", "voided_at", "why")

    def said(self, values: dict[str, Any]) -> str:
        return str(values["why"])

    def refuse(self, values: dict[str, Any]) -> Sequence[tuple[Any, Any]]:
        open_ = [one.value for one in (*OPEN, CouponState.VOID)]
        return [(COUPONS.c.state.not_in(open_), gettext("It is used, or an order waits for its payment."))]

    def assign(self, values: dict[str, Any]) -> Mapping[str, Any]:
        return {"state": CouponState.VOID.value, "voided_at": clock.now(), "why": values["why"]}


@register
class SwitchPromotions(SetBased):
    key, model, label, icon, order = "marketing.switch", Promotion, _("Switch on or off"), "fa-power-off", 10
    form, fields = forms.SwitchForm, ("is_active",)

    def said(self, values: dict[str, Any]) -> str:
        return str(dict(forms.SWITCH)[values["to"]])

    def assign(self, values: dict[str, Any]) -> Mapping[str, Any]:
        return {"is_active": values["to"] == "on"}
