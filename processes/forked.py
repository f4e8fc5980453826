"""A part that is a fork of a loaded program: it starts in milliseconds and shares the program's memory."""

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from processes.parent import die_with_parent, name_process
from processes.supervisor import Part

ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Fork:
    """What the supervisor asks of a process, for one that was never a program of its own."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._reap(os.WNOHANG)

    def wait(self) -> int | None:
        return self._reap(0)

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def _reap(self, options: int) -> int | None:
        if self.returncode is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, options)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


@dataclass
class ForkedPart(Part):
    """Runs `target()` in a fork. The parent has one thread and no open connections, or the fork inherits both."""

    target: Callable[[], None] = lambda: None

    def spawn(self) -> Fork:
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        # asked to end in its very first moment, the fork must not do what the parent does then
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
        if pid := os.fork():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.setpgid(pid, pid)  # here too: whoever kills the group finds it from now on
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return Fork(pid)
        code = 1
        try:
            os.setpgid(0, 0)
            die_with_parent(parent, self.death_signal)
            name_process(f"zg-{self.name}")
            for signum in ENDINGS:
                signal.signal(signum, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.environ.update(self.env)
            self.target()
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)  # the parent's exit handlers and open files are the parent's
