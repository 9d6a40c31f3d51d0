"""`/health`, `/livez`, `/readyz`: whether the service can be used; of the database without the error's own words."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.live_catalog import LiveCatalog, NoCatalog
from deckport_assets.catalog.reading import service_circuits
from deckport_assets.catalog.services import Circuit, State
from deckport_assets.errors import ServiceUnavailable


class HealthRoutes:
    """The three questions that a console, an operator and a supervisor ask."""

    def __init__(self, catalog: LiveCatalog) -> None:
        self.catalog = catalog

    def routes(self) -> list[Route]:
        """What the application mounts."""
        return [Route("/health", self.health), Route("/livez", self.livez), Route("/readyz", self.readyz)]

    async def health(self, _request: Request) -> Response:
        """200 while the database answers, else 503. An outside service's open circuit is told, and is no illness."""
        told: dict[str, object] = {"status": "ok", "database": "connected", "service": "api"}
        try:
            circuits = await self.catalog.ask(service_circuits)
        except NoCatalog as error:
            told |= {"status": "degraded", "database": "missing", "remedy": error.remedy}
        except ServiceUnavailable:
            told |= {"status": "degraded", "database": "disconnected"}
        else:
            told |= _services(circuits)
        return _told(told, healthy=told["status"] == "ok")

    async def livez(self, _request: Request) -> Response:
        """200 as long as the process answers; the database is not asked."""
        return _told({"status": "ok"}, healthy=True)

    async def readyz(self, _request: Request) -> Response:
        """200 once the read model is loaded."""
        ready = self.catalog.model is not None
        if not ready:
            self.catalog.refresh()
        return _told({"status": "ready" if ready else "loading"}, healthy=ready)


def _services(circuits: Mapping[str, Circuit]) -> dict[str, object]:
    """Each outside service's state; of one that is left alone also why, since when, and when it is tried again."""
    if not circuits:
        return {}
    left_alone = {
        name: {
            "state": circuit.state.value,
            "cause": circuit.cause,
            "since": circuit.since.isoformat() if circuit.since else None,
            "retry_at": circuit.retry_at.isoformat() if circuit.retry_at else None,
        }
        for name, circuit in circuits.items()
        if circuit.state is not State.CLOSED
    }
    states = {name: circuit.state.value for name, circuit in circuits.items()}
    return {"services": states} | ({"left_alone": left_alone} if left_alone else {})


def _told(body: dict[str, object], *, healthy: bool) -> Response:
    return JSONResponse(body, 200 if healthy else 503, {"Cache-Control": "no-store"})
