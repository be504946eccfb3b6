"""``python -m bench [--quick] [NAME…]``: run the tables and print them.

Decides which tables there are and their order. Exits 0 whatever the numbers are, 1 when something broke.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from bench.engine import BenchFailed
from bench.table import Table
from bench.workplace import Choice, Workplace

Maker = Callable[[Workplace], list[Table]]


def tables() -> Mapping[str, Maker]:
    """Name → what makes it."""
    from bench.build_keys import build_keys, cached_build  # noqa: PLC0415 - only what is asked for
    from bench.cache_export import cache_export  # noqa: PLC0415
    from bench.cases.report import cases  # noqa: PLC0415
    from bench.checks import checks  # noqa: PLC0415
    from bench.cleanup import cleanup  # noqa: PLC0415
    from bench.codebuild import codebuild  # noqa: PLC0415
    from bench.first_up import first_up  # noqa: PLC0415
    from bench.fleet import fleet  # noqa: PLC0415
    from bench.many import many  # noqa: PLC0415
    from bench.peers.report import peers  # noqa: PLC0415
    from bench.records import records  # noqa: PLC0415
    from bench.resending import resending  # noqa: PLC0415
    from bench.second_up import second_up  # noqa: PLC0415
    from bench.skip import skip  # noqa: PLC0415
    from bench.uploads import uploads  # noqa: PLC0415

    return {
        "build-keys": build_keys,
        "cached-build": cached_build,
        "skip": skip,
        "second-up": second_up,
        "first-up": first_up,
        "uploads": uploads,
        "resending": resending,
        "cache-export": cache_export,
        "checks": checks,
        "codebuild": codebuild,
        "fleet": fleet,
        "many": many,
        "cleanup": cleanup,
        "records": records,
        "peers": peers,
        "cases": cases,
    }


ONLY_BY_NAME = ("peers", "cases")
"""Tables that take long, and so are not made unless they are named."""


def main() -> int:
    """See the module."""
    known = tables()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures, and compares with alternatives.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and sizes: about a minute")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these tables: {', '.join(known)}")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also append the tables to a file, as Markdown")
    of_peers = parser.add_argument_group("peers")
    of_peers.add_argument("--sides", type=_words, metavar="A,B", help="only these sides; skaffold is compiled if named")
    of_peers.add_argument("--images", type=_numbers, metavar="N,M", help="numbers of images (default: 20,1,100)")
    of_peers.add_argument("--rounds", type=int, metavar="N", help="rounds (default: 3)")
    of_peers.add_argument(
        "--parts", type=_words, metavar="A,B", help="speed, correctness (default: both); names of cases"
    )
    of_peers.add_argument(
        "--brief", action="store_true", help="20 images, two rounds, slow sides in three scenarios: some 25 minutes"
    )
    options = parser.parse_args()
    # A shell starts its background jobs with SIGINT ignored, and what is started here would inherit that: the engine
    # would wait five seconds for each plugin that it asks to end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"there is no table {', '.join(unknown)}; there are: {', '.join(known)}")
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {load} before the start", flush=True)
    broken = 0
    with tempfile.TemporaryDirectory(prefix="fast-container-bench-") as folder:
        workplace = Workplace(Path(folder), is_quick=options.quick, choice=_choice(options))
        with workplace.stack:
            for name in options.names or [name for name in known if name not in ONLY_BY_NAME]:
                broken += not _show(known[name], workplace, name, options.markdown)
    return 1 if broken else 0


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, _words(text)))


def _choice(options: argparse.Namespace) -> Choice:
    return Choice(options.sides, options.images, options.rounds, options.parts, options.brief)


def _show(make: Maker, workplace: Workplace, name: str, markdown: Path | None) -> bool:
    started = time.monotonic()
    try:
        made = make(workplace)
    except BenchFailed as failed:
        print(f"bench: {name}: {failed}", file=sys.stderr, flush=True)
        return False
    except Exception:
        traceback.print_exc()
        print(f"bench: {name} broke", file=sys.stderr, flush=True)
        return False
    for table in made:
        print(f"\n{table.draw()}", flush=True)
        if markdown is not None:
            with markdown.open("a", encoding="utf-8") as page:
                page.write(f"{table.markdown()}\n")
    load = os.getloadavg()[0]
    print(f"  ({name} took {time.monotonic() - started:.0f} s; load {load:.2f} at its end)", flush=True)
    return True


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("bench: stopped")
