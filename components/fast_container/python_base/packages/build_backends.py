"""Build backends of local packages, which a wheel's build gets from a package index.

Decides that one which is a local package itself is refused: an index would be asked for its name. Leaves which index
it is to ``python_base.dependencies``.
"""

from __future__ import annotations

from collections.abc import Sequence

from fast_container.errors import ContextError
from fast_container.python_base.packages.local_names import find_local_packages
from fast_container.python_base.packages.local_package import LocalPackage


def refuse_local_backends(packages: Sequence[LocalPackage], root: str) -> None:
    """Refuse build backends that are local packages.

    Args:
        packages: Those whose wheels are built.
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
            f"{name} is needed to build a wheel, and is a local package",
            path=needs[name].place,
            why=f"it is local: {path}; the build would ask a package index for it",
            next_step="build this package with a backend from an index, or write a Dockerfile of your own",
        )
