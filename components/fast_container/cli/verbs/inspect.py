"""``fast-container inspect``: the files that an image reads, and its build key.

Decides the form of the JSON object and how arguments become a declared image. Leaves the summary for people to
``cli.summary`` and all facts in it to ``core.select``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fast_container.adapters.digests.walks import open_walks
from fast_container.adapters.git import git_ignored
from fast_container.cli.flags import flag_of
from fast_container.cli.output import say
from fast_container.core.build_secrets import unasked
from fast_container.core.cache_folder import cache_folder
from fast_container.core.declared import DeclaredImage, Default, absolute_path, check_arguments, is_remote
from fast_container.core.entry import Entry
from fast_container.core.images.lock import read_needed_lock
from fast_container.core.images.pins import not_locked, pin_image, pinned_reference
from fast_container.core.recipe import recipe_of
from fast_container.core.select import SelectedContext, SelectedImage, select_image
from fast_container.errors import ArgsError


def run(arguments: argparse.Namespace) -> int:
    """Select, hash and print.

    Raises:
        FastContainerError: Bad input; nothing was printed.
    """
    image = planned(arguments) if arguments.plan is not None else declared(arguments)
    if arguments.images_lock is not None:
        image = _pinned(image, arguments.images_lock)
    walks = open_walks(None if arguments.no_cache else cache_folder(os.environ))
    selected = select_image(image, walks)
    walks.save()
    ignored = git_ignored([selected], os.environ)
    if arguments.json:
        document = as_json(selected, _warnings(selected, arguments))
        document["git_ignored"] = None if ignored is None else ignored.as_json()
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        from fast_container.cli.summary import print_summary  # noqa: PLC0415

        print_summary(selected, walks, _warnings(selected, arguments))
        if ignored is not None:
            say(["", f"note: {ignored.line}"])
    return 0


def _warnings(selected: SelectedImage, arguments: argparse.Namespace) -> list[str]:
    """Return all warnings of the image; arguments have their names on the command line."""
    called = flag_of if arguments.plan is None else str
    return [
        *selected.warnings,
        *(f"{called(path)}: {line}" for path, line in selected.spare_names.items()),
        *unasked(selected.reads.secrets, selected.declared.secret_ids, selected.declared.optional_secrets),
    ]


def planned(arguments: argparse.Namespace) -> DeclaredImage:
    """Return the image of a plan file, with what flags do not cover: base keys, secret ids, triggers, pins."""
    from fast_container.cli.planned import chosen, current_declaration, load_plan  # noqa: PLC0415 - as needed

    if arguments.image is None or arguments.context is not None:
        raise ArgsError("--plan needs --image, and excludes --context.", property_path="--plan")
    entries = load_plan(arguments.plan).entries
    return current_declaration(entries, chosen(entries, arguments.image))


def declared(arguments: argparse.Namespace) -> DeclaredImage:
    """Make a declared image of the arguments; paths are relative to the working directory."""
    if arguments.context is None:
        raise ArgsError("--context is required.", property_path="--context", next_step="Give it, or --plan FILE.")
    context = absolute_path(arguments.context)
    given: str | None = arguments.dockerfile
    contexts = _pairs(arguments.build_context, "--build-context", "NAME=DIR")
    ignore_file: str | None = arguments.dockerignore
    # Without flags for secrets the question is which files are read; with them, the component's rules apply.
    said = arguments.secret or arguments.optional_secret
    return DeclaredImage(
        name=Path(context).name,
        context=context,
        dockerfile=absolute_path(given or str(Path(arguments.context, "Dockerfile"))),
        dockerfile_name=given or str(Path(arguments.context, "Dockerfile")),
        named_contexts={name: place if is_remote(place) else absolute_path(place) for name, place in contexts.items()},
        ignore=tuple(arguments.ignore),
        secret_ids=tuple(arguments.secret),
        optional_secrets=tuple(arguments.optional_secret) if said else None,
        recipe=recipe_of(
            vars(arguments),
            flags=True,
            target=arguments.target,
            platform=arguments.platform,
            build_args=_pairs(arguments.build_arg, "--build-arg", "K=V"),
        ),
        dockerignore=None if arguments.no_dockerignore else ignore_file if ignore_file is not None else Default,
    )


def as_json(selected: SelectedImage, warnings: Sequence[str]) -> dict[str, Any]:
    """Make the object of ``--json``."""
    reads = selected.reads
    return {
        "build_key": selected.key.hex,
        "tag": selected.key.tag,
        "contexts": {name: _context(context) for name, context in selected.selected.items()},
        "stages": list(reads.stages),
        "external_images": [
            pinned_reference(selected.declared, image.reference, image.platform) for image in reads.external_images
        ],
        "named_images": {
            name: pinned_reference(selected.declared, place) for name, place in selected.named_images.items()
        },
        "warnings": list(warnings),
        "parts": dict(selected.key.parts),
    }


def _pinned(image: DeclaredImage, lock_file: str) -> DeclaredImage:
    check_arguments(image)
    pinned = pin_image(image, read_needed_lock(lock_file, "--images-lock"))
    if pinned.missing:
        raise not_locked(image, pinned.missing[0], lock_file)
    return pinned.declared


def _context(context: SelectedContext) -> dict[str, Any]:
    return {
        "whole": context.whole,
        "reasons": list(context.reasons),
        "entries": [_entry(entry) for entry in context.selection.entries],
        "total_bytes": context.selection.total_bytes,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "path": entry.path,
        "type": entry.type,
        "mode": f"{entry.mode:o}",
        "size": entry.size,
        "digest": entry.digest,
    }


def _pairs(values: Sequence[str], option: str, form: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not name or not equals:
            raise ArgsError(f"{value!r} is not of the form {form}.", property_path=option)
        pairs[name] = rest
    return pairs
