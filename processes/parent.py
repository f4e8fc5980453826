"""Children that do not outlive their parent, and tell `ps` who they are."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int | None = None, signum: int = signal.SIGKILL) -> None:
    """Ask the kernel to end this process when its parent ends, however that happens. Linux only.

    The mark is lost at fork and kept over exec. `parent` closes the gap before the call: when the parent is
    already another one, the process ends at once.
    """
    if LIBC is None:
        return
    LIBC.prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signum)


def name_process(name: str) -> None:
    """What `ps` and `top` show, fifteen letters of it. Linux only."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
