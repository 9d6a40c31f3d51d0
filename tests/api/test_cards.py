"""The contract on cards, C1 to C14, B2 and B3: one test or more for each number."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.stock import FAILED, MADE, PICTURED, RETIRED, STALE

CARDS = "/v1/catalog/cards"
LIST_KEYS = {"items": list, "total": int, "page": int, "page_size": int, "has_more": bool}
ITEM_KEYS = {
    "product_sku": str, "name": str, "rarity": str, "category": str, "subtype": (str, type(None)),
    "base_stats": (dict, type(None)), "artwork_url": (str, type(None)), "static_url": (str, type(None)),
    "video_url": (str, type(None)), "has_animation": bool, "display_label": (str, type(None)), "colors": list,
    "card_set": str, "images": dict, "updated_at": str, "content_hash": str,
}  # fmt: skip


def ask(client: TestClient, query: str = "") -> dict[str, Any]:
    reply = client.get(f"{CARDS}?{query}")
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def names(client: TestClient, query: str) -> list[str]:
    return [item["name"] for item in ask(client, f"page_size=100&{query}")["items"]]


def by_slug(client: TestClient, slug: str) -> dict[str, Any]:
    sku = {MADE: "AZURE-001", PICTURED: "AZURE-002", STALE: "AZURE-003", FAILED: "CRIMSON-008", RETIRED: "VERDANT-007"}
    found: dict[str, Any] = client.get(f"{CARDS}/{sku[slug]}").json()
    assert found["slug"] == slug
    return found


def test_c1_a_list_and_its_items_have_every_key(client: TestClient) -> None:
    body = ask(client)
    assert all(isinstance(body[key], kind) for key, kind in LIST_KEYS.items())
    for item in body["items"]:
        assert {key for key, kind in ITEM_KEYS.items() if not isinstance(item[key], kind)} == set()


def test_c2_pages_have_20_cards_and_at_most_100(client: TestClient) -> None:
    body = ask(client)
    assert (body["page"], body["page_size"], len(body["items"]), body["total"]) == (1, 20, 20, 26)
    assert ask(client, "page_size=5000")["page_size"] == 100


@pytest.mark.parametrize("size", [1, 3, 7, 20, 100])
def test_c3_walking_all_pages_meets_every_sku_once_in_order(client: TestClient, size: int) -> None:
    seen, page, more = [], 1, True
    while more:
        body = ask(client, f"page={page}&page_size={size}")
        seen += [item["product_sku"] for item in body["items"]]
        page, more = page + 1, body["has_more"]
    assert len(seen) == 26
    assert seen == sorted(seen, key=lambda sku: (sku.split("-")[0], int(sku.split("-")[1])))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("category=creature", 18), ("category=Action_Fast", 7), ("rarity=rare", 1), ("color=azure", 12),
        ("color=&category=&q=", 26), ("card_set=OPEN+Portal+enhanced", 26), ("q=AZURE+drift", 7), ("q=%25", 1),
        ("q=_", 1), ("q=smith%E2%80%99s", 1), ("q=null", 6), ("q=a%0Ab", 0), ("color=azure&q=7", 1),
    ],
)  # fmt: skip
def test_c4_filters_ignore_case_and_nothing_is_a_wildcard(client: TestClient, query: str, count: int) -> None:
    assert ask(client, query)["total"] == count


@pytest.mark.parametrize(
    ("query", "count"),
    [("has_artwork=true", 2), ("has_artwork=false", 24), ("has_video=true", 2), ("has_video=maybe", 26)],
)
def test_c5_has_artwork_and_has_video(client: TestClient, query: str, count: int) -> None:
    assert ask(client, query)["total"] == count


def test_c6_bounds_are_inclusive_and_what_is_no_number_is_ignored(client: TestClient) -> None:
    assert names(client, "attack_min=6&attack_max=7&color=azure") == ["Azure Drifter 6", "Azure Drifter 7"]
    assert names(client, "mana_cost_min=2.0&mana_cost_max=2") == ["Null 2"]
    body = ask(client, "health_min=abc")
    assert body["total"] == 26 and "health_min" in body["warnings"][0]


def test_c7_unknown_parameters_are_ignored_and_a_page_past_the_end_is_empty(client: TestClient) -> None:
    body = ask(client, "published=true")
    assert body["total"] == 26 and "published" in body["warnings"][0]
    far = ask(client, "page=99999999999999999999")
    assert (far["items"], far["has_more"], far["total"]) == ([], False, 26)


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=abc", "page_size=-5", "page_size=0", "page=1.5"])
def test_c8_a_page_that_cannot_be_is_a_problem(client: TestClient, query: str) -> None:
    reply = client.get(f"{CARDS}?{query}")
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("query", ["category=NOPE", "rarity=NOPE", "color=NOPE"])
def test_c8_an_unknown_value_is_an_empty_list_with_a_warning(client: TestClient, query: str) -> None:
    body = ask(client, query)
    assert (body["items"], body["total"], len(body["warnings"])) == ([], 0, 1)


@pytest.mark.parametrize("sku", ["AZURE-001", "azure-001", "aZuRe-001"])
def test_c9_one_card_in_any_case(client: TestClient, sku: str) -> None:
    card = client.get(f"{CARDS}/{sku}").json()
    more = {"attachment_rules", "duration", "token_spec", "rules_text", "flavor_text", "created_at"}
    assert card["product_sku"] == "AZURE-001" and set(ITEM_KEYS) | more <= set(card)
    assert card["created_at"].endswith("+00:00") and card["subtype"] is None


def test_c9_no_such_card_is_a_json_object_with_error(client: TestClient) -> None:
    reply = client.get(f"{CARDS}/AZURE-999")
    assert reply.status_code == 404
    assert {"error", "type", "title", "status", "detail", "instance"} <= set(reply.json())


def test_c10_enums_are_upper_case_everywhere(client: TestClient) -> None:
    body = client.get("/v1/catalog/filters").json()
    for key in ("categories", "colors", "rarities"):
        assert body[key] == sorted(word.upper() for word in body[key])


def test_c11_mana_cost_is_a_number_below_and_an_object_at_the_top(client: TestClient) -> None:
    card = by_slug(client, MADE)
    assert card["base_stats"] == {"mana_cost": 6, "energy_cost": 2, "attack": 4, "defense": 0, "health": 10}
    assert card["mana_costs"] == {"AZURE": 6} and "mana_cost" not in card
    assert (card["energy_cost"], card["attack"], card["defense"], card["health"]) == (2, 4, 0, 10)
    assert card["abilities"] == []


def test_c12_filters_are_sorted_and_their_ranges_are_numbers(client: TestClient) -> None:
    body = client.get("/v1/catalog/filters").json()
    assert body["stat_ranges"]["attack"] == {"min": 1, "max": 9}
    assert body["card_sets"] == ["Open Portal Enhanced"] and body["colors"] == ["AZURE", "CRIMSON", "VERDANT"]


def test_c13_addresses_are_of_this_site_or_null(client: TestClient) -> None:
    card = by_slug(client, MADE)
    assert card["artwork_url"] == "/static/cards/composite/sky_voyager_composite.png"
    assert card["static_url"] == "/static/cards/artwork/sky_voyager.png"
    assert (card["video_url"], card["has_animation"]) == ("/static/cards/videos/sky_voyager.mp4", True)
    assert card["console_video_url"] == "/static/cards/videos/sky_voyager.ogv"
    assert by_slug(client, PICTURED)["artwork_url"] is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_c14_every_address_answers_with_its_type(client: TestClient, method: str) -> None:
    kinds = {"png": "image/png", "webp": "image/webp", "mp4": "video/mp4", "ogv": "video/ogg"}
    for item in ask(client, "page_size=100")["items"] + [by_slug(client, RETIRED)]:
        urls = [item[key] for key in ("artwork_url", "static_url", "video_url", "console_video_url")]
        for url in filter(None, urls + [image["url"] for image in item["images"].values() if image]):
            reply = client.request(method, url)
            assert (reply.status_code, reply.headers["content-type"]) == (200, kinds[url.rpartition(".")[2]]), url


def test_b2_images_say_what_is_there(client: TestClient) -> None:
    images = by_slug(client, MADE)["images"]
    assert list(images) == ["thumb", "small", "normal", "large", "png", "art"]
    for image in images.values():
        assert set(image) == {"url", "width", "height", "bytes", "sha256", "type"}
        assert len(client.get(image["url"]).content) == image["bytes"]


@pytest.mark.parametrize(
    ("slug", "status", "draft"),
    [(MADE, "ok", True), (PICTURED, "placeholder", False), (STALE, "stale", True), (FAILED, "failed", False)],
)
def test_b2_the_status_of_a_picture(client: TestClient, slug: str, status: str, draft: bool) -> None:
    card = by_slug(client, slug)
    assert (card["image_status"], card["draft"]) == (status, draft)


def test_b3_a_list_leads_on_to_the_next_page_with_its_filters(client: TestClient) -> None:
    reply = client.get(f"{CARDS}?color=azure&page_size=5&page=2")
    following = "/v1/catalog/cards?color=azure&page_size=5&page=3"
    assert reply.json()["next"] == following
    assert f'<{following}>; rel="next"' in reply.headers["link"] and 'rel="prev"' in reply.headers["link"]
    assert client.get(following).json()["next"] is None


def test_a_retired_card_is_absent_from_lists_and_there_by_its_sku(client: TestClient) -> None:
    assert "Old Guard" not in names(client, "") and by_slug(client, RETIRED)["retired"] is True


def test_the_card_sets(client: TestClient) -> None:
    body = client.get("/v1/admin/card-sets").json()
    assert body["success"] is True and body["total"] == 1
    (one,) = body["card_sets"]
    assert set(one) == {"id", "name", "code", "theme", "total_cards", "created_at"} and one["total_cards"] == 26


def test_of_a_parameter_that_is_named_twice_the_first_counts(client: TestClient) -> None:
    assert ask(client, "color=azure&color=crimson")["total"] == 12
