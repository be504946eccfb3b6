"""BuildKit's own record of a build as a ``.dockerbuild`` file, for Docker Desktop.

Decides that an export may take half a minute, that a file is whole or absent, and how many of ours stay in the folder.
What cannot be exported is one line and never fails a build. BuildKit writes the record of a build into its history, and
what that holds (Dockerfile, build arguments, log, provenance) is in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from fast_container.adapters.buildx.builder import Builder
from fast_container.adapters.process.child import capture
from fast_container.adapters.threads import in_thread
from fast_container.core.json_document import parse_object, string_field

TIMEOUT_S: Final = 30.0
KEPT: Final = 200
_ENDING: Final = ".dockerbuild"
_OURS: Final = re.compile(r".+-[0-9a-f]{12}-[A-Za-z0-9]{8}\.dockerbuild", re.ASCII)
_ID: Final = re.compile(r"[A-Za-z0-9]{8,100}", re.ASCII)


async def export_record(
    builder: Builder,
    metadata: Path,
    folder: Path,
    name: str,
    environment: Mapping[str, str],
    *,
    timeout_s: float = TIMEOUT_S,
) -> str:
    """Export the record of a build that succeeded; return why that was not possible, in one line, or "".

    Args:
        builder: What built.
        metadata: Buildx's metadata file, which names the build.
        folder: Where the file goes; made when absent.
        name: How its name begins.
        environment: Of buildx.
        timeout_s: How long it may take.
    """
    try:
        build = _id(metadata)
        await in_thread(folder.mkdir, parents=True, exist_ok=True)
        place = folder / f"{name}-{build[:8]}{_ENDING}"
        part = place.with_suffix(".part")
        argv = [*builder.command, "--builder", builder.name, "history", "export", "--finalize", "--output", str(part)]
        ended = await capture([*argv, build], env=environment, timeout_s=timeout_s)
        if ended.code == 0 and part.is_file() and part.stat().st_size:
            part.rename(place)
            _remove_old(folder)
            return ""
        part.unlink(missing_ok=True)
        said = [line for line in ended.stderr.splitlines() if line.strip()]
        why = said[-1] if said else f"buildx ended with {ended.code}"
        return f"{why}; `history export` takes buildx 0.23 and BuildKit 0.20, or later" if _is_old(why) else why
    except TimeoutError:
        return f"no end after {timeout_s:.0f} s"
    except (OSError, ValueError) as error:
        return str(error)


def _is_old(why: str) -> bool:
    return any(word in why for word in ("unknown command", "unknown flag", "Unimplemented", "unknown service"))


def _id(metadata: Path) -> str:
    said = string_field(parse_object(metadata.read_bytes()), "buildx.build.ref").rpartition("/")[2]
    if not _ID.fullmatch(said):
        raise ValueError("buildx did not say which build it was")
    return said


def _remove_old(folder: Path) -> None:
    files = [path for path in folder.iterdir() if _OURS.fullmatch(path.name)]
    with suppress(OSError):
        for path in sorted(files, key=lambda path: path.stat().st_mtime)[:-KEPT]:
            path.unlink()
