"""Who asks: the key that a request carries, in a header or, from a page of ours, in a cookie. Storing keys is the
catalog's.
"""

from __future__ import annotations

from starlette.requests import Request

from api.live_catalog import LiveCatalog
from api.problems import Problem
from deckport_assets.catalog.keys import Key, key_of, note_use

COOKIE = "deckport_key"
HOW = 'Bearer realm="deckport", error="invalid_token"'


async def require_key(catalog: LiveCatalog, request: Request, scope: str) -> Key:
    """The key of a request that may do this. Raises 401 without a valid one, 403 for one of another scope."""
    secret = secret_of(request)
    if not secret:
        raise Problem(
            401,
            "This spends money, so it needs a key: deckport keys add NAME. Send it as Authorization: Bearer KEY.",
            {"WWW-Authenticate": 'Bearer realm="deckport"'},
        )
    key = await catalog.ask(lambda connection: key_of(connection, secret))
    if key is None:
        raise Problem(401, "This key opens nothing: it is wrong, or was revoked.", {"WWW-Authenticate": HOW})
    if key.scope != scope:
        raise Problem(403, f"The key {key.name} is for {key.scope}, not for {scope}.")
    await catalog.change(lambda connection: note_use(connection, key.name))
    return key


async def key_of_page(catalog: LiveCatalog, request: Request) -> Key | None:
    """The key that was entered in this browser, for what a page shows. None when there is none that opens anything."""
    secret = request.cookies.get(COOKIE, "")
    return await catalog.ask(lambda connection: key_of(connection, secret)) if secret else None


async def key_of_form(catalog: LiveCatalog, request: Request, scope: str) -> Key | None:
    """The same for what a page's form does, which is noted. Raises 403 for another site's form or another scope."""
    require_from_here(request)
    key = await key_of_page(catalog, request)
    if key is None:
        return None
    if key.scope != scope:
        raise Problem(403, f"The key {key.name} is for {key.scope}, not for {scope}.")
    await catalog.change(lambda connection: note_use(connection, key.name))
    return key


def require_from_here(request: Request) -> None:
    """Raises 403 for a form that no page of ours sent."""
    if not comes_from_here(request):
        raise Problem(403, "This form was not sent from a page of the catalog: open the page and send it from there.")


def secret_of(request: Request) -> str:
    """The key that a request carries, or nothing. A cookie is believed only when it comes from a page of ours."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and told.strip():
        return told.strip()
    if told := request.headers.get("x-api-key", "").strip():
        return told
    return request.cookies.get(COOKIE, "") if comes_from_here(request) else ""


def comes_from_here(request: Request) -> bool:
    """Whether a browser sent this from a page of ours: another site's page can make it send the cookie, not this."""
    if request.headers.get("sec-fetch-site") in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin", "")
    return bool(origin) and origin.partition("://")[2] == request.headers.get("host", "")
