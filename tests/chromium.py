"""Prints the path of a Chromium that starts, getting one if the machine has none. For `make test`.

In this order: CHROMIUM, one on the PATH, Playwright's own download, Debian's package when root. Ends with a sentence
and a failure when none of them works: tests in the browser are never skipped in silence.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
EX_UNAVAILABLE = 69


def starts(path: str | None) -> bool:
    if not path or not Path(path).exists():
        return False
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def on_path() -> str | None:
    return next((path for name in NAMES if starts(path := shutil.which(name))), None)


def of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if starts(path) else None


def run(*command: str) -> None:
    print(f"No Chromium yet: {' '.join(command)}", file=sys.stderr)
    subprocess.run(command, stdout=sys.stderr, check=False, timeout=900)


def find() -> str | None:
    if named := os.environ.get("CHROMIUM"):
        return named if starts(named) else sys.exit(f"CHROMIUM is {named!r}, which does not start.")
    if path := on_path() or of_playwright():
        return path
    run(sys.executable, "-m", "playwright", "install", "chromium")
    if path := of_playwright():
        return path
    if os.geteuid() == 0 and shutil.which("apt-get"):
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-noto-cjk")
    return on_path() or of_playwright()


if __name__ == "__main__":
    found = find()
    if not found:
        print("The tests need Chromium: install it, or set CHROMIUM to its path.", file=sys.stderr)
        sys.exit(EX_UNAVAILABLE)
    print(found)
