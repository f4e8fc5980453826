"""Every page in a real browser: words that want to be markup stay words (SAFETY G31), axe-core finds nothing against
WCAG 2 A and AA in light and dark, no script fails, and nothing scrolls sideways at 1440 and 390 px.
"""

from itertools import count, cycle
from pathlib import Path

import axe_playwright_python
import pytest
from werkzeug import Response

from app.panel.accounts.login import sessions
from tests import world as worlds
from tests.conftest import make_app
from tests.goals import goal
from tests.serving import served

pytestmark = pytest.mark.slow

# `zqx` marks what must never become an element or an attribute
PAYLOADS = [
    "<img src=x onerror=alert({n}) class=zqx>", '"><script class=zqx>alert({n})</script>', "'\"><svg class=zqx onload=alert({n})>",
    '" autofocus onfocus=alert({n}) data-zqx="', "</script><b class=zqx>{n}", "{{{{337*9001}}}}${{alert({n})}}", "javascript:alert({n})//zqx",
    "\\x3cimg src=x onerror=alert({n})\\x3e", "</title></textarea><i class=zqx>{n}", "--><iframe class=zqx srcdoc={n}>",
    "&lt;u class=zqx&gt;{n}", "<a href=javascript:alert({n}) class=zqx>{n}", "</option></select><b class=zqx>{n}", "=cmd|{n}'<b class=zqx>",
    "data:text/html,<script class=zqx>{n}", "\u202e<b class=zqx>{n}", "<math><mi class=zqx xlink:href=data:x,{n}>",
    "%3Cb class=zqx%3E{n}", "[x](javascript:alert({n}))zqx", "<style class=zqx>*{{color:red}}/*{n}*/",
    "<svg><animate class=zqx onbegin=alert({n}) attributeName=x>", "<details open class=zqx ontoggle=alert({n})>",
    "<object class=zqx data=javascript:alert({n})>", "<![CDATA[<b class=zqx>{n}]]>", "\\u003cb class=zqx\\u003e{n}",
    "+ADw-b class=zqx+AD4-{n}", "\uff1cb class=zqx\uff1e{n}", "<b/class='zqx'/onclick=alert({n})>", "{{% raw %}}<b class=zqx>{n}",
    "<form class=zqx action=javascript:alert({n})>", "`${{alert({n})}}`<b class=zqx>",
]  # fmt: skip
LOOK = """() => [...document.querySelectorAll(
  '.zqx, [data-zqx], [onerror], [onload], [onfocus], [onclick], [onmouseover], iframe, a[href^="javascript:"], a[href^="data:"], math'
)].map(e => e.outerHTML.slice(0, 200)).concat(document.body.innerText.includes('3033337') ? ['a template was evaluated'] : [], window.zqv)"""
WATCH = """window.EventSource = class { addEventListener() {} close() {} };  // there is no stream here to listen to
window.zqv = []; document.addEventListener('securitypolicyviolation', e => window.zqv.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => window.zqv.push(name)"""

PARTS = 6  # so that no single test takes long
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
# it reads the same few colours thousands of times a page, and each at length
ONCE_A_COLOUR = """(() => {
  const made = axe.commons.color.Color.prototype, parse = made.parseString, known = new Map()
  made.parseString = function (text) {
    if (known.has(text)) [this.r, this.g, this.b, this.alpha] = known.get(text)
    else { parse.call(this, text); known.set(text, [this.r, this.g, this.b, this.alpha]) }
    return this
  }
  axe.configure({rules: [{id: 'color-contrast', selector: '[data-fresh]'}]})  // no page before had a text in this dress
})()"""
WIDTHS = "[document.scrollingElement.scrollWidth, innerWidth]"
# what fades or moves is looked at where it comes to rest
AT_REST = """document.addEventListener('DOMContentLoaded', () => {
  const rest = new CSSStyleSheet()
  rest.replaceSync('*, *::before, *::after { transition: none !important; animation: none !important }')
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, rest]
})"""
CHROME = ("nav.nav", "header.top")
COOKIE = f"{sessions.cookie_name(False)}="
# WCAG 2 A and AA. What depends on colours is asked in light and in dark, of texts in a dress (colours, size and weight, its own
# and what lies behind it) that no page before has shown: the rows of a table are dressed alike, and so are most pages.
RUN = """async ([known, before]) => {
  const taken = known.flatMap(part => [...document.querySelectorAll(part)]).map(e => [e, e.parentNode, e.nextSibling])
  for (const [e] of taken) e.remove()
  const against = async runOnly => (await axe.run(document, {runOnly, resultTypes: ['violations'], preload: {assets: ['media']}}))
    .violations.map(v => v.id + ' ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 160)).join(' | '))
  const seen = new Set(before), html = document.documentElement.dataset, worn = {...html}
  const texts = [...document.querySelectorAll('body *')].filter(e => e.placeholder || e.value
    || [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  const unseen = () => {
    const behind = new Map([[null, '']])
    const look = e => {
      if (!behind.has(e)) {
        const style = getComputedStyle(e), shown = style.position + style.backgroundColor + style.backgroundImage + style.opacity
        behind.set(e, shown.replace(/^static|rgba\\(0, 0, 0, 0\\)|none|1$/g, '') + look(e.parentElement))
      }
      return behind.get(e)
    }
    return texts.map(e => {
      const style = getComputedStyle(e), pale = e.placeholder ? getComputedStyle(e, '::placeholder').color : ''
      return [e, [e.tagName, style.color, style.fontSize, style.fontWeight, style.textShadow, pale, look(e)].join()]
    }).filter(([e, dress]) => e.checkVisibility() && !seen.has(dress) && seen.add(dress)).map(([e]) => e)
  }
  const marked = () => {
    const fresh = unseen()
    for (const e of texts) delete e.dataset.fresh
    for (const e of fresh) e.dataset.fresh = ''
    return fresh.length
  }
  html.bsTheme = worn.skin === 'dark' ? 'dark' : 'light'
  marked()  // axe reads the page at length before its first rule: colours are asked of what it has read for all the others
  const found = await against({type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})
  html.skin = html.bsTheme = 'dark'
  if (marked()) found.push(...await against({type: 'rule', values: ['color-contrast']}))
  Object.assign(html, worn)
  for (const e of texts) delete e.dataset.fresh
  for (const [e, parent, next] of taken.reverse()) parent.insertBefore(e, next)
  return [found, [...seen].slice(before.length)]
}"""


def payloads():
    turn, number = cycle(PAYLOADS), count(1)
    return lambda _side, _table, _column: f"{next(number)}{next(turn).format(n=191)}"


class Drawn:
    """The panel before the browser: a page that it has drawn for `shown` is handed over, once, and not drawn again."""

    def __init__(self, app):
        self.app, self.pages = app, {}

    def keep(self, person, path, answer):
        self.pages[person, path] = Response(answer.get_data(), answer.status, answer.headers)

    def __call__(self, environ, start_response):
        person = "administrator" if COOKIE in environ.get("HTTP_COOKIE", "") else worlds.NOBODY
        page = self.pages.pop((person, environ["RAW_URI"]), self.app) if environ["REQUEST_METHOD"] == "GET" else self.app
        return page(environ, start_response)


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    world = worlds.build(make_app(new_database(), tmp_path_factory.mktemp("xss")), payloads())
    with pytest.MonkeyPatch.context() as patch:
        worlds.unlogged(world.app, patch)
        yield world


@pytest.fixture(scope="module")
def drawn(world):
    return Drawn(world.app)


@pytest.fixture(scope="module")
def address(drawn):
    with served(drawn) as found:
        yield found


def opened(chromium, address):
    """A tab that notes dialogs and refusals of the policy."""
    context = chromium.new_context(base_url=address, reduced_motion="reduce", viewport=WIDE)
    context.add_init_script(WATCH)
    context.add_init_script(AT_REST)
    context.add_init_script(AXE + ONCE_A_COLOUR)
    page = context.new_page()
    page.inside = context.new_cdp_session(page)
    page.room = WIDE
    page.set_default_timeout(60_000)
    page.dialogs, page.dresses, page.errors = [], [], []
    page.on("pageerror", lambda error: page.errors.append(f"a script failed: {error}"))
    page.on("dialog", lambda dialog: (dialog.type == "beforeunload" or page.dialogs.append(dialog.message), dialog.accept()))
    return page


@pytest.fixture(scope="module")
def tab(world, chromium, address):
    """The administrator's."""
    name, _eq, value = world.client("administrator").environ_base["HTTP_COOKIE"].partition("=")
    page = opened(chromium, address)
    page.context.add_cookies([{"name": name, "value": value, "url": address}])
    return page


@pytest.fixture(scope="module")
def visitor(chromium, address):
    """Nobody's yet."""
    return opened(chromium, address)


def complaints(tab):
    found = tab.evaluate(LOOK) + tab.dialogs
    tab.dialogs.clear()
    return found


@pytest.fixture(scope="module")
def shown(world, drawn, address):
    """Every GET rule that answers with a page, as whom it is asked and what the page says: {name: (person, path, text)}.

    Asked by the administrator, and by a visitor for what sends the administrator elsewhere. What answers with anything
    but a whole page (JSON, a file, a picture, a part of a page, a redirect) falls out by its answer.
    """
    found = {}
    for person in ("administrator", worlds.NOBODY):
        client = world.client(person)
        for call in worlds.calls(world, "A", person):
            if call.method != "GET" or call.rule.startswith("/logout") or call.name in found:
                continue
            answer = client.get(call.path, base_url=address)
            if answer.status_code == 200 and answer.mimetype == "text/html" and "<html" in answer.text:
                found[call.name] = (person, call.path, answer.text)
                drawn.keep(person, call.path, answer)
            answer.close()
    return found


def test_the_browser_is_given_the_pages_that_were_drawn(shown, drawn, tab):
    """Otherwise each would be drawn twice."""
    kept = len(drawn.pages)
    assert kept == len(shown)
    tab.goto("/account/")
    assert len(drawn.pages) == kept - 1


def test_the_payloads_are_on_the_pages(shown):
    """Otherwise this would be a test of nothing."""
    assert len([name for name, (_person, _path, text) in shown.items() if "zqx" in text]) > 120
    assert {person for person, _path, _text in shown.values()} == {"administrator", worlds.NOBODY}


def broken(page):
    """What the scripts of the page stumbled over."""
    found = page.errors[:]
    page.errors.clear()
    return found


def against_rules(page, known=()):
    """What breaks a rule of WCAG in light or dark.

    :param known: parts that are the same on every page and need one look only; they are left out
    """
    for wait in (0, 600, 3000):  # a fault is what is still one when everything has come to rest
        page.wait_for_timeout(wait)
        found, dresses = page.evaluate(RUN, [list(known), page.dresses])
        if not found:
            page.dresses += dresses  # otherwise the next page is to show the fault as well
            break
    return found


def resize(page, room):
    """Straight to the browser: Playwright's own way has it size its window as well, and draw once more."""
    page.inside.send("Emulation.setDeviceMetricsOverride", {**room, "deviceScaleFactor": 1, "mobile": False})
    page.room = room


def too_wide(page):
    """Whether the page itself scrolls sideways."""
    width, room = page.evaluate(WIDTHS)
    if width > room:
        page.wait_for_timeout(500)  # charts follow the window a moment later
        width, room = page.evaluate(WIDTHS)
    assert room == page.room["width"]
    return [f"{width} px in {room} px"] if width > room else []


def wrong_with(page, known=()):
    """Taken for markup, wider than the window, against the rules of WCAG."""
    return complaints(page) + broken(page) + out_of_shape(page, known)


def out_of_shape(page, known=()):
    """What is wrong with its looks, at both widths and in both skins; the width that it was not loaded at remains."""
    found = too_wide(page)
    if page.room == PHONE:
        resize(page, WIDE)
        return found + too_wide(page) + against_rules(page, known)
    found += against_rules(page, known)
    resize(page, PHONE)
    return found + too_wide(page)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_sound(shown, tab, visitor, part):
    wrong, struck = {}, 0
    # a rule that stands for many operations draws the form of each alike
    firsts = set({name.split()[1]: name for name in reversed(shown)}.values())
    for number, (name, (person, path, _text)) in enumerate(list(shown.items())[part::PARTS]):
        page = visitor if person == worlds.NOBODY else tab
        page.goto(path)  # as wide as the one before was left: half of them grow, half of them shrink
        taken = complaints(page)
        struck += bool(taken)
        if found := taken + broken(page) + (out_of_shape(page, CHROME if number else ()) if name in firsts else []):
            wrong[name] = found
    goal(f"G31 part {part + 1}", f"{struck}_of_{len(list(shown)[part::PARTS])}", 0, not struck)
    assert not wrong, "\n".join(f"{name}: {line}" for name, lines in wrong.items() for line in lines)


def test_pages_of_refusal_are_sound_too(world, tab, visitor):
    """What is not there, what is not found, what cannot be saved, and a log-in that fails."""
    wrong = {}
    for path in ("/no/such/page", "/orders/order/show/987654", "/orders/order/list/?q=nothing-is-called-so", "/search/?q="):
        tab.goto(path)
        wrong[path] = wrong_with(tab)
    for path in ("/customers/customer/add", "/catalog/product/add", "/setup/channel/add", "/orders/order/add"):
        tab.goto(path)
        tab.evaluate("() => { document.querySelector('main form[method=post]').noValidate = true }")
        with tab.expect_navigation():
            tab.get_by_role("button", name="Save").first.click()
        assert tab.locator(".is-invalid, [aria-invalid=true]").count() > 0, path
        wrong[f"{path}, empty"] = wrong_with(tab)
    visitor.goto("/login/")
    visitor.locator("[name=username]").fill("nobody-at-all")
    visitor.locator("[name=password]").fill("wrong")
    visitor.get_by_role("button", name="Log in").click()
    visitor.wait_for_load_state()
    wrong["log-in that fails"] = wrong_with(visitor)
    assert not any(wrong.values()), "\n".join(f"{name}: {lines}" for name, lines in wrong.items() if lines)


def test_these_checks_can_fail(visitor):
    resize(visitor, WIDE)
    visitor.goto("about:blank")  # a page of ours would refuse the styles
    by_night = "<style>[data-skin=dark] b { color: #555; background: #444 }</style><b>words that are pale by night</b>"
    pale = "<div style='width:2000px;color:#999;background:#aaa'>some pale words<img src=x></div><script>null.x</script>"
    visitor.set_content(f"<html data-skin=light data-bs-theme=light><body>{by_night}{pale}</body></html>")
    assert len(broken(visitor)) == 1
    found = against_rules(visitor)
    assert {"color-contrast", "image-alt", "document-title"} <= {line.split()[0] for line in found}
    by_day, dark = (line for line in found if line.startswith("color-contrast"))
    assert "some pale words" in by_day and "by night" not in by_day and "by night" in dark
    for size in (WIDE, PHONE):
        resize(visitor, size)
        assert too_wide(visitor)


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
            tab.locator(".combo-list:visible [role=option]").first.wait_for()
            opened += 1
            if found := complaints(tab):
                wrong[path] = found
            tab.keyboard.press("Escape")
    assert opened >= 4
    assert not wrong
