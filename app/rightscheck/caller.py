"""Calls to an application without a browser around them: tens of thousands of addresses are asked, most for a line in answer."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

from flask import Flask
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

ENVIRON: dict[str, Any] = {
    "SCRIPT_NAME": "", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "HTTP_HOST": "localhost", "REMOTE_ADDR": "127.0.0.1",
    "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_USER_AGENT": "Zhanggui", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
    "wsgi.errors": io.StringIO(), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
}  # fmt: skip


class Answer(Response):
    @property
    def text(self) -> str:
        return self.get_data(as_text=True)


class Caller:
    """Asks as one person, and stays who he is whatever an answer says of cookies; a change carries the token of his pages."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.environ_base: dict[str, str] = {}
        self.token = ""

    def get(self, path: str, **more: Any) -> Answer:
        return self.open(path, "GET", **more)

    def post(self, path: str, **more: Any) -> Answer:
        return self.open(path, "POST", **more)

    def put(self, path: str, **more: Any) -> Answer:
        return self.open(path, "PUT", **more)

    def open(
        self, path: str, method: str = "GET", *, headers: Mapping[str, str] | None = None, base_url: str = "",
        query_string: Mapping[str, str] | None = None, without_csrf: bool = False, **body: Any,
    ) -> Answer:  # fmt: skip
        """What the application answers.

        :param body: `data`, `json` and `content_type`, as Werkzeug's client takes them
        """
        path = f"{path}?{urlencode(query_string)}" if query_string else path
        environ = ENVIRON | _address(path, base_url) | {"REQUEST_METHOD": method} | self._body(body) | self.environ_base
        if self.token and method not in ("GET", "HEAD") and not without_csrf:
            environ["HTTP_X_CSRFTOKEN"] = self.token
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        said: list[Any] = []
        # a request inside somebody's own context would share its `g`, and with it the person who was logged in before
        with self.app.app_context():
            parts = self.app(environ, lambda status, fields, _fault=None: said.extend((status, fields)))
        return Answer(parts, said[0], said[1])

    @staticmethod
    def _body(body: dict[str, Any]) -> dict[str, Any]:
        if all(part is None for part in body.values()):
            return {"wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"}
        builder = EnvironBuilder(method="POST", **body)
        try:
            environ = builder.get_environ()
        finally:
            builder.close()
        return {name: environ[name] for name in ("wsgi.input", "CONTENT_TYPE", "CONTENT_LENGTH") if name in environ}


def _address(path: str, base_url: str) -> dict[str, str]:
    path, _mark, query = path.partition("?")
    found = {"PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query, "RAW_URI": path}
    if base_url:
        place = urlsplit(base_url)
        found |= {"HTTP_HOST": place.netloc, "SERVER_NAME": place.hostname or "", "SERVER_PORT": str(place.port or 80)}
    return found
