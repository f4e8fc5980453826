"""The example of the webhook in the docs is run as it is printed: by a shell and openssl, with only curl in our hands."""

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.panel.core import valkey as connections
from app.shop.live.feed import stream
from app.shop.live.feed.door import FeedDoor
from app.shop.live.pages.examples import CURL
from tests.shop.live.conftest import open_session
from tests.shop.live.test_feed_door import _ask

PAGE = Path(__file__).parents[2] / "docs" / "live-feed.md"
URL = "https://shop.example/live/feed/4f1c9a20b74f1c9a20b74f1c/"
pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="the example signs with openssl")


@pytest.fixture
def told(tmp_path):
    """`told(code)`: what the example would have curl do: the options by their name, the headers in a list, and the address."""
    curl = tmp_path / "curl"
    curl.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    curl.chmod(0o755)

    def run(code):
        done = subprocess.run(["sh", "-ec", code], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, timeout=20)
        assert done.returncode == 0 and done.stderr == b"", done.stderr
        words = done.stdout.decode().split("\0")[:-1]
        headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
        return words[words.index("--data-raw") + 1].encode(), headers, next(word for word in words if "://" in word)

    return run


def test_the_example_of_the_docs_is_that_of_the_page_and_its_post_is_taken_as_it_is_signed(live_app, valkey, told):
    code = re.search(r"```sh\n(SECRET=.*?)```", PAGE.read_text(), re.S).group(1)
    assert code == CURL % {"url": URL}
    live_app.config["REDIS_URL"] = valkey
    with live_app.app_context():
        client = connections.client(live_app)
        client.flushall()
        room = open_session()
        body, headers, address = told(code.replace("zgs_…", room.secret).replace(URL, f"http://127.0.0.1/live/feed/{room.key}/"))
        assert headers["Content-Type"] == "application/json"
        path = address.removeprefix("http://127.0.0.1")
        signature = headers["X-Zhanggui-Signature"]

        async def post(what):
            door = FeedDoor(live_app)
            try:
                return await _ask(door, path, what, signature)
            finally:
                if door._client is not None:
                    await door._client.aclose()

        assert asyncio.run(post(body + b" "))[0] == 401, "another body is not what was signed"
        status, _headers, said = asyncio.run(post(body))
        assert (status, said) == (202, {"accepted": 1}) and client.xlen(stream.STREAM) == 1
