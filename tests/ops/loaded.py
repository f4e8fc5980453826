"""Parts of an instance as forks of the tests, which have loaded the panel already: for tests that are not about a start."""

import os
import runpy
import sys
from pathlib import Path

import config
import run
from processes.forked import Fork, ForkedPart
from tests.ops.tree import ROOT


def start(env: dict[str, str], output: Path, part: str) -> Fork:
    """A part with this environment, as `python run.py <part>` becomes it."""

    def become():
        with output.open("ab") as written:
            os.dup2(written.fileno(), 1)
            os.dup2(written.fileno(), 2)
        os.environ.clear()
        os.environ.update(env)
        os.chdir(ROOT)
        _interpreter, _m, module, *sys.argv[1:] = run._command(part, config.load())
        runpy.run_module(module, run_name="__main__", alter_sys=True)

    return ForkedPart(part, target=become).spawn()
