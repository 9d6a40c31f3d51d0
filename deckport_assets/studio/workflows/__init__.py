"""Workflows of ComfyUI: reading a template, filling it in, naming the job, and what a server needs for it.

Pure: files in, graphs out. Talking to a server is `resources.comfyui`'s.
"""

from deckport_assets.studio.workflows.binding import SEEDS, Job, Value, bind, chosen, seed_for
from deckport_assets.studio.workflows.needs import Lack, needs_of, unmet
from deckport_assets.studio.workflows.template import (
    PACKAGE_WORKFLOWS,
    Kind,
    Template,
    find_template,
    load_template,
)

__all__ = [
    "PACKAGE_WORKFLOWS",
    "SEEDS",
    "Job",
    "Kind",
    "Lack",
    "Template",
    "Value",
    "bind",
    "chosen",
    "find_template",
    "load_template",
    "needs_of",
    "seed_for",
    "unmet",
]
