"""A browser's own description in a few words: "Chrome, Windows"."""

from __future__ import annotations

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
