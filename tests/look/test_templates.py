"""What holds for every template of the house, wherever it lies."""

import re
from pathlib import Path

import pytest

from tests.look import stage

TEMPLATES = sorted(Path("app").glob("**/templates/**/*.html"))
SCRIPTS = sorted(Path("app").glob("**/static/**/*.js"))
STYLES = sorted(Path("app").glob("**/static/**/*.css"))
TEXTS = {str(path): path.read_text() for path in TEMPLATES}

WITHOUT_WORDS = re.compile(
    r"\{% block \w+_class %\}.*?\{% endblock %\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->|<script.*?</script>|<style.*?</style>"
    r"|<kbd[^>]*>.*?</kbd>|<code>[^<{]*</code>",
    re.S,
)
PROPER_NAMES = {"OpenAPI", "Swagger", "Plotly", "doctype", "html"}


def test_the_templates_are_found():
    assert len(TEMPLATES) > 20 and len(SCRIPTS) > 8 and len(STYLES) > 6


def test_a_page_that_draws_a_picker_of_its_own_loads_what_wires_it():
    own = [path for path, text in TEXTS.items() if "data-combo" in text and "panel/fields.html" not in path]
    assert own and all("asset('panel/picker.js')" in TEXTS[path] for path in own)


def test_a_number_is_put_at_the_end_of_an_address_never_in_place_of_the_first_nought():
    assert [path for path in SCRIPTS if re.search(r"""\.replace\((["'])0\1,""", path.read_text())] == []


def test_they_compile(staged):
    for path, text in TEXTS.items():
        staged.jinja_env.compile(text, path)


def test_they_have_no_inline_script_no_inline_style_and_trust_no_text():
    for path, text in TEXTS.items():
        assert not re.search(r"\|\s*safe\b", text), f"{path}: text is never trusted"
        assert "autoescape false" not in text, path
        assert not re.search(r"<[^>]*\sstyle\s*=", text), f"{path}: the policy refuses style attributes"
        assert not re.search(r"<[^>]*\son\w+\s*=", text), f"{path}: the policy refuses event attributes"
        assert "javascript:" not in text, path
        for tag in re.findall(r"<script\b[^>]*>", text):
            assert "application/json" in tag or ("src=" in tag and "nonce=" in tag), f"{path}: {tag}"
        for tag in re.findall(r"<style\b[^>]*>", text):
            assert "nonce=" in tag, f"{path}: {tag}"


def test_they_load_nothing_from_elsewhere():
    for path, text in TEXTS.items():
        assert not re.findall(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""", text), path


def test_every_word_in_them_is_translated():
    for path, text in TEXTS.items():
        bare = re.sub(r"<[^>]*>", " ", WITHOUT_WORDS.sub(" ", text))
        words = [word for word in re.findall(r"[A-Za-z]{2,}", bare) if word not in PROPER_NAMES]
        assert words == [], path


def test_labels_for_the_ear_are_translated_too():
    for path, text in TEXTS.items():
        plain = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.S)
        assert re.findall(r"""(?:aria-label|placeholder|title|alt)="([^"]*[A-Za-z]{2,}[^"]*)\"""", plain) == [], path


def test_scripts_put_text_into_the_page_as_text():
    for path in SCRIPTS:
        text = path.read_text()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".cssText"):
            assert word not in text, f"{path}: {word}"


def test_colours_are_named_in_one_file_only():
    for path in STYLES:
        if path.name in ("tokens.css", "print.css", "api.css", "papers.css"):
            continue  # the skins themselves; paper is white; Swagger's page is always light
        for line in path.read_text().splitlines():
            assert not re.search(r":[^;]*(#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\()", line), f"{path}: {line}"


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
    keys = {"Ctrl", "Enter", "Alt", "Esc", "Tab"}
    assert set(re.findall(r"[A-Za-z]{2,}", body)) - made_up - keys == set()
