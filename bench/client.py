"""A browser without a screen: cookies, one connection that stays open, and how long an answer took.

It shares its processors with the servers that it measures, so it does no more than read what they send: a library that
takes heads of answers apart took 0.3 ms each time. Every server is asked by it and in the same words.
"""

from __future__ import annotations

import gzip
import html
import re
import socket
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
LENGTH, CHUNKED = re.compile(rb"\ncontent-length: *(\d+)", re.I), re.compile(rb"\ntransfer-encoding: *chunked", re.I)
CLOSES, EMPTY = re.compile(rb"\nconnection: *close", re.I), re.compile(rb"HTTP/1.1 (204|304) ")
FACES = re.compile(r"@font-face\s*\{[^}]*?url\(([^)]+)\)")


class Wire:
    """A connection to a server of this machine, opened anew whenever the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None

    def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """The head and the body of the answer, which is read to its end."""
        for fresh in (self.socket is None, True):  # a server may have closed a connection that lay idle
            if self.socket is None:
                self.socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.socket.sendall(request)
                return self._answer(self.socket)
            except ConnectionError:
                self.close()
                if fresh:
                    raise
        raise AssertionError

    def _answer(self, source: socket.socket) -> tuple[bytes, bytes]:
        found = b""
        while (end := found.find(b"\r\n\r\n")) < 0:
            found += self._piece(source)
        head, body = found[:end], [found[end + 4 :]]
        told = LENGTH.search(head)
        if told is not None or EMPTY.match(head):
            left = (int(told[1]) if told is not None else 0) - len(body[0])
            while left > 0:
                body.append(piece := self._piece(source))
                left -= len(piece)
            whole = b"".join(body)
        elif CHUNKED.search(head):
            while not body[-1].endswith(b"0\r\n\r\n"):
                body.append(self._piece(source))
            whole = _from_chunks(b"".join(body))
        else:
            while piece := source.recv(2**18):
                body.append(piece)
            whole = b"".join(body)
            self.close()
        if CLOSES.search(head):
            self.close()
        return head, whole

    def _piece(self, source: socket.socket) -> bytes:
        if not (piece := source.recv(2**18)):
            raise ConnectionResetError
        return piece

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def _from_chunks(raw: bytes) -> bytes:
    found, at = [], 0
    while size := int(raw[at : (line := raw.index(b"\r\n", at))], 16):
        found.append(raw[line + 2 : line + 2 + size])
        at = line + 4 + size
    return b"".join(found)


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
    wire: Wire | None = None

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

    def words(self, method: str, path: str, body: str | None = None, **headers: str) -> bytes:
        """A request as it goes over the wire, the same to every server."""
        known = {"Host": f"127.0.0.1:{self.port}", "Accept-Encoding": "identity", **headers}
        known["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            known["Content-Length"] = str(len(body.encode()))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in known.items()), "", body or ""]
        return "\r\n".join(lines).encode()

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        request = self.words(method, path, body, **headers)
        self.wire = self.wire or Wire(self.port)
        began = time.perf_counter()
        head, raw = self.wire.ask(request)
        seconds = time.perf_counter() - began
        status, *lines = head.decode("latin-1").split("\r\n")
        pairs = [(name.lower(), value.strip()) for name, _colon, value in (line.partition(":") for line in lines)]
        for name, value in pairs:
            if name == "set-cookie":
                key, _equals, kept = value.partition(";")[0].partition("=")
                self.cookies[key] = kept
        return Answer(int(status.split()[1]), seconds, raw, dict(pairs))


def requests_per_second(browser: Browser, path: str, seconds: float, connections: int = 4) -> float:
    """How often a page is answered to some connections that ask without a pause.

    :raises RuntimeError: when an answer is not the whole page, as the first was
    """
    done, wrong = [0] * connections, list[bytes]()
    request, least = browser.words("GET", path), len(browser.get(path).raw) * 0.9
    until = time.perf_counter() + seconds

    def ask(place: int) -> None:
        wire = Wire(browser.port)
        while time.perf_counter() < until and not wrong:
            head, body = wire.ask(request)
            if b" 200 " not in head[:16] or len(body) < least:
                wrong.append(head)
            done[place] += 1
        wire.close()

    began = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(place,)) for place in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"{path} at port {browser.port} was answered with {wrong[0][:300]!r}")
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
