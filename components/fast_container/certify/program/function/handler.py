"""The function of ``fast-container certify``."""

VERSION = "one"


def handler(_event: object, _context: object) -> dict[str, str]:
    """Return the version that answers."""
    return {"version": VERSION}
