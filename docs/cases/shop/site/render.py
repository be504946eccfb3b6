"""Writes the pages of the front end."""

import sys
from pathlib import Path

from jinja2 import Template

PAGE = Template("<!doctype html><title>{{ name }}</title><h1>{{ name }}</h1>")
out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
(out / "index.html").write_text(PAGE.render(name="Lamps and chairs"))
