"""Every word that a person reads has a Chinese one, and Chinese pages hold no Latin word that is not reviewed."""

import datetime as dt
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sqlalchemy as sa
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tests import conftest
from tests import world as worlds

APP = Path(__file__).parents[1] / "app"
NO_PAGES = ("/api/", "/pickers/", "/files/", "/static", "/setup/next", "/metrics", "/healthz", "/readyz")
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
AREAS = sorted({path.parent for path in APP.glob("**/translations") if path.is_dir()})
# names, codes and units that are written so in Chinese text too
REVIEWED = {
    "SKU",
    "SKUs",
    "GMV",
    "AOV",
    "CTR",
    "API",
    "REST",
    "JSON",
    "CSV",
    "XLSX",
    "XLS",
    "ID",
    "IP",
    "URL",
    "PDF",
    "OpenAPI",
    "Swagger",
    "SEO",
    "SHA",
    "CNY",
    "USD",
    "HKD",
    "EUR",
    "JPY",
    "KB",
    "MB",
    "GB",
    "UTF",
    "GB18030",
    # couriers are known by these letters
    *("SF", "ZTO", "YTO", "STO", "YUNDA", "JD", "EMS", "JT", "DBL", "CHINAPOST"),
    "BOM",
    "Shopify",
    "WooCommerce",
    "TikTok",
    "App",
    "GPS",
    "Excel",
    "DHL",
    "UPS",
    "JD",
    "QR",
    "AI",
    "VIP",
    "XL",
    "g",
    "kg",
    "cm",
    "ml",
    "L",
    "Ctrl",
    "Alt",
    "K",
    "Enter",
    "Esc",
    "Shift",
    "Tab",
    "F",
    "C",
    "N",
    "x",
    "j",
    "k",
    "e",
    "Zhanggui",
    "admin",
    "administrator",  # the key of a role, in the trail of a person
    "ada",
    "ben",
    "cleo",
    "Ada",
    "Ben",
    "Cleo",
    "Chromium",
    "Chrome",
    "Firefox",
    "Linux",
    "macOS",
    "Windows",
    "English",
    "iOS",
    "Android",
    "WeChat",
    "PostgreSQL",
    "Valkey",
    "SQLite",
    "SMTP",
    "UTC",
    "Asia",
    "Shanghai",
    "HTTP",
    "WEBP",
    "PNG",
    "JPG",
    "JPEG",
    "WebP",
    "CN",
    "SG",
    "LOGO",
    "QH",
    "late",
    "address",
    "stock",
    "unreachable",
    "EAN",
    "UPC",
    "ISO",
    "GIF",
    "MP4",
    "MOV",
    "WebM",
    "PO",
    "OK",
    "Logo",
    "logo",
}


def messages(folder):
    """Message ids of an area, without those of the areas inside it."""

    def is_read(name):
        path = Path(name)
        return not path.name.startswith((".", "_")) and (path == folder or path not in AREAS)

    found = extract_from_dir(str(folder), METHODS, keywords=KEYWORDS, directory_filter=is_read)
    for name, line, message, _comments, _context in found:
        for text in [message] if isinstance(message, str) else message:
            if text:
                yield f"{name}:{line}", text


@pytest.fixture(scope="module")
def translated():
    """Every entry of every Chinese catalogue."""
    found = []
    for path in sorted(APP.glob("**/translations/zh_Hans_CN/LC_MESSAGES/messages.po")):
        with path.open("rb") as file:
            found += [message for message in read_po(file) if message.id]
    return found


@pytest.fixture(scope="module")
def catalogue(translated):
    found = {}
    for message in translated:
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        if message.string:
            found.update(dict.fromkeys(ids, message.string))
    return found


def test_there_are_areas():
    assert len(AREAS) > 8


@pytest.mark.parametrize("area", AREAS, ids=lambda area: str(area.relative_to(APP)))
def test_every_string_of_an_area_has_a_chinese_one(area, catalogue):
    missing = [f"{where} {text!r}" for where, text in messages(area) if text not in catalogue]
    assert missing == []


# strings that mean two things and have two Chinese ones: none, for all catalogues are one when a page is drawn
DOUBLES: set[str] = set()


def test_a_string_has_one_chinese_one_in_all_areas(translated):
    """Two would be a matter of which catalogue is read first. What means two things is written in two ways in English."""
    told = {}
    for message in translated:
        told.setdefault((message.context, str(message.id)), set()).add(str(message.string))
    assert {key: words for key, words in told.items() if len(words) > 1 and key[1] not in DOUBLES} == {}


def test_a_translation_keeps_the_places_of_its_values(catalogue):
    def places(text):
        return sorted(re.findall(r"%\((\w+)\)[sd]", text))

    wrong = [key for key, text in catalogue.items() if isinstance(text, str) and places(key) != places(text)]
    assert wrong == []


class Words(HTMLParser):
    """The text nodes and spoken attributes of a page, without what people typed and what is code."""

    def __init__(self):
        super().__init__()
        self.skip, self.texts = 0, []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if (
            self.skip
            or tag in ("script", "style", "code", "kbd", "pre")
            or "data-typed" in attrs
            or attrs.get("translate") == "no"
            or (tag == "input" and attrs.get("lang") == "en")  # where the English word is to be written
        ):
            self.skip += tag not in ("input", "br", "img", "meta", "link", "hr", "path", "source")
            return
        self.texts += [attrs[name] for name in ("aria-label", "title", "placeholder", "alt") if attrs.get(name)]

    def handle_endtag(self, tag):
        if self.skip and tag not in ("input", "br", "img", "meta", "link", "hr", "path", "source"):
            self.skip -= 1

    def handle_data(self, data):
        if not self.skip:
            self.texts.append(data)


@pytest.fixture(scope="module")
def shop(new_database, tmp_path_factory):
    from app.panel.accounts import services
    from app.panel.core import demo, policy
    from app.panel.core.actor import SYSTEM

    known = policy.REGISTRY
    with pytest.MonkeyPatch.context() as patch:  # the test library speaks English and is no part of the product
        patch.setattr(known, "roles", {key: role for key, role in known.roles.items() if key != "librarian"})
        patch.setattr(known, "grants", {key: rights for key, rights in known.grants.items() if key != "librarian"})
        patch.setattr(known, "verbs", {key: own for key, own in known.verbs.items() if not key.startswith("books.")})
        app = conftest.make_app(new_database(), tmp_path_factory.mktemp("zh"))
        with app.app_context():
            services.create_user(
                actor=SYSTEM,
                username="ada",
                name="Ada",
                email="ada@example.org",
                roles=["administrator"],
                password=None,
            )
            demo.load(seed=7, scale=0.005, now=dt.datetime(2026, 11, 21, 6, tzinfo=dt.UTC))
        yield app


def pages(shop):
    """The address of every GET rule that may be a page, with a row of the demo for each of its arguments."""
    from app.panel.core.db import db

    world = worlds.World(shop)
    with shop.app_context():
        for table in db.metadata.sorted_tables:
            if "id" in table.c:
                world.ids["A"][table.name] = db.session.scalar(sa.select(sa.func.min(table.c.id))) or 1
        world.users["ben"] = world.ids["A"]["ab_user"]
    for call in worlds.calls(world, "A"):
        if call.method == "GET" and not call.rule.startswith(NO_PAGES):
            yield call.path


def test_no_chinese_page_holds_a_latin_word_that_is_not_reviewed(shop, monkeypatch):
    with shop.app_context():
        client = conftest.client_of(shop, "ada")
    client.post("/prefs/", data={"language": "zh_Hans_CN"})
    worlds.asking_once(shop, monkeypatch, guarded=True)
    found, read = {}, 0
    for address in pages(shop):
        answer = client.get(address, headers={"Accept": "text/html"})
        if answer.status_code != 200 or "text/html" not in answer.content_type:
            continue
        read += 1
        if read == 1:  # with all that stands around every page
            assert "主菜单" in answer.text
            worlds.without_chrome(shop, monkeypatch)
        page = Words()
        page.feed(answer.text)
        for text in page.texts:
            for word in re.findall(r"[A-Za-z][A-Za-z]+", text):
                if word not in REVIEWED and not re.search(
                    r"[\d_@./:-]", next((w for w in text.split() if word in w), "")
                ):
                    found.setdefault(word, set()).add(address)
    assert {word: sorted(where)[:3] for word, where in found.items()} == {}
    assert read > 200


def test_every_verb_that_the_trail_knows_has_a_chinese_word():
    recorded = re.compile(r"""(?:record(?:_about)?\([^"]*|verb=|VERB = )"([a-z]+(?:_[a-z]+)*\.[a-z_]+)\"""")
    sources = [path for path in APP.rglob("*.py") if "rightscheck" not in path.parts]
    verbs = {verb for path in sources for verb in recorded.findall(path.read_text("utf-8"))}
    assert "category.moved" in verbs and "configuration.rolled_back" in verbs
    words = (message for area in AREAS for message in read_po((area / "translations/zh_Hans_CN/LC_MESSAGES/messages.po").open("rb")))
    assert sorted(verbs - {message.id for message in words if message.string}) == []
