"""A server of object storage for tests: moto's, in a process of its own, on this machine alone.

Run as a program it tells its port on a line and serves until it is killed. It answers one request after the other: to
put an object only where there is none is one step for a real server, and is one here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

KEY, SECRET = "AKIATENURETEST", "not-to-be-seen-in-any-log"


def without_buckets() -> str:
    """Why there is no object storage to test with; empty if there is."""
    there = all(map(find_spec, ("moto", "flask", "flask_cors")))
    return "" if there else 'object storage needs: pip install "moto[s3]" flask flask-cors'


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, and how to end it."""

    url: str
    process: subprocess.Popen[str]

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which its buckets are reached."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def make(self, bucket: str) -> None:
        """Make a bucket."""
        asked = urllib.request.Request(f"{self.url}/{bucket}", method="PUT", headers={"Authorization": _SIGNED})
        urllib.request.urlopen(asked).close()

    def check_keys(self) -> None:
        """From now on, refuse keys that the server did not give."""
        asked = urllib.request.Request(
            f"{self.url}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(asked).close()


_SIGNED = f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


@contextmanager
def served() -> Iterator[Server]:
    """A server with nothing in it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__))], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ
    )
    try:
        assert process.stdout is not None
        yield Server(f"http://127.0.0.1:{int(process.stdout.readline())}", process)
    finally:
        process.kill()
        process.wait()


def _serve() -> None:
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    whole = DomainDispatcherApplication(create_backend_app)
    one = threading.Lock()

    def application(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        with one:
            return list(whole(environ, start))

    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve()
