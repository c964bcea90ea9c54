"""The page's files, as they are in the package, and the headers that keep everything else out of it.

They are read once, at the start: no request opens a file, or needs a thread to do so, and a package that is replaced
below a server that runs does not show half of one page and half of another.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

import orderbook_server

FOLDER = Path(orderbook_server.__file__).parent / "web"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # asked for again, and not sent again where it is the same
}


def files_of(folder: Path) -> Iterator[tuple[str, tuple[bytes, dict[str, str]]]]:
    """Yield the files below a folder: (path of the request, (content, headers))."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            media_type = f"{TYPES.get(path.suffix, 'text/plain')}; charset=utf-8"
            headers = {**HEADERS, "Content-Type": media_type, "ETag": f'"{sha256(content).hexdigest()[:32]}"'}
            yield f"/{path.relative_to(folder).as_posix()}", (content, headers)


class Pages:
    """Serves the files: an ASGI application for HTTP."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = dict(files_of(folder))
        self._files["/"] = self._files["/index.html"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file's content; raise HTTPException where there is none."""
        request = Request(scope)
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405)
        file = self._files.get(scope["path"])
        if file is None:
            raise HTTPException(404)
        content, headers = file
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
        is_known = headers["ETag"] in known or known == ["*"]
        await Response(b"" if is_known else content, 304 if is_known else 200, headers)(scope, receive, send)
