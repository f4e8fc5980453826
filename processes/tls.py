"""TLS of our own web server: a folder with `server.pem` and `server.key`, and, when we signed it ourselves, `ca.pem` and `ca.key`.

What makes them stands in `certificates.py`, which only who uses TLS loads.
"""

import ssl
from importlib import import_module
from pathlib import Path

DAYS = 397  # phones refuse a certificate that is good for longer
SOON = 30  # days before the end when it is said
CERT, KEY, CA, CA_KEY = "server.pem", "server.key", "ca.pem", "ca.key"


def fault(folder: Path) -> str:
    """Why this folder cannot serve TLS, as a sentence; an empty text when it can."""
    cert, key = folder / CERT, folder / KEY
    for path in (cert, key):
        if not path.is_file():
            return f"ZHANGGUI_TLS: there is no {path}; run `flask --app app tls make`."
    if key.stat().st_mode & 0o077:
        return f"ZHANGGUI_TLS: the key {key} can be read by others; run `chmod 600 {key}`."
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: b"")
    except ssl.SSLError as error:
        if "MISMATCH" in str(error):
            return f"ZHANGGUI_TLS: {key} is not the key of {cert}."
        return f"ZHANGGUI_TLS: {cert} and {key} cannot be read as a certificate and its key without a password."
    if (left := import_module("processes.certificates").days_left(folder)) < 0:
        return f"ZHANGGUI_TLS: the certificate {cert} ended {-left} days ago; run `flask --app app tls make`."
    return ""


def is_own(folder: Path | None) -> bool:
    """Did we sign it ourselves? Then browsers must stay free to go on without it: no HSTS."""
    return folder is not None and (folder / CA).is_file()
