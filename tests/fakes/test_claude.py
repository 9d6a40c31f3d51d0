"""The service on loopback answers as the real one would: each answer is whole by the SDK's own types.

The SDK reads leniently, so that an answer without a field would only be seen where the real service has it. What the
service's published document says beyond the types is `benchmarks.published_api`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import pytest
from anthropic import Anthropic, APIStatusError, BaseModel, NotFoundError, RateLimitError
from anthropic.types import Message
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from anthropic.types.shared import EnforcedSpendLimitReachedErrorDetails, ErrorResponse

from tests.fakes.claude import FakeClaude, running

Model = TypeVar("Model", bound=BaseModel)
BODY: Any = {
    "model": "claude-haiku-5-5",
    "max_tokens": 500,
    "system": [{"type": "text", "text": "Name things.", "cache_control": {"type": "ephemeral"}}],
    "messages": [{"role": "user", "content": "This moth?"}],
}
THREE: Any = [{"custom_id": name, "params": BODY} for name in ("one", "two", "three")]


@pytest.fixture
def fake() -> Iterator[FakeClaude]:
    with running(lambda body: "Brass Moth") as service:
        yield service


@pytest.fixture
def client(fake: FakeClaude) -> Iterator[Anthropic]:
    with Anthropic(api_key="sk-test", base_url=fake.url, max_retries=0) as opened:
        yield opened


def whole(kind: type[Model], answer: bytes) -> Model:
    """The answer as one of the SDK's types: no field is missing or of another type, and none is unknown to it."""
    made = kind.model_validate_json(answer, strict=True)
    assert invented(made) == []
    return made


def invented(value: object) -> list[str]:
    """Fields that the SDK does not know, anywhere below."""
    if isinstance(value, list):
        return [name for each in value for name in invented(each)]
    if not isinstance(value, BaseModel):
        return []
    below = [name for field in type(value).model_fields for name in invented(getattr(value, field))]
    return [*(value.model_extra or {}), *below]


@pytest.mark.parametrize("stop_reason", ["end_turn", "max_tokens", "refusal", "model_context_window_exceeded"])
def test_a_message_is_whole(fake: FakeClaude, client: Anthropic, stop_reason: str) -> None:
    fake.switches.stop_reason = stop_reason
    client.messages.create(**BODY)
    message = whole(Message, fake.exchanges[-1].answer)
    assert message.stop_reason == stop_reason and (message.stop_details is not None) == (stop_reason == "refusal")


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429, 500, 504, 529])
def test_an_error_is_whole_and_has_one_number(fake: FakeClaude, client: Anthropic, status: int) -> None:
    fake.switches.status = [status]
    with pytest.raises(APIStatusError) as refused:
        client.messages.create(**BODY)
    told = whole(ErrorResponse, fake.exchanges[-1].answer)
    assert refused.value.status_code == status and refused.value.type == told.error.type
    assert told.request_id == refused.value.request_id


def test_a_spend_limit_is_known_by_its_code(fake: FakeClaude, client: Anthropic) -> None:
    fake.switches.status, fake.switches.error_code = [429], "enforced_spend_limit_reached"
    with pytest.raises(RateLimitError) as refused:
        client.messages.create(**BODY)
    assert isinstance(refused.value.details, EnforcedSpendLimitReachedErrorDetails)


def test_a_batch_goes_its_way_and_is_whole_at_each_step(fake: FakeClaude, client: Anthropic) -> None:
    fake.switches.errored, fake.switches.expire, fake.switches.batch_seconds = 1, 1, 60.0
    number = client.messages.batches.create(requests=THREE).id
    begun = whole(MessageBatch, fake.exchanges[-1].answer)
    assert (begun.processing_status, begun.request_counts.processing, begun.results_url) == ("in_progress", 3, None)
    fake.batches[number]["ready_at"] = 0.0
    assert [each.id for each in client.messages.batches.list()] == [number]
    client.messages.batches.retrieve(number)
    ended = whole(MessageBatch, fake.exchanges[-1].answer)
    assert (ended.processing_status, ended.request_counts.succeeded, ended.request_counts.expired) == ("ended", 1, 1)
    list(client.messages.batches.results(number))
    lines = [whole(MessageBatchIndividualResponse, line) for line in fake.exchanges[-1].answer.splitlines()]
    found = {line.custom_id: line.result for line in lines}
    assert {name: result.type for name, result in found.items()} == {
        "one": "expired", "two": "errored", "three": "succeeded",
    }  # fmt: skip
    assert found["three"].message.usage.service_tier == "batch"  # type: ignore[union-attr]


def test_a_batch_that_is_cancelled_answers_nobody(fake: FakeClaude, client: Anthropic) -> None:
    fake.switches.batch_seconds = 60.0
    number = client.messages.batches.create(requests=THREE).id
    client.messages.batches.cancel(number)
    assert whole(MessageBatch, fake.exchanges[-1].answer).processing_status == "canceling"
    assert {line.result.type for line in client.messages.batches.results(number)} == {"canceled"}
    assert not +fake.answered


def test_what_there_is_not_is_told_so(fake: FakeClaude, client: Anthropic) -> None:
    with pytest.raises(NotFoundError):
        client.messages.batches.retrieve("msgbatch_none")
    fake.switches.batch_seconds = 60.0
    number = client.messages.batches.create(requests=THREE).id
    with pytest.raises(NotFoundError):
        client.get(f"/v1/messages/batches/{number}/results", cast_to=object)
