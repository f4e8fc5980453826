"""Screens of the inventory that are no tables: all about a SKU, receiving by scanner, counting."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import cells, money, policy, records
from app.panel.core import forms as core_forms
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.core.screens import row_url
from app.panel.core.settings import setting
from app.shop.catalog.models import Sku
from app.shop.inventory import domain, forms, queries, scanned, services, tables
from app.shop.inventory.models import StockCount, StockLevel, StockMove, StockReservation, SupplierPrice
from app.shop.inventory.services import reorder
from app.shop.inventory.states import CountState
from app.shop.setup.queries import shop_currency


@domain.page(_("Stock of a SKU"), icon="fa-box", menu=False)
class StockPage(PanelPage):
    """Everything about one SKU: where it lies, who holds it, what moved, what it costs to buy."""

    resource = "inventory.StockLevel"
    title = _("Stock of a SKU")
    stands_under = "inventory_stocklevel"

    @expose("/stock/<int:sku_id>")
    @needs("read")
    def sku(self, sku_id: int) -> str:
        actor = current_actor()
        sku = records.get_many(Sku, [sku_id], actor=actor)[0]
        levels = list(db.session.scalars(queries.levels_of(sku_id, actor)))
        moves = list(db.session.scalars(queries.moves_of(sku_id, actor)))
        claims = list(db.session.scalars(queries.claims_on(sku_id, actor)))
        known = tables.causes([*moves, *claims])
        cause = tables.cause_cell(known)
        page = SimpleNamespace(
            title=str(sku), subtitle=str(sku.product), product_url=row_url(sku.product),
            sums=tables.sums(levels, actor),
            levels=tables.table(
                StockLevel, levels, ["warehouse", "on_hand", "reserved", "available", "threshold", "is_low"], actor=actor,
                empty=_("No warehouse has ever kept this SKU."), own={"warehouse": _open_level},
            ),
            claims=tables.table(
                StockReservation, claims, ["cause_resource", "warehouse", "open", "created_at"], actor=actor,
                empty=_("No order holds any of it."), own={"cause_resource": cause},
            ),
            moves=tables.table(
                StockMove, moves, ["moved_at", "reason", "quantity", "held", "balance", "warehouse", "cause_resource",
                                   "unit_cost", "note"],
                actor=actor, empty=_("Nothing has moved yet."), own={"cause_resource": cause},
            ),
            prices=_prices(sku_id, actor),
        )  # fmt: skip
        return self.render("inventory/sku.html", page=page)


def _open_level(level: StockLevel) -> Any:
    url = row_url(level)
    return cells.link(level.warehouse, url) if url else cells.text(level.warehouse)


def _prices(sku_id: int, actor: Any) -> SimpleNamespace | None:
    """Only for whoever may see what goods cost."""
    if not policy.allowed(actor, "read", "inventory.SupplierPrice"):
        return None
    if not policy.fields(actor, "inventory.SupplierPrice").readable("unit_cost"):
        return None
    rows = list(db.session.scalars(queries.prices_of(sku_id)))
    names = ["supplier", "unit_cost", "seen_on", "is_current", "is_best", "receipt"]
    return tables.table(SupplierPrice, rows, names, actor=actor, empty=_("Nobody has offered it yet."))


@domain.page(_("Receive goods"), icon="fa-dolly", order=15)
class ReceivingPage(PanelPage):
    """Goods come in: many lines at once, typed, scanned or pasted."""

    resource = "inventory.StockLevel"
    title = _("Receive goods")

    @expose("/receiving/", methods=["GET", "POST"])
    @needs("receive")
    def index(self) -> Any:
        form: Any = forms.ReceivingForm().ready()
        if request.method == "POST" and form.validate():
            try:
                return self._receive(form)
            except InvalidInput as error:
                for text in core_forms.show_errors(form, error.errors):
                    flash(text, "danger")
            except DomainError as error:
                flash(error.message, "danger")
        elif request.method == "GET":
            try:
                form.warehouse_id.data = str(services.default_warehouse_id())
            except DomainError as error:  # nowhere to put anything yet
                flash(error.message, "warning")
                return redirect(url_for("inventory_warehouse.list"))
            core_forms.dress_field(form.warehouse_id)
        status = 422 if request.method == "POST" else 200
        return self.render("inventory/receiving.html", form=form, currency=shop_currency()), status

    def _receive(self, form: Any) -> Any:
        actor, currency = current_actor(), shop_currency()
        warehouse_id = forms.picked_id(form.warehouse_id)
        if warehouse_id is None:
            raise InvalidInput({"warehouse_id": gettext("Choose one from the list.")})
        lines = scanned.read(form.lines.data, currency)
        done = services.receive(
            lines, actor=actor, warehouse_id=warehouse_id, note=form.note.data or "", key=form.idempotency_key.data
        )
        pieces = sum(line.quantity for line in lines)
        if done:
            flash(gettext("%(n)s pieces are in stock.", n=pieces), "success")
        return redirect(url_for("inventory_stocklevel.list"))


@domain.page(_("Counting"), icon="fa-barcode", menu=False)
class CountingPage(PanelPage):
    """One paper of a stock-taking: numbers to fill in, a box for the scanner, the differences, and the button."""

    resource = "inventory.StockCount"
    title = _("Counting")
    stands_under = "inventory_stockcount"

    @expose("/counting/<int:count_id>", methods=["GET", "POST"])
    @needs("write")
    def index(self, count_id: int) -> Any:
        actor = current_actor()
        count: StockCount = records.get(StockCount, count_id, actor=actor, verb="write")
        if request.method == "POST":
            try:
                self._save(count, actor)
            except DomainError as error:
                flash(error.message, "danger")
                return self._page(count, actor), 422
            return redirect(url_for("inventory_counting.index", count_id=count.id))
        return self._page(count, actor)

    @expose("/counting/<int:count_id>/post", methods=["POST"])
    @needs("post")
    def post(self, count_id: int) -> Any:
        actor = current_actor()
        count: StockCount = records.get(StockCount, count_id, actor=actor, verb="post")
        try:
            services.post_count(count, actor=actor)
        except DomainError as error:
            flash(error.message, "danger")
            return redirect(url_for("inventory_counting.index", count_id=count_id))
        flash(gettext("The differences are booked."), "success")
        return redirect(url_for("inventory_stockcount.show", pk=count_id))

    def _page(self, count: StockCount, actor: Any) -> str:
        lines = [(line, sku) for line, sku in db.session.execute(queries.count_sheet(count))]
        counted = [line for line, _sku in lines if line.counted is not None]
        page = SimpleNamespace(
            title=gettext("Counting %(number)s", number=count.number), subtitle=str(count.warehouse), lines=lines,
            is_open=count.state is CountState.OPEN, counted=len(counted),
            missing=sum(-line.difference for line in counted if line.difference < 0),
            surplus=sum(line.difference for line in counted if line.difference > 0),
            may_post=policy.allowed(actor, "post", self.resource),
            crumbs=[{"label": gettext("Stock-taking"), "url": url_for("inventory_stockcount.list")}],
        )  # fmt: skip
        return self.render("inventory/counting.html", page=page, count=count)

    def _save(self, count: StockCount, actor: Any) -> None:
        """A scan adds one piece; otherwise the typed numbers are written down."""
        if code := (request.form.get("scan") or "").strip():
            sku = db.session.scalars(queries.skus_by_code([code])).first()
            if sku is None:
                raise DomainError(gettext("There is no SKU with this code or barcode: %(code)s", code=code[:40]))
            before = next((line.counted for line in count.lines if line.sku_id == sku.id), None)
            services.count_lines(count, {sku.id: (before or 0) + 1}, actor=actor)
            flash(gettext("%(sku)s: %(n)s counted", sku=str(sku), n=(before or 0) + 1), "success")
            return
        typed: dict[int, int | None] = {}
        for name, raw in request.form.items():
            key = name.removeprefix("counted-")
            if key == name or not key.isdecimal():
                continue
            text = str(raw).strip()
            if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
                raise DomainError(gettext("“%(text)s” is no quantity.", text=text[:20]))
            typed[int(key)] = int(text) if text else None
        own = {line.sku_id for line in count.lines}
        services.count_lines(count, {key: value for key, value in typed.items() if key in own}, actor=actor)
        flash(gettext("Saved."), "success")


@domain.page(_("To reorder"), icon="fa-cart-flatbed", order=45)
class ReorderPage(PanelPage):
    """What stands below its line, supplier by supplier, with a quantity; one click makes drafts of purchase papers."""

    resource = "inventory.PurchaseReceipt"
    title = _("To reorder")

    @expose("/reorder/", methods=["GET", "POST"])
    @needs("read")
    def index(self) -> Any:
        actor, status = current_actor(), 200
        if request.method == "POST":
            try:
                return self._order(actor)
            except DomainError as error:
                if error.status == 403:
                    raise
                flash(error.message, "danger")
                status = 422
        groups: dict[tuple[str, int], list[Any]] = {}
        for one in reorder.proposals(actor):
            groups.setdefault((one.supplier, one.supplier_id or 0), []).append(one)
        if not all(policy.fields(actor, resource).usable(name) for resource, name in reorder.WORKED_OUT_OF):
            raise Forbidden(gettext("Your role does not see the figures that this is worked out of."))
        prices = ("inventory.PurchaseLine", "inventory.SupplierPrice")
        may_cost = all(policy.fields(actor, resource).usable("unit_cost") for resource in prices)
        return self.render(
            "inventory/reorder.html", groups=sorted(groups.items(), key=lambda item: (not item[0][1], item[0])),
            may_order=policy.allowed(actor, "write", self.resource), may_cost=may_cost, format=money.format,
            days=setting("inventory.cover_days"), look_back=reorder.LOOK_BACK,
        ), status  # fmt: skip

    def _order(self, actor: Any) -> Any:
        wanted = {}
        for name in request.form.getlist("row"):
            warehouse_id, _dash, sku_id = name.partition("-")
            text = (request.form.get(f"quantity-{name}") or "").strip()
            if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (warehouse_id, sku_id, text)):
                raise DomainError(gettext("“%(text)s” is no quantity.", text=text[:20]))
            wanted[int(warehouse_id), int(sku_id)] = int(text)
        if not wanted:
            raise DomainError(gettext("Choose at least one row."))
        papers = reorder.order(wanted, actor=actor)
        flash(gettext("Purchase drafts: %(numbers)s.", numbers=", ".join(paper.number for paper in papers)), "success")
        if len(papers) == 1:
            return redirect(url_for("inventory_purchasereceipt.show", pk=papers[0].id))
        return redirect(url_for("inventory_purchasereceipt.list"))
