"""What may stand in a `bindings.toml`, as typed parts: an unknown key is an error, so that a typing mistake is seen.

The shape of the file, and for each type of input which values fit it. Finding the nodes that are meant is `template`'s,
putting values there `binding`'s.
"""

from __future__ import annotations

import math
import reprlib
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

Kind = Literal["image", "video"]
Value = str | int | float
SEEDS = 2**53
"""Seeds are below this: what every reader of JSON keeps exactly."""

Words = Annotated[StrictStr, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NodePart(_Part):
    """A node by its title and class; without a title where the class is there only once."""

    node: StrictStr
    class_type: Words = Field(alias="class")

    def __str__(self) -> str:
        return f"{self.node!r} ({self.class_type})" if self.node else f"({self.class_type})"


class PlacePart(NodePart):
    """One input of one node."""

    input: Words


class _InputPart(_Part):
    """What all types of inputs share. Without `required` and `default`, the value of the workflow itself holds."""

    expected: ClassVar[str]
    at: tuple[PlacePart, ...] = Field(min_length=1)
    required: StrictBool = False
    default: Any = None

    def fitting(self, value: object) -> Value:
        """The value as it is sent. Raises ValueError saying what was expected."""
        raise NotImplementedError

    def _unfit(self, value: object, expected: str = "") -> ValueError:
        return ValueError(f"must be {expected or self.expected}, not {reprlib.repr(value)}")

    @model_validator(mode="after")
    def _check_default(self) -> _InputPart:
        if self.default is not None:
            if self.required:
                raise ValueError("has a default and is required: it is one of both")
            try:
                self.fitting(self.default)
            except ValueError as error:
                raise ValueError(f"its default {error}") from None
        return self


class TextPart(_InputPart):
    """Words for a model, or the name of a file that the server has."""

    expected = "a text"
    type: Literal["text"]
    max_length: StrictInt = Field(default=4000, gt=0)

    def fitting(self, value: object) -> Value:
        if not isinstance(value, str):
            raise self._unfit(value)
        if len(value) > self.max_length:
            raise ValueError(f"must have at most {self.max_length} characters, not {len(value)}")
        return _sendable(value)


class ImagePart(_InputPart):
    """The name of a picture that was uploaded to the server, as `cards/card.png`."""

    expected = "the name of an uploaded file"
    type: Literal["image"]

    def fitting(self, value: object) -> Value:
        if not isinstance(value, str) or not value.strip():
            raise self._unfit(value)
        return _sendable(value)


class SeedPart(_InputPart):
    expected = f"an integer from 0 to {SEEDS - 1}"
    type: Literal["seed"]

    def fitting(self, value: object) -> Value:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < SEEDS:
            raise self._unfit(value)
        return int(value)


class IntegerPart(_InputPart):
    expected = "an integer"
    type: Literal["integer"]
    min: StrictInt | None = None
    max: StrictInt | None = None
    multiple_of: Annotated[StrictInt, Field(gt=0)] = 1

    def fitting(self, value: object) -> Value:
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._unfit(value)
        if _outside(value, self.min, self.max) or value % self.multiple_of:
            raise self._unfit(value, _bounds(self.expected, self.min, self.max, self.multiple_of))
        return int(value)


class NumberPart(_InputPart):
    expected = "a number"
    type: Literal["number"]
    min: StrictFloat | None = None
    max: StrictFloat | None = None
    multiple_of: Annotated[StrictFloat, Field(gt=0)] | None = None

    def fitting(self, value: object) -> Value:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._unfit(value)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self._unfit(value)
        # 0.3 % 0.1 is not 0 in floats: the step is meant as it is written.
        stepped = self.multiple_of is None or Fraction(str(number)) % Fraction(str(self.multiple_of)) == 0
        if _outside(number, self.min, self.max) or not stepped:
            raise self._unfit(value, _bounds(self.expected, self.min, self.max, self.multiple_of))
        return number


class ChoicePart(_InputPart):
    expected = "one of the choices"
    type: Literal["choice"]
    choices: tuple[StrictStr | StrictInt | StrictFloat, ...] = Field(min_length=1)

    def fitting(self, value: object) -> Value:
        found = next((each for each in self.choices if each == value and not isinstance(value, bool)), None)
        if found is None:
            raise self._unfit(value, f"one of {', '.join(repr(each) for each in self.choices)}")
        return found


InputPart = Annotated[
    TextPart | ImagePart | SeedPart | IntegerPart | NumberPart | ChoicePart, Field(discriminator="type")
]


class Bindings(_Part):
    """A whole `bindings.toml`."""

    title: Words
    kind: Kind
    version: Words
    inputs: dict[str, InputPart] = {}
    outputs: dict[str, NodePart] = Field(min_length=1)


def _outside(value: float, least: float | None, most: float | None) -> bool:
    return (least is not None and value < least) or (most is not None and value > most)


def _bounds(expected: str, least: float | None, most: float | None, step: float | None) -> str:
    words = [expected]
    if least is not None and most is not None:
        words.append(f"from {least} to {most}")
    elif least is not None:
        words.append(f"of at least {least}")
    elif most is not None:
        words.append(f"of at most {most}")
    if step not in (None, 1):
        words.append(f"that is a multiple of {step}")
    return " ".join(words)


def _sendable(value: str) -> str:
    """A text that can be written as UTF-8."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"must be a text without half characters, not {reprlib.repr(value)}") from None
    return value
