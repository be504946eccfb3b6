"""Sums of squares, compiled."""

from engine._sum import sum_of_squares

__all__ = ["sum_of_squares"]
