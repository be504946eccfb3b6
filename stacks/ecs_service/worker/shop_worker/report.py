"""The job: one line of JSON for CloudWatch Logs."""

import json
from datetime import datetime

RELEASE = "worker 1"


def write_report(due: datetime) -> None:
    print(json.dumps({"release": RELEASE, "report": "parcels", "due": due.isoformat()}))
