"""Workflows of ComfyUI: reading a template, filling it in, naming the job, and what a server needs for it.

Pure: files in, graphs out. Talking to a server is `resources.comfyui`'s.
"""

from deckport_assets.studio.workflows.binding import Job, bind
from deckport_assets.studio.workflows.needs import Lack, needs_of, unmet
from deckport_assets.studio.workflows.template import Kind, Template, find_template, load_template

__all__ = ["Job", "Kind", "Lack", "Template", "bind", "find_template", "load_template", "needs_of", "unmet"]
