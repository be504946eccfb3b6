"""Scores what is posted to it with a small model: ``[0.5, -1, 2]`` → ``[0.5, 0, 2]``."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy
import onnxruntime

MODEL = onnxruntime.InferenceSession(str(Path(__file__).with_name("model.onnx")), providers=["CPUExecutionProvider"])


class Handler(BaseHTTPRequestHandler):
    """``GET`` says that the service is well; ``POST`` takes a list of three numbers."""

    def do_GET(self) -> None:
        """Say so."""
        self._answer("well")

    def do_POST(self) -> None:
        """Score."""
        values = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        (scores,) = MODEL.run(None, {"values": numpy.array(values, dtype=numpy.float32)})
        self._answer(scores.tolist())

    def _answer(self, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
