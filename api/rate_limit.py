"""How often one client may ask: a sliding window over `/v1/`. Pages, media and health are not limited. Pure ASGI."""

from __future__ import annotations

import ipaddress
import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_reply

LIMITED = "/v1/"
WINDOW_S = 60


class RateLimit:
    """Refuses with 429 what goes beyond `per_minute`; says on every limited reply how much is left."""

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self.app = app
        self.item = RateLimitItemPerMinute(per_minute)
        self.policy = f'"default";q={per_minute};w={WINDOW_S}'
        self.limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one request and let it through, or refuse it."""
        if scope["type"] != "http" or not scope["path"].startswith(LIMITED):
            await self.app(scope, receive, send)
            return
        client = client_of(scope)
        allowed = self.limiter.hit(self.item, client)
        left = self.limiter.get_window_stats(self.item, client)
        wait = max(1, math.ceil(left.reset_time - time.time()))

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers["RateLimit-Policy"] = self.policy
                headers["RateLimit"] = f'"default";r={max(0, left.remaining)};t={wait}'
            await send(message)

        if allowed:
            await self.app(scope, receive, told)
            return
        detail = f"More than {self.item.amount} requests in a minute; ask again in {wait} s."
        await problem_reply(scope, 429, detail, {"Retry-After": str(wait)})(scope, receive, told)


def client_of(scope: Scope) -> str:
    """Who is asking: the address that the connection comes from; of an IPv6 address its /64. No header is believed."""
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
