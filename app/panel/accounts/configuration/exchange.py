"""The configuration as a file that people read, keep and carry to another instance: YAML."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import yaml
from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.accounts.configuration import document, store
from app.panel.accounts.configuration.document import MAX_BYTES, Document
from app.panel.accounts.models import User
from app.panel.core import setup
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput

HEAD = "# Configuration of a Zhanggui back office: roles, rights, row and field rules, menu.\n"


# the one that libyaml speeds up, where it is there
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(yaml.SafeLoader):
    """Without aliases: a file of a few lines could stand for gigabytes. A date is the text that it is in a rule."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }  # fmt: skip

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def to_yaml(wanted: Document) -> str:
    """The text of a configuration; what `from_yaml` reads back. People stand in it by their user names."""
    named = copy.deepcopy(wanted)
    names = dict(db.session.execute(select(User.id, User.username)).tuples().all())
    for away in _hidden_for(named):
        away["people"] = [names[key] for key in away["people"] if key in names]
    return HEAD + yaml.dump(named, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=None, width=110)


def from_yaml(text: str) -> Document:
    """The configuration of a file.

    :raises InvalidInput: when it is none, with a sentence for every place that is wrong
    """
    if len(text.encode()) > 2 * MAX_BYTES:
        raise InvalidInput({"file": _("This configuration is too large.")})
    try:
        found = yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = f" {_('Line %(line)s.', line=line + 1)}" if line is not None else ""
        raise InvalidInput({"file": _("This is no YAML file.") + place}) from None
    _find_people(found)
    return document.normal(found)


def _find_people(found: Any) -> None:
    """Put ids in the place of user names; whatever is wrong with the shape is said by who reads the document."""
    ids = dict(db.session.execute(select(User.username, User.id)).tuples().all())
    for away in _hidden_for(found):
        if unknown := [name for name in away["people"] if isinstance(name, str) and name not in ids]:
            raise InvalidInput({"menu": _("There is no person with the user name %(name)s here.", name=unknown[0])})
        away["people"] = [ids[name] if isinstance(name, str) else name for name in away["people"]]


def _hidden_for(part: Any) -> Iterator[dict[str, Any]]:
    """Every list of people from whom an entry of the menu is hidden."""
    menu = part.get("menu") if isinstance(part, dict) else None
    waiting = [menu.get("entries")] if isinstance(menu, dict) else []
    while waiting:
        for entry in entries if isinstance(entries := waiting.pop(), list) else ():
            if isinstance(entry, dict):
                waiting.append(entry.get("children"))
                away = entry.get("hidden_for")
                if isinstance(away, dict) and isinstance(away.get("people"), list):
                    yield away


def take(wanted: Document, *, actor: Any, version: int | None = None) -> store.Draft:
    """Make a configuration the draft."""

    def replace(draft: Document) -> None:
        draft.clear()
        draft.update(wanted)

    return store.edit(replace, actor=actor, version=version)


def check(wanted: Document) -> None:
    """Could this become the draft?

    :raises InvalidInput: with a sentence for every place that names what this instance does not know
    """
    document.check(wanted, store.published(), setup.every_right)
