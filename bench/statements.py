"""How many statements pages of ours take: `python -m bench.statements FILE ADDRESSES`, over the instance of ZHANGGUI_HOME."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sqlalchemy import event

from app import create_app
from app.panel.core.db import db
from bench.client import TOKEN
from bench.servers import PASSWORD


def main(path: str, addresses: dict[str, str]) -> None:
    app = create_app()
    client = app.test_client()
    tokens = dict(TOKEN.findall(client.get("/login/").text))
    client.post("/login/", data={**tokens, "username": "admin", "password": PASSWORD})
    seen: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    counted = {}
    for name, address in addresses.items():
        client.get(address)  # what is looked up once a process is not what a page costs
        seen.clear()
        answer = client.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status_code}")
        counted[name] = sum(not statement.startswith(("PRAGMA", "SAVEPOINT", "RELEASE", "BEGIN")) for statement in seen)
    Path(path).write_text(json.dumps(counted))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
