"""Reports of insights: what people search for and do not find, and key figures of products by the part that they play."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from flask import abort, request, url_for
from flask_babel import format_date, gettext
from flask_babel import lazy_gettext as _

from app.panel.core import clock, money, policy, records
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import Forbidden
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.workbench import periods
from app.panel.workbench.registry import Period
from app.shop.catalog import queries as catalog
from app.shop.catalog import rules
from app.shop.catalog.models import Product
from app.shop.catalog.states import ProductKind
from app.shop.catalog.views.products import ProductView
from app.shop.insights import charts, domain, goods, kinds, queries, selling
from app.shop.setup.queries import shop_currency

ORDERS, LINES = "orders.Order", "orders.OrderLine"
KIND = ("catalog.Product", "kind")
MOST = 200
KINDS = (ProductKind.TRAFFIC, ProductKind.PROFIT, ProductKind.EVENT, ProductKind.REGULAR)
HEADINGS = {
    goods.ALL: _("Orders with the product"), goods.NEW: _("First orders of their customers"),
    goods.ATTACHED: _("Orders that hold other articles, too"),
}  # fmt: skip


def ranges(on: str, **kept: str) -> list[Any]:
    """The periods that a report offers."""
    return [
        SimpleNamespace(label=str(label), url=f"{request.path}?{urlencode({**kept, 'days': key})}", active=key == on)
        for key, (_days, label) in periods.RANGES.items()
    ]


@domain.page(_("Search and tags"), icon="fa-magnifying-glass-chart", order=20)
class WordsPage(PanelPage):
    """Searches that found nothing and tags that sell nothing, each with a way out in one click."""

    resource = "catalog.Synonym"
    title = _("Search and tags")

    @expose("/words/")
    @needs("read")
    def index(self) -> str:
        actor = current_actor()
        period, on = periods.read(request.args)
        last = clock.today() if on else period.last  # what was searched today is here today
        may_sell = policy.allowed(actor, "read", ORDERS)
        tags = db.session.execute(queries.tags_without_sales(actor, period.first, last)).all() if may_sell else []
        return self.render(
            "insights/words.html", ranges=ranges(on), subtitle=f"{format_date(period.first)} – {format_date(last)}",
            searches=searches(period.first, last), tags=tags, may_sell=may_sell, here=request.full_path.rstrip("?"),
            may_name=policy.allowed(actor, "write", self.resource),
            may_tag=policy.allowed(actor, "write", "catalog.Product"), words_url=url_for("catalog_synonym.list"),
        )  # fmt: skip


def searches(first: Any, last: Any) -> list[Any]:
    """Searches without a result, each with the category or tag that it most likely means."""
    rows = db.session.execute(catalog.searches_without_result(first, last)).all()
    found = [SimpleNamespace(**row._mapping) for row in rules.typed_to_the_end(rows)]
    names: dict[str, tuple[str, int]] = {}
    if found:
        names = {name: (kind, key) for kind, key, name in db.session.execute(catalog.names_to_guess_from())}
    for row in found:
        guess = rules.closest(row.word, names)
        row.guess, row.field, row.key = guess, "", 0
        if guess is not None:
            kind, row.key = names[guess]
            row.field = f"{kind}_id"
    return found


@domain.page(_("Products by kind"), icon="fa-bullseye", order=10)
class GoodsPage(PanelPage):
    """Each kind of product by its own key figures; each figure opens the orders that it counted."""

    resource = ORDERS
    title = _("Products by kind")

    @expose("/kinds/")
    @needs("read")
    def index(self) -> str:
        actor, period, on = current_actor(), *periods.read(request.args)
        kind = ProductKind.of(request.args.get("kind") or ProductKind.TRAFFIC.value)
        if kind is None:
            abort(404)
        if not kinds.reads(actor, KIND):
            raise Forbidden(gettext("You do not see which part a product plays."))
        products = list(db.session.scalars(goods.products_of(actor, kind, MOST)))
        figures = kinds.shown(kind, actor)
        known = kinds.values(figures, actor, [product.id for product in products], period)
        first = next((one for one in figures if one.answer is not None), None)
        products.sort(key=lambda product: -_number(known, first, product.id))
        leading = [(p.title, known[first.key][p.id]) for p in products[:12] if first and p.id in known[first.key]]
        chart = charts.leading(
            [(title, value.number, value.text) for title, value in leading], str(first.label) if first else "", str(kind.label)
        )  # fmt: skip
        asked = {} if on == periods.DEFAULT else {"days": on} if on else _span(period)
        tabs = [
            SimpleNamespace(
                label=str(one.label), url=f"{request.path}?{urlencode({'kind': one.value, **asked})}", active=one is kind
            )
            for one in KINDS
        ]
        return self.render(
            "insights/kinds.html", ranges=ranges(on, kind=kind.value), subtitle=_days(period), tabs=tabs, products=products,
            figures=figures, known=known, chart=chart, most=MOST, kind=kind,
        )  # fmt: skip

    @expose("/products/<int:product_id>/")
    @needs("read")
    def product(self, product_id: int) -> str:
        """All that is known of one product in a period."""
        actor, period, on = current_actor(), *periods.read(request.args)
        product = records.get(Product, product_id, actor=actor)
        chart = None
        if kinds.reads(actor, *selling.UNITS, *selling.REVENUE, (LINES, "discount")):
            sold = selling.by_day(actor, product.id, period)
            chart = charts.sold_by_day(queries.span(period.first, period.last), sold, shop_currency())
        return self.render(
            "insights/product.html", title=product.title, product=product, chart=chart, ranges=ranges(on),
            cards=key_figures(product, actor, period), subtitle=_days(period), kind=_kind(product, actor),
        )  # fmt: skip

    @expose("/products/<int:product_id>/orders/")
    @needs("read")
    def rows(self, product_id: int) -> str:
        """The orders behind a figure."""
        which = request.args.get("which") or goods.ALL
        if which not in HEADINGS:
            abort(404)
        actor, (period, _on) = current_actor(), periods.read(request.args)
        product = records.get(Product, product_id, actor=actor)
        found = db.session.execute(goods.rows_behind(actor, product.id, period.first, period.last, which).limit(MOST + 1)).all()
        return self.render(
            "insights/rows.html", title=HEADINGS[which], product=product, rows=found[:MOST], more=len(found) > MOST, most=MOST,
            subtitle=_days(period), format=money.format,
            columns={name for name, places in COLUMNS.items() if kinds.reads(actor, *places)},
        )  # fmt: skip


# what the columns of the orders behind a figure show, or let one work out
COLUMNS = {
    "paid_at": ((ORDERS, "paid_at"),), "units": selling.UNITS, "revenue": selling.REVENUE,
    "discount": ((LINES, "discount"),), "margin": selling.MARGIN, "total": selling.TOTAL,
}  # fmt: skip


def _number(known: Any, figure: Any, key: int) -> float:
    return known[figure.key][key].number if figure is not None and key in known[figure.key] else 0.0


def _days(period: Period) -> str:
    return f"{format_date(period.first)} – {format_date(period.last)}"


def _span(period: Period) -> dict[str, str]:
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def _kind(product: Product, actor: Any) -> ProductKind | None:
    """The part that a product plays, for whoever may see it; the choice of figures would tell it as well."""
    return product.kind if kinds.reads(actor, KIND) else None


def key_figures(product: Product, actor: Any, period: Period) -> list[Any]:
    """The figures of the part that a product plays, with words where one is not known."""
    kind = _kind(product, actor)
    figures = kinds.shown(kind, actor) if kind is not None else []
    known = kinds.values(figures, actor, [product.id], period)
    return [SimpleNamespace(figure=one, value=known.get(one.key, {}).get(product.id)) for one in figures]


@domain.panel(ProductView, label=_("Key figures"), order=7)
def product_figures(product: Product, actor: Any) -> Any:
    """The last 30 days, for whoever reads orders."""
    if not policy.allowed(actor, "read", ORDERS):
        return None
    period, _on = periods.read({})
    return "insights/_figures.html", {
        "cards": key_figures(product, actor, period), "kind": _kind(product, actor), "days": _days(period),
        "url": url_for("insights_goods.product", product_id=product.id),
    }  # fmt: skip
