"""The page of the prompt queue: what a producer sees, asks for and writes there, with a key and without."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

import pytest
from playwright.sync_api import Browser, Page
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.prompt_list import MOST_ENDED, WRITER
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog import services
from deckport_assets.catalog.database import now
from deckport_assets.catalog.keys import add_key, list_keys, revoke_key
from deckport_assets.catalog.prompt_queue import Request, Status
from deckport_assets.catalog.prompts import Origin, prompt_versions
from deckport_assets.catalog.tables import prompt_batches
from deckport_assets.errors import BadAnswer
from deckport_assets.resources.claude.service import SERVICE
from tests.api.conftest import PLENTY, serving
from tests.api.stock import MADE, PICTURED, RETIRED, Stock
from tests.api.test_pages import text

HERE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.test", "Accept": "text/html"}
Enter = Callable[[str], str]


@pytest.fixture
def enter(own_stock: Stock, own_client: TestClient) -> Enter:
    """Enter the key of a person, as they do on the page; gives its secret."""

    def enter(name: str) -> str:
        with own_stock.database.writing() as connection:
            secret = add_key(connection, name, "prompts")
        assert send(own_client, "/key", key=secret) == "/prompts?said=known"
        return secret

    return enter


def send(client: TestClient, path: str, **fields: str) -> str:
    """Send a form of a page; gives where it leads."""
    reply = client.post(path, data=fields, headers=HERE, follow_redirects=False)
    assert reply.status_code == 303, reply.text
    return reply.headers["location"]


def put(stock: Stock, card: str = MADE, words: str = "", requester: str = "ada", priority: int = 5) -> Request:
    with stock.database.writing() as connection:
        return queue.enqueue(connection, card=card, words=words, requester=requester, priority=priority)[0]


def requests(stock: Stock) -> list[Request]:
    with stock.database.reading() as connection:
        return [*queue.in_line(connection), *queue.settled(connection)]


def test_an_empty_queue_says_what_to_do(client: TestClient) -> None:
    page = text(client, "/prompts")
    assert "No prompt waits" in page and "deckport keys add NAME" in page and "embedded writer" in page
    assert 'action="/prompts"' not in page and "data-refreshes-s" not in page


def test_without_a_key_one_sees_what_waits_and_cannot_touch_it(own_client: TestClient, own_stock: Stock) -> None:
    number = put(own_stock, words="at <b>dusk</b>").id
    page = text(own_client, "/prompts")
    assert "at &lt;b&gt;dusk&lt;/b&gt;" in page and "asked by ada" in page and 'href="/cards/AZURE-001"' in page
    assert "1 prompt to write" in page and f"/prompts/{number}/cancel" not in page and "data-refreshes-s" in page
    for path in ("/prompts", f"/prompts/{number}/cancel", f"/prompts/{number}/retry"):
        assert send(own_client, path, card=PICTURED) == "/prompts?said=keyless"
    assert send(own_client, "/prompts/write", card=MADE, text="Mine.") == f"/prompts/write?card={MADE}&said=keyless"
    assert [(each.card, each.status) for each in requests(own_stock)] == [(MADE, Status.QUEUED)]


def test_a_key_is_entered_once_and_forgotten(own_client: TestClient, own_stock: Stock, enter: Enter) -> None:
    assert send(own_client, "/key", key="dk_wrong") == "/prompts?said=unknown"
    assert "This key opens nothing" in text(own_client, "/prompts?said=unknown") and not own_client.cookies
    secret = enter("ada")
    page = text(own_client, "/prompts")
    assert "You are <b>ada</b>" in page and secret not in page
    with own_stock.database.reading() as connection:
        assert list_keys(connection)[0].last_used_at is not None
    assert send(own_client, "/key/forget") == "/prompts?said=forgotten"
    assert "You are" not in text(own_client, "/prompts") and not own_client.cookies


def test_the_key_s_cookie_is_for_this_site_s_pages_alone(own_client: TestClient, own_stock: Stock) -> None:
    with own_stock.database.writing() as connection:
        secret = add_key(connection, "ada", "prompts")
    for headers, is_secure in ((HERE, False), ({"Origin": "https://testserver"}, True)):
        reply = own_client.post("/key", data={"key": secret}, headers=headers, follow_redirects=False)
        words = {word.strip().lower() for word in reply.headers["set-cookie"].split(";")}
        assert {"httponly", "samesite=strict", "path=/", "max-age=2592000"} <= words
        assert ("secure" in words) is is_secure and secret not in reply.headers["location"]


def test_a_revoked_key_is_told_and_does_nothing(own_client: TestClient, own_stock: Stock, enter: Enter) -> None:
    enter("ada")
    with own_stock.database.writing() as connection:
        revoke_key(connection, "ada")
    assert "opens nothing any more" in text(own_client, "/prompts")
    assert send(own_client, "/prompts", card=MADE) == "/prompts?said=keyless" and requests(own_stock) == []


def test_a_form_of_another_site_does_nothing(own_client: TestClient, own_stock: Stock, enter: Enter) -> None:
    secret = enter("ada")
    number = put(own_stock).id
    for path in ("/prompts", f"/prompts/{number}/cancel", "/prompts/write", "/key", "/key/forget"):
        reply = own_client.post(path, data={"card": PICTURED, "key": secret, "text": "x"}, headers=ELSEWHERE)
        assert reply.status_code == 403 and "not sent from a page" in reply.text
        assert own_client.post(path, data={"card": PICTURED, "key": secret}).status_code == 403
    assert [each.status for each in requests(own_stock)] == [Status.QUEUED] and "deckport_key" in own_client.cookies


def test_a_request_is_asked_for_cancelled_and_asked_for_again(
    own_client: TestClient, own_stock: Stock, enter: Enter
) -> None:
    enter("ada")
    assert 'value="AZURE-001"' in text(own_client, "/prompts?card=AZURE-001")
    fields = {
        "card": "AZURE-001",
        "text": "at dusk\r\nfrom below",
        "references": "set one\r\n\r\nset two",
        "priority": "8",
    }
    assert send(own_client, "/prompts", **fields) == "/prompts?said=asked"
    (request,) = requests(own_stock)
    assert (request.card, request.words, request.priority, request.requester) == (MADE, "at dusk\nfrom below", 8, "ada")
    assert list(request.references) == ["set one", "set two"]
    assert "1. in line" in text(own_client, "/prompts")
    with own_stock.database.writing() as connection:
        queue.rest(connection, 300.0)
    assert ">Try it now</button>" in text(own_client, "/prompts")
    assert send(own_client, f"/prompts/{request.id}/retry") == "/prompts?said=again"
    assert ">Try it now</button>" not in text(own_client, "/prompts")
    assert send(own_client, f"/prompts/{request.id}/cancel") == "/prompts?said=cancelled"
    assert ">Ask again</button>" in text(own_client, "/prompts")
    assert send(own_client, f"/prompts/{request.id}/cancel") == "/prompts?said=ended"
    assert send(own_client, f"/prompts/{request.id}/retry") == "/prompts?said=again"
    assert requests(own_stock)[0].status is Status.QUEUED


def test_the_same_card_again_is_the_request_that_is_open(
    own_client: TestClient, own_stock: Stock, enter: Enter
) -> None:
    enter("ada")
    assert send(own_client, "/prompts", card=MADE) == "/prompts?said=asked"
    assert send(own_client, "/prompts", card="Sky Voyager") == "/prompts?said=already"
    assert len(requests(own_stock)) == 1 and "asked for already" in text(own_client, "/prompts?said=already")


def test_another_s_request_is_left_alone(own_client: TestClient, own_stock: Stock, enter: Enter) -> None:
    enter("ada")
    number = put(own_stock, requester="bo").id
    page = text(own_client, "/prompts")
    assert (
        "Only bo can cancel it." in page
        and f"/prompts/{number}/cancel" not in page
        and "/prompts/write?card=AZURE-001" in page
    )
    assert send(own_client, f"/prompts/{number}/cancel") == "/prompts?said=anothers"
    assert own_client.post(f"/prompts/{10**30}/cancel", headers=HERE).status_code == 404
    assert requests(own_stock)[0].status is Status.QUEUED


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "names no card and says nothing"),
        ({"card": "nobody"}, "There is no card &#39;nobody&#39;"),
        ({"card": RETIRED}, "has left the catalog"),
        ({"card": MADE, "priority": "11"}, "expected 1 to 10"),
        ({"card": MADE, "priority": "high"}, "expected 1 to 10"),
        ({"card": MADE, "references": "x\n" * 9}, "At most 8 references"),
    ],
)
def test_what_cannot_be_asked_for_comes_back_with_what_was_typed(
    own_client: TestClient, own_stock: Stock, enter: Enter, fields: dict[str, str], words: str
) -> None:
    enter("ada")
    typed = {"text": "a moon over the sea"} if fields else {}
    reply = own_client.post("/prompts", data=fields | typed, headers=HERE)
    assert reply.status_code == 400 and words in reply.text
    assert all(each in reply.text for each in typed.values()) and requests(own_stock) == []


def test_too_much_and_what_is_no_form_are_refused(own_client: TestClient, own_stock: Stock, enter: Enter) -> None:
    enter("ada")
    assert own_client.post("/prompts", data={"text": "x" * 70_000}, headers=HERE).status_code == 413
    assert own_client.post("/prompts", json={"text": "x"}, headers=HERE).status_code == 415
    assert requests(own_stock) == []


def test_what_has_ended_says_how(own_client: TestClient, own_stock: Stock, enter: Enter) -> None:
    enter("ada")
    written, broken, away = put(own_stock, MADE), put(own_stock, PICTURED), put(own_stock, "", "a poster")
    with own_stock.database.writing() as connection:
        first, second, third = (queue.claim(connection, "run") for _ in range(3))
        assert first and second and third and (first.id, second.id, third.id) == (written.id, broken.id, away.id)
        answer = {"text": "A moon.", "model": "claude-haiku-5-5", "cost_usd": 0.0041, "draft": False}
        queue.complete(connection, first, prompt_version=3, answer=answer)
        queue.fail(connection, second, BadAnswer("It was cut off.", remedy="Ask with fewer words."))
        queue.put_back(connection, third, why="Claude cannot be reached.", after_s=15)
    page = text(own_client, "/prompts")
    assert "Version 3 of its prompt" in page and "A moon." in page and "claude-haiku-5-5 · $0.0041" in page
    assert "It was cut off." in page and "Ask with fewer words." in page and ">Retry</button>" in page
    assert "Claude cannot be reached." in page and re.search(r"tried again in 1[45] s", page)
    assert send(own_client, f"/prompts/{broken.id}/retry") == "/prompts?said=again"


def test_a_long_wish_is_folded_under_its_first_words(own_client: TestClient, own_stock: Stock) -> None:
    short, long = ("at <dusk> " * 28).strip(), ("at <dawn> " * 29).strip()
    put(own_stock, MADE, short)
    folded = put(own_stock, PICTURED, long)
    page = text(own_client, "/prompts")
    assert f'<p class="wish">{escape(short)}</p>' in page
    first = escape(long[:119] + "…")
    assert f'<details class="wish long" id="wish-{folded.id}"><summary>{first}</summary><p>{escape(long)}</p>' in page


def test_what_failed_is_seen_however_much_was_written_since(own_client: TestClient, own_stock: Stock) -> None:
    broken = put(own_stock, MADE)
    with own_stock.database.writing() as connection:
        claimed = queue.claim(connection, "run")
        assert claimed is not None and queue.fail(connection, claimed, BadAnswer("It was cut off."))
        for n in range(MOST_ENDED + 1):
            queue.enqueue(connection, words=f"poster {n}", requester="ada")
            claimed = queue.claim(connection, "run")
            assert claimed is not None and queue.complete(connection, claimed, prompt_version=None, answer={})
    page = text(own_client, "/prompts")
    assert f"request-{broken.id}" in page and "It was cut off." in page
    assert "poster 1<" in page and "poster 0<" not in page


def test_a_writer_that_is_left_alone_is_told_with_the_cause(own_stock: Stock) -> None:
    assert WRITER == SERVICE
    put(own_stock)
    with own_stock.database.writing() as connection:
        services.failed(connection, WRITER, "Claude says 529: overloaded.", opens_after=1)
    paid = own_stock.settings.model_copy(update={"anthropic_api_key": SecretStr("sk-test")})
    with TestClient(create_app(paid)) as opened:
        page = text(opened, "/prompts")
        assert "Claude is left alone" in page and "Claude says 529: overloaded." in page
        assert "when Claude is back" in page and "embedded writer" not in page
        with own_stock.database.writing() as connection:
            services.succeeded(connection, WRITER)
        assert "left alone" not in text(opened, "/prompts")


def test_a_prompt_is_written_by_hand_and_its_open_request_is_taken_back(
    own_client: TestClient, own_stock: Stock, enter: Enter
) -> None:
    enter("ada")
    put(own_stock, MADE, "mine")
    put(own_stock, MADE, "another's", requester="bo")
    assert "/prompts/write?card=AZURE-001" in text(own_client, "/cards/AZURE-001")
    page = text(own_client, "/prompts/write?card=AZURE-001")
    assert "moonlit azure sea" in page and "from the source" in page and "Cancel my open request for this card" in page
    words = {"card": "AZURE-001", "text": "  A moth of brass.  ", "negative": "people", "cancel": "yes"}
    assert send(own_client, "/prompts/write", **words) == "/prompts/write?card=AZURE-001&said=written"
    with own_stock.database.reading() as connection:
        kept = prompt_versions(connection, MADE)[0]
    assert (kept.origin, kept.text, kept.negative, kept.author) == (Origin.HUMAN, "A moth of brass.", "people", "ada")
    assert {each.requester: each.status for each in requests(own_stock)} == {"ada": "cancelled", "bo": "queued"}
    page = text(own_client, "/prompts/write?card=AZURE-001&said=written")
    assert "counts from now on" in page and "It does not name the card" in page and "Cancel my open" not in page


def test_an_empty_prompt_is_not_kept_and_an_unticked_request_stays(
    own_client: TestClient, own_stock: Stock, enter: Enter
) -> None:
    enter("ada")
    put(own_stock, MADE)
    with own_stock.database.reading() as connection:
        before = len(prompt_versions(connection, MADE))
    reply = own_client.post("/prompts/write", data={"card": MADE, "text": " ", "negative": "fog"}, headers=HERE)
    assert reply.status_code == 400 and "the prompt is empty" in reply.text and ">fog</textarea>" in reply.text
    send(own_client, "/prompts/write", card=MADE, text="A moon.")
    with own_stock.database.reading() as connection:
        assert len(prompt_versions(connection, MADE)) == before + 1
    assert requests(own_stock)[0].status is Status.QUEUED


@pytest.mark.parametrize("card", ["nobody", "", RETIRED])
def test_a_card_that_is_not_there_has_no_prompt_to_write(client: TestClient, card: str) -> None:
    reply = client.get(f"/prompts/write?card={card}", headers=HERE)
    assert reply.status_code == 404 and ("There is no card" in reply.text or "has left the catalog" in reply.text)


def test_a_notice_is_one_of_ours_and_never_what_an_address_says(client: TestClient) -> None:
    assert "hacked" not in text(client, "/prompts?said=hacked")


def test_without_a_catalog_the_page_says_how_to_begin(own_client: TestClient, own_stock: Stock, enter: Enter) -> None:
    enter("ada")
    own_stock.settings.home.joinpath("catalog.db").unlink()
    assert "deckport import" in text(own_client, "/prompts")
    reply = own_client.post("/prompts", data={"card": MADE}, headers=HERE)
    assert reply.status_code == 503 and "no catalog" in reply.text


@pytest.fixture
def desk(own_stock: Stock, browser: Browser) -> Iterator[Page]:
    """A window on the page of a queue with something in it; what the page complains of fails the test."""
    put(own_stock, MADE, "as seen from a ship that is far below it, " * 3)
    put(own_stock, "", "https://example.test/" + "a" * 200, requester="bo")
    complaints: list[str] = []
    with serving(create_app(own_stock.settings, requests_per_minute=PLENTY)) as port:
        opened = browser.new_page(base_url=f"http://127.0.0.1:{port}", viewport={"width": 360, "height": 900})
        opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        yield opened
        opened.close()
    assert complaints == []


@pytest.mark.page
def test_a_producer_enters_a_key_asks_cancels_and_sees_what_others_do(desk: Page, own_stock: Stock) -> None:
    with own_stock.database.writing() as connection:
        secret = add_key(connection, "ada", "prompts")
    desk.goto("/prompts")
    desk.get_by_label("Key").fill(secret)
    desk.get_by_role("button", name="Enter").click()
    desk.get_by_text("You are ada").wait_for()
    desk.get_by_label("Card").fill("AZURE-002")
    desk.get_by_label("Priority").select_option("9")
    desk.get_by_role("button", name="Ask", exact=True).click()
    desk.get_by_text("It is in the queue.").wait_for()
    assert secret not in desk.content() and secret not in desk.url
    for width in (360, 800, 1440):
        desk.set_viewport_size({"width": width, "height": 900})
        assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    desk.get_by_label("Card").fill("half a na")
    put(own_stock, "azure-3", requester="bo", priority=10)
    cancel = desk.get_by_role("button", name="Cancel: request 3")
    cancel.focus()
    desk.evaluate("refresh()")
    desk.get_by_role("link", name="Azure Drifter 3", exact=True).wait_for()
    assert desk.get_by_label("Card").input_value() == "half a na"
    assert cancel.evaluate("button => button === document.activeElement"), "a list that is replaced keeps the focus"
    cancel.click()
    desk.get_by_role("button", name="Ask again").wait_for()
    desk.goto("/prompts/write?card=AZURE-002")
    desk.set_viewport_size({"width": 360, "height": 900})
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
    desk.get_by_label("Prompt", exact=True).fill("Moon Herald, in azure.")
    desk.get_by_role("button", name="Keep this prompt").click()
    desk.get_by_text("counts from now on").wait_for()


@pytest.mark.page
def test_a_novel_and_a_batch_leave_the_others_in_sight(desk: Page, own_stock: Stock) -> None:
    novel = put(own_stock, PICTURED, "once upon a time, " * 440)
    with own_stock.database.writing() as connection:
        batch = {"token": "t", "service_id": "", "model": "m", "requester": "ada", "size": 264, "done": 12}
        batch |= {"state": "open", "cause": "", "created_at": now(), "lease_until": now()}
        connection.execute(prompt_batches.insert().values(batch))
    desk.goto("/prompts")
    request = desk.locator(f"#request-{novel.id}")
    tall = "one => one.getBoundingClientRect().height"
    assert request.evaluate(tall) < 300
    request.locator("summary").click()
    assert request.evaluate(tall) > 2_000
    desk.evaluate("refresh()")
    assert request.locator("details").get_attribute("open") is not None, "what is being read stays open"
    line = desk.locator(".batch")
    assert "12 of 264 prompts" in line.inner_text()
    soft = desk.locator(".lead").first.evaluate("one => getComputedStyle(one).color")
    style = line.evaluate("one => [getComputedStyle(one).color, parseFloat(getComputedStyle(one).marginBottom)]")
    assert style[0] == soft and style[1] >= 10
