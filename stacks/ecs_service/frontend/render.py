"""Renders ``pages/`` into a folder of static files; runs when the image is built."""

import json
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent


def render(target: Path) -> None:
    products = json.loads((HERE / "products.json").read_text(encoding="utf-8"))
    pages = Environment(loader=FileSystemLoader(HERE / "pages"), autoescape=True, undefined=StrictUndefined)
    target.mkdir(parents=True, exist_ok=True)
    for name in pages.list_templates():
        (target / name).write_text(pages.get_template(name).render(products=products), encoding="utf-8")


if __name__ == "__main__":
    render(Path(sys.argv[1]))
