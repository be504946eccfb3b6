"""The function of ``fast-container certify``."""

VERSION = "one"


def handler(_event: object, _context: object) -> dict[str, str]:
    """Say which version answers."""
    return {"version": VERSION}
