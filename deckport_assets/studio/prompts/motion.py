"""What a video model is asked for beside the picture that it begins with. The picture's own words are `writer`'s."""

from __future__ import annotations

MOTION = (
    "A living painting, one unbroken shot. The camera stands still; hair, cloth, leaves, smoke, water and light stir "
    "gently, the subject breathes, and all of it returns to where it began."
)
"""First, and the picture's words after it: what is too long for a model is cut at the end."""


def in_motion(prompt: str, motion: str = "") -> str:
    """The words for a clip of a picture that was drawn from `prompt`; when it is empty, of the motion alone.

    `motion` is what moves in this very picture, when its writer said so.
    """
    return " ".join(words for words in (MOTION, motion, prompt) if words)
