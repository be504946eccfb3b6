"""``aws:cloudwatch/dashboard:Dashboard``. Its id is its name; writing one that exists replaces its widgets."""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws


def _create(aws: Aws, inputs: Values) -> str:
    name = inputs["dashboardName"]
    aws.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=inputs["dashboardBody"])
    return name


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = aws.client("cloudwatch").get_dashboard(DashboardName=resource_id)
    return {
        "dashboardName": resource_id,
        "dashboardBody": found["DashboardBody"],
        "dashboardArn": found["DashboardArn"],
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _create(aws, new)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("cloudwatch").delete_dashboards(DashboardNames=[resource_id])


def _canonical(body: Any) -> Any:
    return json.loads(body) if isinstance(body, str) else body


RESOURCE_TYPE = ResourceType(
    token="aws:cloudwatch/dashboard:Dashboard",
    inputs={
        "dashboardBody": Property(kind="json", required=True, canonical=_canonical),
        "dashboardName": Property(required=True, replaces=True, pattern=r"[A-Za-z0-9\-_]{1,255}"),
    },
    outputs=("dashboardArn",),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"ResourceNotFound", "DashboardNotFoundError"}),
)
