"""A browser without a screen: cookies, one connection that stays open, and how long an answer took."""

from __future__ import annotations

import gzip
import html
import http.client
import re
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

PATIENCE = 180.0
TOKEN = re.compile(r'name="(csrf_token|csrfmiddlewaretoken)"[^>]*value="([^"]+)"')
STYLES = re.compile(r'<link[^>]*rel="(?:stylesheet|modulepreload)"[^>]*>', re.I)
SCRIPTS = re.compile(r'<script[^>]*src="([^"]+)"', re.I)
HREF = re.compile(r'href="([^"]+)"')
IMPORTS = re.compile(r'(?:from|import)\s*["\'](\.?\.?/[^"\']+)["\']|@import\s+(?:url\()?["\']([^"\']+)')
FACES = re.compile(r"@font-face\s*\{[^}]*?url\(([^)]+)\)")


@dataclass
class Answer:
    status: int
    seconds: float
    raw: bytes
    headers: dict[str, str]

    @property
    def body(self) -> bytes:
        return gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass
class Browser:
    """One visitor of one server on this machine."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    connection: http.client.HTTPConnection | None = None

    def get(self, path: str, *, zipped: bool = False) -> Answer:
        return self._ask("GET", path, None, {"Accept-Encoding": "gzip"} if zipped else {})

    def post(self, path: str, values: dict[str, str]) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://127.0.0.1:{self.port}{path}"}
        return self._ask("POST", path, urlencode(values), headers)

    def log_in(self, path: str, name: str, password: str) -> None:
        """Fill in a log-in form, with the token that stands in it."""
        tokens = dict(TOKEN.findall(self.get(path).text))
        answer = self.post(path, {**tokens, "username": name, "password": password})
        if answer.status not in (302, 303):
            raise RuntimeError(f"the log-in at port {self.port} answered {answer.status}: {answer.text[:300]}")

    def twin(self) -> Browser:
        """The same visitor on a connection of his own."""
        return Browser(self.port, dict(self.cookies))

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        headers = {**headers, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        for attempt in (1, 2):  # a server may have closed a connection that lay idle
            fresh = self.connection is None
            self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                began = time.perf_counter()
                self.connection.request(method, path, body, headers)
                response = self.connection.getresponse()
                raw = response.read()
                seconds = time.perf_counter() - began
                break
            except (http.client.HTTPException, ConnectionError):
                self.connection = None
                if fresh or attempt == 2:
                    raise
        for line in response.headers.get_all("Set-Cookie") or ():
            name, _equals, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(response.status, seconds, raw, {name.lower(): value for name, value in response.getheaders()})


def requests_per_second(browser: Browser, path: str, seconds: float, connections: int = 4) -> float:
    """How often a page is answered to some connections that ask without a pause."""
    done, until = [0] * connections, time.perf_counter() + seconds

    def ask(place: int) -> None:
        one = browser.twin()
        while time.perf_counter() < until:
            if one.get(path).status != 200:
                return
            done[place] += 1

    began = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(place,)) for place in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - began)


def assets(browser: Browser, path: str) -> dict[str, int]:
    """The scripts and styles that a page loads at first, with what those import, in bytes as gzip sends them.

    Of the fonts that a style names it is the last one: of several that have a sign a browser takes that.
    """
    page = browser.get(path).text
    waiting = [html.unescape(found.group(1)) for link in STYLES.findall(page) if (found := HREF.search(link))]
    waiting += [html.unescape(source) for source in SCRIPTS.findall(page)]
    found: dict[str, int] = {}
    while waiting:
        url = urlsplit(urljoin(path, waiting.pop()))
        address = f"{url.path}?{url.query}" if url.query else url.path
        if address in found or (url.netloc and not url.netloc.startswith("127.0.0.1")):
            continue
        answer = browser.get(address, zipped=True)
        if answer.status != 200:
            continue
        found[address] = len(answer.raw if answer.headers.get("content-encoding") == "gzip" else gzip.compress(answer.raw))
        if not url.path.endswith((".css", ".js", ".mjs")):
            continue
        waiting += [urljoin(address, first or second) for first, second in IMPORTS.findall(answer.text)]
        waiting += [urljoin(address, font.strip("\"'")) for font in FACES.findall(answer.text)[-1:]]
    return found
