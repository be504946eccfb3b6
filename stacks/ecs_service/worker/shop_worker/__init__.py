"""A worker that does a job by the clock and waits in between."""
