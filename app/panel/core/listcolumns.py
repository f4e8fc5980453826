"""Which columns a list shows, in which order and how wide: what an address says, else what its reader has chosen.

    cols=number:160,state,total        three columns, the first 160 pixels wide
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.panel.core.errors import BadRequest
from app.panel.core.fields import specs

LEAST_WIDTH, MOST_WIDTH, MOST_COLUMNS, LONGEST = 48, 900, 60, 2000
DENSITIES = ("", "compact", "roomy")


@dataclass(frozen=True)
class Layout:
    """How one person has laid out one list."""

    cols: str = ""
    density: str = ""


def choosable(plan: Any) -> list[str]:
    """The columns that a reader can choose among: those of the screen, then the other fields that he may see."""
    known = dict.fromkeys(specs(plan.model).values())
    more = [s.screen_name for s in known if not s.hidden and s.kind not in ("children", "json", "longtext") and s.name != "version"]
    return [name for name in dict.fromkeys([*plan.columns, *plan.access.only(more)]) if name not in plan.unsaid]


def read(text: str, plan: Any) -> dict[str, int | None]:
    """Columns in their order, with their widths in pixels where they have one.

    :raises BadRequest: for a column that this reader may not see, or a width that no screen has
    """
    parts = text.split(",")
    known = set(choosable(plan)) if text else set()
    if len(text) > LONGEST or len(parts) > MOST_COLUMNS:
        raise BadRequest(_("This view cannot be read."))
    found: dict[str, int | None] = {}
    for part in parts if text else ():
        name, colon, width = part.partition(":")
        if name not in known:
            raise BadRequest(_("“%(name)s” is no column of this list.", name=name[:60]))
        found[name] = _width(width) if colon else None
    return found


def _width(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and LEAST_WIDTH <= int(text) <= MOST_WIDTH):
        raise BadRequest(_("A column is %(min)s to %(max)s pixels wide.", min=LEAST_WIDTH, max=MOST_WIDTH))
    return int(text)


def write(columns: Iterable[tuple[str, int | None]]) -> str:
    """As an address says it."""
    return ",".join(f"{name}:{width}" if width else name for name, width in columns)


def chosen(cols: str, layout: Layout, plan: Any) -> dict[str, int | None]:
    """The columns to show; of those that somebody once chose, the ones that he may still see."""
    if cols:
        return read(cols, plan)
    known = set(choosable(plan))
    kept = [part for part in layout.cols.split(",") if part.partition(":")[0] in known]
    return read(",".join(kept), plan) or dict.fromkeys(plan.columns)
