"""Which variables are set where, and which values cannot be known.

Decides the value of a variable in the global scope and in a stage. Leaves how a word uses it to ``shell_words``.
Source: BuildKit v0.34.2, ``frontend/dockerfile/dockerfile2llb``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from fast_container.core.dockerfile.instructions import Arg, Command, Env
from fast_container.core.dockerfile.lex_options import LexOptions
from fast_container.core.dockerfile.model import ImageFacts, RefusedError, UnknownValueError
from fast_container.core.dockerfile.shell_words import expand_word, split_words

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_IN_ENVIRONMENT: Final = frozenset(["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"])
_MOST_EXPANDED: Final = 32 << 20
_VARIABLE: Final = re.compile(r"[^\W\d]\w*")
ALWAYS_EFFECTIVE: Final = re.compile(
    r"SOURCE_DATE_EPOCH|BUILDKIT_(?!INLINE_CACHE\Z).*|(?i:(HTTP|HTTPS|FTP|NO|ALL)_PROXY)", re.DOTALL
)
"""Build args that have an effect without any ``ARG``: BuildKit's own, and proxies, which every ``RUN`` has in its
environment. Inline cache data is not part of an image's identity.
"""


class Scope:
    """Variables that are set, unset or unknown.

    Attributes:
        escape: The file's escape character.
        used: Names that an expansion asked for.
    """

    def __init__(self, escape: str) -> None:
        self._options = LexOptions(escape=escape)
        self._values: dict[str, str] = {}
        self._unknown: dict[str, str] = {}
        self._open = ""
        self._config: dict[str, str | UnknownValueError] = {}
        self._expanded = 0
        self.used: set[str] = set()

    @classmethod
    def of_scratch(cls, escape: str) -> Scope:
        """Make the scope of a stage that starts from nothing."""
        return cls.of_image(escape, ImageFacts({}, ()), "scratch")

    @classmethod
    def of_image(cls, escape: str, facts: ImageFacts | None, image: str) -> Scope:
        """Make the scope of a stage that starts from an image; without its environment, any variable may be set."""
        scope = cls(escape)
        if facts is None or facts.env is None:
            scope._open = f"the environment of {image} is not known"
        else:
            scope._values = {"PATH": DEFAULT_PATH, **facts.env}
            scope._config = dict(scope._values)
        return scope

    def child(self) -> Scope:
        """Make the scope of a stage that starts from this one.

        It gets the values of ``ENV`` and ``ARG``, and then the image's environment again, so that an ``ENV`` wins over
        a later ``ARG`` of the parent.
        """
        scope = Scope(self._options.escape)
        scope._open, scope._expanded = self._open, self._expanded
        scope._unknown = dict(self._unknown)
        if self._open:
            scope._unknown |= dict.fromkeys(self._values, self._open)
        else:
            scope._values = dict(self._values)
        scope._config = dict(self._config)
        for name, value in self._config.items():
            scope._store(name, value)
        return scope

    def lookup(self, name: str) -> str | None:
        """Return the value of a variable, or None if it is unset.

        Raises:
            UnknownValueError: It cannot be known.
        """
        self.used.add(name)
        value = self._values.get(name)
        if value is not None:
            return value
        if name in self._unknown:
            raise UnknownValueError(name, self._unknown[name])
        if self._open and _VARIABLE.fullmatch(name):
            raise UnknownValueError(name, self._open)
        return None

    def expand(self, word: str) -> str:
        """Expand the variables of a word.

        Raises:
            RefusedError: It cannot be expanded.
            UnknownValueError: It depends on an unknown value.
        """
        return self._counted(expand_word(word, self.lookup, self._options))

    def split(self, word: str) -> list[str]:
        """Expand a word and split the result into words; only ``EXPOSE`` does this.

        Raises:
            RefusedError: It cannot be expanded.
            UnknownValueError: It depends on an unknown value.
        """
        words = split_words(word, self.lookup, self._options)
        self._counted("".join(words))
        return words

    def expand_document(self, text: str) -> str:
        """Expand a heredoc: quotes are ordinary characters there, and the escape is always a backslash."""
        return self._counted(expand_word(text, self.lookup, LexOptions(skip_quotes=True)))

    def _counted(self, text: str) -> str:
        """Return an expanded string, unless all of them together exceed what any file can mean."""
        self._expanded += len(text)
        if self._expanded > _MOST_EXPANDED:
            raise RefusedError("the variables of this file expand to more than a build can use (32 MiB)")
        return text

    def set(self, name: str, value: str) -> None:
        """Set a variable."""
        self._values[name] = value
        self._unknown.pop(name, None)

    def set_unknown(self, name: str, reason: str) -> None:
        """Mark a variable as set to an unknown value."""
        self._values.pop(name, None)
        self._unknown[name] = reason

    def forget_all(self, reason: str) -> None:
        """Mark every variable as unknown: one was set, and its name is unknown."""
        self._unknown |= dict.fromkeys(self._values, reason)
        self._values.clear()
        self._config.clear()
        self._open = reason

    def known(self, name: str) -> bool:
        """Whether the variable is certainly set or certainly marked as unknown here."""
        return name in self._values or name in self._unknown

    def apply_env(self, env: Env) -> None:
        """Apply ``ENV``: all right sides see the values from before the line."""
        new: list[tuple[str, str | UnknownValueError]] = []
        for key, value in env.pairs:
            try:
                name = self.expand(key)
            except UnknownValueError as error:
                self.forget_all(error.reason)
                return
            try:
                new.append((name, self.expand(value)))
            except UnknownValueError as error:
                new.append((name, error))
        for name, value in new:
            self._store(name, value)
            self._config[name] = value

    def apply_arg(self, arg: Arg, build_args: Mapping[str, str], globals_: Scope) -> None:
        """Apply ``ARG`` in a stage: build arg, else its own default, else the global value, else nothing changes."""
        for name, default in arg.pairs:
            if name in _NOT_IN_ENVIRONMENT:
                continue
            if name in build_args:
                self.set(name, build_args[name])
            elif default is None:
                if globals_.known(name):
                    self._store(name, _value_or_error(globals_, name))
            else:
                try:
                    self.set(name, self.expand(default))
                except UnknownValueError as error:
                    self.set_unknown(name, error.reason)

    def _store(self, name: str, value: str | UnknownValueError | None) -> None:
        if isinstance(value, UnknownValueError):
            self.set_unknown(name, value.reason)
        elif value is not None:
            self.set(name, value)


def _value_or_error(scope: Scope, name: str) -> str | UnknownValueError | None:
    try:
        return scope.lookup(name)
    except UnknownValueError as error:
        return error


class GlobalScope(Scope):
    """The global ``ARG`` values, and the names that each depends on.

    Attributes:
        sources: Name → names that its default asked for.
    """

    def __init__(self, escape: str) -> None:
        super().__init__(escape)
        self.sources: dict[str, set[str]] = {}

    def define(self, commands: Iterable[Command], build_args: Mapping[str, str]) -> None:
        """Read the ``ARG`` instructions before the first ``FROM``.

        Raises:
            RefusedError: A default that cannot be expanded; with the line.
        """
        for command in commands:
            if not isinstance(command.body, Arg):
                continue
            for name, default in command.body.pairs:
                try:
                    self._define(name, default, build_args)
                except RefusedError as error:
                    raise RefusedError(error.why, line=command.line, next_step=error.next_step) from None

    def _define(self, name: str, default: str | None, build_args: Mapping[str, str]) -> None:
        if name in build_args:
            self.set(name, build_args[name])
        elif default is not None:
            self.used = set()
            try:
                self.set(name, self.expand(default))
            except UnknownValueError as error:
                self.set_unknown(name, error.reason)
            self.sources.setdefault(name, set()).update(self.used)

    def closure(self, names: Iterable[str]) -> set[str]:
        """Return the names and all names that their values depend on."""
        done: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in done:
                done.add(name)
                todo += self.sources.get(name, ())
        return done
