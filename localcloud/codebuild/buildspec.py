"""Buildspec files of version 0.2: which commands run in which phase.

Decides what of a buildspec the local cloud knows. Sections about artifacts, caches and reports are accepted and do
nothing; a phase or key that CodeBuild does not know is an error, as there (AWS, "Build specification reference").
"""

from __future__ import annotations

import dataclasses
from typing import Any

PHASES = ("install", "pre_build", "build", "post_build")
_SECTIONS = {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
_PHASE_KEYS = {"run-as", "on-failure", "commands", "finally", "runtime-versions", "retry-count"}
_ENV_KEYS = {
    *("shell", "variables", "parameter-store", "secrets-manager", "exported-variables"),
    "git-credential-helper",
}


class BuildspecError(Exception):
    """A buildspec that CodeBuild would refuse (phase context ``YAML_FILE_ERROR``)."""


@dataclasses.dataclass(frozen=True)
class Phase:
    """The commands of one phase.

    Attributes:
        finally_commands: Run after the commands, also when one of them failed.
        continues: The build goes on as if the phase had succeeded (``on-failure: CONTINUE``).
    """

    commands: tuple[str, ...] = ()
    finally_commands: tuple[str, ...] = ()
    continues: bool = False


@dataclasses.dataclass(frozen=True)
class Buildspec:
    """A buildspec that has been read.

    Attributes:
        phases: By the name in the file; absent phases have no commands.
        variables: Plain variables of ``env``.
        parameters: Variable name to name in the Parameter Store.
        secrets: Variable name to ``id:json-key:version-stage:version-id``.
        exported: Variables whose values the build shows when it ends.
    """

    phases: dict[str, Phase]
    shell: str = "sh"
    variables: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    parameters: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    secrets: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    exported: tuple[str, ...] = ()


def read_buildspec(text: str) -> Buildspec:
    """Read a buildspec.

    Raises:
        BuildspecError: It is not YAML, or has something that CodeBuild does not know.
    """
    import yaml  # noqa: PLC0415 - only clouds that build need it

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"did not find expected node content: {error}") from error
    document = _mapping(document, "the buildspec")
    if str(document.get("version")) != "0.2":
        raise BuildspecError(f"Unknown version: {document.get('version')!r}; the local cloud knows 0.2")
    _known(document, _SECTIONS, "buildspec")
    phases = _mapping(document.get("phases"), "phases")
    if not phases:
        raise BuildspecError("phases: must not be empty")
    _known(phases, set(PHASES), "phases")
    environment = _mapping(document.get("env"), "env")
    _known(environment, _ENV_KEYS, "env")
    shell = str(environment.get("shell", "sh"))
    if shell not in {"sh", "bash"}:
        raise BuildspecError(f"env/shell: expected sh or bash, got {shell!r}")
    return Buildspec(
        phases={name: _phase(name, content) for name, content in phases.items()},
        shell=shell,
        variables=_texts(environment.get("variables"), "env/variables"),
        parameters=_texts(environment.get("parameter-store"), "env/parameter-store"),
        secrets=_texts(environment.get("secrets-manager"), "env/secrets-manager"),
        exported=_lines(environment.get("exported-variables"), "env/exported-variables"),
    )


def _phase(name: str, content: Any) -> Phase:
    phase = _mapping(content, name)
    _known(phase, _PHASE_KEYS, name)
    on_failure = str(phase.get("on-failure", "ABORT"))
    if on_failure not in {"ABORT", "CONTINUE"}:
        raise BuildspecError(f"{name}/on-failure: the local cloud knows ABORT and CONTINUE, got {on_failure!r}")
    return Phase(
        commands=_lines(phase.get("commands"), f"{name}/commands"),
        finally_commands=_lines(phase.get("finally"), f"{name}/finally"),
        continues=on_failure == "CONTINUE",
    )


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BuildspecError(f"{where}: expected a map, got {type(value).__name__}")
    return value


def _known(mapping: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(str(key) for key in mapping if key not in known)
    if unknown:
        raise BuildspecError(f"{where}: unknown key {', '.join(unknown)}")


def _texts(value: Any, where: str) -> dict[str, str]:
    return {str(key): _text(item, f"{where}/{key}") for key, item in _mapping(value, where).items()}


def _lines(value: Any, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BuildspecError(f"{where}: expected a list of strings")
    return tuple(_text(item, where) for item in value)


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise BuildspecError(f"{where}: expected a string, found {type(value).__name__}")
    return str(value)
