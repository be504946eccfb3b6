"""What the images of one remote build share: the AWS session, the logins, the registries, and BuildKit.

Decides which login a registry gets, and that secrets reach the build of their image and no other process. Leaves the
order of a build to ``remote.main``, and starting BuildKit to ``remote.builder``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from fast_container.adapters.aws_session import AwsSession
from fast_container.adapters.buildx.executor import BuildxExecutor
from fast_container.adapters.clock import SystemClock
from fast_container.adapters.layers.listing_cache import ListingCache
from fast_container.adapters.layers.registry_listings import RegistryListings
from fast_container.adapters.registry.layer_start import RegistryLayers
from fast_container.adapters.registry.registries import Registries
from fast_container.adapters.threads import on_core
from fast_container.build.check_contents import ContentChecks
from fast_container.build.look_inside import LayerLooks
from fast_container.core.aws_access import AwsAccess
from fast_container.core.json_document import parse_json
from fast_container.core.ports import BuildJob, Credentials
from fast_container.core.remote.plan import SECRET_VARIABLE, RemotePlan
from fast_container.errors import AuthError
from fast_container.remote.builder import NAME, BootingExecutor, buildkit_config
from fast_container.remote.phases import PhaseTimes


@dataclass(frozen=True, slots=True)
class Machine:
    """What builds the images of one plan file; see the module.

    Attributes:
        folder: For temporary files.
        environment: The build's.
        s3: Gives the client of S3.
        registries: Where images are looked up and pushed.
        logins: Registry → the login that AWS keeps for it.
        buildkit: Builds.
        looks: Looks into the layers of what was built; what it has seen of a layer holds for all images.
        content_checks: Checks what is in the images; a layer that several have is read once.
        times: Gets the phases.
    """

    folder: Path
    environment: Mapping[str, str]
    s3: Callable[[], Any]
    registries: Registries
    logins: Mapping[str, Credentials]
    buildkit: BootingExecutor
    looks: LayerLooks
    content_checks: ContentChecks
    times: PhaseTimes

    @classmethod
    def of(
        cls, plan: RemotePlan, environment: Mapping[str, str], folder: Path, times: PhaseTimes, s3: Any = None
    ) -> Machine:
        """Make it as a plan says; the plans of one build have the same builder.

        Raises:
            AuthError: A login cannot be read.
        """
        access = AwsAccess(region=environment.get("AWS_REGION", ""))
        session = AwsSession(access, environment)
        registries = Registries(access, environment)
        # Secrets reach the build through files; other processes do not need them.
        clean = {name: value for name, value in environment.items() if not name.startswith(SECRET_VARIABLE)}
        logins = {host: login_of(host, environment[name]) for host, name in plan.login_variables.items()}
        config = folder / "buildkitd.toml"
        config.write_text(buildkit_config(plan.mirrors))

        def credentials(host: str) -> Credentials | None:
            return logins.get(host) or registries.push_credentials(host)

        buildx = BuildxExecutor(NAME, clean, folder / "logs", credentials=credentials)
        used_config = config if plan.mirrors else None
        return cls(
            folder,
            environment,
            lambda: s3 or session.client("s3"),
            registries,
            logins,
            BootingExecutor(buildx, plan.buildkit_image, used_config, clean, times, credentials),
            LayerLooks(RegistryLayers(registries.oci_blocking)),
            ContentChecks(
                lambda: RegistryListings(registries.oci_blocking, ListingCache(folder / "layers")),
                SystemClock(),
                on_core,
            ),
            times,
        )

    @property
    def logs(self) -> Path:
        """The folder of BuildKit's logs."""
        return self.folder / "logs"

    def job_of(self, plan: RemotePlan) -> BuildJob:
        """Return a plan's job with the values of its secrets and the registries that it is logged in to."""
        secrets = {secret: os.fsencode(self.environment[name]) for secret, name in plan.secret_variables.items()}
        return replace(plan.job, secrets=secrets, pull_hosts=tuple(sorted({*plan.job.pull_hosts, *self.logins})))


def login_of(host: str, text: str) -> Credentials:
    """Read the login in a secret, in the form that CodeBuild and ECS expect: user name and password as JSON.

    Raises:
        AuthError: The secret holds something else.
    """
    try:
        found: object = parse_json(text)
        given = cast("dict[str, object]", found)
        return Credentials(str(given["username"]), str(given["password"]))
    except (ValueError, KeyError, TypeError):
        raise AuthError(
            f"The secret with the login for {host} cannot be read.",
            why="it is not a JSON object with username and password",
            next_step='Put {"username": "…", "password": "…"} into the secret that registry_logins= names.',
        ) from None
