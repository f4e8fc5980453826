"""What holds for every template of the house, wherever it lies."""

import re
from pathlib import Path

import pytest

from tests.look import stage

TEMPLATES = sorted(Path("app").glob("**/templates/**/*.html"))
SCRIPTS = sorted(Path("app").glob("**/static/**/*.js"))
STYLES = sorted(Path("app").glob("**/static/**/*.css"))
named = pytest.mark.parametrize("path", TEMPLATES, ids=str)

WITHOUT_WORDS = re.compile(
    r"\{% block \w+_class %\}.*?\{% endblock %\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->|<script.*?</script>|<style.*?</style>"
    r"|<kbd[^>]*>.*?</kbd>",
    re.S,
)
PROPER_NAMES = {"OpenAPI", "Swagger", "Plotly", "doctype", "html"}


def test_the_templates_are_found():
    assert len(TEMPLATES) > 20 and len(SCRIPTS) > 8 and len(STYLES) > 6


@named
def test_it_compiles(staged, path):
    staged.jinja_env.compile(path.read_text(), str(path))


@named
def test_it_has_no_inline_script_no_inline_style_and_trusts_no_text(path):
    text = path.read_text()
    assert not re.search(r"\|\s*safe\b", text), "text is never trusted"
    assert "autoescape false" not in text
    assert not re.search(r"<[^>]*\sstyle\s*=", text), "the policy refuses style attributes"
    assert not re.search(r"<[^>]*\son\w+\s*=", text), "the policy refuses event attributes"
    assert "javascript:" not in text
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "application/json" in tag or ("src=" in tag and "nonce=" in tag), tag
    for tag in re.findall(r"<style\b[^>]*>", text):
        assert "nonce=" in tag, tag


@named
def test_it_loads_nothing_from_elsewhere(path):
    for address in re.findall(r"""(?:src|href|action)\s*=\s*["'](https?:)?//""", path.read_text()):
        raise AssertionError(address)


@named
def test_every_word_in_it_is_translated(path):
    bare = re.sub(r"<[^>]*>", " ", WITHOUT_WORDS.sub(" ", path.read_text()))
    words = [word for word in re.findall(r"[A-Za-z]{2,}", bare) if word not in PROPER_NAMES]
    assert words == []


@named
def test_labels_for_the_ear_are_translated_too(path):
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", path.read_text(), flags=re.S)
    found = re.findall(r"""(?:aria-label|placeholder|title|alt)="([^"]*[A-Za-z]{2,}[^"]*)\"""", text)
    assert found == []


@pytest.mark.parametrize("path", SCRIPTS, ids=str)
def test_scripts_put_text_into_the_page_as_text(path):
    text = path.read_text()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".cssText"):
        assert word not in text, word


@pytest.mark.parametrize("path", STYLES, ids=str)
def test_colours_are_named_in_one_file_only(path):
    if path.name in ("tokens.css", "print.css", "api.css", "papers.css"):
        return  # the skins themselves; paper is white; Swagger's page is always light
    for line in path.read_text().splitlines():
        assert not re.search(r":[^;]*(#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\()", line), line


@pytest.mark.parametrize("name", stage.PAGES)
def test_a_page_has_one_heading_one_main_part_and_a_way_past_the_menu(staged, name):
    text = staged.test_client().get(f"/{name}").text
    assert text.count("<h1") == 1
    assert text.count("<main") == 1
    assert '<a class="skip" href="#main">' in text
    assert re.search(r"<title>\s*\S.* · ", text)


def test_text_of_a_row_never_becomes_markup(staged, monkeypatch):
    monkeypatch.setattr(stage, "BOOKS", [(1, '<img src=x onerror="alert(1)">')])
    text = staged.test_client().get("/list").text
    assert "<img" not in text
    assert "&lt;img src=x onerror=" in text


def test_a_list_of_fifty_rows_stays_small(staged, monkeypatch):
    monkeypatch.setattr(stage, "BOOKS", [(k, f"Book {k}") for k in range(50)])
    fifty = len(staged.test_client().get("/list").data)
    monkeypatch.setattr(stage, "BOOKS", [(1, "Book 1")])
    one = len(staged.test_client().get("/list").data)
    assert (fifty - one) / 49 < 420  # bytes a row of three columns


def test_chinese_pages_of_the_frame_hold_no_english(staged):
    from app.panel.core import translations

    translations.compile_all(Path("app"))
    text = staged.test_client().get("/error?lang=zh_Hans_CN").text
    body = re.sub(r"<script.*?</script>|<[^>]*>", " ", text[text.index("<body") :], flags=re.S)
    made_up = {"Library", "Books", "Loans", "Ada", "ada", "Librarian", "English", "There", "is", "nothing", "here"}
    keys = {"Ctrl", "Enter"}
    assert set(re.findall(r"[A-Za-z]{2,}", body)) - made_up - keys == set()
