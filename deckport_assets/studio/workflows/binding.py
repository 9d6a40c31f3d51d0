"""Filling a template in: validated values at their places, and the name of the job that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deckport_assets.studio.workflows.template import Graph, Template

Value = str | int | float
SEEDS = 2**53
"""Seeds are below this: what every reader of JSON keeps exactly."""


@dataclass(frozen=True)
class Job:
    """A graph that is ready to be sent but for its place on the server.

    `key` (32 hexadecimal digits of sha256 over the canonical graph: sorted keys, without `_meta`, without the outputs'
    file name prefix) is its identity: the same work has the same key, whoever asks. `outputs` are the ids of the nodes
    whose files are wanted, by the bindings' name.
    """

    template: Template
    values: Mapping[str, Value]
    key: str
    outputs: Mapping[str, str]

    def graph(self, prefix: str) -> Graph:
        """The graph whose outputs are saved under `prefix` (as `deckport/ab/abcd.../art`)."""
        raise NotImplementedError


def bind(template: Template, values: Mapping[str, Value]) -> Job:
    """The template filled in.

    Raises TemplateError, naming template, input and what was expected, for: a value that no input takes, one that is
    missing and has no default, a wrong type, a number outside of its bounds or no multiple of its step, a choice that
    is none, a text that is too long.
    """
    raise NotImplementedError


def seed_for(*parts: object) -> int:
    """A seed from what makes a picture another one: card, template, prompt, attempt. sha256, 53 bits."""
    raise NotImplementedError
