"""Barcodes to print, drawn without a picture library."""

from __future__ import annotations

import base64
import functools
import importlib
import io
from typing import Any


@functools.lru_cache(maxsize=512)
def data_url(text: str) -> str:
    """Code 128 of a text as the address of an SVG picture; empty where the text holds what the code cannot."""
    if not text or not text.isascii() or not text.isprintable() or len(text) > 48:
        return ""
    out = io.BytesIO()
    options = {"module_height": 9.0, "module_width": 0.25, "quiet_zone": 2.0, "write_text": False}
    code = _library("barcode").get("code128", text, writer=_library("barcode.writer").SVGWriter())
    code.write(out, options=options)
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()


def _library(part: str) -> Any:
    """Loaded with the first paper that is printed: it brings Pillow along."""
    return importlib.import_module(part)
