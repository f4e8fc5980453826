"""Above which number of rows, or which amount, somebody of a role needs a second person for an operation."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.bulk import domain
from app.panel.bulk.engine import approving
from app.panel.core import fields, money, policy
from app.panel.core.actor import current_actor
from app.panel.core.errors import InvalidInput
from app.panel.core.pages import PanelPage, expose, needs

MOST_ROWS = 10**9


@domain.page(_("Limits of operations"), icon="fa-user-check", order=40)
class LimitPage(PanelPage):
    resource = "bulk.Run"
    title = _("Limits of operations")
    route_base = "/bulk/limits"

    @expose("/")
    @needs("limit")
    def index(self) -> Any:
        known, currency = approving.limits(), fields.default_currency()
        rows = []
        for key, label in _roles():
            most, amount = known.get(key, (None, None))
            kept = ("" if most is None else str(most), "" if amount is None else money.plain(amount, currency))
            rows.append((key, label, request.form.get(f"rows-{key}", kept[0]), request.form.get(f"amount-{key}", kept[1])))
        return self.render("bulk/limits.html", rows=rows, currency=currency)

    @expose("/", methods=["POST"])
    @needs("limit")
    def save(self) -> Any:
        currency, wanted = fields.default_currency(), {}
        try:
            for key, label in _roles():
                rows, amount = request.form.get(f"rows-{key}", ""), request.form.get(f"amount-{key}", "")
                wanted[key] = (_rows(rows, label), _amount(amount, currency, label))
            approving.set_limits(wanted, actor=current_actor())
            flash(gettext("Saved."), "success")
        except InvalidInput as error:
            flash(error.message, "danger")
            return self.index(), 422
        return redirect(url_for(".index"))


def _roles() -> list[tuple[str, Any]]:
    return [(role.key, role.label) for role in sorted(policy.REGISTRY.roles.values(), key=lambda role: role.order)]


def _rows(text: str, role: Any) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or int(text) > MOST_ROWS:
        raise InvalidInput({"rows": f"{role}: {gettext('A number is needed.')}"})
    return int(text)


def _amount(text: str, currency: str, role: Any) -> int | None:
    try:
        found = money.parse(text, currency) if text.strip() else None
        if found is not None and found < 0:
            raise ValueError(gettext("A number is needed."))
        return found
    except ValueError as error:
        raise InvalidInput({"amount": f"{role}: {error}"}) from None
