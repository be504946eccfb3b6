"""The states of stacks are read anew each time, and one that cannot be read is an error that names its option."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fast_container.adapters.usage.stacks import Stacks, StateFiles
from fast_container.errors import ArgsError

STATE = json.dumps({"deployment": {"resources": [{"urn": "a::api", "x": f"sha256:{'1' * 64}"}]}})


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "prod.json"
    file.write_text(STATE)
    reader = StateFiles([str(file)])
    assert [use.by for use in reader.read()] == ["api of stack prod"]
    file.write_text(STATE.replace("api", "web"))
    assert [use.by for use in reader.read()] == ["web of stack prod"]


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff"])
def test_a_file_that_is_not_a_state_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "prod.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ArgsError, match="is not the state of a stack") as caught:
        StateFiles([str(file)]).read()
    assert caught.value.where == "--state"


def test_a_stack_is_exported_by_the_engine(tmp_path: Path) -> None:
    command = tmp_path / "pulumi"
    command.write_text(
        f"#!/bin/sh\n[ \"$*\" = 'stack export --non-interactive --stack=shop/prod' ] || exit 9\necho '{STATE}'\n"
    )
    command.chmod(0o755)
    (use,) = Stacks(["shop/prod"], {"PATH": f"{tmp_path}:/usr/bin:/bin"}).read()
    assert use.by == "api of stack shop/prod"
    with pytest.raises(ArgsError, match="The state of stack other cannot be read"):
        Stacks(["other"], {"PATH": f"{tmp_path}:/usr/bin:/bin"}).read()
    with pytest.raises(ArgsError) as caught:
        Stacks(["other"], {"PATH": str(tmp_path / "nowhere")}).read()
    assert caught.value.why == "the pulumi command is not installed"
