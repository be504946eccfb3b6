"""Local Python packages: what their ``pyproject.toml`` says, their versions, and the files of their wheels."""
