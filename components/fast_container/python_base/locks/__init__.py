"""Locks: the exact distributions that some packages need, chosen by extra, group, marker and conflict."""
