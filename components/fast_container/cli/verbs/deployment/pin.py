"""``fast-container pin``: the keys at which an image can be held, and whether one of them fits.

Decides what is listed, that a key is verified before its line is printed, and which line that is. Nothing is changed:
the program is the user's, and what it pins is seen in its history. Leaves asking to ``cli.keys_there`` and verifying to
``build.verify``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from fast_container.adapters.registry.registries import Registries
from fast_container.build.verify import verify_one
from fast_container.cli.columns import table, terminal_width
from fast_container.cli.keys_there import MOST, KeyThere, keys_there
from fast_container.cli.output import emit, say
from fast_container.cli.planned import CurrentImage, chosen, current_images, load_plan, open_registries
from fast_container.core.key import KeyPin, digits_of, tag_of
from fast_container.core.spelling import counted, megabytes, nearest
from fast_container.errors import ArgsError, VerifyError
from fast_container.report.text import when

_SHOWN: Final = 20
_COMMIT: Final = 10
_NEXT: Final = {True: "Give more of its digits.", False: "Leave KEY out for a list."}


def run(arguments: argparse.Namespace) -> int:
    """List, or check one key.

    Raises:
        FastContainerError: Bad input, the registry cannot be asked, or the key does not fit the image.
    """
    if arguments.last < 1:
        raise ArgsError("No key would be listed.", property_path="--last", next_step="Give 1 or more.")
    image = _image(arguments)
    url = arguments.repository or (image.entry.repository_url if image else "")
    if not url:
        raise ArgsError(
            "The repository of the image was not known when the plan was written.",
            property_path="--repository",
            next_step="Give it: --repository HOST/NAME.",
        )
    registries = open_registries()
    try:
        return asyncio.run(_run(arguments, image, url, registries))
    finally:
        registries.close()


def _image(arguments: argparse.Namespace) -> CurrentImage | None:
    """Return the image of the plan file that is meant; None if only a repository is."""
    if arguments.image is None and arguments.repository:
        return None
    if arguments.image is None:
        raise ArgsError(
            "Which image is meant is not said.",
            property_path="--image",
            next_step="Give --image NAME of the plan file, or --repository HOST/NAME.",
        )
    entries = load_plan(arguments.plan).entries
    chosen(entries, arguments.image)
    return current_images(entries)[arguments.image]


async def _run(arguments: argparse.Namespace, image: CurrentImage | None, url: str, registries: Registries) -> int:
    current = [image.selected.key.tag] if image else []
    keys, left_out = await keys_there(registries, url, first=current)
    name = arguments.image or ""
    if arguments.key is not None:
        key = _asked(arguments.key, keys, url)
        await _check(key, image, url, registries)
        line, others = _lines(key, name)
        if arguments.json:
            emit(json.dumps({"version": 1, "fits": True, "pin": line, **_document(key)}) + "\n")
        else:
            say([f"{_title(key)}: can be deployed" + (f" as {name}" if name else ""), "", *others])
        return 0
    fitting = [key for key in keys if not name or (name in key.names if key.names else not key.is_index)]
    shown = fitting[: arguments.last]
    if arguments.json:
        emit(json.dumps({"version": 1, "repository_url": url, "keys": [_document(key) for key in shown]}) + "\n")
        return 0
    say(_table(shown, current, name))
    if len(fitting) > len(shown):
        say([f"{len(fitting) - len(shown)} more: --last {len(fitting)}"])
    if left_out:
        say([f"{counted(left_out, 'key')} not looked at: only {MOST} are"])
    return 0


def _asked(text: str, keys: Sequence[KeyThere], url: str) -> KeyThere:
    """Return the key that a tag, a key or the start of one names."""
    digits = digits_of(text)
    found = [key for key in keys if digits_of(key.tag).startswith(digits[:40])] if digits else []
    found = [key for key in found if len(digits) <= 40 or key.hex.startswith(digits) or len(key.hex) <= 40]
    if len(found) == 1:
        return found[0]
    near = nearest(tag_of(digits), [key.tag for key in keys])
    raise ArgsError(
        f"{text!r} is the start of several keys." if found else f"The key {text!r} is not in the registry.",
        property_path="KEY",
        why=f"{url} has {', '.join(key.tag for key in found[:5]) if found else counted(len(keys), 'key')}",
        next_step=_NEXT[bool(found)] if found or not near else f"The nearest is {near}.",
    )


async def _check(key: KeyThere, image: CurrentImage | None, url: str, registries: Registries) -> None:
    """Verify it as a deployment would."""
    if image is None:
        return
    name, registry = image.entry.declared.name, registries.repository(url)
    manifest = await registry.manifest(key.digest)
    if manifest is None:
        raise ArgsError("The image went away meanwhile.", property_path="KEY", why=f"{url}@{key.digest}")
    platform = image.entry.declared.recipe.platform
    try:
        await verify_one(registry, manifest, runs_on=image.entry.runs_on, platform=platform)
    except VerifyError as error:
        error.what, error.next_step = f"{key.tag} cannot be deployed as {name}. {error.what}", _NEXT[False]
        raise
    if key.names and name not in key.names:
        raise ArgsError(
            f"{key.tag} was built as another image than {name}.",
            property_path="KEY",
            why=f"the record beside it says {', '.join(key.names)}",
            next_step=f'If that is wanted, write pin="{key.names[0]}:{key.tag}".',
        )


def _lines(key: KeyThere, name: str) -> tuple[str, list[str]]:
    """Return the value of the pin, and what to write."""
    value = str(KeyPin(digits_of(key.tag)))
    setting = f"{name or 'image'}-pin"
    lines = [
        "In the program, for this image:",
        f'    pin="{value}"',
        f'Or, where the program says pin=pulumi.Config().get("{setting}"):',
        f"    pulumi config set {setting} {value}",
    ]
    if len(key.hex) > len(digits_of(key.tag)):
        lines += [
            "For a base image give the whole key, so that images on it have the keys that they had then:",
            f'    pin="{key.hex}"',
        ]
    return value, lines


def _title(key: KeyThere) -> str:
    built = f"built {when(key.built, None)}" if key.built else "of an unknown date"
    names = f" as {', '.join(key.names)}" if key.names else ""
    commit = f" from {key.commit[:_COMMIT]}" if key.commit else ""
    return f"{key.tag} {built}{names}{commit}, {key.platform or 'several platforms'}, {megabytes(key.image_bytes)}"


def _table(keys: Sequence[KeyThere], current: Sequence[str], name: str) -> list[str]:
    if not keys:
        return [f"there is no key of {name} in the registry" if name else "there is no key in the registry"]
    rows = [
        (
            when(key.built, None) if key.built else "-",
            key.tag,
            ", ".join(key.names) or "?",
            key.commit[:_COMMIT] or "-",
            key.platform or "-",
            megabytes(key.image_bytes),
            "the source here" if key.tag in current else next((r.reason for r in key.records if r.reason), ""),
        )
        for key in keys
    ]
    return table(rows, "012346", max(terminal_width(), 140), indent=0)


def _document(key: KeyThere) -> dict[str, Any]:
    return {
        "tag": key.tag,
        "digest": key.digest,
        "platform": key.platform,
        "built": key.built or None,
        "image_bytes": key.image_bytes,
        "built_as": list(key.names),
        "commit": key.commit,
        "build_key": key.hex if len(key.hex) == 64 else None,
    }
