"""Claude, who writes prompts. `service` asks and pays; `writing` makes prompts of it."""

from deckport_assets.resources.claude.service import Answered, Claude, Question
from deckport_assets.resources.claude.writing import ClaudeWriter

__all__ = ["Answered", "Claude", "ClaudeWriter", "Question"]
