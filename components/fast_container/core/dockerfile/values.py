"""Values of instructions that read nothing but can still be refused: ports, volumes, signals.

Decides which expanded values BuildKit accepts. Source: BuildKit v0.34.2, ``dockerfile2llb/convert_expose.go`` and
``convert.go``; github.com/moby/sys/signal.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

from fast_container.core.dockerfile.model import RefusedError

_NUMBER: Final = re.compile(r"[+]?[0-9]+")
_PROTOCOLS: Final = frozenset(["", "tcp", "udp", "sctp"])
_SIGNALS: Final = frozenset(
    [
        *("ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE"),
        *("POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU"),
        *("UNUSED", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX"),
        *(f"RTMIN+{number}" for number in range(1, 16)),
        *(f"RTMAX-{number}" for number in range(1, 15)),
    ]
)


def check_volumes(volumes: Iterable[str]) -> None:
    """Refuse an empty ``VOLUME``.

    Raises:
        RefusedError: One is empty.
    """
    if not all(volumes):
        raise RefusedError("a VOLUME is empty")


def check_signal(signal: str) -> None:
    """Refuse a ``STOPSIGNAL`` that does not exist.

    Raises:
        RefusedError: It is neither a number nor a name.
    """
    known = int(signal) != 0 if re.fullmatch(r"[+-]?[0-9]+", signal) else signal.upper().removeprefix("SIG") in _SIGNALS
    if not known:
        raise RefusedError(f"{signal!r} is not a signal")


def check_ports(ports: Iterable[str]) -> None:
    """Refuse a malformed ``EXPOSE``: ``[[ip:]host:]port[-port][/protocol]``.

    Raises:
        RefusedError: One is not a port.
    """
    for port in ports:
        *front, last = port.rsplit(":", 2)
        number, _, protocol = last.partition("/")
        host = front[-1] if front else ""
        address = front[0] if len(front) == 2 else ""
        wide = _width(number)
        good = protocol.lower() in _PROTOCOLS and wide is not None and _is_address(address)
        if good and host:
            host_wide = _width(host)
            good = host_wide is not None and wide in (0, host_wide)
        if not good:
            raise RefusedError(f"{port!r} is not a port like 80, 80-90 or 80/udp")


def _width(ports: str) -> int | None:
    """Number of ports in a range, less one; None if it is not a range."""
    start, dash, end = ports.partition("-")
    numbers = [start, end] if dash and start != end else [start]
    if not all(_NUMBER.fullmatch(number) and int(number) <= 65535 for number in numbers):
        return None
    width = int(numbers[-1]) - int(numbers[0])
    return width if width >= 0 else None


def _is_address(text: str) -> bool:
    try:
        return not text or bool(ipaddress.ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        return False
