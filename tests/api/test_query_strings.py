"""Whatever a client writes into a query, the answer is a list or a problem: never a 500."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.card_routes import first_values
from api.selection import KNOWN

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["", "0", "-1", "1e9", "٣", "²"]),
)


@SETTINGS
@given(query=st.dictionaries(st.sampled_from(sorted(KNOWN)) | st.text(max_size=9), VALUES, max_size=6))
def test_a_query_of_known_and_unknown_words(client: TestClient, query: dict[str, str]) -> None:
    told = urlencode(query, errors="surrogatepass")
    reply = client.get(f"/v1/catalog/cards?{told}")
    assert reply.status_code in (200, 400)
    body = reply.json()
    assert (body["page_size"] <= 100 and len(body["items"]) <= body["total"]) if reply.is_success else body["error"]
    assert client.get(f"/?{told}").status_code == 200


@SETTINGS
@given(query=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=60))
def test_a_query_of_any_letters(client: TestClient, query: str) -> None:
    assert client.get(f"/v1/catalog/cards?{query}").status_code in (200, 400)
    assert client.get(f"/?{query}").status_code == 200


@SETTINGS
@given(word=st.text(max_size=40))
def test_any_word_for_a_card(client: TestClient, word: str) -> None:
    told = quote(word, safe="", errors="surrogatepass")
    for path in ("/v1/catalog/cards/", "/cards/", "/static/cards/artwork/"):
        assert client.get(path + told).status_code in (200, 404)


def test_nul_is_left_out_of_a_query_because_no_database_takes_it() -> None:
    assert first_values("requester=a%00da&card=%00") == {"requester": "ada", "card": ""}
