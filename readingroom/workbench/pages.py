"""The few pages that the front shows by itself: the frame of the application, the refusal."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from aiohttp import web

_FRAME = """<!doctype html>
<html lang="{language}" data-app-name="ReadingRoom" data-launcher-retry="[]"
      translate="no" class="notranslate">
<head>
<base href="/">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>ReadingRoom</title>
<link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/static/workbench.css">
{scripts}
<script src="/vue.global.js"></script>
{assets}
</head>
<body>
<div id="app"><div class="rr-start"><div class="rr-spinner"></div>
<div>ReadingRoom</div></div></div>
</body>
</html>
"""
_REFUSAL = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>ReadingRoom</title>
<link rel="stylesheet" href="/static/workbench.css"></head>
<body><div class="rr-start"><h1>ReadingRoom</h1>
<p lang="en">This browser has not been let in. Open the address that
<code>readingroom review</code> printed; it holds the key.</p>
<p lang="zh">此浏览器尚未获准访问。请打开 <code>readingroom review</code>
打印的地址，其中包含密钥。</p></div></body></html>
"""


def index(language: str) -> web.Response:
    """Return the application's frame, which then loads everything from this server."""
    text = _FRAME.format(
        language=language, scripts=own_scripts(), assets="\n".join(client_assets())
    )
    return web.Response(text=text, content_type="text/html")


def own_scripts() -> str:
    """Return the tags of this package's own scripts, which come before trame's."""
    names = ("link", "language", "keys", "upload", "pictures", "scroll", "viewer")
    return "\n".join(f'<script src="/static/{name}.js"></script>' for name in names)


def refused(language: str) -> web.Response:
    """Return the page for someone who does not bring the key."""
    return web.Response(
        text=_REFUSAL.format(language=language), content_type="text/html", status=403
    )


def client_assets() -> list[str]:
    """Return the tags by which trame's own page loads its client; their names hold a hash."""
    www = importlib.import_module("trame_client.module.vue3").www
    page = (Path(www) / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r'<script type="module"[^>]*></script>', page)
    styles = re.findall(r'<link rel="stylesheet"[^>]*>', page)
    return [*styles, *scripts]
