"""A CMYK profile made of plain arithmetic: no press prints like this, but every part of a real profile is there."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TO_XYZ = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
_WHITE = np.array([0.9642, 1.0, 0.8249])


def press_profile(description: str = "A plain press") -> bytes:
    """The bytes of an ICC 2 output profile: CMYK to Lab and back, all the grey in the black ink."""
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(description) + 1) + description.encode() + bytes(79),
        b"cprt": b"text\0\0\0\0Public domain\0",
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in _WHITE)),
        b"A2B0": _table(_lab_of_rgb(_rgb_of_cmyk(_grid(5, 4))), 4, 3, 5),
        b"B2A0": _table(_cmyk_of_rgb(_rgb_of_lab(_grid(17, 3))), 3, 4, 17),
    }
    index, body, begins = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        index += name + struct.pack(">II", begins + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = begins + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ") + bytes(12) + b"acsp"
    header += bytes(28) + struct.pack(">3i", *(round(v * 65536) for v in _WHITE))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + index + body


def _table(values: Floats, inputs: int, outputs: int, steps: int) -> bytes:
    straight = bytes(range(256))
    unchanged = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    cells = np.clip(values * 255, 0, 255).round().astype(np.uint8).tobytes()
    return (
        b"mft1\0\0\0\0"
        + bytes([inputs, outputs, steps, 0])
        + unchanged
        + straight * inputs
        + cells
        + straight * outputs
    )


def _grid(steps: int, inputs: int) -> Floats:
    level = np.linspace(0, 1, steps)
    return np.stack(np.meshgrid(*[level] * inputs, indexing="ij"), axis=-1).reshape(-1, inputs)


def _rgb_of_cmyk(cmyk: Floats) -> Floats:
    return np.clip(1 - cmyk[:, :3] - cmyk[:, 3:], 0, 1)


def _cmyk_of_rgb(rgb: Floats) -> Floats:
    black = 1 - rgb.max(axis=1, keepdims=True)
    return np.concatenate([1 - rgb - black, black], axis=1)


def _lab_of_rgb(rgb: Floats) -> Floats:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
    return (lab + np.array([0, 128, 128])) / [100, 255, 255]


def _rgb_of_lab(coded: Floats) -> Floats:
    lab = coded * [100, 255, 255] - [0, 128, 128]
    y = (lab[:, 0] + 16) / 116
    f = np.stack([y + lab[:, 1] / 500, y, y - lab[:, 2] / 200], axis=1)
    ratio = np.where(f > 6 / 29, f**3, (116 * f - 16) * 27 / 24389)
    linear = np.clip(ratio * _WHITE @ np.linalg.inv(_TO_XYZ).T, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
