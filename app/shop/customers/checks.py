"""Values of a person brought into the one form in which they are stored and compared."""

from __future__ import annotations

import datetime as dt
import functools
import re

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.panel.core import clock
from app.panel.core.late import Late
from app.panel.core.settings import define, setting

define(
    "customers.region", "CN", label=lazy_gettext("Country of phone numbers"), kind="text",
    help=lazy_gettext("Two letters. Numbers written without a country code are read as numbers of this country."),
)  # fmt: skip

phonenumbers = Late("phonenumbers")

# What most shops' files are full of, and what it becomes is plain; the libraries take 50 times as long to say the same.
_CHINESE_MOBILE = re.compile(r"1(?:[3-689]\d|7[0-8])\d{8}", re.ASCII)
_PLAIN_MAILBOX = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*", re.ASCII | re.IGNORECASE)
LONGEST_MAILBOX = 64


def home() -> str:
    """The country of numbers that say none."""
    return str(setting("customers.region") or "CN")


def phone(raw: str | None, region: str | None = None) -> str:
    """The number in E.164 (`+8613800138000`), or "" for nothing.

    :raises ValueError: with a sentence, when no such number can exist
    """
    written = (raw or "").strip()
    if not written:
        return ""
    if written.startswith("00"):
        written = "+" + written[2:]
    region = region or home()
    if region == "CN" and _CHINESE_MOBILE.fullmatch(written):
        return "+86" + written
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        raise ValueError(_("“%(number)s” is no phone number.", number=written[:40])) from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError(_("“%(number)s” is no phone number.", number=written[:40]))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def phone_or_text(raw: str | None, region: str | None = None) -> str:
    """As `phone`, but what cannot be read stays as it was written: a file of the past holds what it holds."""
    try:
        return phone(raw, region)
    except ValueError:
        return (raw or "").strip()[:40]


def email(raw: str | None) -> str:
    """Trimmed, domain in lower case, and the mailbox too: no provider of note tells `Li@` from `li@`."""
    written = (raw or "").strip()
    if not written:
        return ""
    mailbox, _at, domain = written.rpartition("@")
    try:
        if len(mailbox) <= LONGEST_MAILBOX and _PLAIN_MAILBOX.fullmatch(mailbox):
            return f"{mailbox}@{_domain(domain)}".lower()
        return str(validate_email(written, check_deliverability=False).normalized).lower()
    except EmailNotValidError:
        raise ValueError(_("“%(address)s” is no e-mail address.", address=written[:80])) from None


@functools.lru_cache(maxsize=5_000)
def _domain(domain: str) -> str:
    """:raises EmailNotValidError: when nobody can have his mailbox there"""
    return str(validate_email(f"a@{domain}", check_deliverability=False).domain)


def phone_check(value: str | None) -> None:
    phone(value)


def email_check(value: str | None) -> None:
    email(value)


def birthday_check(value: dt.date | None) -> None:
    if value is not None and not dt.date(1900, 1, 1) <= value <= clock.today():
        raise ValueError(_("A birthday lies in the past."))


def country_check(value: str | None) -> None:
    if value and not (len(value) == 2 and value.isalpha() and value.isascii()):
        raise ValueError(_("A country is two letters, such as CN or SG."))
