"""What the reachable stages of a Dockerfile read.

Decides, instruction by instruction, which paths of which context count, and when something unknown makes the whole
context count. Leaves which files a path selects to ``core.select``.
Source: BuildKit v0.34.2, ``frontend/dockerfile/dockerfile2llb``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fast_container.core.dockerfile.instructions import Arg, Command, Copy, Env, Plain, Run
from fast_container.core.dockerfile.model import (
    ContextReads,
    ContextStart,
    ExternalImage,
    RefusedError,
    RemoteSource,
    SecretMount,
    Selector,
    UnknownValueError,
)
from fast_container.core.dockerfile.mounts import Mount, read_mount, secret_of
from fast_container.core.dockerfile.scope import GlobalScope, Scope
from fast_container.core.dockerfile.sources import (
    check_flags,
    path_selector,
    remote_source,
    root_relative,
    source_kind,
)
from fast_container.core.dockerfile.stage_source import StageSource, context_of, makes_layers, root_of
from fast_container.core.dockerfile.stages import StageGraph, at_line
from fast_container.core.dockerfile.values import check_ports, check_signal, check_volumes
from fast_container.core.oci.platform import normal_or_same

MAIN_CONTEXT = "context"


@dataclass(slots=True)
class _Found:
    selectors: list[Selector] = field(default_factory=list[Selector])
    reasons: list[str] = field(default_factory=list[str])

    def because(self, reason: str) -> None:
        if reason not in self.reasons:
            self.reasons.append(reason)


class Reader:
    """Goes through the reachable stages in the order in which BuildKit dispatches them.

    Attributes:
        remote_sources: URLs and repositories of ``ADD``.
        external_images: Images that the stages need.
        secrets: Secrets that their mounts ask for.
        starts: Named contexts that replace stages and images.
        warnings: One line each.
    """

    def __init__(
        self,
        graph: StageGraph,
        globals_: GlobalScope,
        *,
        build_args: Mapping[str, str],
        platform: str,
        escape: str,
    ) -> None:
        self._graph = graph
        self._globals = globals_
        self._build_args = build_args
        self._platform = platform
        self._escape = escape
        self._scopes: dict[StageSource, Scope] = {}
        self._found: dict[str, _Found] = {}
        self.remote_sources: list[RemoteSource] = []
        self.external_images: list[ExternalImage] = []
        self.secrets: list[SecretMount] = []
        self.starts: list[ContextStart] = []
        self.warnings: list[str] = []

    @property
    def contexts(self) -> dict[str, ContextReads]:
        """Reads of each context that is read at all."""
        return {
            name: ContextReads(bool(found.reasons), tuple(found.reasons), tuple(found.selectors))
            for name, found in self._found.items()
        }

    def read(self, reachable: list[StageSource], target: StageSource) -> None:
        """Go through all stages.

        Raises:
            RefusedError: With the line.
        """
        for source in reachable:
            self._note_image(source)
            self._scopes[source] = scope = self._start(source)
            if source.text is None or source.replaced_by:
                continue
            for command in source.commands:
                with at_line(command.line):
                    self._command(source, command, scope)
            if makes_layers(source):
                self._note_rootfs(source)
        context = context_of(target)
        if context is not None:
            self._note_rootfs(target)

    def _note_rootfs(self, source: StageSource) -> None:
        root = root_of(source)
        context = root.replaced_by or root.named_base
        if context is None:
            return
        line = source.line
        selector = Selector("rootfs", "", False, False, (), line, source.base_name, True)
        found = self._found.setdefault(context, _Found())
        if not any(one.op == "rootfs" for one in found.selectors):
            found.selectors.append(selector)
        found.because(f"line {line}: FROM {source.base_name} starts from all of it")

    def _note_image(self, source: StageSource) -> None:
        platform = self._platform if source.platform is None else normal_or_same(source.platform)
        context = source.replaced_by or source.named_base
        if context is not None:
            self.starts.append(ContextStart(context, platform, source.line))
        if not source.from_image:
            return
        starts = source.text is not None
        image = ExternalImage(source.base_name, source.normalised, platform, source.line, source.name, starts)
        if not any((one.normalised, one.platform) == (image.normalised, platform) for one in self.external_images):
            self.external_images.append(image)

    def _start(self, source: StageSource) -> Scope:
        if source.base is not None:
            return self._scopes[source.base].child()
        if source.from_scratch:
            return Scope.of_scratch(self._escape)
        name = source.replaced_by or source.named_base
        label = f"named context {name}" if name else f"base image {source.base_name}"
        return Scope.of_image(self._escape, self._graph.facts_of(source), label)

    def _command(self, source: StageSource, command: Command, scope: Scope) -> None:
        body = command.body
        if isinstance(body, Env):
            scope.apply_env(body)
        elif isinstance(body, Arg):
            scope.apply_arg(body, self._build_args, self._globals)
        elif isinstance(body, Copy):
            self._copy(source, command, body, scope)
        elif isinstance(body, Run):
            self._run(source, command, body, scope)
        elif isinstance(body, Plain):
            _check_plain(command, body, scope)

    def _origin(self, source: StageSource, command: Command, index: int) -> str | None:
        """Return the context that an instruction reads; None for a stage or image.

        Raises:
            RefusedError: It names a later stage.
        """
        origins = source.origins.get(id(command), [])
        origin = origins[index]
        if origin.text is not None and not origin.replaced_by and origin not in self._scopes:
            raise RefusedError(
                f"stage {origin.name} is used before it is defined", next_step="Move that stage before this one."
            )
        return context_of(origin)

    def _copy(self, source: StageSource, command: Command, copy: Copy, scope: Scope) -> None:
        context = self._origin(source, command, 0) if copy.origin else MAIN_CONTEXT
        chown, chmod, checksum = (
            _expanded(scope, copy.flags.single.get(flag, "")) or "" for flag in ("chown", "chmod", "checksum")
        )
        sources: list[str] = []
        for text in copy.sources:
            try:
                sources.append(scope.expand(text))
            except UnknownValueError as error:
                self._widen(context, command.line, copy, text, error)
                continue
            self._one_source(context, command.line, copy, sources[-1], text, checksum)
        _expanded(scope, copy.destination)
        for document in copy.documents:
            if document.expand:
                _expanded_document(scope, document.content)
        check_flags(copy, checksum=checksum, chmod=chmod, chown=chown, sources=tuple(sources))

    def _one_source(self, context: str | None, line: int, copy: Copy, source: str, text: str, checksum: str) -> None:
        kind, commit = source_kind(source)
        if kind != "path":
            remote = remote_source(copy, source, kind, commit, checksum, line)
            self.remote_sources.append(remote)
            if not remote.is_fixed:
                self.warnings.append(
                    f"line {line}: ADD {text} counts as written: later changes of its content go unnoticed"
                    f" ({'name a commit' if kind == 'git' else 'add --checksum=sha256:…'})"
                )
            return
        selector = path_selector(copy, source, text, line)
        if context is None:
            return
        self._select(context, selector)
        if not selector.path and not source:
            reason = f"line {line}: {text} is empty, and an empty source takes the whole context"
            self._found[context].because(reason)
            self.warnings.append(reason)

    def _select(self, context: str, selector: Selector) -> None:
        found = self._found.setdefault(context, _Found())
        found.selectors.append(selector)
        if not selector.path and not selector.exclude and selector.text:
            what = "a mount" if selector.op == "mount" else f"{selector.op.upper()} {selector.text}"
            found.because(f"line {selector.line}: {what} takes the whole context")

    def _widen(self, context: str | None, line: int, copy: Copy, text: str, error: UnknownValueError) -> None:
        if context is None:
            return
        keyword = "ADD" if copy.add else "COPY"
        found = self._found.setdefault(context, _Found())
        found.because(f"line {line}: {keyword} {text} depends on ${error.name}, but {error.reason}")

    def _run(self, source: StageSource, command: Command, run: Run, scope: Scope) -> None:
        for index, text in enumerate(run.mounts):
            try:
                mount = read_mount(text, scope.expand)
            except UnknownValueError as error:
                context = self._origin(source, command, index) if run.origins[index] else MAIN_CONTEXT
                if context is not None:
                    found = self._found.setdefault(context, _Found())
                    found.because(f"line {command.line}: --mount={text} depends on ${error.name}, but {error.reason}")
                asked = secret_of(text, scope.expand)
                if asked is not None:
                    self.secrets.append(SecretMount(*asked, command.line))
                continue
            self._mount(source, command, index, mount)

    def _mount(self, source: StageSource, command: Command, index: int, mount: Mount) -> None:
        if mount.type in ("secret", "ssh"):
            self.secrets.append(SecretMount(mount.secret_id, mount.type, mount.may_be_absent, command.line))
        if mount.from_:
            context = self._origin(source, command, index)
        else:
            context = MAIN_CONTEXT if mount.type == "bind" else None
        if context is None or mount.type not in ("bind", "cache"):
            return
        path = root_relative(mount.source)
        text = mount.source_text or "/"
        self._select(context, Selector("mount", path, False, False, (), command.line, text, True))


def _check_plain(command: Command, plain: Plain, scope: Scope) -> None:
    name = command.node.name
    try:
        if name == "EXPOSE":
            check_ports(port for word in plain.words for port in scope.split(word))
            return
        words = [scope.expand(word) for word in plain.words]
    except UnknownValueError:
        return
    if name == "VOLUME":
        check_volumes(words)
    elif name == "STOPSIGNAL":
        check_signal(words[0])


def _expanded(scope: Scope, word: str) -> str | None:
    """Expand a word that selects no file: it can only be refused."""
    try:
        return scope.expand(word)
    except UnknownValueError:
        return None


def _expanded_document(scope: Scope, text: str) -> None:
    try:
        scope.expand_document(text)
    except UnknownValueError:
        return
