"""The pages, as they are sent and as Chromium shows them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from starlette.testclient import TestClient

from deckport_assets.catalog.prompts import Origin, add_prompt
from deckport_assets.catalog.reviewing import judge
from deckport_assets.catalog.versions import Review
from tests.api.stock import MADE, RUN, Stock

PAGES = [
    "/", "/?color=AZURE&status=draft", "/cards/AZURE-001", "/cards/azure-002", "/review", "/failures", "/nope",
    "/?q=zzz", "/prompts", "/prompts/write?card=AZURE-001",
]  # fmt: skip


def text(client: TestClient, path: str) -> str:
    return client.get(path, headers={"Accept": "text/html"}).text


def until_told(client: TestClient, path: str, words: str) -> str:
    """The page, once it says so: a change is noticed within a second or so."""
    until = time.monotonic() + 3
    while words not in (page := text(client, path)):
        assert time.monotonic() < until, page
        time.sleep(0.05)
    return page


def test_the_gallery_counts_and_filters(client: TestClient) -> None:
    page = text(client, "/")
    assert "26 cards" in page and page.count('class="tile') == 26
    assert ">Azure (12)</option>" in page and ">Failed (1)</option>" in page and ">Stale (1)</option>" in page
    narrowed = text(client, "/?color=AZURE&status=draft")
    assert narrowed.count('class="tile') == 2 and "2 of 26 cards" in narrowed and "selected>Azure" in narrowed


def test_a_draft_is_marked_and_what_is_real_is_not(client: TestClient) -> None:
    assert 'class="chip draft"' in text(client, "/cards/AZURE-001")
    assert 'class="chip draft"' not in text(client, "/cards/AZURE-002")


def test_a_card_tells_where_everything_came_from(client: TestClient, stock: Stock) -> None:
    page = text(client, "/cards/azure-001")
    sha256 = stock.version(MADE, "cards/artwork").sha256
    for told in ("embedded", "painter-1", "$0.041", "1.5 s", f"http://dagster.test:3000/runs/{RUN}", sha256,
                 "Is large enough to print", "from the source", "this one counts", "moonlit azure sea"):  # fmt: skip
        assert told in page, told
    assert 'href="/cards/AZURE-002"' in page and text(client, "/cards/azure-001") == text(client, "/cards/sky-voyager")


def test_earlier_versions_stand_beside_each_other_with_the_way_back(own_client: TestClient, own_stock: Stock) -> None:
    before = own_stock.version(MADE, "cards/artwork").sha256
    own_stock.make(MADE, "cards/artwork", colour="red", draft=False)
    with own_stock.database.writing() as connection:
        add_prompt(connection, MADE, Origin.HUMAN, "A moon <script>alert(1)</script>", author="mara")
    page = text(own_client, "/cards/azure-001")
    assert f"deckport rollback artwork sky-voyager --to {before[:12]}" in page
    assert "by a person" in page and "1 other version" in page and "<script>alert" not in page


def test_what_waits_for_review_stands_with_what_was_found_and_both_answers(
    own_client: TestClient, own_stock: Stock
) -> None:
    assert "Nothing waits for review" in text(own_client, "/review")
    own_stock.make(MADE, "cards/artwork", colour="red", draft=False, flagged=True)
    sha256 = own_stock.version(MADE, "cards/artwork").sha256
    page = until_told(own_client, "/review", "1 to review")
    assert "It is blank, or nearly." in page
    for verdict in ("approve", "reject"):
        assert f"deckport review {MADE} --{verdict} --seen {sha256[:12]}" in page
    assert f"deckport review {MADE} --reject" in text(own_client, "/cards/azure-001")
    assert "To review (1)" in text(own_client, "/")
    assert own_client.get("/v1/catalog/cards/azure-001").json()["waits_for_review"] is True
    with own_stock.database.writing() as connection:
        judge(connection, "cards/artwork", MADE, Review.REJECTED, "mara")
    until_told(own_client, "/review", "Nothing waits for review")
    page = text(own_client, "/cards/azure-001")
    assert "rejected by mara" in page and f"deckport review {MADE} --undo" in page


def test_failures_say_cause_and_remedy(client: TestClient) -> None:
    page = text(client, "/failures")
    assert (
        "The text &lt;b&gt;does not&lt;/b&gt; fit." in page
        and "Shorten it; then:" in page
        and "1 attempt since" in page
    )
    assert "Card: text overflow" in page and "Sky" not in page
    assert "Shorten it; then:" in text(client, "/failures?asset=cards/composite&kind=text_overflow&page=7")
    assert "Shorten it; then:" not in text(client, "/failures?asset=cards/video")
    assert "waits for a person" in page


def test_a_retired_card_has_its_page(client: TestClient) -> None:
    assert ">retired<" in text(client, "/cards/verdant-007")


def test_a_browser_is_told_of_an_error_as_a_page(client: TestClient) -> None:
    reply = client.get("/cards/nope", headers={"Accept": "text/html"})
    assert (reply.status_code, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert client.get("/cards/nope").headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_from_elsewhere_and_every_picture_has_its_words(client: TestClient, path: str) -> None:
    page = text(client, path)
    assert not re.findall(r'(?:src|srcset|<link[^>]*href)="(?:https?:)?//', page)
    for image in re.findall(r"<img[^>]*>", page):
        assert " alt=" in image and " width=" in image and " height=" in image, image
    assert "default-src 'none'" in client.get(path, headers={"Accept": "text/html"}).headers["content-security-policy"]


@pytest.fixture
def page(browser: Browser, port: int) -> Iterator[Page]:
    """A window; anything that the page complains of fails the test."""
    complaints: list[str] = []
    opened = browser.new_page(base_url=f"http://127.0.0.1:{port}", viewport={"width": 1280, "height": 900})
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    opened.close()
    assert not [told for told in complaints if "404" not in told]


@pytest.mark.page
@pytest.mark.parametrize("width", [360, 800, 1440])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_the_window_and_its_pictures_load(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    broken = "[...document.images].filter(i => i.loading !== 'lazy' && !i.naturalWidth).map(i => i.src)"
    assert page.evaluate(broken) == []
    assert page.locator("h1").count() == 1


@pytest.mark.page
def test_choosing_a_filter_shows_the_cards_and_a_card_leads_to_its_neighbour(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Colour").select_option("CRIMSON")
    page.wait_for_url("**/?color=CRIMSON")
    assert page.locator(".tile").count() == 8
    page.locator(".tile").first.click()
    page.wait_for_url("**/cards/CRIMSON-001")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/cards/CRIMSON-002")
    assert page.get_by_role("heading", level=1).inner_text() == "Ember 2"


@pytest.mark.page
def test_everything_works_without_a_script(browser: Browser, port: int) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=f"http://127.0.0.1:{port}")
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Name").fill("ember")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/?q=ember*")
    assert page.locator(".tile").count() == 7
    context.close()
