"""Places on a Hilbert curve."""

from hilbert._curve import index_of

__all__ = ["index_of"]
