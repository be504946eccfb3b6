"""The source of a build: how it is fetched, and what of an archive is let in."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from localcloud.codebuild.source import SourceError, unpack
from tests.localcloud.codebuild.conftest import BUCKET, Aws, archive, buildspec, statuses


def entry(name: str, content: str, mode: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        opened.writestr(info, content)
    return buffer.getvalue()


def test_files_folders_links_and_the_executable_bit_are_unpacked(tmp_path: Path) -> None:
    unpack(entry("d/run", "x", stat.S_IFREG | 0o755), tmp_path)
    unpack(entry("d/link", "run", stat.S_IFLNK | 0o777), tmp_path)
    assert (tmp_path / "d/run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "d/link").readlink() == Path("run")


@pytest.mark.parametrize(
    ("name", "content", "mode"),
    [
        ("/absolute", "x", stat.S_IFREG | 0o644),
        ("../above", "x", stat.S_IFREG | 0o644),
        ("d/../../above", "x", stat.S_IFREG | 0o644),
        ("link", "/etc", stat.S_IFLNK | 0o777),
        ("d/link", "../../above", stat.S_IFLNK | 0o777),
    ],
)
def test_an_entry_that_leaves_the_tree_is_refused(tmp_path: Path, name: str, content: str, mode: int) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(SourceError, match="leaves the source directory"):
        unpack(entry(name, content, mode), inside)
    assert list(tmp_path.iterdir()) == [inside]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    with pytest.raises(SourceError, match="through a link"):
        unpack(archive({"link/file": "x"}), inside)
    (inside / "file").symlink_to(outside / "file")
    with pytest.raises(SourceError, match="through a link"):
        unpack(archive({"file": "x"}), inside)
    assert list(outside.iterdir()) == []


def test_a_build_finds_its_archive_in_the_source_directory(aws: Aws) -> None:
    spec = buildspec(build=["cat d/f", '[ "$PWD" = "$CODEBUILD_SRC_DIR" ]'])
    location = aws.upload("tree.zip", {"d/f": "from-zip\n", "buildspec.yml": spec})
    aws.project("zip", source={"type": "S3", "location": location})
    build = aws.run("zip")
    assert build["buildStatus"] == "SUCCEEDED"
    assert "\nfrom-zip\n" in aws.log(build)


def test_a_build_finds_a_folder_of_objects_in_the_source_directory(aws: Aws) -> None:
    for name in ("a", "d/b"):
        aws.s3.put_object(Bucket=BUCKET, Key=f"folder/{name}", Body=name.encode())
    source = {"type": "S3", "location": f"{BUCKET}/folder/", "buildspec": buildspec(build=["find . -type f | sort"])}
    aws.project("folder", source=source)
    assert "\n./a\n./d/b\n" in aws.log(aws.run("folder"))


def test_a_version_of_an_object_can_be_built(aws: Aws) -> None:
    aws.s3.create_bucket(Bucket="versioned")
    aws.s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    put = [aws.s3.put_object(Bucket="versioned", Key="s.zip", Body=archive({"f": text})) for text in ("old\n", "new\n")]
    source = {"type": "S3", "location": "versioned/s.zip", "buildspec": buildspec(build=["cat f"])}
    aws.project("versioned", source=source)
    assert "\nold\n" in aws.log(aws.run("versioned", sourceVersion=put[0]["VersionId"]))
    assert "\nnew\n" in aws.log(aws.run("versioned"))


@pytest.mark.parametrize(
    ("location", "message"),
    [
        (f"{BUCKET}/none.zip", "NoSuchKey"),
        ("no-bucket/none.zip", "NoSuchBucket"),
        (f"{BUCKET}/no-zip", "not a ZIP archive"),
        (f"{BUCKET}/nothing-here/", "no object under"),
    ],
)
def test_a_source_that_cannot_be_had_fails_the_download(aws: Aws, location: str, message: str) -> None:
    aws.s3.put_object(Bucket=BUCKET, Key="no-zip", Body=b"text")
    aws.codebuild.delete_project(name="no-source")
    source = {"type": "S3", "location": location, "buildspec": buildspec(build=["true"])}
    aws.project("no-source", source=source)
    build = aws.run("no-source")
    failed = next(phase for phase in build["phases"] if phase.get("phaseStatus") == "FAILED")
    assert (build["buildStatus"], failed["phaseType"]) == ("FAILED", "DOWNLOAD_SOURCE")
    assert message in failed["contexts"][0]["message"]
    assert "INSTALL" not in statuses(build)
