"""A worker that does its job again and again, and waits in between."""
