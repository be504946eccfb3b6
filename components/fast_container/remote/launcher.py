"""The bundle's ``__main__``: fetches the program that the plan names, checks it, and runs it.

The program is the same for all builds of a version, so it is uploaded once and not with every bundle. It is unpacked,
since the process guard is a file that another Python runs. Only the standard library and boto3 are there yet.
"""

import gc
import hashlib
import io
import json
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

import botocore.config
import botocore.exceptions
import botocore.session

_EXIT_UNUSABLE = 3
_ABSENT = ("404", "NoSuchKey", "NotFound", "403", "AccessDenied")


def s3_client() -> object:
    """Make the client that the program goes on using: a second one would cost 0.1 s."""
    config = botocore.config.Config(
        connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5}
    )
    return botocore.session.get_session().create_client("s3", config=config)  # pyright: ignore


def fetch(client: object, plan: dict[str, str]) -> bytes:
    """Return the program; b"" if it is not in the bucket any more, which S3 may call denied."""
    try:
        owner = {"ExpectedBucketOwner": plan["bucket_owner"]} if plan.get("bucket_owner") else {}
        answer = client.get_object(  # pyright: ignore
            Bucket=plan["bucket"], Key=plan["program_key"], **owner
        )
    except botocore.exceptions.ClientError as error:
        if str(error.response.get("Error", {}).get("Code")) in _ABSENT:  # pyright: ignore
            return b""
        raise
    return bytes(answer["Body"].read())  # pyright: ignore


began = time.time()
plan = json.loads(Path(sys.argv[0]).with_name("plan.json").read_bytes())
s3 = s3_client()
content = fetch(s3, plan)
if not content:
    sys.stdout.write('##fast-container {"parts_unusable": {"absent": ["program"], "damaged": []}}\n')
    sys.exit(_EXIT_UNUSABLE)
if hashlib.sha256(content).hexdigest() != plan["program"]:
    sys.stderr.write(f"The program differs from the one in the plan: s3://{plan['bucket']}/{plan['program_key']}\n")
    sys.stdout.write('##fast-container {"parts_unusable": {"absent": [], "damaged": ["program"]}}\n')
    sys.exit(_EXIT_UNUSABLE)
fetched = time.time()
with tempfile.TemporaryDirectory(prefix="fast-container-") as folder:
    with zipfile.ZipFile(io.BytesIO(zlib.decompress(content))) as archive:
        archive.extractall(folder)
    sys.path[0] = folder

    from fast_container.remote.main import main

    # Everything loaded by now stays until the end, when Python would look through all of it: 0.15 s.
    gc.freeze()
    launched = {"program: fetch": (began, fetched), "program: unpack and load": (fetched, time.time())}
    raise SystemExit(main(launched, s3))
