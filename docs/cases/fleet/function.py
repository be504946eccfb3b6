"""One of the fleet's functions; ``FUNCTION`` says which."""

import os
from typing import Any

import yaml
from jinja2 import Template
from pydantic import BaseModel

NAME = os.environ["FUNCTION"]
GREETING = Template("{{ name }} says hello to {{ who }}")


class Event(BaseModel):
    """What it is called with."""

    who: str = "nobody"


def handler(event: dict[str, Any], _context: object) -> str:
    """``{"who": "you"}`` → a greeting, as YAML."""
    return yaml.safe_dump(GREETING.render(name=NAME, who=Event(**event).who))
