"""Makes the style sheet and the icon fonts of the pages: what the packages deliver, without what our pages cannot use.

A rule of Bootstrap or Font Awesome stays when each class and id of its selector is a word of our templates, scripts or
Python, or is composed there (`COMPOSED`). Our own sheets stay whole, but for comments and space. The icons that our pages
name come as two small fonts, the first for what every page shows; any other one comes out of the package's own file.

`python trimming.py ORDER` is a program of its own, so that no process of the panel carries the parsers: ORDER is a JSON
file with the fields of `Order`, and the files are written into its folder.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont

# Classes that no file of ours writes out: a script or a template puts them together, or Bootstrap's script sets them.
COMPOSED = frozenset({
    "btn-primary", "btn-danger", "btn-warning", "btn-success", "btn-secondary",  # btn-${tone} of questions
    "show", "dropup", "dropend", "dropstart",  # the menus that Bootstrap's script opens
})  # fmt: skip
NESTING = {"media", "supports", "container", "layer"}
FACE = (
    '@font-face{{font-family:"Font Awesome 6 Free";font-style:normal;font-weight:900;font-display:block;'
    'src:url({}) format("{}"){}}}'
)
WORD = re.compile(r"[\w-]+")
ICON = re.compile(r"fa-[a-z0-9-]+")
USED = re.compile(r"var\(\s*(--[\w-]+)")
TIGHT = frozenset("{};,>")


@dataclass(frozen=True)
class Order:
    """What is to be made. Paths are absolute; `whole_font` is an address as the sheet will write it."""

    folder: str
    bootstrap: str
    icons: tuple[str, ...]
    own: tuple[str, ...]
    scripts: tuple[str, ...]
    font: str
    whole_font: str
    words: tuple[str, ...]
    first: tuple[str, ...]


@dataclass
class Rule:
    """A rule of a sheet: `@media …` holds rules, any other one declarations (name, text)."""

    head: str
    lines: list[tuple[str, str]]
    rules: list[Rule]

    def text(self) -> str:
        if self.rules:
            return f"{self.head}{{{''.join(rule.text() for rule in self.rules)}}}"
        return f"{self.head}{{{';'.join(f'{name}:{value}' if name else value for name, value in self.lines)}}}"


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Everything in these texts that could be the name of a class, an id or a variable."""
    found: set[str] = set()
    for text in texts:
        found.update(WORD.findall(text))
    return frozenset(found)


def squeezed(tokens: Iterable[Any]) -> str:
    """The tokens as text, without comments and with no more space than their meaning needs."""
    parts: list[str] = []
    for token in tokens:
        if token.type == "comment":
            continue
        if token.type == "whitespace":
            if parts and parts[-1] != " " and parts[-1][-1] not in TIGHT:
                parts.append(" ")
            continue
        text = _text(token)
        if text[0] in TIGHT and len(parts) > 1 and parts[-1] == " " and not (text == ";" and parts[-2] == ":"):
            parts.pop()
        if parts[-2:] == [":", " "] and text != ";":
            parts.pop()
        parts.append(text)
    return "".join(parts).strip()


def _text(token: Any) -> str:
    if token.type == "{} block":
        return f"{{{squeezed(token.content).rstrip(';')}}}"
    if token.type in ("() block", "[] block"):
        begin, end = token.type[:2]
        return f"{begin}{squeezed(token.content)}{end}"
    if token.type == "function":
        return f"{token.name}({squeezed(token.arguments)})"
    return str(token.serialize())


def whole(css: str) -> str:
    """A sheet of ours."""
    return squeezed(tinycss2.parse_component_value_list(css))


def trimmed(css: str, known: frozenset[str]) -> list[Rule]:
    """The rules of a package that can meet something of a page whose classes and ids are all `known`."""
    return list(_kept(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), known))


def _kept(nodes: Iterable[Any], known: frozenset[str]) -> Iterator[Rule]:
    for node in nodes:
        if node.type == "qualified-rule":
            heads = [squeezed(one) for one in _selectors(node.prelude) if all(name in known for name in _names(one))]
            if heads:
                yield Rule(",".join(heads), _lines(node.content), [])
        elif node.type == "at-rule" and node.content is not None:
            head = f"@{node.at_keyword} {squeezed(node.prelude)}".strip()
            if node.lower_at_keyword in NESTING:
                inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
                if rules := list(_kept(inner, known)):
                    yield Rule(head, [], rules)
            elif node.lower_at_keyword != "font-face":  # the fonts are ours to name
                yield Rule(head, [("", squeezed(node.content))], [])


def _selectors(prelude: list[Any]) -> Iterator[list[Any]]:
    one: list[Any] = []
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            yield one
            one = []
        else:
            one.append(token)
    yield one


def _names(selector: list[Any]) -> Iterator[str]:
    """The classes and ids that a selector asks for. What stands in `:not()` need not be there."""
    before = None
    for token in selector:
        if token.type == "hash" or (token.type == "ident" and before is not None and before == "."):
            yield token.value
        elif token.type == "function" and token.lower_name != "not":
            yield from _names(token.arguments)
        before = token.value if token.type == "literal" else None


def _lines(content: list[Any]) -> list[tuple[str, str]]:
    found = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    return [
        (one.name, (squeezed(one.value) or " ") + ("!important" if one.important else ""))
        for one in found if one.type == "declaration"
    ]  # fmt: skip


def without_idle(rules: list[Rule], elsewhere: frozenset[str]) -> list[Rule]:
    """Without variables that nobody reads, until none is left; and without animations that nobody names."""
    while True:
        text = "".join(rule.text() for rule in rules)
        read = elsewhere | set(USED.findall(text))
        idle = _drop(rules, read)
        if not idle:
            break
    names = words_of(value for rule in _flat(rules) for name, value in rule.lines if name.startswith("animation"))
    return [one for one in rules if not one.head.startswith("@keyframes") or one.head.split()[1] in names | elsewhere]


def _flat(rules: list[Rule]) -> Iterator[Rule]:
    for rule in rules:
        yield rule
        yield from _flat(rule.rules)


def _drop(rules: list[Rule], read: frozenset[str] | set[str]) -> int:
    dropped = 0
    for rule in rules:
        kept = [line for line in rule.lines if not line[0].startswith("--") or line[0] in read]
        dropped += len(rule.lines) - len(kept) + _drop(rule.rules, read)
        rule.lines = kept
    rules[:] = [rule for rule in rules if rule.lines or rule.rules]
    return dropped


def signs(css: str) -> dict[str, int]:
    """The code point of each icon's class in Font Awesome's sheet."""
    found: dict[str, int] = {}
    for heads, code in re.findall(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"(\\[0-9a-f]+|[^"\\])"\}', css):
        found |= dict.fromkeys(ICON.findall(heads), int(code[1:], 16) if code[0] == "\\" else ord(code))
    return found


def small_font(path: str, points: Iterable[int]) -> bytes:
    """The glyphs of these code points alone, as WOFF; who made them stays in its names."""
    options = subset.Options(layout_features=[], glyph_names=False, name_IDs=[0, 13, 14])
    font = TTFont(path)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(points))
    cutter.subset(font)
    font.flavor = "woff"
    target = io.BytesIO()
    font.save(target)
    return target.getvalue()


def _face(address: str, kind: str, points: Iterable[int] = ()) -> str:
    ranges = ",".join(f"U+{point:x}" for point in sorted(points))
    return FACE.format(address, kind, f";unicode-range:{ranges}" if ranges else "")


def _licence(css: str) -> str:
    found = re.match(r'(?:@charset "[^"]+";)?\s*(/\*!.*?\*/)', css, re.S)
    return f"{found.group(1)}\n" if found else ""


def make(order: Order) -> None:
    """Write `panel.css`, `icons.css` (the icons that no page of ours names) and the two fonts."""
    folder, known = Path(order.folder), frozenset(order.words) | COMPOSED
    bootstrap, icons = Path(order.bootstrap).read_text(), [Path(one).read_text() for one in order.icons]
    own = "".join(whole(Path(one).read_text()) for one in order.own)
    said = known | words_of([own, *(Path(one).read_text() for one in order.scripts)])
    rules = without_idle(trimmed(bootstrap, known), frozenset(said))
    rules += without_idle([rule for text in icons for rule in trimmed(text, known)], frozenset(said))
    points = signs("".join(icons))
    named = {name: point for name, point in points.items() if name in known}
    first = {named[name] for name in order.first if name in named}
    more = set(named.values()) - first
    faces = _face(order.whole_font, "woff2")  # of several that have a sign the last one gives it
    for name, chosen in (("more", more), ("first", first)):
        faces += _face(f"icons-{name}.woff", "woff", chosen) if chosen else ""
        if chosen:
            (folder / f"icons-{name}.woff").write_bytes(small_font(order.font, chosen))
    others = (f'.{name}:before{{content:"\\{point:x}"}}' for name, point in points.items() if name not in named)
    licences = "".join(map(_licence, (bootstrap, icons[0])))
    body = "".join(rule.text() for rule in rules)
    (folder / "icons.css").write_text("".join(others))
    (folder / "panel.css").write_text(f'@charset "UTF-8";\n{licences}{body}{faces}{own}')


if __name__ == "__main__":
    logging.disable()
    make(Order(**json.loads(Path(sys.argv[1]).read_text())))
