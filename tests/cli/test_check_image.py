"""``fast-container check-image`` on a registry over HTTP: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fast_container.cli import main
from tests.adapters.http_registry import HttpRegistry
from tests.layer_images import Member, file, image, link, zipped

GOOD = [file("usr/bin/app", b"x", mode=0o755)]
RUNS = {"Entrypoint": ["/usr/bin/app"], "User": "1000"}


def push(registry: HttpRegistry, *layers: list[Member]) -> str:
    content, blobs = image([zipped(members) for members in layers], RUNS)
    registry.blobs |= blobs
    registry.tags["v1"] = registry.push(content)
    return f"{registry.url}:v1"


def test_a_good_image_passes(registry: HttpRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-image", push(registry, GOOD), "--runs-on", "ecs"]) == 0
    assert "1 layer, 0.1 MB compressed, 0.1 MB unpacked; no findings" in capsys.readouterr().out


def test_a_warning_passes_and_an_error_does_not(registry: HttpRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    reference = push(registry, GOOD, [file("usr/bin/gcc", 2_000_000)])
    assert main(["check-image", reference]) == 0
    assert "warning  V02    The image holds a compiler." in capsys.readouterr().out
    assert main(["check-image", reference, "--rule", "V02=error"]) == 1
    assert main(["check-image", reference, "--rule", "V02=off", "--max-size", "1kB"]) == 1
    assert main(["check-image", reference, "--fail-on", "warning"]) == 1
    capsys.readouterr()
    assert main(["check-image", reference, "--require", "/app", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert {finding["rule"] for finding in said["findings"]} == {"V02", "V11"}


def test_after_an_edit_only_the_new_layer_is_read(registry: HttpRegistry) -> None:
    push(registry, GOOD, [file("app", b"1")])
    main(["check-image", f"{registry.url}:v1"])
    registry.requests.clear()
    push(registry, GOOD, [file("app", b"2")])
    main(["check-image", f"{registry.url}:v1"])
    # The configuration is the same; it is small.
    assert sum("/blobs/" in path for path in registry.paths("GET")) == 2


def test_a_layer_that_cannot_be_read_is_an_error_that_names_it(
    registry: HttpRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = zipped(GOOD)[:-30]
    content, blobs = image([damaged], RUNS)
    registry.blobs |= blobs
    assert main(["check-image", f"{registry.url}@{registry.push(content)}"]) == 1
    said = capsys.readouterr().out
    assert "V10 cannot be checked" in said
    assert "gzip data ends early" in said


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["UPPER"],
        ["127.0.0.1:1/a:b", "--plan", "x"],
        ["a", "--max-size", "huge"],
        ["a", "--rule", "V99=off"],
        ["a", "--rule", "V01=loud"],
        ["a", "--platform", "moon"],
        ["a", "--max-growth", "5%"],
        ["a", "--against", "b", "--max-growth", "much"],
    ],
)
def test_bad_input(arguments: list[str], registry: HttpRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-image", *arguments]) == 2
    assert capsys.readouterr().err.startswith("fast-container: ")


def test_an_image_that_is_not_there(registry: HttpRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-image", f"{registry.url}:none"]) == 2
    assert "There is no image" in capsys.readouterr().err


def test_growth_against_an_image_before(registry: HttpRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    push(registry, GOOD)
    registry.tags["v0"] = registry.tags["v1"]
    reference = push(registry, GOOD, [file("app", os.urandom(9000))])
    against = ["--against", f"{registry.url}:v0"]
    assert main(["check-image", reference, *against, "--max-growth", "1GB"]) == 0
    assert main(["check-image", reference, *against, "--max-growth", "50%"]) == 1
    assert "The image grew by" in capsys.readouterr().out
    assert main(["check-image", reference, *against, "--max-growth", "8kB"]) == 1


def test_set_user_id_programs_of_a_base_that_is_named(
    registry: HttpRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    base = [*GOOD, file("usr/bin/own", mode=0o4755)]
    push(registry, base)
    registry.tags["base"] = registry.tags["v1"]
    reference = push(registry, base, [file("app", b"1")])
    main(["check-image", reference, "--runs-on", "ecs"])
    assert "set-user-id" in capsys.readouterr().out
    main(["check-image", reference, "--runs-on", "ecs", "--base", f"{registry.url}:base"])
    out = capsys.readouterr().out
    assert "set-user-id" not in out
    assert f"1 finding comes from the base image {registry.url}:base, which can be checked by itself: V08" in out


def test_a_base_that_the_image_does_not_start_from_is_refused(
    registry: HttpRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    push(registry, [file("other")])
    registry.tags["base"] = registry.tags["v1"]
    reference = push(registry, GOOD)
    assert main(["check-image", reference, "--base", f"{registry.url}:base"]) == 2
    assert "does not start from that base" in capsys.readouterr().err


STRUCTURE = """\
schemaVersion: 2.0.0
fileExistenceTests:
- {name: app, path: /usr/bin/app, permissions: -rwxr-xr-x}
fileContentTests:
- {name: content, path: /bin/app, expectedContents: [%s]}
"""


def test_structure_tests_are_run(registry: HttpRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = push(registry, [*GOOD, link("bin", "usr/bin")], [file("other", b"1")])
    tests = tmp_path / "tests.yaml"
    tests.write_text(STRUCTURE % "^x$")
    assert main(["check-image", reference, "--structure", str(tests)]) == 0
    tests.write_text(STRUCTURE % "y")
    assert main(["check-image", reference, "--structure", str(tests)]) == 1
    assert f"{tests}:5" in capsys.readouterr().out
    tests.write_text("schemaVersion: 2.0.0\ncommandTests: [{name: a, command: ls}]\n")
    assert main(["check-image", reference, "--structure", str(tests)]) == 2
    assert "tests.yaml:2" in capsys.readouterr().err
    assert main(["check-image", reference, "--structure", str(tests), "--leave-out", "commandTests"]) == 0
    assert main(["check-image", reference, "--structure", str(tmp_path / "none")]) == 2


def test_names_that_are_not_utf8_or_move_the_cursor_are_printed_as_they_cannot_hurt(
    registry: HttpRegistry, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    reference = push(registry, [*GOOD, file("app/\udcff\x1b[2J\n/.env", b"x")])
    for form in ("text", "json", "github", "sarif"):
        assert main(["check-image", reference, "--format", form]) == 1
        said = capsysbinary.readouterr().out
        assert b"\x1b" not in said
        assert b".env" in said
