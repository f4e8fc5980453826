"""A domain is a folder with one `domain` object. The loader finds them, sorts them by what they need and imports them."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PARTS = (
    "permissions", "events", "services", "listeners", "operations", "jobs", "imports", "exports", "tiles", "views",
    "pages", "sheets", "cli",
)  # fmt: skip



@dataclass
class Entry:
    """A screen of a domain: a class of ours and where the menu shows it."""

    view: type[Any]
    label: Any
    icon: str = "fa-table"
    order: int = 100
    in_menu: bool = True


@dataclass
class Tab:
    """Rows of another model on a show page, found through one of its relations."""

    view: type[Any]
    label: Any
    via: str
    order: int = 100


@dataclass
class Panel:
    """A piece of a show page that a domain above contributes: `func(obj, actor) -> (template, context) | None`."""

    func: Callable[..., Any]
    label: Any
    order: int = 100


@dataclass
class Domain:
    """What a folder contributes. `needs` is complete and direct: what is not listed may not be imported."""

    package: str
    label: Any
    icon: str = "fa-folder"
    needs: tuple[str, ...] = ()
    order: int = 100
    entries: list[Entry] = field(default_factory=list)
    sheets: list[tuple[type[Any], type[Any], Any]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.package.rpartition(".")[2]

    @property
    def folder(self) -> Path:
        return Path(import_module(self.package).__file__ or "").parent

    def view(
        self, label: Any, *, icon: str = "fa-table", order: int = 100, menu: bool = True
    ) -> Callable[[type[Any]], type[Any]]:
        """Register a PanelView: screens at /<domain>/<noun>/, REST API, permission `<domain>.<Noun>`, menu entry."""

        def register(cls: type[Any]) -> type[Any]:
            noun = cls.__name__.removesuffix("View")
            cls.domain_key = self.key
            cls.route_base = cls.__dict__.get("route_base") or f"/{self.key}/{noun.lower()}"
            cls.title, cls.icon = cls.__dict__.get("title") or label, icon
            self.entries.append(Entry(cls, label, icon, order, menu))
            return cls

        return register

    def page(
        self, label: Any, *, icon: str = "fa-window-maximize", order: int = 100, menu: bool = True
    ) -> Callable[[type[Any]], type[Any]]:
        """Register a PanelPage: a screen that is no table."""

        def register(cls: type[Any]) -> type[Any]:
            noun = cls.__name__.removesuffix("Page")
            cls.domain_key = self.key
            cls.route_base = cls.__dict__.get("route_base") or f"/{self.key}"
            cls.title = cls.__dict__.get("title") or label
            cls.noun = noun
            self.entries.append(Entry(cls, label, icon, order, menu))
            return cls

        return register

    def sheet(self, model: type[Any], label: Any = None) -> Callable[[type[Any]], type[Any]]:
        """Register a PanelSheet: quick editing in a grid at /sheets/<domain>/<noun>/."""

        def register(cls: type[Any]) -> type[Any]:
            cls.domain_key = self.key
            self.sheets.append((cls, model, label))
            return cls

        return register

    def relate(self, parent: type[Any], *, label: Any, via: str, order: int = 100) -> Callable[[type[Any]], type[Any]]:
        """Show this view as a tab on the screen of a domain below us."""

        def register(cls: type[Any]) -> type[Any]:
            parent.tabs = [*parent.__dict__.get("tabs", ()), Tab(cls, label, via, order)]
            return cls

        return register

    def panel(self, parent: type[Any], *, label: Any, order: int = 100) -> Callable[[Any], Any]:
        """Show a piece of our own on the screen of a domain below us."""

        def register(func: Any) -> Any:
            parent.panels = [*parent.__dict__.get("panels", ()), Panel(func, label, order)]
            return func

        return register


def discover(packages: tuple[str, ...]) -> list[Domain]:
    """Every domain in the folders of these packages, those needed first.

    :raises RuntimeError: on a cycle or a need that nobody provides, with the names in it
    """
    found: dict[str, Domain] = {}
    for package in packages:
        for info in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
            domain = getattr(import_module(info.name), "domain", None) if info.ispkg else None
            if isinstance(domain, Domain):
                if domain.key in found:
                    raise RuntimeError(f"two domains are called {domain.key}")
                found[domain.key] = domain
    for domain in found.values():
        if missing := [need for need in domain.needs if need not in found]:
            raise RuntimeError(f"domain {domain.key} needs {', '.join(missing)}, which is not there")
    tier = {key: next(i for i, p in enumerate(packages) if d.package.startswith(p)) for key, d in found.items()}
    graph = {key: sorted(domain.needs) for key, domain in sorted(found.items(), key=lambda i: (tier[i[0]], i[0]))}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise RuntimeError(f"domains need each other in a circle: {' → '.join(error.args[1])}") from error
    return [found[key] for key in sorted(order, key=lambda key: (tier[key], order.index(key)))]


def parts(domain: Domain, name: str) -> Iterator[str]:
    """The module of a standard file, or the modules of a folder of that name."""
    full = f"{domain.package}.{name}"
    spec = find_spec(full)
    if spec is None:
        return
    yield full
    if spec.submodule_search_locations:
        for info in pkgutil.iter_modules(spec.submodule_search_locations, f"{full}."):
            yield info.name


def load(packages: tuple[str, ...]) -> list[Domain]:
    """Import all domains: every model first, so that screens and rules may speak of any table below them."""
    domains = discover(packages)
    for name in ("models", *PARTS):
        for domain in domains:
            for module in parts(domain, name):
                import_module(module)
    return domains
