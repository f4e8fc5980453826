"""How a program signs what it posts to a feed, in two languages. A test runs the Python one against the door."""

from __future__ import annotations

CURL = r"""SECRET=zgs_…
URL=%(url)s
BODY='{"events":[{"id":"e-1","kind":"comment","at":'$(date +%%s)'000,"viewer":{"id":"v1","name":"Mei"},"text":"hello"}]}'
T=$(date +%%s); N=$(openssl rand -hex 8)
V1=$(printf '%%s' "$T.$N.$BODY" | openssl dgst -sha256 -hmac "$SECRET" -hex | sed 's/.* //')
curl -sS "$URL" -H 'Content-Type: application/json' -H "X-Zhanggui-Signature: t=$T,n=$N,v1=$V1" --data-raw "$BODY"
"""

PYTHON = r"""import hashlib, hmac, json, secrets, time, urllib.request

SECRET = "zgs_…"
URL = "%(url)s"

def post(events):
    body = json.dumps({"events": events}).encode()
    head = f"{int(time.time())}.{secrets.token_hex(8)}"
    made = hmac.new(SECRET.encode(), f"{head}.".encode() + body, hashlib.sha256).hexdigest()
    seconds, nonce = head.split(".")
    headers = {"Content-Type": "application/json", "X-Zhanggui-Signature": f"t={seconds},n={nonce},v1={made}"}
    with urllib.request.urlopen(urllib.request.Request(URL, body, headers)) as answer:
        return json.load(answer)

now = int(time.time() * 1000)
print(post([{"id": "e-1", "kind": "comment", "at": now, "viewer": {"id": "v1", "name": "Mei"}, "text": "hello"}]))
"""
