"""Lists and records under the hands of a librarian, in a real Chromium."""

import pytest

from tests.panel.test_conflicts import change, stored
from tests.serving import served

pytestmark = pytest.mark.slow


@pytest.fixture
def tab(library, visit, chromium):
    """A tab of lena's; what its scripts complain of fails the test."""
    from app.panel.accounts.login import sessions

    complaints = []
    with served(library) as address:
        context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        context.add_cookies([{"name": sessions.cookie_name(False), "value": visit("lena").cookie_value, "url": address}])
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        context.close()
    assert complaints == []


def test_e_opens_the_form_of_the_record_that_is_shown(tab, book):
    key = book("991-1")
    tab.goto(f"/books/book/show/{key}")
    tab.locator("#remark-body").press("e")
    assert tab.url.endswith(f"/show/{key}"), "whoever writes a note writes it"
    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("e")
    tab.wait_for_url(f"**/books/book/edit/{key}*")


def test_what_was_written_into_cells_is_taken_back_step_by_step(tab, book, visit):
    key = book("992-1", title="Undone", price="12.50")
    tab.goto("/books/book/list/?q=992-1")
    row = tab.locator("tbody tr")
    row.locator("[data-edit=title]").dblclick()
    tab.locator("td.editing input").fill("Done")
    tab.locator("td.editing input").press("Tab")
    tab.locator("td.editing select").select_option("science")
    tab.locator("td.editing select").press("Enter")
    back = tab.get_by_role("button", name="Take back: Genre “Novel”")
    back.wait_for()
    tab.keyboard.press("Control+z")
    row.get_by_text("Novel").wait_for()
    other = tab.get_by_role("button", name="Take back: Title “Undone”")
    other.wait_for()
    assert (stored(visit("ada"), key)["title"], stored(visit("ada"), key)["genre"]) == ("Done", "novel")
    change(visit("ada"), key, title="Hers")
    other.click()
    tab.get_by_role("alert").get_by_text("It says “Hers” now, and stays so.").wait_for()
    assert not other.is_visible() and stored(visit("ada"), key)["title"] == "Hers"


def test_a_card_of_a_board_is_found_again_where_it_went_and_it_says_where_it_cannot_go(tab, book):
    key = book("993-1", title="Moved")
    tab.goto("/books/book/list/?shape=board&q=993-1")
    card = tab.locator(f".board-card[data-pk='{key}'] a.lead")
    card.press("Alt+ArrowLeft")
    tab.locator(".message").get_by_text("“Moved” cannot go there. Its menu says where it can go.").wait_for()
    card.press("Alt+ArrowRight")
    tab.locator("[data-lane=science] a.lead:focus").get_by_text("Moved").wait_for()
    card.drag_to(tab.locator("[data-lane=novel]"))
    tab.locator("[data-lane=novel] a.lead:focus").get_by_text("Moved").wait_for()


def test_why_a_file_was_refused_is_in_sight_where_one_gave_it(tab, book):
    key = book("994-1")
    tab.set_viewport_size({"width": 1280, "height": 500})
    tab.goto(f"/books/book/show/{key}")
    tab.set_input_files("#remark-files", [{"name": "list.csv", "mimeType": "text/csv", "buffer": b""}])
    tab.locator("#remarks .btn", has_text="Add").click()
    tab.wait_for_url("**#remarks")
    why = tab.locator("#remarks .message", has_text="“list.csv” is empty (0 bytes).")
    why.wait_for()
    at, head = why.bounding_box(), tab.locator(".page-head").bounding_box()
    assert head["y"] + head["height"] <= at["y"] and at["y"] + at["height"] <= 500


def test_a_file_that_is_too_large_is_told_when_it_is_chosen_and_the_note_stays(tab, book, tmp_path):
    large, asked = tmp_path / "film.pdf", []
    with large.open("wb") as out:
        out.truncate(20 * 2**20 + 1)
    tab.goto(f"/books/book/show/{book('995-1')}")
    tab.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    given = tab.locator("#remark-files")
    given.set_input_files(str(large))
    assert given.evaluate("one => one.validationMessage") == "“film.pdf” is larger than 20 MB."
    tab.locator("#remark-body").fill("Typed with care")
    tab.locator("#remarks .btn", has_text="Add").click()
    assert not asked and tab.locator("#remark-body").input_value() == "Typed with care"
    given.set_input_files([])
    assert given.evaluate("one => one.checkValidity()")
