"""The command line ``fast-container``: looks at images; few of its verbs change anything.

Only warm and certify build and push images, and only gc deletes any.

Decides which verbs there are, how their arguments are read and how errors are reported: one message, exit code 2.
Leaves each verb to a module of ``verbs``, and the options to ``arguments``. What several verbs share is here:
``summary`` of an image's inputs, ``finding_formats``, ``pushed_images`` (which one a verb is asked about),
``image_tables`` on ``columns``, ``keys_there`` (what a repository has of an image), ``planned`` (the images of a plan
file as they are now), ``remote_builds``, ``build_caches`` (of a verb's builds), ``recorded`` (which records a verb is
asked for), ``shared_history`` (those in an image's registry), ``usage_readers`` (who is asked what runs),
``cleanup_tables``, ``image_status`` and ``moved_bases``; ``flags`` puts an argument's error into words of the command
line, ``spans`` reads numbers and spans of time; ``output`` writes, ``file_changes`` (on ``text_diff``) asks and changes
the user's files, ``sent_files`` lists a context. Nothing here imports Pulumi, and an SDK of AWS only where a verb
needs it.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from fast_container.adapters.process.private_directory import remove_abandoned_secrets
from fast_container.cli.output import complain
from fast_container.errors import FastContainerError

if TYPE_CHECKING:
    import argparse

__all__ = ["main"]

_BAD_INPUT = 2


def _explained(error: Exception) -> FastContainerError:
    from fast_container.adapters.traceback_log import explained  # noqa: PLC0415 - seldom needed
    from fast_container.core.cache_folder import cache_folder  # noqa: PLC0415 - seldom needed

    return explained(error, "An unexpected error occurred.", cache_folder(os.environ) / "logs")


def _in_flags(error: FastContainerError, arguments: argparse.Namespace | None) -> FastContainerError:
    if getattr(arguments, "plan", None) is not None:
        # This is a fault of the program, not of its arguments.
        return error
    from fast_container.cli.flags import in_flags  # noqa: PLC0415 - seldom needed

    return in_flags(error)


def _speak_utf8() -> None:
    """Start again with UTF-8 for names, arguments and output if the locale has another encoding.

    Names of files and values would be decoded otherwise than in a build elsewhere, and give other keys.
    """
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode and sys.executable:
        with suppress(OSError):
            os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - ourselves


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        The exit code: 0, or 2 for bad input.
    """
    if argv is None:
        _speak_utf8()
    from fast_container.cli.arguments.all_verbs import parse  # noqa: PLC0415 - argparse only when a verb is run

    arguments = None
    try:
        arguments = parse(sys.argv[1:] if argv is None else argv)
        if argv is None:
            # Loaded modules are never garbage, and looking through them takes longer than most verbs.
            gc.freeze()
        remove_abandoned_secrets(os.environ)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except SystemExit as end:
        # argparse has printed its message.
        return end.code if isinstance(end.code, int) else _BAD_INPUT
    except FastContainerError as error:
        complain(f"fast-container: {_in_flags(error, arguments)}")
        return _BAD_INPUT
    except BrokenPipeError:
        # The reader of our output closed it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        complain(f"fast-container: {_explained(error)}")
        return _BAD_INPUT
    return code
