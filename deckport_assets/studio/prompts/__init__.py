"""Prompt craft: writing, counting and judging what an image model is asked for. No service is called here."""

from deckport_assets.studio.prompts.prompt import Finding, Severity, WrittenPrompt
from deckport_assets.studio.prompts.rules import lint, near_duplicates, validate
from deckport_assets.studio.prompts.writer import WRITER_VERSION, caption_of, write

__all__ = [
    "WRITER_VERSION", "Finding", "Severity", "WrittenPrompt", "caption_of", "lint", "near_duplicates", "validate",
    "write",
]  # fmt: skip
