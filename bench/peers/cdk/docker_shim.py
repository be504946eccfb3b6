#!/usr/bin/env python3
"""The ``docker`` that cdk-assets calls, where there is only BuildKit: ``build`` is noted, ``push`` runs it once.

Decides that CDK pays less than with Docker: one buildx call instead of build, load, tag and push.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def _note(tag: str) -> Path:
    folder = Path(os.environ["SHIM_NOTES"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder / tag.replace("/", "_").replace(":", "_")


def main(words: list[str]) -> int:
    """Do what ``docker WORDS`` would; returns its exit code."""
    if words[0] == "--config":
        words = words[2:]
    match words[0]:
        case "login":
            sys.stdin.read()
        case "inspect":
            return 1
        case "build":
            at = words.index("--tag")
            rest = words[1:at] + words[at + 2 :]
            _note(words[at + 1]).write_text(json.dumps({"folder": str(Path.cwd()), "words": rest}))
        case "tag":
            _note(words[2]).write_text(_note(words[1]).read_text())
        case "push":
            noted = json.loads(_note(words[-1]).read_text())
            command = ["buildx", "build", "--push", "--tag", words[-1], *noted["words"]]
            return subprocess.run(command, cwd=noted["folder"], check=False).returncode
        case _:
            print(f"docker_shim: not known: {words}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
