"""A build's log is worth no build."""

from __future__ import annotations

import resource
from pathlib import Path

from fast_container.adapters.buildx.build_log import BuildLog, remove_old_logs


def test_what_is_written_is_there_at_once_and_private(tmp_path: Path) -> None:
    with BuildLog(tmp_path / "logs", "api") as log:
        log.write("grün \udcff\n")
        assert Path(log.path).read_bytes() == "grün \\udcff\n".encode()
        assert Path(log.path).stat().st_mode & 0o777 == 0o600
    assert log.why == ""


def test_a_folder_that_cannot_be_made_means_no_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with BuildLog(tmp_path / "file" / "logs", "api") as log:
        log.write("x")
    assert log.path == ""
    assert log.why
    remove_old_logs(tmp_path / "file" / "logs")


def test_a_full_disk_ends_the_log_and_nothing_else(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with BuildLog(tmp_path, "api") as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
        try:
            log.write("x" * 100)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        log.write("y")
    assert log.why
    assert Path(log.path).read_text() == "x" * 10
