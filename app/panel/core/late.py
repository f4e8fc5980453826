"""Packages that are loaded when something of them is first asked for: what few pages and jobs need is not in every process."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Late:
    """Stands for a package: `segno = Late("segno")` in the place of `import segno`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(import_module(self._name), name)
        setattr(self, name, found)
        return found
