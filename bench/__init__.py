"""Measures what the project claims, side by side with the alternatives; see docs/benchmarks.md."""
