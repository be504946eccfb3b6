"""Build backends of local packages, which a wheel's build gets from a package index.

Decides that a backend that is a local package itself is refused: an index would be asked for its name. Leaves the
choice of the index to ``python_base.dependencies``.
"""

from __future__ import annotations

from collections.abc import Sequence

from fast_container.errors import ContextError
from fast_container.python_base.packages.local_names import find_local_packages
from fast_container.python_base.packages.local_package import LocalPackage


def refuse_local_backends(packages: Sequence[LocalPackage], root: str) -> None:
    """Refuse build backends that are local packages.

    Args:
        packages: The packages whose wheels are built.
        root: Absolute path of the root of all packages.

    Raises:
        ContextError: There is one.
    """
    needs = {
        requirement.name: requirement
        for package in packages
        for requirement in package.build_requirements
        if not requirement.url
    }
    for name, path in sorted(find_local_packages(root, needs).items()):
        raise ContextError(
            f"{name} is needed to build a wheel, but it is a local package.",
            path=needs[name].place,
            why=f"it is local: {path}; the build would ask a package index for it",
            next_step="Build this package with a backend from an index, or write a Dockerfile of your own.",
        )
