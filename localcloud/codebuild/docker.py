"""The ``docker`` command of the build image: buildx on this cloud's BuildKit, and little else.

Decides how a builder that AWS would start in a container is mapped to the BuildKit that runs here: ``docker buildx
create`` with the ``docker-container`` driver (or none named) makes one with the ``remote`` driver, in the build's own
configuration; the container's options are dropped. All other buildx commands are buildx's own. Images are neither
pulled nor run: what needs Docker's own engine is refused by name. Leaves Docker Hub's limit to
``localcloud.codebuild.docker_hub``. Standard library only.

Run as ``python docker.py SETTINGS ARGUMENTS``; the image holds a two-line `docker` that does so.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any, NoReturn

VERSION = "28.5.2"
"""Docker's version in AWS's images of 2026 (aws/aws-codebuild-docker-images)."""

_NO_DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
_CREATE_DROPPED = ("--driver-opt", "--buildkitd-flags", "--buildkitd-config", "--config", "--platform", "--driver")
_CREATE_VALUES = (*_CREATE_DROPPED, "--name", "--node")


def main(arguments: list[str], settings: Path) -> int:
    """Runs one docker command; returns its exit code."""
    known = json.loads(settings.read_text())
    while arguments and arguments[0].startswith("-"):
        option = arguments.pop(0)
        if option in {"-v", "--version"}:
            print(f"Docker version {VERSION}, build ecc6942")
            return 0
        if option == "--config":
            os.environ["DOCKER_CONFIG"] = arguments.pop(0)
        elif option in {"-H", "--host", "-c", "--context", "-l", "--log-level"}:
            arguments.pop(0)
    if not arguments:
        return _refuse("Usage:  docker [OPTIONS] COMMAND", 1)
    return _run(arguments[0], arguments[1:], known)


def _run(command: str, rest: list[str], known: dict[str, Any]) -> int:
    without_engine = {
        "login": lambda: _login(rest),
        "logout": lambda: _logout(rest),
        "version": lambda: _version(rest, privileged=known["privileged"]),
    }
    with_engine = {
        "info": lambda: _info(rest),
        "buildx": lambda: _buildx(rest, known),
    }
    if command in without_engine:
        return without_engine[command]()
    if not known["privileged"]:
        return _refuse(_NO_DAEMON, 1)
    if command in with_engine:
        return with_engine[command]()
    return _refuse(f"the local cloud's docker does `buildx`, `login` and `info`, not {command!r}", 125)


def _buildx(arguments: list[str], known: dict[str, Any]) -> NoReturn:
    if arguments and arguments[0] == "create":
        arguments = ["create", *as_remote(arguments[1:], known["buildkit"])]
    elif arguments and arguments[0] == "build" and not _mirrored().exists():
        hub = _docker_hub()
        refused = hub.DockerHub(Path(known["hub"])).refusal(hub.pulled_images(arguments, _read_config()))
        if refused:
            raise SystemExit(_refuse(hub.told(refused, arguments), 1))
    os.execv(known["buildx"], ["docker-buildx", *arguments])  # noqa: S606 - becomes buildx


def _docker_hub() -> Any:
    """The module beside this file, which runs as a program that sees no package."""
    spec = importlib.util.spec_from_file_location("docker_hub", Path(__file__).with_name("docker_hub.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _mirrored() -> Path:
    """Is there when the builder of this build looks for Docker Hub's images elsewhere first."""
    folder = os.environ.get("BUILDX_CONFIG")
    return (Path(folder) if folder else _config_file().parent / "buildx") / "localcloud-docker-hub-is-mirrored"


def _note_mirrors(config: str) -> None:
    mark = _mirrored()
    mark.unlink(missing_ok=True)
    if config and _docker_hub().mirrors_docker_hub(Path(config).read_text()):
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def as_remote(arguments: list[str], buildkit: str) -> list[str]:
    """The arguments of ``buildx create`` for a builder that stands on a BuildKit that runs already."""
    kept: list[str] = []
    dropped: dict[str, str] = {}
    words = list(arguments)
    while words:
        name, equals, value = words.pop(0).partition("=")
        if name in _CREATE_VALUES and not equals and words:
            value = words.pop(0)
        if name in _CREATE_DROPPED:
            dropped[name] = f"{dropped[name]},{value}" if name in dropped else value
        elif name in _CREATE_VALUES or equals:
            kept.append(f"{name}={value}")
        elif name.startswith("-"):
            kept.append(name)
    driver = dropped.get("--driver", "docker-container")
    if driver == "remote":
        return arguments
    if driver != "docker-container":
        raise SystemExit(_refuse(f"the local cloud has no builder driver {driver!r}", 1))
    _note_mirrors(dropped.get("--buildkitd-config") or dropped.get("--config", ""))
    options = dropped.get("--driver-opt", "")
    print(f"local cloud: the builder stands on this cloud's BuildKit, not in a container ({options})", file=sys.stderr)
    return [*kept, "--driver=remote", buildkit]


def _login(arguments: list[str]) -> int:
    user, password, server = "", "", "https://index.docker.io/v1/"
    words = list(arguments)
    while words:
        name, equals, value = words.pop(0).partition("=")
        if name in {"-u", "--username", "-p", "--password"}:
            value = value if equals else words.pop(0)
            user, password = (value, password) if name in {"-u", "--username"} else (user, value)
        elif name == "--password-stdin":
            password = sys.stdin.read().rstrip("\r\n")
        elif not name.startswith("-"):
            server = name + equals + value
    if not user or not password:
        return _refuse("Error: Cannot perform an interactive login from a non TTY device", 1)
    settings = _read_config()
    settings.setdefault("auths", {})[server] = {"auth": b64encode(f"{user}:{password}".encode()).decode()}
    _write_config(settings)
    print("Login Succeeded")
    return 0


def _logout(arguments: list[str]) -> int:
    settings = _read_config()
    for server in arguments:
        settings.get("auths", {}).pop(server, None)
    _write_config(settings)
    return 0


def _version(arguments: list[str], *, privileged: bool) -> int:
    if any(word.startswith(("-f", "--format")) for word in arguments):
        print(VERSION)
    else:
        print(f"Client: Docker Engine - Community\n Version:           {VERSION}")
        if privileged:
            print(f"\nServer: Docker Engine - Community\n Engine:\n  Version:          {VERSION}")
    return 0 if privileged else _refuse(_NO_DAEMON, 1)


def _info(arguments: list[str]) -> int:
    info = {"ServerVersion": VERSION, "Driver": "overlay2", "OSType": "linux", "Architecture": os.uname().machine}
    wanted = " ".join(arguments)
    for name, value in info.items():
        if f"{{{{.{name}}}}}" in wanted:
            print(value)
            return 0
    print(json.dumps(info) if "json" in wanted else "\n".join(f"{name}: {value}" for name, value in info.items()))
    return 0


def _config_file() -> Path:
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def _read_config() -> dict[str, dict[str, object]]:
    try:
        return json.loads(_config_file().read_text())
    except OSError:
        return {}


def _write_config(settings: dict[str, dict[str, object]]) -> None:
    file = _config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        json.dump(settings, opened)


def _refuse(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], Path(sys.argv[1])))
