"""What every request passes before a page sees it, and every answer carries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

LARGEST_BODY_BYTES: Final = 256_000
HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
        b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
LOCAL: Final = ("localhost", "127.0.0.1", "[::1]", "testserver")


class Guard:
    """Refuses what no page of ours would send, takes off the base path, adds safe headers."""

    def __init__(self, app: Any, base: str = "", hosts: Iterable[str] = LOCAL) -> None:
        self.app, self.base, self.hosts = app, base, frozenset(hosts)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])

        async def sends(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                more = [pair for pair in HEADERS if pair[0] not in own]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal:
            await _plain(sends, *refusal)
            return
        if self.base and scope["path"].startswith(f"{self.base}/"):
            scope = {**scope, "path": scope["path"][len(self.base) :]}
        await self.app(scope, _Limited(receive), sends)

    def _refusal(self, scope: Any, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        host = headers.get(b"host", b"").decode("latin-1")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if "*" not in self.hosts and name.lower() not in self.hosts:
            return 421, "unknown host name"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "method not allowed"
        if scope["method"] == "POST":
            site = headers.get(b"sec-fetch-site", b"same-origin")
            origin = headers.get(b"origin", b"").decode("latin-1")
            foreign = origin not in ("", "null") and origin.split("://")[-1] != host
            if site not in (b"same-origin", b"none") or (
                foreign and b"sec-fetch-site" not in headers
            ):
                return 403, "this form came from another site"
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > LARGEST_BODY_BYTES:
            return 413, "too large"
        return None


class _Limited:
    """A body that ends when it grows too large, whatever its length was said to be."""

    def __init__(self, receive: Any) -> None:
        self.receive, self.seen = receive, 0

    async def __call__(self) -> Any:
        message = await self.receive()
        self.seen += len(message.get("body", b""))
        if self.seen > LARGEST_BODY_BYTES:
            return {"type": "http.disconnect"}
        return message


async def _plain(send: Any, status: int, words: str) -> None:
    body = words.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
