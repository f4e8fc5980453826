"""Fetching an address: what leads inside is refused, also by a redirect or a second look at the name; size and time end."""

import http.server
import ipaddress
import socket
import threading
import time

import pytest

from app.panel.core import fetching
from app.panel.core.fetching import Unfetched

INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:db8::1",
]  # fmt: skip


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind = self.path.strip("/").split("?")[0]
        if kind.startswith("hop"):
            left = int(kind[3:])
            self.send_response(302)
            self.send_header("Location", f"/hop{left - 1}" if left else "/ok")
            self.end_headers()
        elif kind == "inside":
            self.send_response(301)
            self.send_header("Location", "http://inside.example/secret")
            self.end_headers()
        elif kind == "file":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif kind.isdecimal():
            self.send_response(int(kind))
            self.end_headers()
        else:
            size = {"big": 3 * 2**20, "endless": 3 * 2**20}.get(kind, 4)
            self.send_response(200)
            if kind != "endless":
                self.send_header("Content-Length", str(size + (5 if kind == "cut" else 0)))
            self.end_headers()
            if kind == "slow":
                time.sleep(0.4)
            self.wfile.write(b"x" * size)

    def log_message(self, *_words):
        pass


@pytest.fixture(scope="module")
def served():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def net(served, monkeypatch):
    """Names of a small net: `out.example` is our server, `inside.example` an address of a private network."""
    asked = []

    def look(host, port, **_more):
        asked.append(host)
        address = {"out.example": "127.0.0.1", "inside.example": "10.0.0.7", "both.example": "127.0.0.1"}.get(host)
        if address is None:
            raise socket.gaierror(8, "unknown")
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]
        return found + ([(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.8", port))] if host == "both.example" else [])

    monkeypatch.setattr(socket, "getaddrinfo", look)
    # create_connection resolves too: by number only, so that nobody can slip in another address after the check
    monkeypatch.setattr(socket, "create_connection", _connect)
    return lambda path, host="out.example": f"http://{host}:{served}/{path}", asked


def _connect(place, timeout):
    ipaddress.ip_address(place[0])  # fails for a name
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    sock.connect(place)
    return sock


def get(url, **more):
    allowed = lambda address: str(address) == "127.0.0.1"  # noqa: E731
    return fetching.fetch(url, **{"max_bytes": 2**20, "seconds": 5, "allowed": allowed, **more})


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_of_this_machine_and_of_private_networks_are_not_public(address):
    assert not fetching.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946"])
def test_addresses_of_the_net_are_public(address):
    assert fetching.is_public(ipaddress.ip_address(address))


def test_it_brings_the_bytes_and_asks_for_a_name_once(app, net):
    url, asked = net
    with app.test_request_context():
        assert get(url("ok")).stream.read() == b"xxxx"
        assert asked == ["out.example"]
        assert get(url("hop2")).url == url("ok")


@pytest.mark.parametrize(
    ("path", "sentence", "passing"),
    [("hop4", "leads on more than 3 times", False), ("inside", "private network", False), ("file", "no address of the web", False),
     ("404", "answered with 404", False), ("503", "answered with 503", True), ("big", "larger than 1 MB", False),
     ("endless", "larger than 1 MB", False), ("cut", "was broken", True)],
)  # fmt: skip
def test_what_it_does_not_bring_it_says_why(app, net, path, sentence, passing):
    with app.test_request_context(), pytest.raises(Unfetched, match=sentence) as refused:
        get(net[0](path))
    assert refused.value.passing is passing


@pytest.mark.parametrize(
    ("url", "sentence"),
    [("ftp://out.example/a", "no address of the web"), ("http://user:word@out.example/a", "no address of the web"),
     ("http://inside.example/a", "private network"), ("http://both.example/a", "private network"),
     ("http://nowhere.example/a", "no machine"), ("http:///a", "no address"), ("http://out.example:99999/a", "no address")],
)  # fmt: skip
def test_addresses_that_are_none_or_lead_inside_are_refused_before_anything_is_sent(app, net, url, sentence):
    with app.test_request_context(), pytest.raises(Unfetched, match=sentence):
        get(url)


def test_the_time_ends_for_the_whole_of_it(app, net):
    with app.test_request_context(), pytest.raises(Unfetched, match="took too long"):
        get(net[0]("slow"), seconds=0.15)


def test_without_being_told_otherwise_it_fetches_nothing_from_this_machine(app, net):
    with app.test_request_context(), pytest.raises(Unfetched, match="private network"):
        get(net[0]("ok"), allowed=None)
