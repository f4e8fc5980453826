"""A real server that speaks TLS with a certificate of our own. Its name stands before that of the process tree, whose tests end the tree."""

import contextlib
import http.client
import re
import socket
import ssl
import subprocess
import sys
import urllib.parse

import pytest

from processes import certificates, tls
from tests.ops.tree import PASSWORD, ROOT, clean_env, free_port, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.together("tree")]


@contextlib.contextmanager
def secure_web(tree):
    """A second web process of the tree's instance, with TLS."""
    port = free_port()
    certificates.make(tree.home / "tls", ["127.0.0.1"])
    env = clean_env(tree.home, port, ZHANGGUI_TLS="tls", ZHANGGUI_URL=f"https://localhost:{port}")
    with (tree.home.parent / "tls.output").open("wb") as output:
        process = subprocess.Popen([sys.executable, str(ROOT / "run.py"), "web"], env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        yield port
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def test_a_real_server_is_verified_by_its_authority_logs_in_with_secure_cookies_and_streams(tree):
    with secure_web(tree) as port:
        trusting = ssl.create_default_context(cafile=str(tree.home / "tls" / tls.CA))

        def ask(method, path, body=None, **headers):
            connection = http.client.HTTPSConnection("localhost", port, timeout=30, context=trusting)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer, answer.read().decode()

        def answers():
            with contextlib.suppress(OSError):
                return ask("GET", "/healthz")[0].status == 200

        wait_for(answers, 120, "the server with TLS")
        with pytest.raises(ssl.SSLCertVerificationError):
            http.client.HTTPSConnection("localhost", port, timeout=30).request("GET", "/healthz")
        with pytest.raises((OSError, http.client.HTTPException)):
            http.client.HTTPConnection("localhost", port, timeout=30).request("GET", "/")
            plain_one = http.client.HTTPConnection("localhost", port, timeout=30)
            plain_one.request("GET", "/")
            plain_one.getresponse()
        page, text = ask("GET", "/login/")
        assert "Strict-Transport-Security" not in page.headers, "an authority of our own must not lock browsers out"
        guest = page.headers["Set-Cookie"].partition(";")[0]
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text).group(1)
        form = urllib.parse.urlencode({"csrf_token": token, "username": "admin", "password": PASSWORD})
        entered, _text = ask("POST", "/login/", form, **{
            "Cookie": guest, "Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://localhost:{port}"})  # fmt: skip
        cookie = next(one for one in entered.headers.get_all("Set-Cookie") if one.startswith("__Host-zhanggui="))
        assert entered.status == 302 and {"Secure", "HttpOnly"} <= {part.strip() for part in cookie.split(";")}
        with trusting.wrap_socket(socket.create_connection(("localhost", port), timeout=30), server_hostname="localhost") as stream:
            wanted = f"GET /stream?topics=orders.Order HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {cookie.partition(';')[0]}\r\n\r\n"
            stream.sendall(wanted.encode())
            heard = b""
            while b"welcome" not in heard:
                more = stream.recv(4096)
                assert more, heard
                heard += more
            assert b" 200 " in heard.splitlines()[0] and b"text/event-stream" in heard
