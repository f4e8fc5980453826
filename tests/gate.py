"""A way between a browser and a server that can be lost: at once, or without a word, as a phone that leaves the shop's network."""

from __future__ import annotations

import contextlib
import socket
import threading


class Gate:
    """Listens on a port of its own and carries everything to another one of this machine, until it is closed."""

    def __init__(self, to: int) -> None:
        self.to, self.is_open, self.pairs = to, True, list[tuple[socket.socket, socket.socket]]()
        self.passes = threading.Event()
        self.passes.set()
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.door.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()

    def lose(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        self.passes.clear()

    def find(self) -> None:
        """The network is back, and with it a new address: what was open is not open any more."""
        pairs, self.pairs = self.pairs, []
        for one in (end for pair in pairs for end in pair):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.passes.set()

    def close(self) -> None:
        self.is_open = False
        self.door.close()
        self.find()

    def _listen(self) -> None:
        while self.is_open:
            try:
                here, _address = self.door.accept()
                there = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                continue
            self.pairs.append((here, there))
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                self.passes.wait()
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
