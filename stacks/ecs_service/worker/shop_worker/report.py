"""The job: one line of JSON for CloudWatch Logs."""

import json
from datetime import UTC, datetime

RELEASE = "worker 1"


def write_report() -> None:
    print(json.dumps({"release": RELEASE, "report": "parcels", "at": datetime.now(UTC).isoformat()}))
