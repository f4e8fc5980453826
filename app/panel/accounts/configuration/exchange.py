"""The configuration as a file that people read, keep and carry to another instance: YAML."""

from __future__ import annotations

from typing import Any

import yaml
from flask_babel import gettext as _

from app.panel.accounts.configuration import document, store
from app.panel.accounts.configuration.document import MAX_BYTES, Document
from app.panel.core import setup
from app.panel.core.errors import InvalidInput

HEAD = "# Configuration of a Zhanggui back office: roles, rights, row and field rules, menu.\n"


# the one that libyaml speeds up, where it is there
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(yaml.SafeLoader):
    """Without aliases: a file of a few lines could stand for gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def to_yaml(wanted: Document) -> str:
    """The text of a configuration; what `from_yaml` reads back."""
    return HEAD + yaml.dump(wanted, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=None, width=110)


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
    return document.normal(found)


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
