"""What every answer and every request has to do with safety: CSRF, headers, hosts, origins, redirects (SAFETY R14, R15)."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import secrets
import socket
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, has_request_context, request, session
from flask_babel import gettext
from flask_wtf.csrf import CSRFProtect, generate_csrf
from itsdangerous import Serializer, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode
from werkzeug.middleware.proxy_fix import ProxyFix

from app.panel.core import errorpages
from app.panel.core.db import db

MAX_FIELDS = 20_000
LARGE = 256 * 1024  # what is not longer has come whole before a thread is asked (`bridge`)
REFUSAL_KEY = "panel.refusal"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
API, DOOR, MACHINES = "/api/v1/", "panel_key_door", "panel_machine_blueprints"
LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1/128")
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
WILDCARDS = {"", "0.0.0.0", "::", "[::]", "*"}  # noqa: S104 (compared with, not bound to)
SHORTEST_SECRET = 32

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
TLS_ONLY = ("Strict-Transport-Security", "max-age=31536000")


class PanelCSRF(CSRFProtect):
    """CSRF protection without exceptions.

    FAB's REST classes exempt their blueprints by themselves although they accept the session cookie (SAFETY F10), so
    asking for an exemption has no effect here. What machines call (`machine_facing`) never looks at a cookie.
    """

    def exempt(self, view: Any) -> Any:
        return view

    def protect(self, apply_exemptions: bool = False) -> None:
        """A browser sends the cookie by itself, never a key or a signature: what came with one of those needs no token."""
        if "key_holder" not in g and request.blueprint not in current_app.extensions[MACHINES]:
            super().protect(apply_exemptions=apply_exemptions)


csrf = PanelCSRF()


def init_app(app: Flask) -> None:
    """Turn it all on. Call this before AppBuilder is made: FAB refuses GET deletes only when it finds CSRF loaded."""
    refuse_weak_secret(app)
    app.config["WTF_CSRF_ENABLED"] = True
    app.config["WTF_CSRF_CHECK_DEFAULT"] = True
    app.config["WTF_CSRF_HEADERS"] = ["X-CSRFToken", "X-CSRF-Token"]
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # it lives as long as the session that it belongs to
    app.config["WTF_CSRF_SSL_STRICT"] = False  # `refuse_foreign` asks Origin, which privacy tools leave alone
    app.config["OUR_HOSTS"] = our_hosts(app)
    app.config["TRUSTED_HOSTS"] = None  # Werkzeug's own check cannot be told of an IPv6 address; `refuse_host` can
    app.config["FAB_SAFE_REDIRECT_HOSTS"] = [p for h in app.config["OUR_HOSTS"] for p in (h, f"{h}:*")]
    if proxies := int(app.config.get("PROXY_COUNT") or 0):
        fixed = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)
        networks = [ipaddress.ip_network(one) for one in app.config.get("PROXY_FROM") or LOOPBACK_NETWORKS]
        app.wsgi_app = from_proxies(networks, fixed, app.wsgi_app)  # type: ignore[method-assign]
    app.before_request_funcs.setdefault(None, [])[:0] = [refuse_host, refuse_at_the_door]
    app.extensions[MACHINES] = set()
    app.before_request(refuse_foreign)
    app.before_request(admit_key)
    app.before_request(refuse_large)
    csrf.init_app(app)
    app.after_request(add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def from_proxies(networks: list[Any], fixed: Any, plain: Any) -> Any:
    """Believe what stands in X-Forwarded-* only when it comes from the address of a proxy of ours."""

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        try:
            address = ipaddress.ip_address(str(environ.get("REMOTE_ADDR", "")).partition("%")[0])
        except ValueError:
            return plain(environ, start_response)
        address = getattr(address, "ipv4_mapped", None) or address
        is_ours = any(address.version == one.version and address in one for one in networks)
        return (fixed if is_ours else plain)(environ, start_response)

    return serve


def machine_facing(app: Flask, blueprint: str) -> None:
    """Say that this blueprint is for machines: each of its views checks a signature and never asks who is logged in."""
    app.extensions[MACHINES].add(blueprint)


def refuse_weak_secret(app: Flask) -> None:
    """The last wall: `config.verify` says more, but not every entrance passes it (SAFETY F37).

    :raises RuntimeError: for a key that is missing or short
    """
    if len(app.config.get("SECRET_KEY") or "") < SHORTEST_SECRET:
        raise RuntimeError(f"SECRET_KEY must be a random text of at least {SHORTEST_SECRET} characters")


def is_secure() -> bool:
    """Does the browser speak TLS? A proxy that ends it may not tell us, but then the public address does."""
    return request.is_secure or bool(current_app.config.get("SESSION_COOKIE_SECURE"))


def our_hosts(app: Flask) -> list[str]:
    """Names under which this instance may be called: loopback, the address it listens on, and the configured ones."""
    names = list(LOOPBACK)
    configured = app.config.get("TRUSTED_HOSTS") or []
    names += [configured] if isinstance(configured, str) else list(configured)
    listening = str(app.config.get("SERVER_HOST") or "127.0.0.1")
    names += own_names() if listening in WILDCARDS else [listening]
    return list(dict.fromkeys(bracketed(name.strip()) for name in names if name and name.strip() not in WILDCARDS))


def bracketed(name: str) -> str:
    """An IPv6 address as it stands in a Host header."""
    return f"[{name}]" if name.count(":") > 1 and not name.startswith("[") else name


def own_names() -> list[str]:
    """What this machine calls itself, for a server that listens on all its addresses."""
    name = socket.gethostname()
    found = [name, f"{name}.local"]
    with contextlib.suppress(OSError):
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(name, None)]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a datagram socket only picks the interface; nothing is sent
        found.append(probe.getsockname()[0])
    return [entry.partition("%")[0] for entry in found]


def host_is_ours(app: Flask, host: str) -> bool:
    """Is this Host header one of ours? A name that begins with a dot stands for all names below it."""
    name = (host if host.endswith("]") else host.rpartition(":")[0] or host).lower()
    return any(name == ours or (ours.startswith(".") and f".{name}".endswith(ours)) for ours in app.config["OUR_HOSTS"])


def refuse_host() -> Any:
    """Before everything else: a page for a name that is not ours could carry that name into links (SAFETY F28)."""
    if host_is_ours(current_app, request.host):  # type: ignore[arg-type]
        return None
    return errorpages.bare(400, gettext("This is not an address of this panel."))


def refuse_at_the_door() -> None:
    """What the door did not let in is said here, where there are pages and languages."""
    if status := request.environ.get("asgi.scope", {}).get(REFUSAL_KEY):
        abort(status)


def refuse_foreign() -> None:
    """Stop odd methods, and changes that another site asks this browser to make."""
    if request.method not in METHODS:
        abort(405)
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "This request came from another site.")
    origin = request.headers.get("Origin")
    if origin is not None and not same_origin(origin):
        abort(403, "This request came from another site.")


def admit_key() -> Any:
    """Who came with an API key acts by it, whatever cookie came along.

    When the cookie is somebody else's: which of the two acts? Guessing has cost others their audit trail (SAFETY F11).
    """
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    by_cookie = session.get("_user_id")
    door = current_app.extensions.get(DOOR)
    holder = door(token.strip()) if door is not None and request.path.startswith(API) else None
    if by_cookie and (holder is None or str(holder.id) != str(by_cookie)):
        abort(400, "Send either a bearer token or a session cookie, not both.")
    if holder is not None:
        g.key_holder = holder
    elif request.path.startswith(API):
        response = current_app.make_response(errorpages.page(401, gettext("This key is not valid.")))
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    return None


def refuse_large() -> None:
    """Werkzeug bounds forms with files only; any other body it would read whole, up to the size of an upload."""
    if request.mimetype == "multipart/form-data":
        if (request.content_length or LARGE) >= LARGE:
            # PostgreSQL hangs up after two minutes of a transaction in which nobody asks anything: a slow upload may last longer
            db.session.rollback()
        return
    request.max_content_length = int(current_app.config["MAX_FORM_MEMORY_SIZE"])
    if request.mimetype == "application/x-www-form-urlencoded" and request.get_data().count(b"&") > MAX_FIELDS:
        abort(413)


def same_origin(origin: str) -> bool:
    """Is it our own host and port? A TLS proxy that we do not know of may have changed the scheme, never upwards."""
    try:
        parts = urlsplit(origin)
        ours = urlsplit(request.host_url)
        if parts.scheme not in ("http", "https") or (ours.scheme == "https" and parts.scheme != "https"):
            return False
        default = {"http": 80, "https": 443}
        return parts.hostname == ours.hostname and (
            parts.netloc.lower() == request.host.lower()
            or (parts.port or default[parts.scheme]) == (ours.port or default[ours.scheme])
        )
    except ValueError:
        return False


class PlainTokens(URLSafeTimedSerializer):
    """What Flask-WTF signs its tokens with, without the packing: that takes longer than all the rest and saves 15 letters.
    It reads both."""

    def dump_payload(self, obj: Any) -> bytes:
        return base64_encode(Serializer.dump_payload(self, obj))


@functools.lru_cache(maxsize=10)
def _tokens(secret: str) -> PlainTokens:
    return PlainTokens(secret, salt="wtf-csrf-token")


def csrf_token() -> str:
    """The token of this answer against forged requests."""
    if "csrf_token" not in g and (word := session.get("csrf_token")) is not None:
        g.csrf_token = _tokens(str(current_app.secret_key)).dumps(word)
    return str(generate_csrf())  # which makes the word of a new session, and finds what is there


def csp_nonce() -> str:
    """The word of this answer that lets its own script and style elements run."""
    if not has_request_context():
        return ""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return g.csp_nonce


def add_headers(response: Response) -> Response:
    headers = response.headers
    # a view may be stricter (a file that people uploaded), never absent
    headers.setdefault("Content-Security-Policy", POLICY.format(nonce=csp_nonce()))
    headers.update(HEADERS)
    if is_secure() and current_app.config.get("HSTS", True):
        headers.set(*TLS_ONLY)
    is_static = request.path.startswith("/static/")
    # a view that serves pictures through the policy says "private" itself and is taken at its word
    if not is_static and (session.get("_user_id") or "key_holder" in g) and "private" not in headers.get("Cache-Control", ""):
        headers["Cache-Control"] = "no-store"
    return response


def headers_without_page(app: Flask) -> list[tuple[bytes, bytes]]:
    """The same for an answer that Flask does not give and that holds no page, such as a stream."""
    found = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", **HEADERS}
    if app.config.get("SESSION_COOKIE_SECURE") and app.config.get("HSTS", True):
        found |= dict([TLS_ONLY])
    return [(name.lower().encode(), value.encode()) for name, value in found.items()]


def safe_next(url: str | None, default: str = "") -> str:
    """`url` as a path on this host, or `default` when it leads anywhere else or is not quite clear (SAFETY F28).

    Browsers read a backslash as a slash and skip control characters, so both are refused wherever they stand.
    """
    if not url or len(url) > 2000 or "\\" in url or any(ord(c) <= 32 or 127 <= ord(c) <= 160 for c in url):
        return default
    try:
        parts = urlsplit(url)
    except ValueError:
        return default
    if parts.scheme or parts.netloc:
        if parts.scheme not in ("http", "https") or parts.netloc.lower() != request.host.lower():
            return default
        url = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return url if url.startswith("/") and not url.startswith("//") else default


def network() -> str:
    """Who is asking, for limits: the address, or for IPv6 its /64, of which one visitor owns 2^64."""
    try:
        address = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return str(address.ipv4_mapped if address.version == 6 else address)
