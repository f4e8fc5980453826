"""The entrance. `python run.py` sets the panel up and keeps all of it running on this machine.

`setup`, `web`, `worker [queues]`, `ticker` and `consumer` do one part alone, as containers and process managers want it.
"""

import argparse
import os
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import click

import config
from processes import tls, valkey
from processes.home import EX_UNAVAILABLE, Taken, check_port, forget_figures, take_home
from processes.journal import teller
from processes.supervisor import Part, Supervisor

ROOT = Path(__file__).resolve().parent
START_SECONDS = 90.0
# else each thread of glibc keeps some MB that it once freed, and what a large piece left, such as the hash of a password
FRUGAL = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_TRIM_THRESHOLD_": "262144"}


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    os.umask(0o077)  # whatever the parts write is the owner's alone
    try:
        settings = config.load()
        config.prepare(settings["HOME"], Path(settings["UPLOAD_FOLDER"]))
        settings = config.load()
        config.verify(settings)
        if options.part in ("all", "web") and settings["TLS_FOLDER"] and (sentence := tls.fault(settings["TLS_FOLDER"])):
            raise config.ConfigError(sentence)
        os.environ["ZHANGGUI_HOME"] = str(settings["HOME"])  # the parts start in another folder
        for name, value in FRUGAL.items():
            os.environ.setdefault(name, value)
        os.environ["FLASK_SKIP_DOTENV"] = "1"  # Flask would also read the .env of any folder above
        os.chdir(ROOT)
        return COMMANDS[options.part](settings, options)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Taken as error:
        print(f"Zhanggui cannot start: {error}", file=sys.stderr)
        return EX_UNAVAILABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", default="all", choices=COMMANDS, help="all (default) or one part")
    parser.add_argument("queues", nargs="?", default="live,default,mail,bulk", help="of a worker, with commas")
    parser.add_argument("--demo", action="store_true", help="on an empty database: load the demo shop")
    return parser


def serve_all(settings: dict[str, Any], options: argparse.Namespace) -> int:
    home, address = settings["HOME"], settings["PUBLIC_URL"]
    lock = take_home(home, address)
    for port in filter(None, (settings["SERVER_PORT"], settings["HTTP_PORT"])):
        check_port(settings["SERVER_HOST"], port)
    say = teller(settings["LOG_FOLDER"])
    forget_figures(home)
    supervisor = Supervisor(say)
    supervisor.catch_signals()
    try:
        if settings["EMBEDDED_VALKEY"]:
            supervisor.add(valkey.part(home))
            if not supervisor.watch(lambda: valkey.answers(config.socket_path(home)), 15):
                return _not_started(supervisor, "the embedded Valkey does not answer; see logs/valkey.log in the home")
        code, welcome = _set_up(supervisor, _command("setup", settings, *(["--demo"] if options.demo else [])))
        if code == config.ConfigError.exit_code:  # it has said which setting
            return code
        if code:
            return _not_started(supervisor, "the setup did not finish")
        supervisor.add(_part("web", _command("web", settings)))
        supervisor.add(_part("background", _command("background", settings)))
        if settings["HTTP_PORT"]:
            supervisor.add(_part("plain", _plain(settings)))
        if not supervisor.watch(lambda: _answers(settings), START_SECONDS) and not supervisor.stopping.is_set():
            say("all", f"not everything is ready after {START_SECONDS:g} s; see /readyz and the home's logs folder")
        if supervisor.watch(lambda: _answers(settings)):
            print(f"\n{welcome}\n", flush=True)
        supervisor.watch()
        return 0
    finally:
        if supervisor.stopping.is_set():
            say("all", "ending")
        supervisor.stop()
        os.close(lock)


def _part(name: str, command: list[str]) -> Part:
    return Part(name, command, env={"ZHANGGUI_PART": name})


def _set_up(supervisor: Supervisor, command: list[str]) -> tuple[int, str]:
    """Set up in a process of its own, which takes the panel's memory with it when it ends; its code and the welcome."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"ZHANGGUI_PART": "setup"}) as process:
        supervisor.watch(lambda: process.poll() is not None)
        if process.poll() is None:
            process.terminate()
        text = process.stdout.read().decode() if process.stdout else ""
    return process.returncode, text.strip()


def _not_started(supervisor: Supervisor, reason: str) -> int:
    if supervisor.stopping.is_set():
        return 0
    supervisor.say("all", reason)
    return 1


def _answers(settings: dict[str, Any]) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings["SERVER_HOST"], settings["SERVER_HOST"])
    scheme = "https" if settings["TLS_FOLDER"] else "http"
    request = urllib.request.Request(f"{scheme}://{host}:{settings['SERVER_PORT']}/readyz", headers={"Host": "localhost"})
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # whether it answers is asked, by its address and not by its name
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=anyone))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def serve_web(settings: dict[str, Any], options: argparse.Namespace) -> int:
    check_port(settings["SERVER_HOST"], settings["SERVER_PORT"])
    return _become("web", settings)


def work(settings: dict[str, Any], options: argparse.Namespace) -> int:
    return _become("worker", settings, options.queues)


def tick(settings: dict[str, Any], options: argparse.Namespace) -> int:
    return _become("ticker", settings)


def consume(settings: dict[str, Any], options: argparse.Namespace) -> int:
    return _become("consumer", settings)


def set_up(settings: dict[str, Any], options: argparse.Namespace) -> int:
    command = _command("setup", settings, *(["--demo"] if options.demo else []))
    return subprocess.run(command, check=False).returncode


def _become(part: str, settings: dict[str, Any], *arguments: str) -> int:
    """Turn into the part, so that signals and exit codes of a container are its own."""
    path = config.socket_path(settings["HOME"])
    if settings["EMBEDDED_VALKEY"] and not valkey.answers(path):
        raise config.ConfigError("REDIS_URL is empty and no Valkey of this home runs; start `python run.py` instead.")
    os.environ.setdefault("ZHANGGUI_PART", part)
    command = _command(part, settings, *arguments)
    os.execv(command[0], command)


def _command(part: str, settings: dict[str, Any], *arguments: str) -> list[str]:
    """Each part is a program of its own, so that this one never loads the panel."""
    if part != "web":
        return [sys.executable, "-m", "flask", "--app", "app", part, *arguments]
    return [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--http", "1"),
        *("--host", settings["SERVER_HOST"], "--port", str(settings["SERVER_PORT"])),
        *("--workers", str(settings["WEB_PROCESSES"]), "--workers-kill-timeout", "5"),
        *_tls(settings),
        "--respawn-failed-workers",  # one that dies is replaced, and the others go on answering
        *("--log-level", "warning", "app.asgi:app"),
    ]


def _tls(settings: dict[str, Any]) -> list[str]:
    folder = settings["TLS_FOLDER"]
    if folder is None:
        return []
    pair = ["--ssl-certificate", str(folder / tls.CERT), "--ssl-keyfile", str(folder / tls.KEY)]
    return [*pair, "--ssl-protocol-min", "tls1.2"]  # an old tablet makes a good prompter


def _plain(settings: dict[str, Any]) -> list[str]:
    where = [settings["SERVER_HOST"], str(settings["HTTP_PORT"]), settings["PUBLIC_URL"], str(settings["TLS_FOLDER"])]
    return [sys.executable, "-m", "processes.plain", *where]


COMMANDS = {"all": serve_all, "web": serve_web, "worker": work, "ticker": tick, "consumer": consume, "setup": set_up}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
