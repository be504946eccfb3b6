"""moto's AWS services in this process, in a threaded HTTP server.

Decides how moto is set up: what it must not do (start containers, look for images) and which of its rules are
mended here because they sit inside its models. Everything that our own handlers answer is in :mod:`localcloud.aws_api`.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from localcloud.aws_api import WsgiApp

REPOSITORY_NAME = r"(?=.{2,256}$)(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/)*[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
"""ECR's rule for repository names (service model of ``CreateRepository``): moto refuses ``a--b`` and ``a__b``."""


def make_moto() -> WsgiApp:
    """Moto's services as one WSGI application; importing it takes one to two seconds."""
    os.environ["MOTO_LAMBDA_STUB_ECR"] = "true"
    # Functions' roles attach policies that every AWS account has, such as AWSLambdaBasicExecutionRole.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    # Virtual machines are never started here, and reading the machine images would cost the first call of EC2 a second.
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    from moto.ecr import models as ecr_models  # noqa: PLC0415
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415

    from localcloud.s3_api import mend_bucket_policies  # noqa: PLC0415

    ecr_models.ECR_REPOSITORY_NAME_PATTERN = REPOSITORY_NAME
    mend_bucket_policies()
    return DomainDispatcherApplication(create_backend_app)


class AwsServer:
    """A threaded HTTP server for a WSGI application on a free loopback port."""

    def __init__(self, app: WsgiApp) -> None:
        from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: PLC0415
        from werkzeug.serving import make_server  # noqa: PLC0415

        class Quiet(MotoRequestHandler):
            def log_request(self, code: Any = "-", size: Any = "-") -> None:
                """Calls are not logged."""

        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="aws-api", daemon=True)

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()
