"""Mail goes out through the outbox. Without a mail server it is written to a folder, so that nothing is lost unseen."""

from __future__ import annotations

import re
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app

from app.panel.core import clock, outbox

SMTP_SECONDS = 20


@outbox.handler("mail", queue="mail", timeout=60, tries=8)
def send(payload: dict[str, Any]) -> None:
    """Send `{"to", "subject", "body"[, "html", "reply_to", "unsubscribe", "one_click"]}`; `to` is an address or a list of them.

    :raises OSError, smtplib.SMTPException: when the server does not take it; the outbox tries again
    """
    message = compose(payload)
    if (mailbox := current_app.extensions.get("mailbox")) is not None:
        mailbox.append(message)
    elif url := current_app.config.get("SMTP_URL"):
        hand_over(message, url)
    else:
        _write(message, Path(current_app.config["LOG_FOLDER"]) / "mail")


def is_set_up() -> bool:
    """Does mail reach anybody, or is it only written to a folder?"""
    return bool(current_app.config.get("SMTP_URL")) or "mailbox" in current_app.extensions


def compose(payload: dict[str, Any]) -> EmailMessage:
    """The message of a payload. Line breaks in its headers are refused by the library, so none can be smuggled in."""
    to = payload["to"]
    message = EmailMessage()
    message["From"] = current_app.config.get("MAIL_FROM", "zhanggui@localhost")
    message["To"] = to if isinstance(to, str) else ", ".join(to)
    message["Subject"] = payload["subject"]
    message["Date"] = format_datetime(clock.now())
    if payload.get("reply_to"):
        message["Reply-To"] = payload["reply_to"]
    if payload.get("unsubscribe"):
        message["List-Unsubscribe"] = f"<{payload['unsubscribe']}>"
        if payload.get("one_click"):  # a POST there is enough (RFC 8058)
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(payload.get("body") or "")
    if payload.get("html"):
        message.add_alternative(payload["html"], subtype="html")
    return message


def hand_over(message: EmailMessage, url: str) -> None:
    """Give a message to the server at smtp://user:password@host:port (STARTTLS when it is offered) or smtps://…"""
    server = urlsplit(url)
    host, context = server.hostname or "localhost", ssl.create_default_context()
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(host, server.port or 465, timeout=SMTP_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(host, server.port or 587, timeout=SMTP_SECONDS)
    with connection:
        if server.scheme == "smtp":
            connection.ehlo()
            if connection.has_extn("starttls"):
                connection.starttls(context=context)
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def sweep(folder: Path, days: int = 30) -> None:
    """Forget mails that were written instead of sent: they name people, and nobody empties the folder."""
    limit = (clock.now() - clock.days(days)).timestamp()
    for path in folder.glob("mail/*.eml"):
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)


def _write(message: EmailMessage, folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9@.-]", "_", str(message["To"]))[:60]
    path = folder / f"{clock.now():%Y%m%dT%H%M%S%f}-{name}.eml"
    path.write_bytes(bytes(message))
    path.chmod(0o600)
