"""A person with a browser, for tests of the real process tree: logs in, imports a file, and sees what came of it."""

import contextlib
import http.cookiejar
import json
import re
import secrets
import sqlite3
import urllib.error
import urllib.parse
import urllib.request

from tests.ops.tree import PASSWORD
from tests.panel.bulk.test_wizard import settings_of


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments):
        return None


class Visitor:
    """`get` and `post` return the status, the headers and the text; CSRF is seen to."""

    def __init__(self, port):
        self.address = f"http://127.0.0.1:{port}"
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(Stay, jar, urllib.request.ProxyHandler({}))

    def log_in(self):
        assert self.post("/login/", {"username": "admin", "password": PASSWORD})[0] == 302
        return self

    def get(self, path):
        return self._ask(urllib.request.Request(self.address + path))

    def post(self, path, data=None, body=None, kind="application/x-www-form-urlencoded"):
        status, _headers, text = self.get("/account/")
        text = text if status == 200 else self.get("/login/")[2]
        token = re.search(r'name="csrf[-_]token" (?:content|value)="([^"]+)"', text)
        headers = {"X-CSRFToken": token[1] if token else "", "Content-Type": kind}
        body = body if body is not None else urllib.parse.urlencode(data or {}, doseq=True).encode()
        return self._ask(urllib.request.Request(self.address + path, body, headers))

    def _ask(self, request):
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def prepare_brands(self, names):
        """Upload and check a file; returns the number of the run."""
        edge = secrets.token_hex(8)
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="layout"\r\n\r\ntable:catalog.Brand\r\n',
                 f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="brands.csv"\r\n'
                 "Content-Type: text/csv\r\n\r\n", "\n".join(["Name", *names]), f"\r\n--{edge}--\r\n"]  # fmt: skip
        answer = self.post("/bulk/import/", body="".join(parts).encode(), kind=f"multipart/form-data; boundary={edge}")
        assert answer[0] == 302, answer
        number = int(re.search(r"/bulk/import/(\d+)/", answer[1]["Location"])[1])
        page = self.get(f"/bulk/import/{number}/")[2]
        checked = self.post(f"/bulk/import/{number}/settings", settings_of(page) | {"go": "check"})
        assert checked[0] == 302, checked
        return number

    def start(self, number):
        return self.post(f"/bulk/import/{number}/run")

    def progress(self, number):
        return json.loads(self.get(f"/bulk/import/{number}/progress")[2])




def rows(home, query, *values):
    with contextlib.closing(sqlite3.connect(home / "zhanggui.db", timeout=30)) as database:
        return database.execute(query, values).fetchall()


def log_lines(home):
    """Those that are written to their end."""
    written = (home / "logs" / "zhanggui.log").read_text()
    return [json.loads(line) for line in written[: written.rfind("\n") + 1].splitlines()]
