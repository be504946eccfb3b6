"""When a program's plan file is written."""

from __future__ import annotations

from pathlib import Path

from fast_container.adapters.plan_file import PlanFileWriter, put_plan_file
from fast_container.core.program_file import FILE_NAME, read_plan_file


def names(folder: Path) -> tuple[str, ...]:
    return read_plan_file((folder / FILE_NAME).read_text(), str(folder), FILE_NAME).unknown


def test_a_program_that_awaits_each_image_in_turn_writes_each_image_a_few_times_and_all_at_its_end(
    tmp_path: Path,
) -> None:
    written: list[int] = []

    def counted(folder: Path, text: str) -> None:
        put_plan_file(folder, text)
        written.append(len(names(folder)))

    writer = PlanFileWriter(tmp_path, counted)
    for number in range(1000):
        writer.add(f"image-{number}", None)
        if writer.begins():
            writer.write()
    for _ in range(2):
        writer.write()
    assert sum(written) <= 3 * 1000
    assert (written[0], written[-1]) == (1, 1000)


def test_images_that_are_known_together_are_written_at_once(tmp_path: Path) -> None:
    writer = PlanFileWriter(tmp_path)
    for number in range(3):
        writer.add(f"image-{number}", None)
    assert writer.begins()
    writer.write()
    assert len(names(tmp_path)) == 3


def test_a_refused_image_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("before")
    writer = PlanFileWriter(tmp_path)
    writer.add("good", None)
    writer.add("bad", None, failed=True)
    writer.write()
    assert (tmp_path / FILE_NAME).read_text() == "before"
