"""A real headless browser, driven over its pipe: opens a page, asks it things, and remembers what went wrong."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.get_browser import Browser, ensure_browser

PATIENCE_S = 60.0
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run")
# Where Chromium's pipe is; ours must not be there when they are duplicated.
_FROM_US, _TO_US = 3, 4


class Headless:
    """One browser with one tab.

    Args:
        folder: For its profile and its log.
        browser: Which one.
    """

    def __init__(self, folder: Path, browser: Browser | None = None) -> None:
        self._folder = folder
        self._browser = browser or ensure_browser()
        self._number = 0
        self._left = b""
        self.problems: list[str] = []
        """Errors and warnings of the console, exceptions, and whatever asked the network."""

    def __enter__(self) -> Self:
        command = [str(self._browser.program), *_FLAGS, f"--user-data-dir={self._folder / 'profile'}"]
        theirs_in, self._out = _high(os.pipe())
        self._in, theirs_out = _high(os.pipe())
        log = os.open(self._folder / "log", os.O_WRONLY | os.O_CREAT, 0o600)
        actions: list[tuple[int, int, int]] = [
            (os.POSIX_SPAWN_DUP2, theirs_in, _FROM_US),
            (os.POSIX_SPAWN_DUP2, theirs_out, _TO_US),
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
        ]
        self._process = os.posix_spawn(
            command[0], command, {**os.environ, **self._browser.environment}, file_actions=actions, setpgroup=0
        )
        for descriptor in (theirs_in, theirs_out, log):
            os.close(descriptor)
        target = self._call("Target.createTarget", {"url": "about:blank"}, session=None)["targetId"]
        attached = self._call("Target.attachToTarget", {"targetId": target, "flatten": True}, session=None)
        self._session: str | None = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self._call(f"{domain}.enable")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._out)
        os.close(self._in)
        os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)

    def open(self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open a file, as on a screen of that size."""
        self.problems.clear()
        phone = width < 600
        self._call(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._loaded = False
        self._call("Page.navigate", {"url": page.resolve().as_uri()})
        self._until(lambda: self._loaded)

    def ask(self, script: str) -> Any:
        """The value of an expression in the page."""
        result = self._call("Runtime.evaluate", {"expression": script, "returnByValue": True, "awaitPromise": True})
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key: str) -> None:
        """A key goes down and up."""
        codes = _CODES[key]
        for kind in ("keyDown" if "text" in codes else "rawKeyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": key, **codes})

    def spoken(self) -> list[tuple[str, str]]:
        """What a screen reader is given: role and name."""
        nodes = self._call("Accessibility.getFullAXTree")["nodes"]
        told = [node for node in nodes if not node.get("ignored")]
        return [(node["role"]["value"], str(node.get("name", {}).get("value", ""))) for node in told]

    def screenshot(self, place: Path, *, whole: bool = True) -> None:
        """A picture of the page."""
        found = self._call("Page.captureScreenshot", {"captureBeyondViewport": whole, **self._clip(whole=whole)})
        place.write_bytes(base64.b64decode(found["data"]))

    def _clip(self, *, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}

    def _call(self, method: str, params: dict[str, Any] | None = None, *, session: str | None = "") -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
        return None

    def _until(self, is_done: Any) -> None:
        if not is_done():
            for _ in self._messages():
                if is_done():
                    return

    def _messages(self) -> Iterator[dict[str, Any]]:
        end = time.monotonic() + PATIENCE_S
        while True:
            while b"\0" in self._left:
                message, _, self._left = self._left.partition(b"\0")
                found = json.loads(message)
                self._note(found)
                yield found
            assert select.select([self._in], [], [], end - time.monotonic())[0], "the browser does not answer"
            piece = os.read(self._in, 1 << 20)
            assert piece, f"the browser ended: {(self._folder / 'log').read_text(errors='replace')[-2000:]}"
            self._left += piece

    def _note(self, message: dict[str, Any]) -> None:
        method, params = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.problems.append(str(params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.problems.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("file:", "data:")):
            self.problems.append(f"asked for {params['request']['url']}")


_CODES: dict[str, dict[str, Any]] = {
    "Enter": {"windowsVirtualKeyCode": 13, "text": "\r"},
    "ArrowRight": {"windowsVirtualKeyCode": 39},
    "ArrowLeft": {"windowsVirtualKeyCode": 37},
    "End": {"windowsVirtualKeyCode": 35},
    "Home": {"windowsVirtualKeyCode": 36},
    "Tab": {"windowsVirtualKeyCode": 9},
}


def _high(pipe: tuple[int, int]) -> tuple[int, int]:
    """The same pipe with numbers that are out of the way."""
    reading, writing = (fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 10) for one in pipe)
    for one in pipe:
        os.close(one)
    return reading, writing


@contextmanager
def headless(folder: Path) -> Iterator[Headless]:
    """A browser that ends with the block."""
    with Headless(folder) as running:
        yield running
