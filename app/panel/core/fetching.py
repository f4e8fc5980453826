"""Fetching what somebody's address names, without being led into our own house (server-side request forgery).

Only http and https; the name is resolved once and the connection goes to the very address that was checked; addresses of
this machine and of private networks are refused; each redirect is checked like the first address; size and time are bounded.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import SplitResult, urljoin, urlsplit

from flask_babel import gettext as _

from app.panel.core.errors import DomainError

MAX_REDIRECTS, BLOCK = 3, 2**16
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unfetched(DomainError):
    """Why an address was not fetched. `passing`: another try may do better."""

    def __init__(self, message: Any, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


@dataclass(frozen=True)
class Fetched:
    """The bytes of an address, and the address at which the redirects ended."""

    stream: IO[bytes]
    url: str


def is_public(address: Address) -> bool:
    """Does it lie on the net, for everybody to reach? An IPv4 address inside of an IPv6 one is looked at, too."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None and not is_public(inner):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def fetch(
    url: str, *, max_bytes: int, seconds: float, allowed: Callable[[Address], bool] | None = None
) -> Fetched:
    """The bytes behind an address; no proxy of the environment, no cookie and no log-in takes part.

    :param allowed: which addresses may be connected to; `is_public` unless a test says otherwise
    :raises Unfetched: with a sentence
    """
    until, here = time.monotonic() + seconds, url
    for _hop in range(MAX_REDIRECTS + 1):
        connection, target = _connect(here, until, allowed or is_public)
        try:
            answer = _ask(connection, target, until)
            if answer.status not in REDIRECTS:
                return Fetched(_read(answer, connection, max_bytes, until), here)
            here = urljoin(here, answer.getheader("Location") or "")
        except (OSError, http.client.HTTPException) as error:
            raise _trouble(error) from error
        finally:
            connection.close()
    raise Unfetched(_("It leads on more than %(n)s times.", n=MAX_REDIRECTS))


def _parts(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Unfetched(_("This is no address of the web.")) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise Unfetched(_("This is no address of the web."))
    return parts, parts.hostname, port


def _connect(
    url: str, until: float, allowed: Callable[[Address], bool]
) -> tuple[http.client.HTTPConnection, str]:
    parts, host, port = _parts(url)
    address = _resolve(host, port, allowed)
    try:
        sock = socket.create_connection((str(address), port), timeout=_left(until))
        if parts.scheme == "https":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
    except (OSError, ssl.SSLError) as error:
        raise _trouble(error) from error
    connection = http.client.HTTPConnection(host, port)
    connection.sock = sock  # the address that was checked, not one that the name may lead to by now
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    return connection, path


def _resolve(host: str, port: int, allowed: Callable[[Address], bool]) -> Address:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]
    except (OSError, UnicodeError, ValueError) as error:
        raise Unfetched(_("There is no machine of this name: %(host)s", host=host[:100]), passing=True) from error
    # a name that leads inside with only one of its addresses wants to be tried until it does
    if not found or not all(allowed(address) for address in found):
        raise Unfetched(_("%(host)s lies in a private network; only public addresses are fetched.", host=host[:100]))
    return found[0]


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _ask(connection: http.client.HTTPConnection, path: str, until: float) -> http.client.HTTPResponse:
    connection.sock.settimeout(_left(until))
    safe = "".join(char if 32 < ord(char) < 127 else "".join(f"%{byte:02X}" for byte in char.encode()) for char in path)
    connection.request("GET", safe, headers={"Accept-Encoding": "identity", "User-Agent": "Zhanggui"})
    return connection.getresponse()


def _read(answer: http.client.HTTPResponse, connection: http.client.HTTPConnection, max_bytes: int, until: float) -> IO[bytes]:
    if answer.status != 200:
        passing = answer.status >= 500 or answer.status in (408, 425, 429)
        raise Unfetched(_("The server answered with %(status)s.", status=answer.status), passing=passing)
    too_large = Unfetched(_("It is larger than %(max)s MB.", max=max_bytes // 2**20))
    told = answer.getheader("Content-Length") or ""
    if told.isascii() and told.isdecimal() and int(told) > max_bytes:
        raise too_large
    found = io.BytesIO()
    while True:
        if connection.sock is not None:
            connection.sock.settimeout(_left(until))
        block = answer.read1(BLOCK)
        if not block:
            break
        found.write(block)
        if found.tell() > max_bytes:
            raise too_large
        _left(until)
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    found.seek(0)
    return found


def _trouble(error: Exception) -> Unfetched:
    if isinstance(error, TimeoutError):
        return Unfetched(_("The server took too long."), passing=True)
    if isinstance(error, ssl.SSLError):
        return Unfetched(_("Its certificate is not right."))
    if isinstance(error, http.client.HTTPException | ConnectionError):
        return Unfetched(_("The connection was broken."), passing=True)
    return Unfetched(_("The server cannot be reached."), passing=True)


@dataclass(frozen=True)
class Answered:
    """What a server said to a post: never followed elsewhere, and no more of it than was asked for."""

    status: int
    body: bytes


def post(
    url: str, body: bytes, headers: dict[str, str], *, max_bytes: int = 4096, seconds: float = 10,
    allowed: Callable[[Address], bool] | None = None,
) -> Answered:  # fmt: skip
    """Post to an address, under the same bounds as `fetch`; a redirect is an answer like any other.

    :raises Unfetched: with a sentence, when there was no answer
    """
    until = time.monotonic() + seconds
    connection, target = _connect(url, until, allowed or is_public)
    try:
        connection.sock.settimeout(_left(until))
        connection.request("POST", target, body, {"User-Agent": "Zhanggui", **headers})
        answer = connection.getresponse()
        return Answered(answer.status, answer.read(max_bytes))
    except (OSError, http.client.HTTPException) as error:
        raise _trouble(error) from error
    finally:
        connection.close()
