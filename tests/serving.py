"""An application on a port of its own, in a thread, for the tests that look at it in a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Keeps a browser's connections for its next requests, and writes no line about each: the panel does that itself."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_code_and_size: Any) -> None:
        pass


@contextmanager
def served(app: Callable[..., Any]) -> Iterator[str]:
    """The address at which it answers."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
