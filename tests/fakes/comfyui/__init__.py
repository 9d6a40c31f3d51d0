"""A ComfyUI that speaks the protocol of 0.3.64 as it was captured, on loopback, with a switch for each of its oddities.

It draws real PNGs and MP4s of the size that the graph asks for, from seed and prompt, and takes as long as it is told.
What it answers where was written down from a real server; where the two differ, this is mended.
"""

from tests.fakes.comfyui.serving import FakeComfyUI, running
from tests.fakes.comfyui.switches import Switches

__all__ = ["FakeComfyUI", "Switches", "running"]
