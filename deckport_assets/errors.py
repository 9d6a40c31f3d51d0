"""What can go wrong, as one tree.

    DeckportError                    carries `remedy`, what a person does about it
    ├── Retryable                    the same call may succeed later
    │   ├── ServiceUnavailable       an outside service is down, busy or its circuit is open
    │   │   ├── Unreached            it is not there: nothing was sent
    │   │   └── Stalled              it answers, but its work does not move
    │   ├── TimedOut                 it took longer than it may, and was stopped
    │   ├── OutOfMemory              the service had too little memory at that moment
    │   ├── Lost                     the work was accepted and its result is gone
    │   │   └── OutputMissing        the service says that it is done, and its file is not there or broken
    │   ├── Damaged                  a stored file is missing or is not what its row says
    │   ├── StorageFull              no room to write; nothing half-written stays
    │   └── WaitsForInput            an asset that this one is made from is not there yet
    ├── Rejected                     the same input will fail again: a person changes the input
    │   ├── BadSource                a source file cannot be read at all (CSV)
    │   ├── BadImage                 a picture is broken, too large or of the wrong shape
    │   ├── BadProfile               a colour profile is broken or of a kind that nothing is printed with
    │   ├── BadDeck                  a deck list has lines that name no card
    │   ├── BadPrompt                a prompt breaks the rules
    │   ├── BadAnswer                a machine's answer was paid and cannot be used
    │   │   └── RefusedByModel       a machine refuses to answer
    │   ├── BadRequest               a request of the prompt queue is wrong
    │   ├── TemplateError            a workflow, its bindings or what is asked of it are wrong
    │   ├── MissingNode              a service has no such node
    │   ├── MissingModel             a service has no such model
    │   ├── NodeFailed               a node of the workflow failed
    │   ├── Unauthorised             a service does not let us in
    │   ├── ThemeError               a theme is wrong
    │   │   ├── MissingElement       a part that the theme names, or needs, is not there
    │   │   └── MissingGlyph         no font of the theme has a letter
    │   ├── TextOverflow             a text does not fit its box at the least readable size
    │   └── Retired                  the card has left the catalog
    ├── NeedsMoney                   a budget or a spend limit refuses
    ├── PossiblyBilled               the call may have been paid and its answer is unknown: never repeated unasked
    ├── Cancelled                    a person stopped it: never repeated by itself
    │   └── Interrupted              a person stopped it at the service
    └── Refused                      the command itself is not allowed as asked (a missing --yes, a wrong setting)
        └── InABatch                 a batch is writing the card's prompt already

Only the classes live here, no handling. Whether something is repeated by itself is `retryable`, nothing else.
"""

from __future__ import annotations


class DeckportError(Exception):
    """A failure that the project expects. `str()` says what happened; `remedy` says what to do."""

    retryable = False

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    @property
    def kind(self) -> str:
        """The word for this failure in lists and metadata, as `text_overflow`."""
        name = type(self).__name__
        return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


class Retryable(DeckportError):
    """The same call may succeed later."""

    retryable = True


class ServiceUnavailable(Retryable):
    """An outside service is down, busy, or its circuit is open. `after_s` is how long it asked to be left alone."""

    def __init__(self, message: str, *, remedy: str = "", after_s: float | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.after_s = after_s


class Unreached(ServiceUnavailable):
    """A service is not there: the connection was not made, and nothing was sent."""


class Stalled(ServiceUnavailable):
    """A service answers, but its work does not move."""


class Lost(Retryable):
    """The work was accepted and its result is gone."""


class OutputMissing(Lost):
    """The service says that it is done, and its file is not there, or is broken."""


class TimedOut(Retryable):
    """It took longer than it may, and was stopped."""


class OutOfMemory(Retryable):
    """The service had too little memory at that moment."""


class Damaged(Retryable):
    """A stored file is missing or is not what its row says."""


class StorageFull(Retryable):
    """No room to write. Nothing half-written stays behind."""


class Rejected(DeckportError):
    """The same input will fail again; a person changes the input."""


class BadSource(Rejected):
    """A source file cannot be read at all: the database stays as it was."""


class BadImage(Rejected):
    """A picture is broken, too large, or of the wrong shape."""


class BadProfile(Rejected):
    """A colour profile is broken, or of a kind that nothing is printed with."""


class BadDeck(Rejected):
    """A deck list has lines that name no card or no number of copies."""


class BadAnswer(Rejected):
    """A machine's answer was paid for and cannot be used: another form, cut off, another card."""


class RefusedByModel(BadAnswer):
    """A machine refuses to answer."""


class BadRequest(Rejected):
    """A request of the prompt queue is wrong."""


class BadPrompt(Rejected):
    """A prompt breaks the rules."""


class TemplateError(Rejected):
    """A workflow, its bindings, or what is asked of it are wrong."""


class MissingNode(Rejected):
    """A service has no node of that class."""


class MissingModel(Rejected):
    """A service has no model file of that name."""


class NodeFailed(Rejected):
    """A node of the workflow failed; the message names it."""


class Unauthorised(Rejected):
    """A service does not let us in."""


class ThemeError(Rejected):
    """A theme is wrong."""


class MissingElement(ThemeError):
    """A part that the theme names, or needs, is not there."""


class MissingGlyph(ThemeError):
    """No font of the theme has a letter of a text."""


class TextOverflow(Rejected):
    """A text does not fit its box at the least readable size."""


class Retired(Rejected):
    """The card has left the catalog; nothing new is made for it."""


class WaitsForInput(Retryable):
    """An asset that this one is made from is not there yet."""


class NeedsMoney(DeckportError):
    """A budget or a spend limit refuses. `budget` is the setting of ours that does, if it is one."""

    def __init__(self, message: str, *, remedy: str = "", budget: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.budget = budget


class MoneySetAside(NeedsMoney):
    """A budget refuses while other calls are out; what they leave of what is set aside for them may suffice."""


class PossiblyBilled(DeckportError):
    """The call may have been paid and its answer is unknown: never repeated unasked."""


class Cancelled(DeckportError):
    """A person stopped it: never repeated by itself."""


class Interrupted(Cancelled):
    """A person stopped it at the service."""


class Refused(DeckportError):
    """The command is not allowed as asked."""


class InABatch(Refused):
    """A batch is writing the card's prompt already."""
