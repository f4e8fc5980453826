"""A browser's own description in a few words: "Chrome, Windows"."""

from __future__ import annotations

import ipaddress

from flask_babel import gettext

# the first that fits: those that pretend to be others come before them
BROWSERS = (
    ("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"),
)  # fmt: skip
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def describe(agent: str) -> str:
    """Browser and system, as far as they say so."""
    found = [next((name for needle, name in names if needle in agent), "") for names in (BROWSERS, SYSTEMS)]
    return ", ".join(part for part in found if part) or agent[:40] or gettext("Unknown device")


def place(ip: str) -> str:
    """Where an address is, as far as it says so itself: there is no map of the world here that could be wrong."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if address.is_loopback:
        return gettext("%(ip)s (the server itself)", ip=ip)
    if address.is_private or address.is_link_local:
        return gettext("%(ip)s (local network)", ip=ip)
    return gettext("%(ip)s (internet)", ip=ip)
