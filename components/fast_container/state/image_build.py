"""``ImageBuild``: the recording resource of one image, and its dynamic provider.

Decides when a record differs (key, repository, place), that a record exists only while its tag is in the registry, and
that it never takes another digest from there unless the user accepts it. Leaves building, and finding out why, to the
hook (``state.hook``), which runs before the engine asks this provider to create or update.

This module's path and the names of its two classes are a contract with every existing state: the provider is pickled
by reference into it.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from fast_container.core.aws_access import AwsAccess
from fast_container.core.replaced_tag import replaced_error
from fast_container.errors import FastContainerError, RegistryError
from fast_container.state.access import access_of_record
from fast_container.state.engine_log import warn_engine
from fast_container.state.engine_watch import is_cancelled, watch_engine
from fast_container.state.provider_errors import one_message, show_errors_plainly

if TYPE_CHECKING:
    from fast_container.adapters.registry.registries import Registries
    from fast_container.core.ports import Registry

# What a change of makes a record differ. All else among the inputs (how to reach the registry, the parts for
# explaining) follows from these or must not cause an update.
IDENTITY = ("build_key", "repository_url", "runs_on", "checks")
# What says which image it is.
IMAGE = ("build_key", "repository_url")
# What ``lookup`` says of an image whose key tag is not in the registry.
ABSENT = "absent"
# The status of a record whose build was started and not awaited: its digest is still the one before.
BUILDING = "building"


class RecordRegistries:
    """The registries of the records that one process handles: those reached alike share sessions, tokens, connections.

    Making a session of AWS's SDK costs more than all else that a record needs.
    """

    def __init__(self) -> None:
        self._opened: list[tuple[AwsAccess, Registries]] = []
        self._lock = threading.Lock()

    def repository(self, url: str, access: AwsAccess) -> Registry:
        """The repository of a record; waits no longer once the engine has told its providers of an interrupt."""
        return self._reached(access)[0].repository(url)

    def load(self, url: str, access: AwsAccess) -> None:
        """Load what asking that repository takes, once for all that are reached alike."""
        registries, is_new = self._reached(access)
        if is_new:
            registries.load(url)

    def _reached(self, access: AwsAccess) -> tuple[Registries, bool]:
        with self._lock:
            found = next((registries for known, registries in self._opened if known == access), None)
            if found is not None:
                return found, False
            from fast_container.adapters.registry.registries import Registries  # noqa: PLC0415 - when one is asked

            made = Registries(access, os.environ, interrupted=is_cancelled)
            self._opened.append((access, made))
            return made, True


class ImageBuildProvider(ResourceProvider):
    """Reads the registry and stores what it finds; never builds, never deletes an image."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Keep the stack's configuration: static credentials, if it holds any, stay in this process's memory."""
        self._config = req.config
        self._registries = RecordRegistries()
        watch_engine()
        show_errors_plainly()

    @one_message
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Accept everything; a record that will be created needs the registry later."""
        if not _olds:
            self._load_meanwhile(news)
        return CheckResult(news, [])

    @one_message
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """A record differs by key, repository or place, by a build not awaited, by an accepted image or a lookup."""
        unfinished = _olds.get("status") == BUILDING
        accepted = _news.get("accepted")
        accepts = bool(accepted) and accepted not in (_olds.get("accepted"), _olds.get("digest"))
        different = any(_olds.get(name) != _news.get(name) for name in IDENTITY)
        missing = _news.get("lookup") not in (None, _olds.get("digest"))
        changes = unfinished or accepts or different or missing
        if changes:
            self._load_meanwhile(_news)
        return DiffResult(changes=changes)

    @one_message
    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record the digest that the hook has published under the key's tag."""
        return CreateResult(props["tag"], self._recorded(props))

    @one_message
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Record the digest under the new key's tag; the one before while the new one's build is not awaited."""
        started = _olds.get("build_key") != _news.get("build_key") and _olds.get("digest")
        if _news.get("wait") is False and started and _olds.get("repository_url") == _news.get("repository_url"):
            digest = self._find(_news)
            return UpdateResult({**_news, "digest": digest or _olds["digest"], "status": "" if digest else BUILDING})
        made = self._recorded(_news)
        settled = _olds.get("status") != BUILDING and all(_olds.get(n) == _news.get(n) for n in IMAGE)
        # What was gone has been built again, and need not be byte for byte what it was.
        settled = settled and _news.get("lookup") != ABSENT
        if settled and _olds.get("digest") and made["digest"] not in (_olds["digest"], _news.get("accepted")):
            # Replaced since the hook looked.
            raise replaced_error(_news["repository_url"], _news["tag"], _olds["digest"], made["digest"]) from None
        return UpdateResult(made)

    @one_message
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Keep the record while its tag is there; drop it otherwise, so that ``up`` builds again.

        A tag that names another image than the recorded one is told, and believed by no one: the record stays, and
        consumers stay on the image that was verified.
        """
        if props.get("status") == BUILDING:
            return ReadResult(id_, props)
        found = self._find(props)
        if found is None:
            return ReadResult(None, {})
        recorded = props.get("digest")
        if recorded and found != recorded:
            warn_engine(str(replaced_error(props["repository_url"], props["tag"], recorded, found)))
        return ReadResult(id_, props)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Forget the record; the image stays in the registry."""

    def _load_meanwhile(self, props: Mapping[str, Any]) -> None:
        """Load AWS's SDK while the hook builds: it takes a third of a second, for which the engine would wait."""
        threading.Thread(target=self._load, args=(props,), daemon=True).start()

    def _load(self, props: Mapping[str, Any]) -> None:
        # Inputs may be unknown in a preview; what is wrong is said when the registry is asked.
        with suppress(Exception):
            self._registries.load(props["repository_url"], self._access(props))

    def _access(self, props: Mapping[str, Any]) -> AwsAccess:
        return access_of_record(props.get("aws") or {}, lambda key: self._config.get(f"aws:{key}"))

    def _recorded(self, props: Mapping[str, Any]) -> dict[str, Any]:
        digest = self._find(props)
        if digest is None:
            raise RegistryError(
                f"The image that was just published is not in its repository: {props['tagged_uri']}",
                why="it was deleted between its verification and its recording",
                next_step="Run `pulumi up` again; if a lifecycle rule deletes tags `key-…`, remove that rule.",
            )
        return {**props, "digest": digest, "status": ""}

    def _find(self, props: Mapping[str, Any]) -> str | None:
        access = self._access(props)
        try:
            registry = self._registries.repository(props["repository_url"], access)
            found = asyncio.run(registry.find([props["tag"]]))
        except FastContainerError as error:
            # The engine prints a traceback for any exception of a dynamic provider; without a cause it is short.
            raise error from None
        manifest = found.get(props["tag"])
        return manifest.digest if manifest else None


class ImageBuild(Resource, module="fast-container", name="ImageBuild"):
    """The record of one image in the state.

    Inputs (equal on every machine; never a credential): ``build_key``, ``repository_url``, ``tag``, ``tagged_uri``,
    ``runs_on``, ``parts`` (part name → short digest), ``counts``, ``aws`` (region, profile, role ARNs, endpoints),
    ``wait``; ``accepted`` where the program's folder has a file of accepted tags (a digest, or ""); ``lookup`` where
    unchanged images are looked up too (the digest found, or ``absent``); ``checks`` where the program has checks of
    its own (the image has passed them).
    Outputs: ``digest``, ``status``.
    """

    build_key: pulumi.Output[str]
    repository_url: pulumi.Output[str]
    tag: pulumi.Output[str]
    tagged_uri: pulumi.Output[str]
    digest: pulumi.Output[str]
    status: pulumi.Output[str]

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(ImageBuildProvider(), name, {**inputs, "digest": None, "status": None}, opts)
