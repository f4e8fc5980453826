"""Words that want to be markup stay words, on every page, in a real browser (SAFETY G31)."""

import threading
from itertools import count, cycle

import pytest
from werkzeug.serving import make_server

from tests import world as worlds
from tests.conftest import make_app

# `zqx` marks what must never become an element or an attribute
PAYLOADS = [
    "<img src=x onerror=alert({n}) class=zqx>", '"><script class=zqx>alert({n})</script>', "'\"><svg class=zqx onload=alert({n})>",
    '" autofocus onfocus=alert({n}) data-zqx="', "</script><b class=zqx>{n}", "{{{{7*191}}}}${{alert({n})}}", "javascript:alert({n})//zqx",
    "\\x3cimg src=x onerror=alert({n})\\x3e", "</title></textarea><i class=zqx>{n}", "--><iframe class=zqx srcdoc={n}>",
    "&lt;u class=zqx&gt;{n}", "<a href=javascript:alert({n}) class=zqx>{n}", "</option></select><b class=zqx>{n}", "=cmd|{n}'<b class=zqx>",
    "data:text/html,<script class=zqx>{n}", "\u202e<b class=zqx>{n}", "<math><mi class=zqx xlink:href=data:x,{n}>",
    "%3Cb class=zqx%3E{n}", "[x](javascript:alert({n}))zqx", "<style class=zqx>*{{color:red}}/*{n}*/",
]  # fmt: skip
LOOK = """() => [...document.querySelectorAll(
  '.zqx, [data-zqx], [onerror], [onload], [onfocus], [onclick], [onmouseover], iframe, a[href^="javascript:"], a[href^="data:"], math'
)].map(e => e.outerHTML.slice(0, 200)).concat(document.body.innerText.includes('1337') ? ['a template was evaluated'] : [])"""
WATCH = """window.zqv = []; document.addEventListener('securitypolicyviolation', e => window.zqv.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => window.zqv.push(name)"""


def payloads():
    turn, number = cycle(PAYLOADS), count(1)
    return lambda _side, _table, _column: f"{next(number)}{next(turn).format(n=191)}"


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    return worlds.build(make_app(new_database(), tmp_path_factory.mktemp("xss")), payloads())


@pytest.fixture(scope="module")
def tab(world, chromium):
    """A tab in which the administrator is logged in, that notes dialogs and refusals of the policy."""
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    name, _eq, value = world.client("administrator").environ_base["HTTP_COOKIE"].partition("=")
    address = f"http://127.0.0.1:{server.server_port}"
    context = chromium.new_context(base_url=address, reduced_motion="reduce")
    context.add_cookies([{"name": name, "value": value, "url": address}])
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.dialogs = []
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.accept()))
    yield page
    server.shutdown()


def complaints(tab):
    found = tab.evaluate(LOOK) + tab.evaluate("window.zqv") + tab.dialogs
    tab.dialogs.clear()
    return found


def pages(world):
    """Addresses of every page: those of the API and of files are no pages."""
    seen = set()
    for call in worlds.calls(world, "A", "administrator"):
        skipped = (
            "static",
            "/api/",
            "/pickers/",
            "/files/",
            "/metrics",
            "/healthz",
            "/readyz",
            "/logout",
            "/back",
            "/lang",
            ".csv",
        )
        if call.method == "GET" and not any(word in call.rule for word in skipped) and call.path not in seen:
            seen.add(call.path)
            yield call


def test_the_payloads_are_on_the_pages(world):
    """Otherwise this would be a test of nothing."""
    client = world.client("administrator")
    shown = [call.path for call in pages(world) if "zqx" in client.get(call.path).text]
    assert len(shown) > 120


def test_no_page_takes_words_for_markup(world, tab):
    wrong = {}
    for call in pages(world):
        tab.goto(call.path, wait_until="domcontentloaded")
        if found := complaints(tab):
            wrong[call.name] = found
    assert not wrong


def test_neither_do_search_filters_and_messages(world, tab):
    wrong = {}
    word = "<img src=x onerror=alert(1) class=zqx>"
    key = world.ids["A"]["customers_customer"]
    for path in (
        f"/search/?q={word}", "/search/?q=zqx", f"/orders/order/list/?q={word}", f"/orders/order/list/?sort={word}", f"/{word}",
        f'/orders/order/list/?f=["number","contains","{word}"]', f'/orders/order/list/?f=["customer","eq",{key}]',
        f"/orders/order/list/?page={word}", f"/login/?next={word}", f"/orders/order/show/{word}", f'/orders/order/list/?f=["{word}","eq",1]',
    ):  # fmt: skip
        tab.goto(path.replace("#", "%23"), wait_until="domcontentloaded")
        if found := complaints(tab):
            wrong[path] = found
    assert not wrong


def test_neither_do_pickers(world, tab):
    """Opened one after the other on a few forms, so that what they offer is drawn."""
    opened, wrong = 0, {}
    for path in (
        "/catalog/product/add",
        "/catalog/listing/add",
        "/setup/channel/add",
        "/customers/customer/add",
        "/orders/order/list/",
    ):
        tab.goto(path, wait_until="networkidle")
        for field in tab.locator(".combo input:visible").all()[:6]:
            field.click()
            tab.wait_for_timeout(300)
            opened += tab.get_by_role("option").count() > 0
            if found := complaints(tab):
                wrong[path] = found
            tab.keyboard.press("Escape")
    assert opened >= 4
    assert not wrong
