"""Does a configuration give anybody more than another one does?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.panel.accounts.configuration import document
from app.panel.accounts.configuration.document import LEVELS, WRITE, Document

Entry = Mapping[str, Any]


def widens(before: Document, after: Document) -> bool:
    """Is there a role that may do, see or reveal more, or logs in more easily? The menu gives nobody anything."""
    return any(_gains(before["roles"].get(key) or document.new_role(), new) for key, new in after["roles"].items())


def _gains(old: Entry, new: Entry) -> bool:
    return (
        bool(document.pairs(new) - document.pairs(old))
        or (old["two_step"] and not new["two_step"])
        or new["reveals_a_day"] > old["reveals_a_day"]
        or any(_shows_rows(was, new["rows"].get(name, [])) for name, was in old["rows"].items())
        or any(_shows_fields(was, new["fields"].get(name, {})) for name, was in old["fields"].items())
    )


def _shows_rows(was: list[Entry], now: list[Entry]) -> bool:
    """Rules are joined by "or": without one all rows are seen, and one that was not there may show anything."""
    known = [rule["filter"] for rule in was]
    return bool(was) and (not now or any(rule["filter"] not in known for rule in now))


def _shows_fields(was: Mapping[str, str], now: Mapping[str, str]) -> bool:
    return any(LEVELS.index(now.get(name, WRITE)) > LEVELS.index(level) for name, level in was.items())
