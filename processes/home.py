"""One panel a home, one server a port: both found out before anything starts."""

import errno
import fcntl
import os
import shutil
import socket
import time
from pathlib import Path

EX_UNAVAILABLE = 69


class Taken(Exception):
    """The home or the port is in use; the message is the sentence for the terminal."""


def take_home(home: Path, address: str) -> int:
    """Hold the home as long as the returned descriptor is open."""
    descriptor = os.open(home / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 200).decode(errors="replace").strip()
        os.close(descriptor)
        raise Taken(f"Zhanggui already runs on {home} ({holder}). End it first, or set ZHANGGUI_HOME.") from None
    os.truncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()}, {address}".encode())
    return descriptor


def forget_figures(home: Path) -> None:
    """What the server processes of the last run counted, file by file; those of this one begin anew."""
    shutil.rmtree(home / "metrics", ignore_errors=True)


def check_port(host: str, port: int, seconds: float = 2.0) -> None:
    """The web server shares its port among its own processes, so it would not notice a stranger's."""
    deadline = time.monotonic() + seconds  # a server that was killed a moment ago still holds it
    while True:
        try:
            family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, proto) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
            return
        except PermissionError:
            raise Taken(f"Port {port} needs more rights than this user has. Set PORT to 1024 or more.") from None
        except socket.gaierror:
            raise Taken(f"HOST {host!r} is no address of this machine.") from None
        except OSError as error:
            if time.monotonic() > deadline:
                taken = error.errno == errno.EADDRINUSE
                reason = "is taken by another program" if taken else f"cannot be used ({error.strerror})"
                raise Taken(f"Port {port} on {host} {reason}. Set PORT to another number.") from None
            time.sleep(0.1)
