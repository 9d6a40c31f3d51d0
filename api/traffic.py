"""What is counted of requests: how many, how they ended and how long they took. Pure ASGI; each app counts its own.

A request is known by its route's template, so that no address that somebody makes up becomes a series of its own.
"""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UNMATCHED = "unmatched"
METHODS = ("GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS")
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Traffic:
    """The counts of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "deckport_http_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.durations = Histogram(
            "deckport_http_request_duration_seconds",
            "From a request's arrival to the end of its answer.",
            ("method", "route"),
            buckets=BUCKETS_S,
            registry=self.registry,
        )

    def note(self, method: str, route: str, status: int, duration_s: float) -> None:
        """One request was answered."""
        known = method if method in METHODS else "other"
        self.requests.labels(known, route, str(status)).inc()
        self.durations.labels(known, route).observe(duration_s)


class Count:
    """The layer that notes every request. Outermost, so that it sees what the client is sent."""

    def __init__(self, app: ASGIApp, traffic: Traffic) -> None:
        self.app = app
        self.traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, seen)
        finally:
            self.traffic.note(scope["method"], template_of(scope), status, time.perf_counter() - began)


def template_of(scope: Scope) -> str:
    """The template of the route that a request is for, also when something before the router answered it."""
    route: BaseRoute | None = scope.get("route")
    if route is None and "app" in scope:
        route = next((each for each in scope["app"].routes if each.matches(scope)[0] is not Match.NONE), None)
    return route.path if isinstance(route, Route) else UNMATCHED
