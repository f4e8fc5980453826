"""The first page is light: it asks for what it shows, and nothing that a page shows has lost its rules."""

import io
import json
import os
import re
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import pytest
from fontTools.ttLib import TTFont

from app.panel.core import kept, trimming
from app.panel.core.menutree import Item

MOST = 60_000
PACKAGES = ("bootstrap.css", "icons.css", "icons-solid.css")
PAGES = (
    "/home/", "/orders/order/list/", "/orders/order/list/?shape=board", "/customers/customer/add", "/orders/counter/",
    "/accounts/menu/", "/bulk/import/", "/sheets/catalog/sku/", "/nosuch",
)  # fmt: skip
COMPOSED = re.compile(r"([a-z][\w-]*-)(?:\{\{|\$\{)")


def sheet(app, name):
    from app.panel.core.assets import asset

    with app.test_request_context():
        return app.test_client().get(asset(name)).text


def asked_at_first(client, path):
    """{address: bytes as they are sent} of all that a page loads: sheets, scripts with what they import, and fonts."""
    page = client.get(path).text
    waiting = [unescape(link) for link in re.findall(r'<link rel="(?:stylesheet|modulepreload)" href="([^"]+)"', page)]
    waiting += [unescape(source) for source in re.findall(r'<script[^>]* src="([^"]+)"', page)]
    found = {}
    while waiting:
        address = waiting.pop()
        if address in found:
            continue
        answer = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200, address
        found[address] = len(answer.data)
        text = client.get(address).text if address.endswith((".js", ".css")) else ""
        waiting += [urljoin(address, name) for name in re.findall(r'^import [^;]*"(\./[^"]+)"', text, re.M)]
        if address.endswith("panel.js"):
            waiting.append(urljoin(address, "stream.js"))  # the bell listens at once
        if address.endswith("kept/panel.css"):
            waiting += [urljoin(address, font) for font in fonts(text, page)]
    return found


def fonts(css, page):
    """The fonts that a browser fetches for the icons in sight: of several that have a sign the last one."""
    page = re.sub(r'<dialog.*?</dialog>|<div class="dropdown-menu.*?</div>|<div class="bulk".*?<div class="list-foot"', "", page, flags=re.S)
    points = trimming.signs(css)
    shown = {points[name] for name in re.findall(r"fa-[a-z0-9-]+", page) if name in points}
    faces = []
    for face in re.findall(r"@font-face\{[^}]*\}", css):
        ranges = {int(point, 16) for point in re.findall(r"U\+([0-9a-f]+)", face)}
        faces.append((re.search(r"src:url\(([^)]+)\)", face)[1], ranges))
    wanted = set()
    for point in shown:
        wanted.add(next(address for address, ranges in reversed(faces) if not ranges or point in ranges))
    return wanted


@pytest.mark.parametrize("path", ["/orders/order/list/", "/catalog/product/list/", "/customers/customer/list/"])
def test_a_list_asks_for_less_than_sixty_kilobytes_at_first(as_user, path):
    found = asked_at_first(as_user("ada"), path)
    names = {address.rpartition("/")[2] for address in found}
    assert {"panel.css", "panel.js", "dom.js", "list.js", "stream.js", "icons-first.woff"} <= names
    assert sum(found.values()) < MOST, found
    assert not {"icons-more.woff", "bootstrap.min.js", "filter.js", "cells.js", "drafts.js", "fa-solid-900.woff2"} & names


def named_in(texts):
    """The classes and ids that attributes and scripts write out in full."""
    found = set()
    for text in texts:
        values = re.findall(r'(?:class|id)="([^"]*)"', text)
        values += re.findall(r'class: [`"]([^`"]*)[`"]|className = [`"]([^`"]*)[`"]', text)
        values += re.findall(r'classList\.\w+\("([\w-]+)"', text)
        for value in values:
            value = " ".join(value) if isinstance(value, tuple) else value
            value = re.sub(r"\{[{%].*?[%}]\}|\$\{.*?\}", " ", value)
            found.update(re.findall(r"(?<![\w-])[A-Za-z][\w-]*(?![\w-])", value))
    return found


def heads(css, known):
    """The selectors of a sheet that could meet something with these classes and ids, by the rule around them."""
    def walk(rules, around=""):
        for rule in rules:
            if rule.rules:
                yield from walk(rule.rules, rule.head)
            elif not rule.head.startswith("@"):
                for one in rule.head.split(","):
                    for name, value in rule.lines:
                        if not name.startswith("--"):
                            yield around, one, name, value

    return set(walk(trimming.trimmed(css, frozenset(known))))


def test_nothing_that_a_page_shows_lost_its_rules(app, as_user):
    client = as_user("ada")
    pages = [app.test_client().get("/login/").text, *(client.get(path).text for path in PAGES)]
    assert all("panel.css" in page for page in pages)
    ours = [path.read_text() for kind in ("html", "js") for path in Path("app").rglob(f"*.{kind}")]
    known = named_in([*pages, *ours]) | trimming.COMPOSED
    assert {"btn-outline", "dropdown-menu-end", "form-check-input", "fa-bookmark", "visually-hidden"} <= known
    whole = set().union(*(heads(sheet(app, name), known) for name in PACKAGES))
    assert len(whole) > 500
    assert sorted(whole - heads(sheet(app, "kept/panel.css"), known)) == []


def test_every_variable_that_is_read_and_has_no_default_is_still_said(app):
    css = sheet(app, "kept/panel.css")
    whole = "".join(sheet(app, name) for name in PACKAGES)
    said = set(re.findall(r"(--[\w-]+):", whole))
    assert said & set(re.findall(r"var\((--[\w-]+)\)", css)) <= set(re.findall(r"(--[\w-]+):", css))
    assert "--bs-position" in css, "Bootstrap's script reads it"


def test_names_that_are_put_together_are_reviewed(app):
    """A new one here: does a package have classes that begin so? Then `trimming.COMPOSED` must name those that can occur."""
    packages = set(re.findall(r"\.([a-z][\w-]*)", sheet(app, "bootstrap.css")))
    found = set()
    for kind in ("html", "js"):
        for path in Path("app").rglob(f"*.{kind}"):
            for value in re.findall(r'class(?:="|Name = `|: `|List\.add\(`)([^"`]*)["`]', path.read_text()):
                found.update(COMPOSED.findall(value))
    meant = {prefix for prefix in found if any(name.startswith(prefix) for name in packages)}
    assert meant == {"btn-", "mx-"}, "`mx-` is ours: what a role may, never a distance"
    tones = set()
    for kind in ("html", "py"):
        for path in Path("app").rglob(f"*.{kind}"):
            tones.update(re.findall(r'(?:data-tone="|\btone=")(\w+)"', path.read_text()))
    assert {f"btn-{tone}" for tone in tones} & packages <= trimming.COMPOSED | {"btn-info"}, "no question has the tone info"


def test_each_kept_icon_has_its_sign_in_one_of_the_two_fonts(app):
    points = set(trimming.signs(sheet(app, "kept/panel.css")).values())
    drawn = [set(TTFont(io.BytesIO(font_of(app, name))).getBestCmap()) for name in ("first", "more")]
    assert len(points) > 150
    assert drawn[0] | drawn[1] == points
    assert not drawn[0] & drawn[1]


def font_of(app, name):
    from app.panel.core.assets import asset

    with app.test_request_context():
        return app.test_client().get(asset(f"kept/icons-{name}.woff")).data


def test_a_menu_with_an_icon_of_the_owners_choice_brings_the_others(app):
    with app.test_request_context():
        parts = app.jinja_env.get_template("panel/_menu_items.html").module
        drawn = [str(parts.tree((Item("a", "A", icon, "/"),), "", set(), {"numbers": {}})) for icon in ("fa-house", "fa-dragon")]
    assert ["kept/icons.css" in one for one in drawn] == [False, True]
    assert ".fa-dragon:before" in sheet(app, "kept/icons.css")
    assert ".fa-house:before" not in sheet(app, "kept/icons.css")


@pytest.mark.parametrize(("css", "stays"), [
    (".a{x:1}.b{x:1}", ".a{x:1}"),
    (".a .c,.b,p>.a{x:1}", "p>.a{x:1}"),
    (".a:not(.c):hover{x:1}", ".a:not(.c):hover{x:1}"),
    (".a:is(.c, .b){x:1}", ""),
    ("#a{x:1}#b{x:1}", "#a{x:1}"),
    ("@media (width >= 9px) {.b{x:1}}", ""),
    ("@media (width >= 9px) {.b{x:1} .a > p{x:1}}", "@media (width>= 9px){.a>p{x:1}}"),
    ("/* why */ .a :hover{x:calc(1px + 2px) ;--y: ;z:url('data:a;b,c') !important}",
     ".a :hover{x:calc(1px + 2px);--y: ;z:url(\"data:a;b,c\")!important}"),
    ("@font-face{x:1}@keyframes a{from{x:1}}", "@keyframes a{from{x:1}}"),
    ("@charset 'utf-8';p{x:1}", "p{x:1}"),
])  # fmt: skip
def test_a_rule_stays_when_all_that_it_asks_for_can_be_there(css, stays):
    assert "".join(rule.text() for rule in trimming.trimmed(css, frozenset({"a"}))) == stays


def test_variables_and_animations_that_nobody_reads_go_with_those_that_only_they_read():
    css = "p{--a:1;--b:var(--a);--c:2;--d:3;x:var(--c);animation:spin 1s}@keyframes spin{to{x:1}}@keyframes fade{to{x:1}}i{--e:1}"
    rules = trimming.without_idle(trimming.trimmed(css, frozenset()), frozenset({"--d"}))
    assert "".join(rule.text() for rule in rules) == "p{--c:2;--d:3;x:var(--c);animation:spin 1s}@keyframes spin{to{x:1}}"


@pytest.fixture
def pieces(tmp_path):
    for name, text in {"b.css": ".a{x:1}.b{x:1}", "i.css": '.fa-x:before{content:"\\f001"}', "o.css": "p { x: 1 }"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "page.html").write_text('<p class="a">')
    return kept.Pieces(
        bootstrap=tmp_path / "b.css", icons=(tmp_path / "i.css",), own=(tmp_path / "o.css",), scripts=(), font=tmp_path / "none.ttf",
        whole_font="all.woff2", version="1", roots=(tmp_path / "t",), shown_first=(),
    )  # fmt: skip


def test_the_sheet_is_made_once_and_anew_when_another_class_is_named_or_a_sheet_of_ours_changes(pieces, tmp_path, monkeypatch):
    made = []

    def make(order):
        made.append(json.loads(order.read_text()))
        trimming.make(trimming.Order(**made[-1]))

    def now():
        folder = kept.folder(tmp_path / "cache", pieces)
        return folder, (folder / "panel.css").read_text()

    monkeypatch.setattr(kept, "_run", make)
    page = tmp_path / "t" / "page.html"
    first, text = now()
    assert (".a{x:1}" in text, ".b{x:1}" in text) == (True, False)
    page.write_text('<p class="a">Another word, and no other class')
    assert now() == (first, text)
    assert len(made) == 1
    page.write_text('<p class="a b">')
    second, text = now()
    assert ".b{x:1}" in text
    (tmp_path / "o.css").write_text("p { x: 22 }")
    third, text = now()
    assert "p{x:22}" in text
    assert len({first, second, third}) == len(made) == 3
    os.utime(first, (0, 0))
    page.write_text("")
    now()
    assert (first.exists(), second.exists()) == (False, True), "what nobody asked for in a week goes"


def test_a_sheet_that_cannot_be_made_says_why_and_leaves_nothing(pieces, tmp_path):
    (tmp_path / "o.css").write_bytes(b"\xff")
    with pytest.raises(RuntimeError, match="style sheet could not be made"):
        kept.folder(tmp_path / "cache", pieces)
    assert [one.name for one in (tmp_path / "cache" / "assets").iterdir()] == ["making.lock"]
