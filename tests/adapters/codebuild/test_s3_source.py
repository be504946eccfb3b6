"""Chunks are put once, checked, and put again when they would not outlive the queue."""

from __future__ import annotations

import gzip
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fast_container.adapters.codebuild.s3_source import S3SourceStore, Upload
from fast_container.core.key import entries_digest
from fast_container.core.staging.archive import extract_archive
from fast_container.core.staging.chunks import Chunk, cut
from fast_container.errors import AuthError, ContextError, SourceUploadError
from tests.core.staging.test_stage import source
from tests.trees import write_tree

TREE = {"Dockerfile": "FROM scratch\nCOPY . .\n", "packages/pricing/rates.py": "1" * 5000, "orders/handler.py": "2"}


class CountedS3:
    """Passes calls on and counts them; ``answer`` replaces an operation's answer, ``fail`` raises instead."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        self.calls: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.fail: dict[str, list[Exception]] = {}
        self.changed: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append(name)
            self.requests.append(request)
            if self.fail.get(name):
                raise self.fail[name].pop(0)
            answer = getattr(self.s3, name)(**request)
            return self.changed[name](answer) if name in self.changed else answer

        return call


@pytest.fixture
def s3(sources_bucket: Any) -> CountedS3:
    for key in keys(sources_bucket):
        sources_bucket.delete_object(Bucket="sources", Key=key)
    return CountedS3(sources_bucket)


@pytest.fixture
def chunks(tmp_path: Path) -> list[Chunk]:
    return list(cut(source(write_tree(tmp_path / "context", TREE))))


def keys(s3: Any) -> set[str]:
    return {item["Key"] for item in s3.list_objects_v2(Bucket="sources").get("Contents", [])}


def store(s3: CountedS3, **changes: Any) -> S3SourceStore:
    return S3SourceStore(lambda: s3, "sources", **changes)


def put(s3: CountedS3, chunks: list[Chunk], **changes: Any) -> Upload:
    return store(s3, **changes).put_chunks(chunks, lambda _: None)


def refusal(code: str, operation: str = "PutObject") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, operation)


def test_what_is_put_is_what_the_name_says(s3: CountedS3, chunks: list[Chunk], tmp_path: Path) -> None:
    put(s3, chunks)
    assert keys(s3.s3) == {f"parts/{chunk.digest}" for chunk in chunks}
    for number, chunk in enumerate(chunks):
        found = s3.s3.get_object(Bucket="sources", Key=f"parts/{chunk.digest}", ChecksumMode="ENABLED")
        body = found["Body"].read()
        assert found["Metadata"]["length"] == str(len(body))
        entries = extract_archive(io.BytesIO(gzip.decompress(body)), str(tmp_path / str(number)))
        assert entries_digest(entries) == chunk.digest


def test_a_part_has_the_same_bytes_every_time(s3: CountedS3, chunks: list[Chunk]) -> None:
    put(s3, chunks)
    put(s3, chunks, prefix="again")
    for chunk in chunks:
        one, two = (
            s3.s3.get_object(Bucket="sources", Key=f"{prefix}parts/{chunk.digest}")["Body"].read()
            for prefix in ("", "again/")
        )
        assert one == two


def test_a_second_machine_with_the_same_parts_puts_nothing(s3: CountedS3, chunks: list[Chunk], tmp_path: Path) -> None:
    first = put(s3, chunks)
    assert (first.put, first.present) == (len(chunks), 0)
    other = list(cut(source(write_tree(tmp_path / "elsewhere/context", TREE))))
    second = put(s3, other)
    assert (second.sent_bytes, second.put, second.present) == (0, 0, len(chunks))


def test_one_program_asks_once_for_a_part_of_many_images(s3: CountedS3, chunks: list[Chunk]) -> None:
    shared = store(s3)
    with ThreadPoolExecutor(8) as pool:
        uploads = list(pool.map(lambda _: shared.put_chunks(chunks, lambda _: None), range(8)))
    assert sum(upload.put for upload in uploads) == len(chunks)
    assert s3.calls.count("head_object") == s3.calls.count("put_object") == len(chunks)


@pytest.mark.parametrize(("age_days", "again"), [(1, False), (28, False), (29.5, True), (40, True)])
def test_a_part_that_would_expire_in_the_queue_is_put_again(
    s3: CountedS3, chunks: list[Chunk], age_days: float, again: bool
) -> None:
    put(s3, chunks)

    def aged(answer: Any) -> Any:
        answer["LastModified"] -= timedelta(days=age_days)
        return answer

    s3.changed["head_object"] = aged
    assert put(s3, chunks).put == (len(chunks) if again else 0)


def test_a_wrong_clock_here_does_not_age_parts(s3: CountedS3, chunks: list[Chunk]) -> None:
    put(s3, chunks)

    def in_1999(answer: Any) -> Any:
        then = datetime(1999, 1, 1, tzinfo=UTC)
        answer["LastModified"] = then
        answer["ResponseMetadata"]["HTTPHeaders"]["date"] = format_datetime(then + timedelta(days=2), usegmt=True)
        return answer

    s3.changed["head_object"] = in_1999
    assert put(s3, chunks).put == 0


def test_a_part_that_was_cut_short_is_put_over(s3: CountedS3, chunks: list[Chunk]) -> None:
    put(s3, chunks)
    key = f"parts/{chunks[0].digest}"
    s3.s3.put_object(Bucket="sources", Key=key, Body=b"", Metadata={"length": "99"})
    assert put(s3, chunks).put == 1
    assert s3.s3.head_object(Bucket="sources", Key=key)["ContentLength"] > 0


def test_another_machine_that_was_first_is_no_error(s3: CountedS3, chunks: list[Chunk]) -> None:
    put(s3, chunks)
    s3.fail["head_object"] = [refusal("404", "HeadObject")]
    assert put(s3, chunks[:1]).put == 0


def test_a_conflict_is_tried_again_after_longer_and_longer_pauses(s3: CountedS3, chunks: list[Chunk]) -> None:
    slept: list[float] = []
    s3.fail["put_object"] = [refusal("ConditionalRequestConflict")] * 3
    assert put(s3, chunks[:1], sleep=slept.append).put == 1
    assert slept == sorted(set(slept)) != []
    s3.fail["put_object"] = [refusal("ConditionalRequestConflict")] * 99
    with pytest.raises(SourceUploadError, match="other processes kept writing"):
        put(s3, chunks[1:2], sleep=slept.append)


def test_a_file_that_changed_since_it_was_hashed_is_never_put(s3: CountedS3, chunks: list[Chunk]) -> None:
    Path(chunks[-1].source.root, "rates.py").write_text("another")
    with pytest.raises(ContextError):
        put(s3, chunks)
    assert f"parts/{chunks[-1].digest}" not in keys(s3.s3)


def test_a_bucket_that_is_not_there_is_one_clear_error(s3: CountedS3, chunks: list[Chunk]) -> None:
    with pytest.raises(SourceUploadError, match="bucket for sources does not exist: gone") as caught:
        S3SourceStore(lambda: s3, "gone").put_chunks(chunks[:1], lambda _: None)
    assert "CodeBuildBuilder" in caught.value.next_step


@pytest.mark.parametrize(
    ("operation", "code", "statement"),
    [
        ("put_object", "AccessDenied", '"Action": "s3:PutObject", "Resource": "arn:aws:s3:::sources/p/*"'),
        ("head_object", "403", '"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::sources"'),
    ],
)
def test_a_denied_call_names_the_statement_to_add(
    s3: CountedS3, chunks: list[Chunk], operation: str, code: str, statement: str
) -> None:
    s3.fail[operation] = [refusal(code)]
    s3.fail["get_object"] = [refusal("AccessDenied", "GetObject")]
    with pytest.raises(AuthError, match="AWS denied s3:") as caught:
        put(s3, chunks[:1], prefix="p")
    assert statement in caught.value.next_step


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "have expired"),
        ("InvalidAccessKeyId", "does not accept the credentials"),
        ("RequestTimeTooSkewed", "machine's clock"),
    ],
)
def test_what_a_head_cannot_say_is_found_out(s3: CountedS3, chunks: list[Chunk], code: str, said: str) -> None:
    s3.fail["head_object"] = [refusal("400" if code == "ExpiredToken" else "403", "HeadObject")]
    s3.fail["get_object"] = [refusal(code, "GetObject")]
    with pytest.raises(AuthError, match=said):
        put(s3, chunks[:1])


def test_progress_tells_the_bytes_of_each_object(s3: CountedS3, chunks: list[Chunk]) -> None:
    told: list[int] = []
    upload = store(s3).put_chunks(chunks, told.append)
    assert (len(told), sum(told)) == (len(chunks), upload.sent_bytes)


def test_a_bundle_lies_under_its_own_digest(s3: CountedS3) -> None:
    name, sent = store(s3, prefix="p").put_bundle(b"content")
    assert name == "p/bundles/ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73.zip"
    assert sent == 7
    assert store(s3, prefix="p").put_bundle(b"content") == (name, 0)


def test_a_program_that_was_written_over_is_seen_before_a_build_meets_it(s3: CountedS3) -> None:
    name, _ = store(s3).put_program(b"program")
    for body, named in ((b"cut", {}), (b"garbage", {"ChecksumAlgorithm": "SHA256"})):
        s3.s3.put_object(Bucket="sources", Key=name, Body=body, Metadata={"length": str(len(body))}, **named)
        assert store(s3).put_program(b"program") == (name, 7)
        assert s3.s3.get_object(Bucket="sources", Key=name)["Body"].read() == b"program"
        assert store(s3).put_program(b"program") == (name, 0)


def test_a_program_that_a_build_found_damaged_is_put_over(s3: CountedS3) -> None:
    shared = store(s3)
    name, _ = shared.put_program(b"program")
    s3.s3.put_object(Bucket="sources", Key=name, Body=b"garbage", Metadata={"length": "7"})
    assert shared.put_program(b"program") == (name, 0), "nothing has told it"
    shared.look_again(["program"])
    assert shared.put_program(b"program") == (name, 7)
    assert s3.s3.get_object(Bucket="sources", Key=name)["Body"].read() == b"program"
    shared.look_again()
    assert shared.put_program(b"program") == (name, 0)


def test_every_call_names_the_account_that_the_bucket_must_belong_to(s3: CountedS3, chunks: list[Chunk]) -> None:
    owned = store(s3, owner="123456789012")
    owned.put_chunks(chunks, lambda _: None)
    owned.put_bundle(b"content")
    store(s3, owner="123456789012").put_chunks(chunks, lambda _: None)
    assert len(s3.requests) > 2 * len(chunks)
    assert {request.get("ExpectedBucketOwner") for request in s3.requests} == {"123456789012"}
    s3.requests.clear()
    put(s3, chunks)
    assert {request.get("ExpectedBucketOwner") for request in s3.requests} == {None}


def test_a_bucket_of_another_account_is_refused_with_the_argument_that_allows_it(
    s3: CountedS3, chunks: list[Chunk]
) -> None:
    s3.fail["head_object"] = [refusal("403", "HeadObject")]
    s3.fail["get_object"] = [refusal("AccessDenied", "GetObject")]
    with pytest.raises(AuthError) as caught:
        put(s3, chunks[:1], owner="123456789012")
    assert "bucket_owner=" in caught.value.next_step
