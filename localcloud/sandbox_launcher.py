"""Mounts a sandbox's root file system and becomes runc; runs in a mount namespace of its own.

Usage: ``sandbox_launcher.py RUNC BUNDLE LOWER[:LOWER…]``, lowest layer last. The overlay vanishes with the namespace.
Standard library only, started with ``-I -S``.
"""

import ctypes
import os
import sys


def main() -> None:
    """Mounts ``BUNDLE/rootfs`` and executes ``runc run``."""
    runc, bundle, lower = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"lowerdir={lower},upperdir={bundle}/upper,workdir={bundle}/work"
    target = f"{bundle}/rootfs"
    if libc.mount(b"overlay", target.encode(), b"overlay", 0, options.encode()):
        sys.exit(f"overlay on {target}: {os.strerror(ctypes.get_errno())}")
    name = os.path.basename(bundle)  # noqa: PTH119 - pathlib would double the start time
    os.execv(runc, [runc, "--root", f"{bundle}/state", "run", "--bundle", bundle, name])  # noqa: S606


main()
