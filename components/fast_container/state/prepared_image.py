"""One image of a program, from its arguments to everything that is known once its Inputs were awaited.

Decides nothing. ``state.preparation`` makes a ``PreparedImage``; the program's file, the record's inputs, the hook and
the build all read from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pulumi

from fast_container.adapters.pulumi_log import PulumiReporter
from fast_container.args import LintLevel, SecretInput
from fast_container.builder_interface import Builder
from fast_container.core.aws_access import AwsAccess
from fast_container.core.declared import DeclaredImage
from fast_container.core.image_checks import CheckSettings
from fast_container.core.images.lock import LOCK_FILE, Policy
from fast_container.core.key import KeyPin
from fast_container.core.program_file import PlannedEntry
from fast_container.core.registry_cache import NamedCaches
from fast_container.core.select import SelectedImage
from fast_container.errors import FastContainerError
from fast_container.shapes import shown
from fast_container.state.bases import BaseUse, KnownBase

Texts: TypeAlias = "Mapping[str, pulumi.Input[str]]"


@dataclass(frozen=True, slots=True)
class ImageInputs:
    """One image's arguments: checked plain values, and Inputs that are to be awaited.

    Attributes:
        declared: With the build args that are plain values; the others are added when they were awaited.
        secrets: Id → where the value comes from; values are awaited when the image is built.
        timeout_s: None is the builder's.
        use_cache: Whether the builder's registry cache is used.
        own_caches: Caches instead of the builder's registry cache.
        after: Resources that must exist before the image's files are read.
        lint: What findings about its Dockerfile do.
        kind: The component's name in messages.
        snapstart: Whether Lambda's SnapStart must take the image.
        emulate: Whether a builder may emulate its platform; None warns only where it cannot.
        checks: What the image has to satisfy; None checks only what its place refuses.
        pin: The earlier key at which it is held; None is that of its source.
    """

    declared: DeclaredImage
    repository: pulumi.Input[str]
    build_args: Texts
    labels: Texts
    triggers: Texts
    secrets: Mapping[str, SecretInput] = field(repr=False)
    bases: Mapping[str, BaseUse]
    runs_on: str
    timeout_s: float | None
    use_cache: bool
    own_caches: pulumi.Output[NamedCaches] | None = None
    image_policy: Policy = "as-written"
    images_lock: str = LOCK_FILE
    after: tuple[Any, ...] = ()
    lint: LintLevel = "warning"
    kind: str = "FastContainerImage"
    checks: CheckSettings | None = None
    snapstart: bool = False
    pin: KeyPin | None = None
    emulate: bool | None = None

    @property
    def name(self) -> str:
        """The component's name."""
        return self.declared.name


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """An image with everything that can be known before it is built.

    Attributes:
        inputs: Its arguments.
        builder: Its builder.
        reporter: Its row.
        access: How AWS is reached for it.
        provider_is_explicit: Whether an ``aws.Provider`` was given, whose roles and endpoints cannot be seen.
        known: Its files and key, that of its pin if it has one; None if they are unknown in this preview.
        known_url: Its repository, likewise; "" if unknown.
        bases: Our own base images that it starts from; only if its key is known.
        source: The same with the key of the files here, whatever its pin.
    """

    inputs: ImageInputs
    builder: Builder
    reporter: PulumiReporter
    access: AwsAccess
    provider_is_explicit: bool = False
    known: SelectedImage | None = None
    known_url: str | None = None
    bases: tuple[KnownBase, ...] = ()
    source: SelectedImage | None = None

    @property
    def record_name(self) -> str:
        """The name of its ``ImageBuild`` record."""
        return record_name(self.inputs.name)

    @property
    def selected(self) -> SelectedImage:
        """Its files and key; asked only of an image whose key is known."""
        assert self.known is not None, self.inputs.name
        return self.known

    @property
    def repository_url(self) -> str:
        """``host/name``; "" if it is not known."""
        return self.known_url or ""

    @property
    def tagged_uri(self) -> str | None:
        """``host/name:key-…``; None if either is unknown."""
        return f"{self.known_url}:{self.known.key.tag}" if self.known and self.known_url is not None else None

    @property
    def recorded_checks(self) -> str:
        """Its checks as its record has them; "" without any."""
        if self.inputs.checks is None:
            return ""
        from fast_container.checks.image.catalogue import VERSION  # noqa: PLC0415 - of a program that has checks

        return self.inputs.checks.recorded(VERSION)

    @property
    def called(self) -> dict[str, str]:
        """Part of its key → its name in an explanation."""
        return {f"base:{base.name}": f"base:{base.title}" for base in self.bases}

    @property
    def entry(self) -> PlannedEntry | None:
        """The image's entry in the program file; None if its key is unknown."""
        if self.known is None:
            return None
        bases = {base.name: base.repository_url for base in self.bases}
        key = self.known.key.hex
        inputs = self.inputs
        return PlannedEntry(
            self.known.declared, self.repository_url, inputs.runs_on, key, bases, inputs.checks, inputs.pin
        )


def record_name(name: str) -> str:
    """Return the Pulumi name of an image's record."""
    return f"{name}-build"


def run_error(name: str, error: FastContainerError, kind: str) -> pulumi.RunError:
    """Turn the error into one that the engine prints without a traceback."""
    return pulumi.RunError(f"{kind} {shown(name)}: {error}")
