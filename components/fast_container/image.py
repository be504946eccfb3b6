"""``FastContainerImage``: one container image of a stack.

Decides how the arguments of a program become a declared image, and which outputs a consumer gets. Leaves awaiting
and hashing to ``state.preparation``, deciding and building to the hook of its record (``state.hook``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi

from fast_container import args as rules
from fast_container.adapters.pulumi_log import PulumiReporter
from fast_container.codebuild_builder import CodeBuildBuilder
from fast_container.core.context import SelectedImage
from fast_container.core.declared import DeclaredImage, Default, InlineDockerfile, check_declared, is_remote
from fast_container.core.lock import LOCK_FILE, Policy, check_policy
from fast_container.errors import FastContainerError
from fast_container.repository import ImageRepository, RepositoryInput, push_target, url_of
from fast_container.state.executors import AnyBuilder
from fast_container.state.explanation import counts_of
from fast_container.state.hook import make_hook
from fast_container.state.image_build import ImageBuild
from fast_container.state.inputs import Awaited, derived_output
from fast_container.state.preparation import ImageInputs, Ready, Texts, prepare, record_name, run_error
from fast_container.state.program import Program, current_program

TYPE = "fast-container:index:FastContainerImage"


class FastContainerImage(pulumi.ComponentResource):
    """A container image that is built when, and only when, what it is made of has changed.

    Paths are relative to the program's working directory. In preview the build key is known; the digest is known too
    unless the image really has to be built or the repository does not exist yet.

    Args:
        name: The Pulumi name.
        repository: Where the image is pushed to: an ``ImageRepository``, an ``aws.ecr.Repository``, or a URL.
        context: The build context, a directory.
        dockerfile: A path, or ``InlineDockerfile(text)``; default ``Dockerfile`` in the context.
        target: The stage to build; default the last one.
        build_args: Build arguments; those that no reachable stage declares do not count.
        platform: One platform, ``os/arch[/variant]``.
        secrets: Id → value (best a secret Output), ``SecretEnv`` or ``SecretFile``; mounted with
            ``RUN --mount=type=secret,id=…``. Ids count in the key, values never.
        named_contexts: Name → directory or reference (``docker-image://…``), as ``--build-context``.
        ignore: Patterns in the ignore file's syntax, after those of the ignore file.
        dockerignore: A path instead of BuildKit's own choice, or None to disregard every ignore file.
        labels: Labels of the image.
        builder: Who builds; default a ``LocalBuilder`` shared by the program.
        runs_on: ``lambda``, ``ecs`` or ``anywhere``: what the image must be fit for, checked before it is tagged.
        triggers: Further values that count in the key.
        volatile_build_args: Names of build args whose value does not count (tokens that rotate).
        timeout: Seconds after which a build is stopped.
        cache: Whether the builder's registry cache is used, if it has one.
        image_policy: How images of the outside count, such as that of a ``FROM``: ``as-written`` (their reference's
            text), ``locked`` (the digest that ``images_lock`` says), ``resolve`` (the digest that the registry says
            now, in every ``up`` and preview). See docs/base-images.md.
        images_lock: The lock file for ``locked``, as ``fast-container lock`` writes it.
        opts: Resource options of the component.

    Attributes:
        image_uri: ``repository@sha256:…``, what a consumer deploys.
        digest: The manifest's digest.
        tag: ``key-…``, made from the build key.
        tagged_uri: ``repository:key-…``.
        build_key: 64 hexadecimal digits.
        repository_url: ``host/name``.

    Raises:
        pulumi.RunError: An argument cannot be right, or the Dockerfile or context would make the build fail.
    """

    image_uri: pulumi.Output[str]
    digest: pulumi.Output[str]
    tag: pulumi.Output[str]
    tagged_uri: pulumi.Output[str]
    build_key: pulumi.Output[str]
    repository_url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        repository: RepositoryInput,
        context: str = ".",
        dockerfile: str | InlineDockerfile | None = None,
        target: str = "",
        build_args: Texts | None = None,
        platform: str = rules.DEFAULT_PLATFORM,
        secrets: Mapping[str, rules.SecretInput] | None = None,
        named_contexts: Mapping[str, str] | None = None,
        ignore: Sequence[str] = (),
        dockerignore: str | type[Default] | None = Default,
        labels: Texts | None = None,
        builder: AnyBuilder | None = None,
        runs_on: rules.RunsOn = "anywhere",
        triggers: Texts | Sequence[pulumi.Input[str]] | None = None,
        volatile_build_args: Sequence[str] = (),
        timeout: float = rules.DEFAULT_TIMEOUT_S,
        cache: bool = True,
        image_policy: Policy = "as-written",
        images_lock: str = LOCK_FILE,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        try:
            plain = {"context": context, "dockerfile": dockerfile, "target": target, "platform": platform}
            plain |= {"dockerignore": dockerignore, "runs_on": runs_on, "timeout": timeout}
            plain |= {"image_policy": image_policy, "images_lock": images_lock}
            for property_path, value in plain.items():
                rules.check_plain(value, property_path)
            place, shown = _dockerfile(dockerfile, context)
            declared = DeclaredImage(
                name=name,
                context=str(Path(context).absolute()),
                dockerfile=place,
                dockerfile_name=shown,
                target=target,
                platform=platform,
                build_args=dict.fromkeys(build_args or {}, ""),
                named_contexts=_places(named_contexts or {}),
                ignore=rules.check_texts(ignore, "ignore"),
                dockerignore=dockerignore,
                secret_ids=tuple(secrets or {}),
                volatile_build_args=frozenset(rules.check_texts(volatile_build_args, "volatile_build_args")),
            )
            inputs = ImageInputs(
                declared=declared,
                repository=url_of(rules.check_repository(repository)),
                build_args=build_args or {},
                labels=labels or {},
                triggers=_named_triggers(triggers),
                secrets=rules.check_secrets(secrets or {}),
                runs_on=rules.check_runs_on(runs_on),
                timeout_s=rules.check_timeout(timeout),
                use_cache=cache,
                image_policy=check_policy(image_policy),
                images_lock=images_lock,
            )
            check_declared(declared)
        except FastContainerError as error:
            raise run_error(name, error) from None
        super().__init__(TYPE, name, {}, opts)
        depends_on: list[pulumi.Resource] = [repository] if isinstance(repository, ImageRepository) else []
        if isinstance(builder, CodeBuildBuilder):
            depends_on += [builder, *builder.grant_push(*push_target(repository))]
        self._declare(inputs, builder, depends_on)

    def _declare(self, inputs: ImageInputs, builder: AnyBuilder | None, depends_on: Sequence[pulumi.Resource]) -> None:
        program = current_program(make_hook)
        awaited = Awaited()
        ready = asyncio.ensure_future(
            prepare(self, program, inputs, awaited, builder or program.default_builder, PulumiReporter(self))
        )
        wait = not isinstance(builder, CodeBuildBuilder) or builder.wait
        record = _record(self, inputs.declared.name, program, ready, awaited, depends_on, wait=wait)
        self.build_key, self.tag = record.build_key, record.tag
        self.tagged_uri, self.repository_url = record.tagged_uri, record.repository_url
        self.digest = _digest(record, ready, program)
        self.image_uri = pulumi.Output.all(self.repository_url, self.digest, self.tag).apply(_image_uri)
        outputs = ("image_uri", "digest", "tag", "tagged_uri", "build_key", "repository_url")
        program.answers.register_outputs(self, {output: getattr(self, output) for output in outputs})


def _record(
    image: FastContainerImage,
    name: str,
    program: Program,
    ready: asyncio.Future[Ready],
    awaited: Awaited,
    depends_on: Sequence[pulumi.Resource],
    *,
    wait: bool,
) -> ImageBuild:
    def output(part: Callable[[SelectedImage], Any]) -> pulumi.Output[Any]:
        return derived_output(ready, lambda found: part(found.selected) if found.selected else None, awaited)

    url = derived_output(ready, lambda found: found.repository_url, awaited)
    tag = output(lambda selected: selected.key.tag)
    return ImageBuild(
        record_name(name),
        {
            "build_key": output(lambda selected: selected.key.hex),
            "tag": tag,
            "repository_url": url,
            "tagged_uri": pulumi.Output.concat(url, ":", tag),
            "parts": output(lambda selected: dict(selected.key.parts)),
            "counts": output(counts_of),
            "aws": derived_output(ready, lambda found: found.access.to_plain(), awaited),
            "wait": wait,
        },
        pulumi.ResourceOptions(parent=image, depends_on=depends_on, hooks=program.hook_binding),
    )


def _digest(record: ImageBuild, ready: asyncio.Future[Ready], program: Program) -> pulumi.Output[str]:
    """The record's digest; in a preview of a change, the one that the hook has found in the registry."""

    async def looked_up() -> str | None:
        await record.urn.future()
        found = await ready
        if found.selected is None or found.repository_url is None:
            return None
        return program.found_digest(found.repository_url, found.selected.key.tag)

    async def value() -> Any:
        return await record.digest.future() if await record.digest.is_known() else await looked_up()

    async def known() -> bool:
        return await record.digest.is_known() or await looked_up() is not None

    return pulumi.Output(record.digest.resources(), value(), known())


def _image_uri(parts: Sequence[str | None]) -> str:
    url, digest, tag = parts
    # Only a unit test's mocks have no digest: the tag, which is immutable, says what a test may want to see.
    return f"{url}@{digest}" if digest else f"{url}:{tag}"


def _dockerfile(dockerfile: str | InlineDockerfile | None, context: str) -> tuple[str | InlineDockerfile, str]:
    if isinstance(dockerfile, InlineDockerfile):
        return dockerfile, "InlineDockerfile"
    shown = dockerfile if dockerfile is not None else str(Path(context) / "Dockerfile")
    return str(Path(shown).absolute()), shown


def _places(named_contexts: Mapping[str, str]) -> dict[str, str]:
    for name, place in named_contexts.items():
        rules.check_plain(place, f"named_contexts[{name!r}]")
    return {name: p if is_remote(p) else str(Path(p).absolute()) for name, p in named_contexts.items()}


def _named_triggers(triggers: Texts | Sequence[pulumi.Input[str]] | None) -> Texts:
    if triggers is None or isinstance(triggers, Mapping):
        return triggers or {}
    return {str(index): value for index, value in enumerate(triggers)}
