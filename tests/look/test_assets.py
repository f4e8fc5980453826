"""Scripts and styles come out of the installed packages, at addresses that may be kept for ever."""

import gzip
import re
from pathlib import Path
from urllib.parse import urljoin

import pytest

from app.panel.core import plotlycut, trimming
from app.panel.core.assets import ALIASES, OWN_SHEETS, asset


@pytest.fixture
def url(staged):
    def of(name):
        with staged.test_request_context():
            return asset(name)

    return of


@pytest.mark.parametrize("name", sorted(ALIASES))
def test_every_packaged_asset_is_there_and_kept_for_ever(staged, url, name):
    answer = staged.test_client().get(url(name))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.mimetype == ("text/css" if name.endswith(".css") else "text/javascript")


def test_no_class_of_ours_is_one_of_the_icons_by_chance(staged, url):
    """`far` beside our own words would set them in the letters of the icons."""
    of_icons = set()
    for name in ("icons.css", "icons-solid.css"):
        of_icons |= classes(staged.test_client().get(url(name)).text)
    ours = set()
    for path in Path("app").glob("**/static/**/*.css"):
        ours |= classes(path.read_text())
    for path in Path("app").glob("**/templates/**/*.html"):
        for value in re.findall(r'class="([^"]*)"', path.read_text()):
            ours |= set(re.findall(r"(?<![\w-])[a-z][\w-]*", re.sub(r"\{[{%].*?[}%]\}", " ", value)))
    assert {"far", "fa-solid"} <= of_icons
    assert [name for name in sorted(ours & of_icons) if not name.startswith("fa-")] == []


def classes(style):
    return set(re.findall(r"\.([A-Za-z][\w-]*)", re.sub(r"\{[^{}]*\}", "{}", style)))


def test_a_reader_who_is_logged_in_still_keeps_assets(staged, url):
    client = staged.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "1"
    assert "immutable" in client.get(url("bootstrap.css")).headers["Cache-Control"]


def test_an_old_address_answers_but_is_not_kept(staged, url):
    now = url("panel/panel.js")
    old = re.sub(r"/assets/\w+/", "/assets/0123456789/", now)
    answer = staged.test_client().get(old)
    assert old != now
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_text_is_compressed_for_who_can_read_it_and_pictures_of_fonts_are_not(staged, url):
    client = staged.test_client()
    packed = client.get(url("plotly.js"), headers={"Accept-Encoding": "gzip"})
    plain = client.get(url("plotly.js"))
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert len(packed.data) < len(plain.data) / 2.5
    assert gzip.decompress(packed.data) == plain.data
    font = url("icons-solid.css").replace("fontawesome/solid.min.css", "webfonts/fa-solid-900.woff2")
    assert "Content-Encoding" not in client.get(font, headers={"Accept-Encoding": "gzip"}).headers


def test_the_script_of_charts_makes_ready_what_charts_draw_and_stands_at_the_top_of_its_file(staged, url):
    text = staged.test_client().get(url("plotly.js")).text
    code = text[text.index("*/") + 2 :].lstrip()
    assert code.startswith('"use strict";var Plotly=(()=>{'), "a function in another one is read only when it is called"
    (made,) = re.findall(r"\.register\(\[([\w(),]+)\]\);\w+\.exports=\w+\}\);return \w+\(\);\}\)\(\);window\.Plotly=Plotly;", code[-60_000:])
    assert len(made.split(",")) == len(plotlycut.TRACES)
    assert "Copyright 2012" in text[:200] and "MapLibre GL JS" in text[-3000:], "whose code it is"


def test_a_script_of_charts_that_looks_otherwise_is_served_as_it_came():
    for script in ("window.Plotly = {};", "var Plotly=(()=>{var a=W((e,t)=>{var c=d();c.register([x()]);t.exports=c});return a();})();"):
        assert plotlycut.cut(script) == script


def test_a_copy_that_is_still_right_is_not_sent_again(staged, url):
    client = staged.test_client()
    tag = client.get(url("bootstrap.css")).headers["ETag"]
    assert client.get(url("bootstrap.css"), headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", [
    "bootstrap/css/bootstrap.min.css.map", "bootstrap/css/bootswatch/cerulean/bootstrap.css", "bootstrap/../__init__.py",
    "plotly/widgetbundle.js", "plotly/templates/plotly.json", "panel/../../__init__.py", "panel/%2e%2e/%2e%2e/__init__.py",
    "nosuch/panel.js", "panel/nosuch.js", "panel/",
])  # fmt: skip
def test_nothing_else_of_a_package_can_be_fetched(staged, path):
    assert staged.test_client().get(f"/static/assets/0123456789/{path}").status_code == 404


@pytest.mark.parametrize("name", ["nosuch.css", "panel/nosuch.css", "panel/../stage.py", "plotly/widgetbundle.js"])
def test_a_template_that_names_a_wrong_asset_fails_at_once(staged, name):
    with staged.test_request_context(), pytest.raises(LookupError):
        asset(name)


def test_what_style_sheets_point_at_is_there(staged, url):
    client = staged.test_client()
    for name in ("bootstrap.css", "icons-solid.css", "icons.css", "kept/panel.css"):
        base = url(name)
        for target in re.findall(r"url\(([^)]+)\)", client.get(base).text):
            target = target.strip("'\"")
            if not target.startswith(("data:", "#", "%23")):
                assert client.get(urljoin(base, target)).status_code == 200, target


def test_what_every_page_loads_is_one_sheet_with_our_own_ones_in_the_order_of_the_cascade(staged, url):
    client = staged.test_client()
    answer = client.get(url("kept/panel.css"))
    assert (answer.status_code, answer.mimetype) == (200, "text/css")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.text.startswith('@charset "UTF-8";')
    assert "Licensed under MIT" in answer.text
    own = (Path("app/static/panel") / f"{name}.css" for name in OWN_SHEETS)
    places = [answer.text.index(trimming.whole(path.read_text())) for path in own]
    assert places == sorted(places)
    assert "@font-face" in answer.text[: places[0]]


def test_our_own_address_changes_with_the_content_of_any_file(staged, tmp_path):
    from app.panel.core import assets

    (tmp_path / "a.js").write_text("export const a = 1;")
    (tmp_path / "b.css").write_text("b { color: red }")
    assets.mount(staged, "trial", tmp_path)
    with staged.test_request_context():
        before = asset("trial/a.js")
    (tmp_path / "b.css").write_text("b { color: blue }")
    assets.mount(staged, "trial", tmp_path)
    with staged.test_request_context():
        assert asset("trial/a.js") != before
