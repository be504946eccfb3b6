"""Rules about Dockerfiles before the build and about images after it."""
