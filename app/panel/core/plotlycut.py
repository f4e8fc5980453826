"""Plotly's script as our pages need it: the kinds of traces that `charts` makes, read by the browser beside the page.

The packaged script makes forty-odd kinds of traces ready, with maps and three dimensions, and wraps all in a function that a
browser only reads when it is called: 0.5 to 1 s during which the page answers nothing. Here the same text makes ready what we
draw and stands at the top of its file, where the browser reads it in another thread while it comes: a tenth of that.

What is changed are the two ends of the text. A version whose ends look otherwise is served whole, as it came.
"""

from __future__ import annotations

import re

REVISION = "1"  # part of the address, beside the version of the package: raise it with every change here
TRACES = ("bar", "pie")  # beside scatter, which is always there
HEAD = "var Plotly=(()=>{"
TAIL = re.compile(
    r"var (?P<core>\w+)=\w+\(\);(?P=core)\.register\(\[(?P<traces>(?:\w+\(\),?)+)\]\);"
    r"\w+\.exports=(?P=core)\}\);return \w+\(\);\}\)\(\);"
)
LONGEST_TAIL, LONGEST_TRACE = 60_000, 40_000


def cut(script: str) -> str:
    """The script with no more than what our charts ask for; as it is when its ends are not those we know."""
    head, tail = script.find(HEAD), TAIL.search(script, max(0, len(script) - LONGEST_TAIL))
    if head < 0 or tail is None:
        return script
    kept = [call for call in tail["traces"].split(",") if _kind(script, call.removesuffix("()")) in TRACES]
    if len(kept) != len(TRACES):
        return script
    body = f"{script[head : tail.start('traces')]}{','.join(kept)}{script[tail.end('traces') : tail.end()]}"
    licence = script[: script.find("*/") + 2] if script.startswith("/**") else ""
    return f'{licence}\n"use strict";{body}window.Plotly=Plotly;{_licences(script[tail.end() :])}'


def _kind(script: str, entry: str) -> str:
    """Which kind of trace a module of the script makes ready: the module hands on another one, which says its name."""
    handed = re.search(rf"var {re.escape(entry)}=\w+\(\(\w+,\w+\)=>\{{\"use strict\";\w+\.exports=(\w+)\(\)\}}\)", script)
    at = script.find(f"var {handed[1]}=") if handed else -1
    named = re.search(r'moduleType:"trace",name:"(\w+)"', script[at : at + LONGEST_TRACE]) if at >= 0 else None
    return named[1] if named else ""


def _licences(rest: str) -> str:
    """What stands behind the code is whose code it is."""
    return "\n" + "\n".join(re.findall(r"/\*!.*?\*/", rest, re.S))
