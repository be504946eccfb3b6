"""Drives the ports: ``pipeline`` is the order that makes publishing atomic; limits and lookups wrap its interface."""
