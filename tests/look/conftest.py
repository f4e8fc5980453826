"""The stage in a thread and a Chromium before it."""

import threading

import pytest
from werkzeug.serving import make_server

from tests.look import stage


@pytest.fixture(scope="session")
def staged():
    return stage.make()


@pytest.fixture(scope="session")
def address(staged):
    server = make_server("127.0.0.1", 0, staged, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)


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
