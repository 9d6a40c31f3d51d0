"""Claude's Message Batches: many questions in one piece, for half the price, answered within a day.

Only the calls stand here. Which cards are asked for, what is written down before and what becomes of the answers is
`prompt_batches`' and the catalog's. Nothing is retried by itself but what certainly did not arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deckport_assets.errors import DeckportError, MissingModel, NeedsMoney, PossiblyBilled, Rejected, ServiceUnavailable
from deckport_assets.resources.claude.service import Claude, Question, as_ours, in_print, tokens_of
from deckport_assets.resources.prices import Tokens
from deckport_assets.resources.providers import Occasion


@dataclass(frozen=True, slots=True)
class Told:
    """What the service says of a batch."""

    service_id: str
    ended: bool
    size: int
    done: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item: `message` is its answer, else `kind` says why there is none.

    `kind` is the service's: succeeded, errored, canceled, expired. `rejected` says that asking again is in vain.
    """

    custom_id: str
    kind: str
    message: Any = None
    model: str = ""
    tokens: Tokens | None = None
    cause: str = ""
    rejected: bool = False


class Batches:
    """The batches of one Claude."""

    def __init__(self, claude: Claude) -> None:
        self.claude = claude

    def __repr__(self) -> str:
        return f"Batches({self.claude!r})"

    def create(self, questions: Mapping[str, Question[Any]], occasion: Occasion, before: Callable[[], None]) -> Told:
        """Hand in questions by the name of each; `before` is called before they go out.

        Raises PossiblyBilled when nobody knows whether they arrived, and what `Claude.ask` raises when they did not.
        """
        import anthropic

        requests: Any = [{"custom_id": name, "params": self.claude.body(asked)} for name, asked in questions.items()]
        headers = {"X-Correlation-ID": occasion.correlation} if occasion.correlation else {}
        with self.claude.room(f"a batch of {len(requests)}", occasion):
            try:
                with self.claude.client(before, most_retries=0) as client:
                    made = client.messages.batches.create(
                        requests=requests, extra_headers=headers, timeout=self.claude.timeout_s
                    )
                return _told(made)
            except anthropic.APIStatusError as error:
                if error.status_code >= 500 and error.status_code != 529:
                    raise PossiblyBilled(f"Claude says {error.status_code} to a batch; it may have it.") from None
                raise self._noted(as_ours(error)) from None
            except anthropic.AnthropicError as error:
                raise self._noted(as_ours(error)) from None
            except (ServiceUnavailable, NeedsMoney) as error:
                raise self._left_alone(error) from None
            except (ValueError, AttributeError, TypeError) as error:
                raise PossiblyBilled(f"Claude's answer cannot be read ({type(error).__name__}).") from None

    def look(self, service_id: str) -> Told:
        """How far a batch is."""
        return _told(self._ask(lambda client: client.messages.batches.retrieve(service_id)))

    def cancel(self, service_id: str) -> Told:
        """Have the service stop; what it has finished is answered and paid."""
        return _told(self._ask(lambda client: client.messages.batches.cancel(service_id)))

    def since(self, moment: datetime) -> list[Told]:
        """The batches that were created at this moment or later, the latest first."""

        def read(client: Any) -> list[Told]:
            found = []
            for each in client.messages.batches.list(limit=100):
                if (told := _told(each)).created_at < moment:
                    break
                found.append(told)
            return found

        return self._ask(read)  # type: ignore[no-any-return]  # it gives what `read` gives

    def results(self, service_id: str) -> Iterator[Result]:
        """What became of each item of a batch that has ended, in no order."""
        with self._looking() as client:
            for line in client.messages.batches.results(service_id):
                yield _readable(line)

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        with self._looking() as client:
            return question(client)

    @contextmanager
    def _looking(self) -> Iterator[Any]:
        """The SDK's client for what costs nothing; what goes wrong is raised as ours."""
        import anthropic

        try:
            with self.claude.client(_nothing) as client:
                yield client
        except anthropic.AnthropicError as error:
            raise self._noted(as_ours(error)) from None
        except (ServiceUnavailable, NeedsMoney) as error:
            raise self._left_alone(error) from None
        except PossiblyBilled as error:  # looking costs nothing
            raise self._noted(ServiceUnavailable(str(error))) from None
        except (ValueError, AttributeError, TypeError) as error:  # no reason to leave the service alone
            raise ServiceUnavailable(_unreadable(error), remedy=_UNREADABLE) from None

    def _left_alone(self, error: ServiceUnavailable | NeedsMoney) -> DeckportError:
        """What our layer in the SDK has read from an answer: the service wants to be left alone, or money."""
        if isinstance(error, NeedsMoney) or error.after_s is not None:
            self.claude.note_failure(error)
        return error

    def _noted(self, error: DeckportError) -> DeckportError:
        if isinstance(error, MissingModel):  # a 404 here is the batch's
            return Rejected(
                f"Claude does not know this batch any more: {error}", remedy="deckport prompts batches --give-up NUMBER"
            )
        self.claude.note_failure(error)
        return error


_UNREADABLE = "It is asked for again; one that stays so is given up: deckport prompts batches --give-up NUMBER"


def _nothing() -> None:
    """Nothing is to be written down before looking."""


def _unreadable(error: Exception) -> str:
    return f"Claude's answer cannot be read ({type(error).__name__})."


def _told(batch: Any) -> Told:
    counts = batch.request_counts
    done = counts.succeeded + counts.errored + counts.canceled + counts.expired
    return Told(batch.id, batch.processing_status == "ended", done + counts.processing, done, batch.created_at)


def _readable(line: Any) -> Result:
    """One item; one whose form is another holds up none of the others."""
    try:
        return _result(line)
    except (ValueError, AttributeError, TypeError) as error:
        kind = str(getattr(getattr(line, "result", None), "type", "unreadable"))
        return Result(str(getattr(line, "custom_id", "")), kind, cause=_unreadable(error))


def _result(line: Any) -> Result:
    result = line.result
    if result.type == "succeeded":
        message = result.message
        return Result(line.custom_id, result.type, message, message.model, tokens_of(message.usage))
    if result.type == "errored":
        error = result.error.error
        return Result(
            line.custom_id,
            result.type,
            cause=f"Claude says {in_print(error.type)}: {in_print(error.message)}",
            rejected=error.type in ("invalid_request_error", "not_found_error", "request_too_large"),
        )
    return Result(line.custom_id, result.type, cause=f"Its item has {result.type}.")
