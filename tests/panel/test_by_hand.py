"""Lists and records under the hands of a librarian, in a real Chromium."""

import pytest

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
