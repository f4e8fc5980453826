"""What packages would load because it happens to be there, and the panel has no use for: left out while it starts.

structlog brings rich for tracebacks in colours (with pygments), sqlalchemy-utils brings cryptography for a column type, limits
brings the client of Valkey beside that of Redis. Together they are 16 MB of every process. Whoever needs one of them later,
such as cryptography for a security key, imports it then.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

UNUSED = ("cryptography", "rich", "valkey")


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """Let nobody find these packages, unless they are loaded already."""
    modules: dict[str, object] = sys.modules  # type: ignore[assignment]
    hidden = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(hidden))  # an import of what is None there fails as if it were not installed
    try:
        yield
    finally:
        for name in hidden:
            modules.pop(name)
