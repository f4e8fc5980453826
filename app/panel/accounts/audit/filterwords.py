"""By what somebody filtered who took rows out as a file: whoever searches for a person types his name or phone."""

from __future__ import annotations

import json
from typing import Any

from app.panel.accounts.audit.places import Place
from app.panel.core import policy
from app.panel.core.actor import owns

UNSEEN = "•••"
FREE, TREE = "q", "f"


def shown(words: Any, place: Place, exporter_id: int | None, actor: Any) -> Any:
    """`name=value` each, as far as this reader may know them: free words may be anybody's, so they are for administrators and
    for whoever typed them; of a condition about a field the value is for those who read that field whole.
    """
    if not isinstance(words, list) or policy.is_administrator(actor) or owns(actor, exporter_id):
        return words
    return [_shown(str(word), place, actor) for word in words]


def _shown(word: str, place: Place, actor: Any) -> str:
    name, _sign, value = word.partition("=")
    if name == FREE:
        return f"{name}={UNSEEN}"
    if name != TREE:
        return word
    try:
        tree = json.loads(value)
    except ValueError:
        return f"{name}={UNSEEN}"
    return f"{name}={json.dumps(_without(tree, policy.fields(actor, place.resource)), ensure_ascii=False)}"


def _without(tree: Any, access: Any) -> Any:
    """A filter tree in which conditions about fields that are kept from the reader have lost their values."""
    if isinstance(tree, dict):
        return {key: _without(part, access) for key, part in tree.items()}
    if not isinstance(tree, list):
        return tree
    if len(tree) == 3 and isinstance(tree[0], str):
        is_seen = access.readable(tree[0]) and not access.masked(tree[0])
        return tree if is_seen else [tree[0], tree[1], UNSEEN]
    return [_without(part, access) for part in tree]
