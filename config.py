"""Settings of one instance, each with a default and a line of why.

Values come from the environment or from a `.env` file beside this one (the environment wins). `load()` reads and
checks them and never touches the disk beyond reading; `prepare()` makes the home, once, before anything starts.
A wrong value raises `ConfigError`, whose sentence names it; every entrance answers with exit code 78 (EX_CONFIG).
`ZHANGGUI_ENV_FILE` names another file than `.env`.
"""

import difflib
import hashlib
import ipaddress
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import click
from dotenv import dotenv_values
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from processes import tls

ROOT = Path(__file__).resolve().parent
LANGUAGES = {
    "en": {"flag": "gb", "name": "English"},
    "zh_Hans_CN": {"flag": "cn", "name": "简体中文"},
}
LANGUAGE_ALIASES = {"en_us": "en", "en_gb": "en", "zh": "zh_Hans_CN", "zh_cn": "zh_Hans_CN", "zh_hans": "zh_Hans_CN"}
SHORTEST_KEY, SHORTEST_PASSWORD, SHORTEST_TOKEN = 32, 12, 16
KNOWN_KEYS = {  # examples of the packages' documents, in the wild on thousands of open instances (CVE-2023-27524)
    "thisismyscretkey", "thisismysecretkey", r"\2\1thisismyscretkey\1\2\e\y\y\h", "your_own_secret_key", "secret",
    "change_me_to_a_complex_random_secret", "temporary_key", "test_non_dev_secret", "changeme", "dev",
    r"\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h", "_5#y2l\"f4q8z\\n\\xec]/",
}  # fmt: skip
LONGEST_SOCKET = 107  # bytes that fit into sockaddr_un on Linux
NAMES = {  # what the environment may say with our prefix; PART, DATA and ENV_FILE are no settings of an instance
    f"ZHANGGUI_{name}"
    for name in (
        "HOME", "CACHE", "UPLOADS", "URL", "TRUSTED_HOSTS", "PROXIES", "PROXY_FROM", "TLS", "HTTP_PORT",
        "WEB_PROCESSES", "WEB_THREADS", "UPLOAD_MB", "METRICS_TOKEN",
        "LOG_LEVEL", "SMTP_URL", "MAIL_FROM", "TIMEZONE", "LANGUAGE", "ADMIN_PASSWORD", "PART", "DATA", "ENV_FILE",
    )
}  # fmt: skip
OTHER_NAMES = ("DATABASE_URL", "REDIS_URL", "HOST", "PORT", "FLASK_DEBUG", "SECRET_KEY")
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


class ConfigError(click.ClickException):
    """A setting with which nothing may start. Its message is one sentence that names the setting."""

    exit_code = 78

    def show(self, file: Any = None) -> None:
        click.echo(f"Zhanggui cannot start: {self.format_message()}", file=file, err=file is None)


# What no instance needs to change. Who needs to, passes it to create_app(**overrides).
FIXED: dict[str, Any] = {
    "APP_NAME": "Zhanggui",
    "LANGUAGES": LANGUAGES,
    "AUTH_TYPE": 1,  # accounts in our own database; other log-ins come through `accounts`
    "AUTH_USER_REGISTRATION": False,  # staff are invited by an administrator
    "AUTH_RATE_LIMITED": True,  # the package leaves it off
    "FAB_ADD_SECURITY_API": False,  # its users API hands out more than our policy would
    "FAB_API_SWAGGER_UI": False,  # loads its script from the net; ours is served by the panel
    "FAB_UPDATE_PERMS": False,  # 4.8 s of a start with 80 views; `setup` does it once
    "FAB_CREATE_DB": False,  # would create tables behind Alembic
    "FAB_PASSWORD_COMPLEXITY_ENABLED": True,
    "PASSWORD_MIN_LENGTH": SHORTEST_PASSWORD,
    "SQLALCHEMY_TRACK_MODIFICATIONS": False,
    "SESSION_IDLE_MINUTES": 30,  # a till left alone is a till for everybody
    "SESSION_HOURS": 12,  # one long shift
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,  # fields that are no files, together; a 50 MB form is refused with 413
    "MAX_FORM_PARTS": 2_000,
    "ANONYMOUS_CONTENT_LENGTH": 1024 * 1024,  # nobody fills the disk before he has logged in
    "TEMPLATES_AUTO_RELOAD": False,
    "JOB_RESULT_SECONDS": 3600,  # Valkey forgets a finished job after an hour: the truth about runs is in SQL
    "JOB_FAILURE_SECONDS": 7 * 24 * 3600,
}


def load(env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the mapping for `app.config.from_mapping`. `env` replaces the environment and `.env` (in tests)."""
    env = env if env is not None else environment()
    _refuse_unknown(env)
    home = _home(env.get("ZHANGGUI_HOME") or "")
    host = _host(env.get("HOST") or "127.0.0.1")  # this machine only: another one needs a decision
    port = _number(env, "PORT", 8080, 1, 65535)
    certificate = (home / Path(env["ZHANGGUI_TLS"]).expanduser()).resolve() if env.get("ZHANGGUI_TLS") else None
    public = _public_url(env, host, port, "https" if certificate else "http")
    secure = public.startswith("https://")
    redis_url = _redis_url(env.get("REDIS_URL") or "")
    upload_mb = _number(env, "ZHANGGUI_UPLOAD_MB", 220, 1, 4096)  # an import of 200 MB and the form around it
    return FIXED | {
        "HOME": home,
        "MIGRATIONS": str(ROOT / "migrations"),
        "UPLOAD_FOLDER": str((home / Path(env.get("ZHANGGUI_UPLOADS") or "files").expanduser()).resolve()),
        "LOG_FOLDER": home / "logs",
        "CACHE_FOLDER": (home / Path(env.get("ZHANGGUI_CACHE") or "cache").expanduser()).resolve(),  # may be deleted
        "LOG_LEVEL": _one_of(env, "ZHANGGUI_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
        "SQLALCHEMY_DATABASE_URI": _database_url(env.get("DATABASE_URL") or "sqlite:///zhanggui.db", home),
        "REDIS_URL": redis_url or f"unix://{quote(str(socket_path(home)))}",
        "EMBEDDED_VALKEY": not redis_url,  # our supervisor starts one when none is named
        "SERVER_HOST": host,
        "SERVER_PORT": port,
        "PUBLIC_URL": public,  # in mails and signed links; also decides whether cookies are Secure
        "PREFERRED_URL_SCHEME": "https" if secure else "http",
        "SESSION_COOKIE_SECURE": secure,
        "TLS_FOLDER": certificate,  # server.pem and server.key; none: a proxy speaks TLS, or nobody does
        "HTTP_PORT": _number(env, "ZHANGGUI_HTTP_PORT", 0, 0, 65535),  # says where the panel is, and hands out its authority
        "HSTS": not tls.is_own(certificate),  # who has not installed our own authority must be free to go on
        "TRUSTED_HOSTS": _trusted_hosts(env, public),
        "PROXY_COUNT": _number(env, "ZHANGGUI_PROXIES", 0, 0, 5),  # how many X-Forwarded-* hops are ours to believe
        "PROXY_FROM": _networks(env.get("ZHANGGUI_PROXY_FROM") or "127.0.0.0/8,::1"),  # whose word about that is taken
        "WEB_PROCESSES": _number(env, "ZHANGGUI_WEB_PROCESSES", 1, 1, 64),
        "WEB_THREADS": _number(env, "ZHANGGUI_WEB_THREADS", 16, 1, 256),  # Flask threads a process
        "MAX_CONTENT_LENGTH": upload_mb * 1024 * 1024,
        "METRICS_TOKEN": _token(env.get("ZHANGGUI_METRICS_TOKEN") or ""),  # empty: /metrics answers this machine only
        "SMTP_URL": _smtp_url(env.get("ZHANGGUI_SMTP_URL") or ""),  # empty: mail is written to the log folder
        "MAIL_FROM": _sender(env.get("ZHANGGUI_MAIL_FROM") or "zhanggui@localhost"),
        "ZONE": _zone(env.get("ZHANGGUI_TIMEZONE") or "Asia/Shanghai"),  # until the shop says otherwise
        "BABEL_DEFAULT_LOCALE": _language(env.get("ZHANGGUI_LANGUAGE") or "en"),
        "BABEL_DEFAULT_TIMEZONE": "UTC",  # core/clock.py converts to the shop's zone
        "ADMIN_PASSWORD": _admin_password(env.get("ZHANGGUI_ADMIN_PASSWORD") or ""),  # first start only
        "DEBUG": _flag(env, "FLASK_DEBUG"),
        "SECRET_KEY": env.get("SECRET_KEY") or _read_key(home / "secret_key"),
    }


def environment() -> dict[str, str]:
    """The process environment over `.env`."""
    path = Path(os.environ.get("ZHANGGUI_ENV_FILE") or ROOT / ".env")
    from_file = {key: value for key, value in dotenv_values(path).items() if value is not None}
    if home := from_file.get("ZHANGGUI_HOME"):
        from_file["ZHANGGUI_HOME"] = str(path.parent / Path(home).expanduser())
    if any(_is_secret(key, value) for key, value in from_file.items()) and path.stat().st_mode & 0o077:
        _refuse(f"{path} holds passwords and can be read by others; run `chmod 600 {path}`.")
    return from_file | dict(os.environ)


def _is_secret(key: str, value: str) -> bool:
    """Is this a password, a key, or an address with a password in it?"""
    return bool(value) and (key.endswith(("PASSWORD", "TOKEN", "SECRET_KEY")) or bool(re.search(r"://[^/@\s]*:[^/@\s]+@", value)))


def verify(settings: Mapping[str, Any]) -> None:
    """Refuse what must not run: the checks that need the finished settings, overrides included."""
    key = settings.get("SECRET_KEY") or ""
    key = key.decode("latin-1") if isinstance(key, bytes) else key
    if not key:
        _refuse("there is no SECRET_KEY; `python run.py setup` writes one into ZHANGGUI_HOME.")
    if key.strip().lower() in KNOWN_KEYS or len(set(key)) < 8:
        _refuse("SECRET_KEY is one that is published or guessed; delete it and a new one is made.")
    if len(key) < SHORTEST_KEY:
        _refuse(f"SECRET_KEY is too short ({len(key)} characters); it needs at least {SHORTEST_KEY}.")
    if settings.get("DEBUG"):
        _refuse("FLASK_DEBUG is on: its console runs any code a visitor types.")
    uploads = Path(settings["UPLOAD_FOLDER"]).resolve()
    statics = (ROOT / "app" / "static", *(ROOT / "app").glob("*/*/static"))
    if any(uploads.is_relative_to(static) for static in statics):
        _refuse("ZHANGGUI_UPLOADS is inside a static folder: every upload would be public.")
    folder = settings.get("TLS_FOLDER")  # what lies in it is looked at by who serves it: it may be about to be made
    if folder and not settings["PUBLIC_URL"].startswith("https://"):
        _refuse("ZHANGGUI_URL begins with http:// while ZHANGGUI_TLS is set; write https://.")
    if settings.get("HTTP_PORT") and (not folder or settings["HTTP_PORT"] == settings["SERVER_PORT"]):
        _refuse("ZHANGGUI_HTTP_PORT is the plain port beside TLS: it needs ZHANGGUI_TLS and a number other than PORT.")
    if not settings.get("EMBEDDED_VALKEY"):
        _refuse_open_valkey(settings["REDIS_URL"])


def prepare(home: Path, uploads: Path | None = None) -> None:
    """Make the home (0700), its secret key (0600) and the folder of uploads. Called by setup and start, never on import."""
    try:
        for folder in (home, home / "files", home / "logs", home / "valkey", home / "tmp"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = home / "secret_key"
        if not key.exists():
            descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        if not (home / "secret_key").exists():  # else another process of this home was faster
            _refuse(f"ZHANGGUI_HOME {home} holds a file where a folder of ours should be.")
    except OSError as error:
        _refuse(f"ZHANGGUI_HOME {home} cannot be written ({error.strerror}).")
    _prepare_uploads(uploads or home / "files")


def socket_path(home: Path) -> Path:
    """Where the embedded Valkey listens: in the home, or in a private short folder when the home's path is long."""
    inside = home / "valkey" / "valkey.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET:
        return inside
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"zhanggui-{os.getuid()}-{mark}" / "valkey.sock"


def _prepare_uploads(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        _refuse(f"ZHANGGUI_UPLOADS {folder} cannot be written ({error.strerror}).")


def _refuse(sentence: str) -> NoReturn:
    raise ConfigError(sentence)


def _refuse_unknown(env: Mapping[str, str]) -> None:
    """A misspelt name would silently leave the default in place."""
    for name in sorted(env):
        if name.startswith("ZHANGGUI_") and name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, 1)
            _refuse(f"{name} is no setting." + (f" Did you mean {near[0]}?" if near else " See .env.example for all of them."))
        if (name in NAMES or name in OTHER_NAMES) and any(ord(letter) < 32 or ord(letter) == 127 for letter in env[name]):
            _refuse(f"{name} holds a line break or another character that cannot be typed.")


def _address(name: str, text: str) -> SplitResult:
    """The parts of an address whose port is a number, if it has one."""
    try:
        url = urlsplit(text)
        if url.port == 0:
            raise ValueError
    except ValueError:
        _refuse(f"{name} is no address: what stands in brackets or behind the colon cannot be read.")
    return url


def _home(text: str) -> Path:
    home = Path(text or ROOT / "instance").expanduser().resolve()
    if home.exists() and not home.is_dir():
        _refuse(f"ZHANGGUI_HOME {home} is no folder.")
    return home


def _host(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if not HOST_NAME.fullmatch(text):
            _refuse(f"HOST is {text!r}; it must be an address of this machine, such as 127.0.0.1 or 0.0.0.0.")
    return text


def _token(text: str) -> str:
    if text and (len(text) < SHORTEST_TOKEN or not re.fullmatch(r"[!-~]+", text)):
        _refuse(f"ZHANGGUI_METRICS_TOKEN needs at least {SHORTEST_TOKEN} letters, digits or signs without spaces.")
    return text


def _sender(text: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", parseaddr(text)[1]):
        _refuse(f"ZHANGGUI_MAIL_FROM is {text!r}; it must be a mail address, such as panel@example.com.")
    return text


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = (env.get(name) or str(default)).strip()
    if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        _refuse(f"{name} is {text!r}; it must be a whole number from {least} to {most}.")
    return int(text)


def _flag(env: Mapping[str, str], name: str) -> bool:
    text = (env.get(name) or "").strip().lower()
    if text not in YES | NO:
        _refuse(f"{name} is {text!r}; it must be 1 or 0.")
    return text in YES


def _one_of(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    text = (env.get(name) or default).strip().lower()
    if text not in allowed:
        _refuse(f"{name} is {text!r}; it must be one of {', '.join(allowed)}.")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        _refuse(f"ZHANGGUI_TIMEZONE is {name!r}; it must be the name of a time zone, such as Asia/Shanghai.")
    return name


def _language(name: str) -> str:
    known = {key.lower(): key for key in LANGUAGES} | LANGUAGE_ALIASES
    found = known.get(name.replace("-", "_").lower())
    return found or _refuse(f"ZHANGGUI_LANGUAGE is {name!r}; it must be one of {', '.join(LANGUAGES)}.")


def _admin_password(password: str) -> str:
    if password and len(password) < SHORTEST_PASSWORD:
        _refuse(f"ZHANGGUI_ADMIN_PASSWORD is too short; it needs at least {SHORTEST_PASSWORD} characters.")
    return password


def _database_url(text: str, home: Path) -> str:
    text = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        _refuse("DATABASE_URL is not a database address, such as postgresql://user:password@host/name.")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        _refuse(f"DATABASE_URL names {url.drivername}; only SQLite and PostgreSQL are supported.")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        _refuse("DATABASE_URL is an SQLite database in memory: web and workers would each see their own.")
    if url.drivername == "sqlite":  # one file, whatever folder a part starts in
        return url.set(database=str(home / (url.database or ""))).render_as_string(hide_password=False)
    return text


def _redis_url(text: str) -> str:
    """Spell Valkey's own schemes the way redis-py reads them; refuse what it does not."""
    text = re.sub(r"^valkey\+unix://", "unix://", text)
    text = re.sub(r"^valkey(s?)://", r"redis\1://", text)
    url = _address("REDIS_URL", text)
    if text and url.scheme not in ("redis", "rediss", "unix"):
        _refuse("REDIS_URL must begin with redis://, rediss:// or unix://.")
    if url.scheme == "unix" and not url.path.strip("/"):
        _refuse("REDIS_URL names no socket; it must look like unix:///run/valkey.sock.")
    if url.scheme in ("redis", "rediss") and not re.fullmatch(r"/?[0-9]{0,4}", url.path):
        _refuse("REDIS_URL must end with the number of a database, such as redis://localhost:6379/0.")
    return text


def _refuse_open_valkey(text: str) -> None:
    url = urlsplit(text)
    if url.scheme != "unix" and not url.password and not _is_loopback(url.hostname or ""):
        _refuse(f"REDIS_URL reaches Valkey at {url.hostname} without a password: whoever reaches it controls the jobs.")


def _smtp_url(text: str) -> str:
    url = _address("ZHANGGUI_SMTP_URL", text)
    if text and (url.scheme not in ("smtp", "smtps") or not url.hostname):
        _refuse("ZHANGGUI_SMTP_URL must look like smtp://user:password@host:587 or smtps://user:password@host:465.")
    return text


def _public_url(env: Mapping[str, str], host: str, port: int, scheme: str) -> str:
    """Taken from a request, it would let whoever sends one choose where the links in our mails lead."""
    text = env.get("ZHANGGUI_URL") or ""
    if not text:
        shown = socket.gethostname() if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        return f"{scheme}://{shown}:{port}"
    url = _address("ZHANGGUI_URL", text)
    if url.username is not None or url.password is not None:
        _refuse("ZHANGGUI_URL holds a user name or a password; it stands in every mail and must not.")
    named = bool(url.hostname) and (HOST_NAME.fullmatch(url.hostname or "") or ":" in (url.hostname or ""))
    if url.scheme not in ("http", "https") or not named or url.path.strip("/") or url.query or url.fragment:
        _refuse(f"ZHANGGUI_URL is {text!r}; it must look like https://panel.example.com.")
    return urlunsplit((url.scheme, url.netloc, "", "", ""))


def _trusted_hosts(env: Mapping[str, str], public: str) -> list[str]:
    named = [name.strip() for name in (env.get("ZHANGGUI_TRUSTED_HOSTS") or "").split(",") if name.strip()]
    bad = next((name for name in named if not re.fullmatch(r"\.?[A-Za-z0-9.\-\[\]:]+", name)), None)
    if bad:
        _refuse(f"ZHANGGUI_TRUSTED_HOSTS holds {bad!r}; give host names with commas between them.")
    return list(dict.fromkeys([urlsplit(public).hostname or "", *named]))  # core/security.py adds loopback


def _networks(text: str) -> list[str]:
    for name in (found := [one.strip() for one in text.split(",") if one.strip()]):
        try:
            ipaddress.ip_network(name)
        except ValueError:
            _refuse(f"ZHANGGUI_PROXY_FROM holds {name!r}; give addresses or networks of proxies with commas between them.")
    return found


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_key(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            _refuse(f"the SECRET_KEY file {path} can be read by others; run `chmod 600 {path}`.")
        return path.read_text().strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        _refuse(f"the SECRET_KEY file {path} cannot be read ({error.strerror}).")
