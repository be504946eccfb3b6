"""The error for a registry that did not answer, by cause.

Decides cause and next step, and that the query of an address is never shown: it may be a signature.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.parse
from collections.abc import Generator
from contextlib import contextmanager

from fast_container.adapters.registry.connections import ProxyError
from fast_container.adapters.registry.exchange import TooLargeError, TooSlowError
from fast_container.errors import RegistryError


def unreachable(url: str, error: Exception) -> RegistryError:
    """Make the error for a registry from which no answer came."""
    if isinstance(error, ProxyError):
        why, step = str(error), "Check HTTPS_PROXY and HTTP_PROXY, or list the registry in NO_PROXY."
    elif isinstance(error, ssl.SSLCertVerificationError):
        why, step = (
            f"its certificate was not accepted: {error.verify_message}",
            "Trust the registry's CA (SSL_CERT_FILE).",
        )
    elif isinstance(error, socket.gaierror):
        why, step = (
            f"the name cannot be resolved: {error.strerror}",
            "Check the repository URL and the network.",
        )
    elif isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
        why, step = (
            "it does not speak TLS",
            "Check host and port; only a registry on this machine (localhost) is used without TLS.",
        )
    elif isinstance(error, TooLargeError):
        why, step = f"its answer has no end: {error}", "Check the repository URL and any proxy in between."
    elif isinstance(error, TooSlowError):
        why, step = (
            f"it answers too slowly: {error}",
            "Check the network and any proxy, then run again.",
        )
    elif isinstance(error, http.client.IncompleteRead):
        why, step = "its answer was cut off, again and again", "Check the network and any proxy, then run again."
    elif isinstance(error, TimeoutError):
        why, step = "it did not answer in time", "Check the network and any proxy, then run again."
    else:
        why, step = (
            str(error) or type(error).__name__,
            "Check that the registry runs and can be reached from here.",
        )
    return RegistryError("The registry cannot be reached.", where=shown(url), why=why, next_step=step)


@contextmanager
def real_address(url: str) -> Generator[None]:
    """Turn Python's errors about an invalid address into one of ours; a registry may have named the address."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        # This is a ValueError too.
        raise
    except ValueError as error:
        raise RegistryError("The address is not valid.", where=shown(url), why=str(error)[:200]) from error


def shown(url: str) -> str:
    """Return the URL without query: a redirect's query may be a signature."""
    try:
        parts = urllib.parse.urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        return "an address that cannot be read"
