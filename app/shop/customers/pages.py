"""Screens of customers that are no tables: who is calling, making one of two, the lists of places."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.core import cells, policy, records
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, NotFound
from app.panel.core.fields import spec
from app.panel.core.forms import PanelForm
from app.panel.core.pages import PanelPage, expose, needs, public
from app.shop.customers import areas, checks, domain, queries, services
from app.shop.customers.models import Customer

RESOURCE = "customers.Customer"


@domain.page(_("Who is it?"), icon="fa-phone-volume", order=15)
class LookupPage(PanelPage):
    """Somebody calls and says his number: the whole number leads to his card, also for whoever sees it masked."""

    resource = RESOURCE
    title = _("Who is it?")

    @expose("/lookup/")
    @needs("read")
    def index(self) -> Any:
        q = (request.args.get("q") or "").strip()[:200]
        found = self._find(q) if q else []
        if len(found) == 1:
            return redirect(url_for("customers_customer.show", pk=found[0].id))
        return self.render("customers/lookup.html", q=q, found=found)

    def _find(self, q: str) -> list[Customer]:
        """Cards in my shops that are known by exactly this phone, e-mail or platform number."""
        actor = current_actor()
        if not policy.fields(actor, "customers.CustomerIdentity").readable("value"):
            return []
        values = {q, q.lower(), checks.phone_or_text(q)}
        statement = policy.scope(select(Customer), actor, Customer).where(
            Customer.id.in_(queries.known_by(sorted(values)))
        )
        return list(db.session.scalars(statement.order_by(Customer.id).limit(20)))


@domain.page(_("Merge customers"), icon="fa-code-merge", menu=False)
class MergingPage(PanelPage):
    """First the other one, then what becomes of every field and row, then the button."""

    resource = RESOURCE
    title = _("Merge customers")
    stands_under = "customers_customer"

    @expose("/merging/<int:kept_id>", methods=["GET", "POST"])
    @needs("merge")
    def index(self, kept_id: int) -> Any:
        actor = current_actor()
        kept: Customer = records.get(Customer, kept_id, actor=actor, verb="merge")
        form = PanelForm()
        text = request.values.get("other", "")
        if not text.isdecimal():
            return self._page(kept, None, form)
        other: Customer = records.get(Customer, text, actor=actor, verb="merge")
        try:
            preview = services.merge_preview(kept, other)
            if request.method == "POST" and form.validate():
                paper = services.merge(kept, other, actor=actor, take=request.form.getlist("take"))
                flash(gettext("The two are one now."), "success")
                return redirect(url_for("customers_customer.show", pk=paper.kept_id))
        except DomainError as error:
            if error.status in (403, 404):
                raise
            flash(error.message, "danger")
            return self._page(kept, None, form), 422
        return self._page(kept, other, form, preview)

    def _page(self, kept: Customer, other: Customer | None, form: Any, preview: Any = None) -> str:
        actor = current_actor()
        access = policy.fields(actor, RESOURCE)

        def shown(row: Any, name: str) -> Any:
            return cells.cell(row, spec(Customer, name).screen_name, access)

        differences = [
            SimpleNamespace(name=one.name, label=str(one.label), kept=shown(kept, one.name), gone=shown(other, one.name),
                            take=one.take)
            for one in (preview.differences if preview else [])
        ]  # fmt: skip
        twins = policy.scope(queries.twins(kept), actor, Customer)
        page = SimpleNamespace(
            title=gettext("Merge: %(name)s", name=kept.name), differences=differences,
            moving=[(_noun(name), count) for name, count in preview.moving] if preview else [],
            twins=list(db.session.scalars(twins)) if other is None else [],
            crumbs=[{"label": gettext("Customers"), "url": url_for("customers_customer.list")},
                    {"label": kept.name, "url": url_for("customers_customer.show", pk=kept.id)}],
            picker=other_picker(),
        )  # fmt: skip
        return self.render("customers/merging.html", page=page, kept=kept, other=other, form=form)


def _noun(table: str) -> str:
    """What people call the rows of a table: the title of their screen."""
    views = current_app.extensions["panel_views"]
    return next((str(view.title) for model, view in views.items() if model.__tablename__ == table), table)


def other_picker() -> SimpleNamespace:
    """The picker of customers, as the templates want a field."""
    return SimpleNamespace(
        id="other", name="other", label=SimpleNamespace(text=gettext("The other one")), data=None, errors=[],
        description=gettext("This card goes; all that belongs to it comes to the first one."), render_kw={}, kind="picker",
        flags=SimpleNamespace(required=True), required=True, multiple=False, picked=[],
        picker_url=url_for("pickers.options", resource="customers.CustomerMerge", field="kept_id"), unit="",
    )  # fmt: skip


@domain.page(_("No more newsletters"), menu=False)
class StopPage(PanelPage):
    """A customer ends the mails that he gets. A program of his mail may post by itself (RFC 8058), so that the signature in
    the address is all that is asked. Opening the page changes nothing: mail scanners open links."""

    is_machine = True
    resource = RESOURCE
    title = _("No more newsletters")
    route_base = "/customers/stop"

    @expose("/<token>", methods=["GET", "POST"])
    @public
    def index(self, token: str) -> Any:
        customer = services.meant_by(token)
        if customer is None:
            raise NotFound(gettext("This link is not one of ours, or is cut off."))
        if request.method == "POST":
            services.stop_mails(customer)
        email = policy.masked_text(customer.email or "", "email")
        return self.render("customers/stop.html", email=email, done=not customer.accepts_email)


@domain.page(_("Places"), icon="fa-map", menu=False)
class AreasPage(PanelPage):
    """Province, city, district for the forms of addresses."""

    resource = RESOURCE
    title = _("Places")

    @expose("/areas/")
    @needs("read")
    def index(self) -> dict[str, Any]:
        """`{"results": [{"code", "name"}]}` below the area that `province` and `city` name; of neither, the provinces."""
        province, city = (request.args.get(name, "")[:60] for name in ("province", "city"))
        parent = areas.find(province, city) if province else None
        if province and parent is None:
            return {"results": []}
        found = areas.children(parent.code if parent else "")
        return {"results": [{"code": area.code, "name": area.name} for area in found]}

