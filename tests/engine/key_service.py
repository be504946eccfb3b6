"""A stand-in for Vault's transit engine, which unwraps the key that a stack's secrets are encrypted with.

Each operation of the CLI needs that key. From a passphrase it makes it by a million rounds of a hash: 0.15 s of a
processor, more than a third of what an unchanged ``up`` costs it. A key service is asked once instead. Secrets are
encrypted in the same way, by the same code of the engine; a stack with a passphrase is ``stacks(…, passphrase=True)``.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PREFIX = "vault:v1:"
# The CLI would ask for a new one and write it into the stack's file, another one in each checkout.
SETTINGS = {
    "secretsprovider": "hashivault://engine-tests",
    "encryptedkey": base64.b64encode(_PREFIX.encode() + base64.b64encode(bytes(range(32)))).decode(),
}
"""What a stack's file says of it."""


class _Unwrap(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        wrapped = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["ciphertext"]
        answer = json.dumps({"data": {"plaintext": wrapped.removeprefix(_PREFIX)}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the error stream."""


@contextmanager
def key_service() -> Iterator[dict[str, str]]:
    """The environment of a CLI that finds the service."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Unwrap) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield {"VAULT_SERVER_URL": f"http://127.0.0.1:{server.server_port}"}
        server.shutdown()
        thread.join()
