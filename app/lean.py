"""What packages would load because it happens to be there, and the panel has no use for: left out while it starts.

structlog brings rich for tracebacks in colours (with pygments), sqlalchemy-utils brings cryptography for a column type, limits
brings the client of Valkey beside that of Redis: whoever asks for one of `UNUSED` is told that it is not installed.

Others are asked for by name and would miss them: FAB the schemas of its own REST API, Redis the clients of a cluster. They get
modules of `HOLLOW` with classes in which nothing is; when somebody makes one after the start, it is the real one that is made, or
it is said that it was left out. Together it is 35 MB of every process. Whoever imports one of them later, such as cryptography
for a security key, gets the real one. A domain that needs one while it is loaded takes its name out of `HOLLOW`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

UNUSED = ("PIL", "colorama", "cryptography", "phonenumbers", "rich", "valkey")
HOLLOW = (
    "apispec.ext.marshmallow", "flask_appbuilder.api.convert", "flask_appbuilder.security.api",
    "flask_appbuilder.security.sqla.apis", "jsonschema",
    "marshmallow", "marshmallow_sqlalchemy",  # FAB's own REST API; ours is `core.api`
    "deprecated", "limits.aio",
    "flask_login.test_client",  # brings the debugger
    "redis.asyncio.cluster", "redis.asyncio.keyspace_notifications", "redis.asyncio.sentinel", "redis.cluster",
    "redis.commands.cluster", "redis.keyspace_notifications", "redis.sentinel",
    "sqlalchemy_utils",  # of which FAB asks for a class that no column of ours has
)  # fmt: skip


class LeftOut:
    """A class of a hollow module. While others are loading it may be derived from, called and used as a decorator; who makes one
    later gets the real one, unless it is built on what is hollow itself."""

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        if any(isinstance(finder, _Finder) for finder in sys.meta_path):
            return super().__new__(cls)
        real = getattr(import_module(cls.__module__), cls.__qualname__, cls)
        if isinstance(real, type) and issubclass(real, LeftOut):
            raise RuntimeError(f"{cls.__module__}.{cls.__qualname__} was left out at the start; see app/lean.py")
        return real(*arguments, **named)

    def __init__(self, *_arguments: Any, **_named: Any) -> None:
        pass

    def __call__(self, decorated: Any) -> Any:
        return decorated

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__module__}.{type(self).__qualname__} was left out at the start; see app/lean.py")


class _Hollow(ModuleType):
    __path__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        kinds = (LeftOut, Exception) if name.endswith(("Error", "Exception")) else (LeftOut,)
        setattr(self, name, type(name, kinds, {"__module__": self.__name__}))
        return self.__dict__[name]


class _Finder:
    """Finds the hollow modules before anybody looks for the real ones; also loads them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names, self.made = names, list[str]()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if any(name == one or name.startswith(f"{one}.") for one in self.names):
            return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        self.made.append(spec.name)
        return _Hollow(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


@contextlib.contextmanager
def without(unused: Sequence[str] = UNUSED, hollow: Sequence[str] = HOLLOW) -> Iterator[None]:
    """Let nobody find these packages, unless they are loaded already."""
    modules: dict[str, object] = sys.modules  # type: ignore[assignment]
    hidden = [name for name in unused if name not in modules]
    modules.update(dict.fromkeys(hidden))  # an import of what is None there fails as if it were not installed
    finder = _Finder([name for name in hollow if name not in modules])
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.meta_path.remove(finder)  # type: ignore[arg-type]
        for name in (*hidden, *finder.made):
            modules.pop(name, None)
