"""The stage in a thread and a Chromium before it."""

import pytest

from tests.look import stage
from tests.serving import served


@pytest.fixture(scope="session")
def staged():
    return stage.make()


@pytest.fixture(scope="session")
def address(staged):
    with served(staged) as found:
        yield found


@pytest.fixture
def window(chromium, address):
    """A tab; what its console and its policy complain of fails the test."""
    context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert [text for text in complaints if "status of 404" not in text] == []
