"""The package managers that the real images have: here they say what they are, and install nothing.

Decides their names for each kind of image and their words. A Dockerfile that installs packages ends at once, with the
reason in its log, instead of with a command that is not found.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.base_images.catalogue import BaseImageKind

NAMES: dict[BaseImageKind, tuple[str, ...]] = {
    "busybox": (),
    "runtime": ("apt-get", "apt"),
    "builder": ("apt-get", "apt"),
    "lambda": ("dnf", "microdnf"),
}
"""Of Debian's images, and of Lambda's (Amazon Linux 2023)."""

EXIT_CODE = 100
"""What apt-get ends with when it cannot do what it was asked for."""

_SCRIPT = """\
#!/bin/sh
echo "{name}: this is not the real base image but the local cloud's stand-in for it, which installs no packages" >&2
echo "{name}: localcloud/base_images/catalogue.py lists what it holds; the real image runs this step as it is" >&2
exit {code}
"""


def add_package_managers(root: Path, kind: BaseImageKind) -> None:
    """Write the commands of a kind of image."""
    for name in NAMES[kind]:
        command = root / "usr/bin" / name
        command.unlink(missing_ok=True)
        command.write_text(_SCRIPT.format(name=name, code=EXIT_CODE))
        command.chmod(0o755)
