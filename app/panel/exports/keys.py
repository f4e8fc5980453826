"""The numbers of the rows of a file, frozen in their order when it is begun."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from app.panel.bulk import store

IN_MEMORY = 1 << 17  # bytes: so many rows are nothing beside the program
WIDTH = 8  # bytes of a number


class Keys(Sequence[int]):
    """However many there are, they take no memory: more than a few lie in a file without a name, which ends with this."""

    def __init__(self, keys: Iterable[int] = ()) -> None:
        self.file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=store.folder())  # noqa: SIM115 - open as long as this
        self.count = 0
        self.extend(keys)

    def extend(self, keys: Iterable[int]) -> None:
        more = array("q", keys)
        self.file.seek(0, os.SEEK_END)
        self.file.write(more.tobytes())
        self.count += len(more)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at: Any) -> Any:
        """One of them, or those of a slice without steps as an array."""
        first, last, _step = (at if isinstance(at, slice) else slice(at, at + 1 or None)).indices(self.count)
        self.file.seek(first * WIDTH)
        found = array("q", self.file.read(max(0, last - first) * WIDTH))
        return found if isinstance(at, slice) else found[0]

    def close(self) -> None:
        self.file.close()
