"""The job of a pinned image, and the executor that it gets: one that never builds.

Decides that neither secrets nor base images are looked for, since nothing is built with them.
"""

from __future__ import annotations

from fast_container.core.job import job_of
from fast_container.core.ports import BuildJob, BuiltImage, Reporter
from fast_container.errors import RegistryError
from fast_container.state.prepared_image import PreparedImage


def pinned_job(image: PreparedImage) -> BuildJob:
    """Return what publishing needs of an image that is there already."""
    inputs = image.inputs
    return job_of(image.selected, image.repository_url, {}, runs_on=inputs.runs_on, checks=inputs.checks)


class NeverBuilds:
    """Satisfies ``core.ports.Executor`` for pinned images."""

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Refuse: what was there when it was verified has gone since.

        Raises:
            RegistryError: Always.
        """
        del reporter
        raise RegistryError(
            "The pinned key is not in the registry, and a pinned image is never built.",
            where=f"{job.repository_url}:{job.key.tag}",
            why="it was deleted, or is not in this repository",
            next_step="Pin a key that is there (`fast-container pin` lists them), or none.",
        )
