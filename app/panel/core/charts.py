"""Charts: rows in, a Plotly figure out, as plain dictionaries that no Plotly code in Python ever sees.

A figure names colours of the skin (`"$chart-1"`, `"$chart-quiet"`); the script in the page puts in what the reader's
skin says. Building one costs microseconds where `plotly.graph_objects` costs milliseconds (SPEED.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Flask
from markupsafe import Markup

from app.panel.core import plotlycut

PALETTE = tuple(f"$chart-{n}" for n in range(1, 9))
QUIET = "$chart-quiet"


def color_of(tone: str) -> str:
    """The colour of a badge of this tone, so that a state looks the same in a list and in a chart."""
    return QUIET if tone == "muted" else f"${tone}-ink"


# `<` and `>` can end a script element, U+2028 and U+2029 a line in old readers: inside JSON strings they say the same
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@dataclass
class Chart:
    """One chart on a page.

    `counts` says in a sentence what is counted, `summary` what a reader would see; `columns` and `rows` are the same
    figures as a table, texts already formatted. No rows: the page shows `empty` and no drawing.
    """

    key: str
    title: Any
    data: list[dict[str, Any]]
    columns: Sequence[Any]
    rows: Sequence[Sequence[Any]]
    counts: Any = ""
    summary: Any = ""
    layout: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    wide: bool = False
    size: str = ""
    empty: Any = ""

    def figure(self) -> dict[str, Any]:
        """What the script draws.

        :raises LookupError: for a kind of trace that is left out of the script, see `plotlycut`
        """
        if unknown := {trace["type"] for trace in self.data} - {"scatter", *plotlycut.TRACES}:
            raise LookupError(f"No script draws {', '.join(sorted(unknown))}: add it to plotlycut.TRACES.")
        return {"data": self.data, "layout": self.layout, "config": self.config}


def init_app(app: Flask) -> None:
    """Give templates `chart_data(chart)`."""
    app.jinja_env.globals["chart_data"] = chart_data


def chart_data(chart: Chart) -> Markup:
    """The figure as JSON that is safe inside a script element."""
    text = orjson.dumps(chart.figure(), default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return Markup(text.translate(_ESCAPES))  # noqa: S704 reviewed: JSON, and nothing in it can end the element


def plain(text: object) -> str:
    """A name as Plotly shows it letter by letter: its labels understand some HTML, and names are data."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def line(
    x: Iterable[Any],
    y: Iterable[Any],
    name: Any,
    *,
    color: str = PALETTE[0],
    fill: bool = False,
    dash: str = "",
    **more: Any,
) -> dict[str, Any]:
    """A line without dots; `fill` for the one that matters, `dash="dot"` for a comparison."""
    trace: dict[str, Any] = {
        "type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "name": plain(name),
        "line": {"color": color, "width": 2.25, **({"dash": dash} if dash else {})},
    }  # fmt: skip
    if fill:
        trace |= {"fill": "tozeroy", "fillcolor": "$chart-fill"}
    return trace | more


def bars(
    labels: Iterable[Any],
    values: Iterable[Any],
    name: Any,
    *,
    color: Any = PALETTE[0],
    horizontal: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Bars; `horizontal=True` for names too long to stand under a column. `color` may be one or one a bar."""
    names, figures = [plain(label) for label in labels], list(values)
    trace: dict[str, Any] = {
        "type": "bar", "name": plain(name), "marker": {"color": color, "cornerradius": 3},
        "x": figures if horizontal else names, "y": names if horizontal else figures,
    }  # fmt: skip
    if horizontal:
        trace["orientation"] = "h"
    return trace | more


def ring(
    labels: Iterable[Any], values: Iterable[Any], *, colors: Sequence[str] = PALETTE, **more: Any
) -> dict[str, Any]:
    """Shares of a whole as a ring; the table beside it has the figures."""
    return {
        "type": "pie", "hole": 0.62, "sort": False, "labels": [plain(label) for label in labels], "values": list(values),
        "marker": {"colors": list(colors), "line": {"color": "$surface", "width": 2}}, "textinfo": "none",
        "hovertemplate": "%{label}: %{value:,} (%{percent})<extra></extra>",
    } | more  # fmt: skip


def money_axis(prefix: str = "", title: Any = "") -> dict[str, Any]:
    """An axis of amounts in major units, with thousands separated."""
    axis: dict[str, Any] = {"tickformat": "~s" if not prefix else ",.0f", "tickprefix": prefix, "rangemode": "tozero"}
    return axis | ({"title": {"text": str(title)}} if title else {})


def horizontal(layout: dict[str, Any] | None = None) -> dict[str, Any]:
    """The layout of horizontal bars: the first name on top, grid along the figures."""
    return {
        "meta": {"horizontal": True}, "hovermode": "closest", "yaxis": {"autorange": "reversed"}, "showlegend": False,
    } | (layout or {})  # fmt: skip
