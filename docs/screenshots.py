"""Makes the pictures of README.md and of the pages beside this one from a demo shop: `python -m docs.screenshots` writes them.

The demo lives in a temporary folder; `--home FOLDER` keeps it, so that the next run need not load it again. Needs the
packages of requirements-dev.txt and a Chromium (CHROMIUM, or one on the PATH).
"""

from __future__ import annotations

import io
import logging
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from PIL import Image
from playwright.sync_api import sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from app.panel.accounts import firstrun
from app.panel.accounts.login import sessions
from app.panel.accounts.models import User
from app.panel.bulk import drafts, loop, runs, store
from app.panel.core import demo, listing, savedlists
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.shop.catalog.models import Product
from app.shop.customers.models import Customer
from app.shop.live.models import LiveSession
from app.shop.live.services import reviewing
from app.shop.live.states import SessionState
from app.shop.orders.models import Order, OrderState
from tests import chromium, conftest

IMAGES = Path(__file__).parent / "images"
WIDE, DESK, PHONE = (1280, 800), (1440, 900), (390, 780)
LARGEST = 150_000  # bytes of a picture
COLOURS = (256, 128, 64, 32)


@dataclass(frozen=True)
class Picture:
    """One page as a reader sees it who has done `act`. `address` is asked inside the application."""

    name: str
    address: Callable[[], str]
    size: tuple[int, int] = WIDE
    skin: str = "light"
    language: str = "en"
    act: Callable[[Any], None] = lambda page: None


def an_order() -> str:
    """A shipped order that has several lines, the newest of them."""
    rows = db.session.scalars(select(Order).where(Order.state == OrderState.SHIPPED).order_by(Order.id.desc()).limit(50))
    best = max(rows, key=lambda order: len(order.lines))
    return f"/orders/order/show/{best.id}"


def a_product() -> str:
    return f"/catalog/product/edit/{db.session.scalar(select(Product.id).order_by(Product.id).limit(1).offset(3))}"


def a_list_with_views() -> str:
    """The list of orders, of which three views are kept."""
    admin = db.session.query(User).filter_by(username="admin").one()
    for name, tree in VIEWS:
        savedlists.save("orders_order", name, listing.Asked(tree=tree), actor=admin)
    return LIST


def a_customer() -> str:
    return f"/customers/customer/edit/{db.session.scalar(select(Customer.id).order_by(Customer.id).limit(1).offset(4))}"


def on_air(post: str) -> str:
    """A console of the session that is on air."""
    return f"/live/{db.session.scalar(select(LiveSession.id).where(LiveSession.state == SessionState.LIVE))}/{post}"


def a_report() -> str:
    latest = select(LiveSession).where(LiveSession.state == SessionState.ENDED).order_by(LiveSession.starts_at.desc()).limit(1)
    session = db.session.scalars(latest).one()
    reviewing.make(session, actor=SYSTEM)
    return f"/live/{session.id}/report"


def filtering(page: Any) -> None:
    """“To ship or partly shipped, and placed this month or for more than 500”."""
    page.keyboard.press("f")
    dialog = page.locator("#filter")
    dialog.get_by_role("button", name="Add a group").click()
    dialog.locator(".filter-group .filter-row").nth(1).get_by_label("Field").select_option("total")
    dialog.locator(".filter-group .filter-row").nth(1).get_by_label("Comparison").select_option("gt")
    dialog.locator(".filter-group .filter-row").nth(1).get_by_label("Value").fill("500")


def choosing_columns(page: Any) -> None:
    page.get_by_role("button", name="Columns").click()


def writing_cells(page: Any) -> None:
    page.locator("tbody td[data-edit]").nth(8).dblclick()


def searching(page: Any) -> None:
    page.keyboard.press("Control+k")
    page.wait_for_timeout(500)
    page.keyboard.type("zs")


def saving_too_late(page: Any) -> None:
    """Somebody else saves the same customer first."""
    other = page.context.new_page()
    other.goto(page.url)
    for one, text, mail in ((other, "Likes to be called after six", "lin@example.com"), (page, "Only by post", "yue@example.com")):
        one.locator("[name=email]").fill(mail)
        one.locator("[name=preferences]").fill(text)
        one.get_by_role("button", name="Save", exact=True).click()
        one.wait_for_load_state()
    other.close()


def an_import() -> str:
    """A checked import of orders as Shopify exports them; one of them is refused."""
    admin = db.session.query(User).filter_by(username="admin").one()
    stored = store.keep(io.BytesIO(shopify_orders().encode()), "orders_export.csv")
    run = drafts.prepare(stored, actor=admin)
    runs.ask_check(run.id, actor=admin)
    loop.work_off(run.id)
    return f"/bulk/import/{run.id}/"


def shopify_orders() -> str:
    lines = [
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Name,Shipping Country,Id"
    ]
    for number, (goods, price, buyer) in enumerate(BOUGHT, 1):
        at = f"2026-0{number}-11 20:0{number}:00 +0800"
        whole = f"{price:.2f}" if number != 4 else "9 or 10"
        lines.append(
            f"#{1000 + number},{buyer.split()[0].lower()}@example.com,paid,{at},fulfilled,CNY,{price:.2f},0.00,0.00,{whole},"
            f"{at},1,{goods},{price:.2f},S-{number:03},{buyer},CN,{5_600_000_000_000 + number}"
        )
    return "\n".join(lines) + "\n"


BOUGHT = (
    ("Cotton bed set", 299.0, "Lin Yue"), ("Bamboo towel", 39.9, "Zhao Ming"), ("Tea tin 250 g", 128.0, "Wu Fang"),
    ("Hand cream", 25.0, "Chen Bo"), ("Porcelain cup", 59.0, "Xu Jing"), ("Silk scarf", 188.0, "Ma Rui"),
)  # fmt: skip
LIST = "/orders/order/list/"
VIEWS = (
    ("To send today", {"and": [["state", "in", ["paid", "partly_shipped"]]]}),
    ("Large ones", {"and": [["total", "gte", "500"]]}),
    ("Not paid this week", {"and": [["placed_at", "within", "this_week"], ["state", "eq", "pending"]]}),
)
PICTURES = (
    Picture("home", lambda: "/"),
    Picture("orders", lambda: "/orders/order/list/"),
    Picture("order", an_order),
    Picture("product", a_product),
    Picture("import", an_import),
    Picture("home-dark-chinese", lambda: "/", skin="dark", language="zh_Hans_CN"),
    Picture("phone", lambda: LIST, size=PHONE),
    Picture("filter", lambda: LIST, act=filtering),
    Picture("columns", lambda: LIST, act=choosing_columns),
    Picture("cells", lambda: "/catalog/sku/list/", act=writing_cells),
    Picture("sheet", lambda: "/sheets/catalog/sku/"),
    Picture("board", lambda: f"{LIST}?shape=board"),
    Picture("calendar", lambda: f"{LIST}?shape=calendar"),
    Picture("search", lambda: LIST, act=searching),
    Picture("conflict", a_customer, act=saving_too_late),
    Picture("views", a_list_with_views),
    Picture("live-control", lambda: on_air("control"), size=DESK),
    Picture("live-control-dark", lambda: on_air("control"), size=DESK, skin="dark", language="zh_Hans_CN"),
    Picture("live-service", lambda: on_air("service"), size=DESK),
    Picture("live-host-phone", lambda: on_air("host"), size=PHONE, language="zh_Hans_CN"),
    Picture("live-report", a_report),
)


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="Where the demo lives, and stays.")
@click.option("--scale", default=0.2, show_default=True, help="Customers and orders of the demo, times this.")
@click.option("--only", multiple=True, help="Names of pictures; all of them without it.")
def main(home: Path | None, scale: float, only: tuple[str, ...]) -> None:
    """Load a demo shop, open its pages in Chromium and keep what they look like."""
    logging.disable()
    with tempfile.TemporaryDirectory(prefix="zhanggui-pictures-") as temporary:
        app = a_demo((home or Path(temporary)).resolve(), scale)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
                for picture in PICTURES:
                    if not only or picture.name in only:
                        take(app, browser, f"http://127.0.0.1:{server.server_port}", picture)
                browser.close()
        finally:
            server.shutdown()


def a_demo(home: Path, scale: float) -> Any:
    """An application on a demo shop, which is loaded unless it is there."""
    home.mkdir(parents=True, exist_ok=True)
    app = conftest.make_app(f"sqlite:///{home / 'pictures.db'}", home, LOG_LEVEL="error")
    with app.app_context():
        if not demo.is_loaded():
            click.echo("Loading the demo shop.")
            demo.load(scale=scale)
            firstrun.bootstrap_admin(app)
    return app


def take(app: Any, browser: Any, base: str, picture: Picture) -> None:
    with app.app_context():
        path, cookie = picture.address(), a_session(picture)
    width, height = picture.size
    context = browser.new_context(viewport={"width": width, "height": height})
    context.add_cookies([{"name": sessions.cookie_name(False), "value": cookie, "url": base}])
    page = context.new_page()
    page.goto(f"{base}{path}", wait_until="load")
    picture.act(page)
    page.wait_for_timeout(2500)  # charts are drawn when they come near
    page.evaluate("for (const one of document.querySelectorAll('[data-stream-lost], [data-lost], [data-said]')) one.hidden = true;"
                  "document.documentElement.dataset.console = 'open'")  # this server has no stream
    data = small(page.screenshot())
    (IMAGES / f"{picture.name}.png").write_bytes(data)
    click.echo(f"{picture.name}.png: {len(data) // 1000} kB, {path}")
    context.close()


def a_session(picture: Picture) -> str:
    """The cookie of an administrator who looks at the panel in this language and skin."""
    user = db.session.query(User).filter_by(username="admin").one()
    values = {"_user_id": str(user.id), "_fresh": True, "language": picture.language, "skin": picture.skin}
    return str(sessions.begin(user.id, values))


def small(png: bytes) -> bytes:
    """The picture in as many colours as fit into the largest size."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in COLOURS:
        out = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= LARGEST:
            break
    return out.getvalue()


if __name__ == "__main__":
    main()
