"""What stands on the plain port of an instance with TLS: a sentence that says where the panel is, and its authority to install.

`python -m processes.plain HOST PORT ADDRESS FOLDER`. It serves four fixed answers, reads no body and knows nothing of the panel.
Whoever is between a phone and this port could give it another authority: so the page says to compare the fingerprint.
"""

from __future__ import annotations

import html
import io
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import segno

from processes import certificates, tls
from processes.parent import die_with_parent

PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Zhanggui 掌柜</title><link rel="stylesheet" href="/plain.css"></head><body><main>
<h1>Zhanggui 掌柜</h1>
<p>本店后台使用加密连接：<a href="{address}">{address}</a><br>
This panel is reached by an encrypted connection: <a href="{address}">{address}</a></p>
<p><img src="/code.svg" alt="{address}" width="180" height="180"></p>
{install}</main></body></html>"""
INSTALL = """<h2>手机第一次使用 · The first time on a phone</h2>
<ol><li><a href="/ca.crt">下载证书 · Download the certificate</a></li>
<li>iPhone、iPad：设置 → 已下载描述文件 → 安装；再到 通用 → 关于本机 → 证书信任设置 打开它。<br>
Settings → Profile Downloaded → Install, then General → About → Certificate Trust Settings: switch it on.</li>
<li>Android：设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书。<br>
Settings → Security → Encryption &amp; credentials → Install a certificate → CA certificate.</li>
<li>Windows、macOS：双击文件，装入“受信任的根证书颁发机构”或“系统”钥匙串并设为信任。<br>
Open the file; put it into the trusted root authorities, or into the keychain as always trusted.</li>
<li>安装前请核对指纹，它与主机上 <code>flask --app app tls show</code> 打印的一致：<br>
Compare the fingerprint before you trust it; the machine prints the same:<br><code>{mark}</code></li></ol>
<p>它只对内网地址和本机名称有效。 It is good for private addresses and this machine's names only.</p>"""
STYLE = """body{font:16px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:0;color:#1c1a17;background:#f6f4f0}
main{max-width:40rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:12px}
code{overflow-wrap:anywhere}li{margin:.6rem 0}
a{color:#0b6b5d}"""


def code(address: str) -> bytes:
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", scale=6, border=2, xmldecl=False)
    return out.getvalue()


def answers(address: str, folder: Path) -> dict[str, tuple[str, bytes]]:
    """What is answered to each path; every other one gets the page."""
    ca = folder / tls.CA
    install = INSTALL.format(mark=certificates.fingerprint(ca)) if ca.is_file() else ""
    page = PAGE.format(address=html.escape(address), install=install).encode()
    found = {"/": ("text/html; charset=utf-8", page), "/plain.css": ("text/css", STYLE.encode())}
    found["/code.svg"] = ("image/svg+xml", code(address))
    if ca.is_file():
        found["/ca.crt"] = ("application/x-x509-ca-cert", ca.read_bytes())
    return found


class Handler(BaseHTTPRequestHandler):
    known: dict[str, tuple[str, bytes]] = {}
    timeout = 10

    def do_GET(self) -> None:
        kind, body = self.known.get(self.path.partition("?")[0], self.known["/"])
        self.send_response(200)
        headers = {
            "Content-Type": kind, "Content-Length": str(len(body)), "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
        }  # fmt: skip
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_words: object) -> None:
        pass


def serve(host: str, port: int, address: str, folder: Path) -> ThreadingHTTPServer:
    handler = type("Known", (Handler,), {"known": answers(address, folder)})
    return ThreadingHTTPServer((host, port), handler)


if __name__ == "__main__":
    die_with_parent()
    _host, _port, _address, _folder = sys.argv[1:5]
    serve(_host, int(_port), _address, Path(_folder)).serve_forever()
