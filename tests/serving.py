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


def with_stream(app: Callable[..., Any], over: threading.Event) -> Callable[..., Any]:
    """It is served beside the application: without one, each page would say after a moment that it has lost the server."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] != "/stream":
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")])
        return _beats(over)

    return answer


def _beats(over: threading.Event) -> Iterator[bytes]:
    yield b": welcome\n\n"
    while not over.wait(1):
        yield b"event: beat\ndata: {}\n\n"


@contextmanager
def served(app: Callable[..., Any]) -> Iterator[str]:
    """The address at which it answers."""
    over = threading.Event()
    server = make_server("127.0.0.1", 0, with_stream(app, over), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        over.set()
        server.shutdown()
        thread.join(5)
        server.server_close()
