"""Writes ``model.onnx``: three numbers in, their positive parts out. A real one comes from a registry of models."""

import sys
from pathlib import Path


def field(number: int, content: bytes | int) -> bytes:
    """One field of protobuf's wire format; all lengths here are below 128."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content


def tensor(name: str) -> bytes:
    """A named vector of three floats."""
    shape = field(1, field(1, 3))
    return field(1, name.encode()) + field(2, field(1, field(1, 1) + field(2, shape)))


node = field(1, b"values") + field(2, b"scores") + field(4, b"Relu")
graph = field(1, node) + field(2, b"scorer") + field(11, tensor("values")) + field(12, tensor("scores"))
Path(sys.argv[1]).write_bytes(field(1, 8) + field(7, graph) + field(8, field(2, 13)))
