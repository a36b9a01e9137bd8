"""Sites of ours on one local port, for tests of the collector: pages by host and path, and what was asked of them."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tenure.apps.connectors.crawler.fetching import PinnedWeb, is_public

HERE = "127.0.0.1"


@dataclass
class Page:
    """An answer of a site."""

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drip: float = 0.0
    """seconds between two bytes"""


def html(text: str, head: str = "") -> str:
    return f"<html><head><meta charset='utf-8'>{head}</head><body>{text}</body></html>"


def bomb(megabytes: int) -> bytes:
    return gzip.compress(b"\0" * (megabytes << 20))


Pages = Mapping[str, Page | str]


class Sites:
    """A server for several hosts, its names, and the requests it got: (host, path), with the moment of the clock."""

    def __init__(self) -> None:
        self.pages: dict[str, Pages | Callable[[str], Page]] = {}
        self.asked: list[tuple[str, str]] = []
        self.at: list[float] = []
        self.agents: set[str] = set()
        self.names: dict[str, list[str]] = {}
        self.clock = QuickClock()
        sites = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sites._answer(self)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer((HERE, 0), Handler)
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def start(self, host: str) -> str:
        return f"http://{host}:{self.port}/"

    def web(self, agent: str = "TenureCollector/test (+https://us.example/bot)") -> PinnedWeb:
        """The real fetcher, that may connect to this server and nothing else that is private."""

        def allow(address: str) -> bool:
            return address == HERE or is_public(address)

        return PinnedWeb(agent, resolve=self._resolve, allow=allow, ports=frozenset({self.port}))

    def paths(self, host: str = "") -> list[str]:
        return [path for asked, path in self.asked if not host or asked == host]

    def _resolve(self, host: str, port: int) -> list[str]:
        if host in self.names:
            found = self.names[host]
            return [found.pop(0)] if len(found) > 1 else found
        if host in self.pages:
            return [HERE]
        raise OSError(host)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        host = handler.headers["Host"].partition(":")[0]
        self.asked.append((host, handler.path))
        self.at.append(self.clock.monotonic())
        self.agents.add(handler.headers["User-Agent"])
        there = self.pages.get(host, {})
        found = there(handler.path) if callable(there) else there.get(handler.path, Page("not here", 404))
        page = found if isinstance(found, Page) else Page(found)
        body = page.body.encode() if isinstance(page.body, str) else page.body
        try:
            handler.send_response(page.status)
            for name, value in {"Content-Type": "text/html", **page.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            for at in range(0, len(body), 1 if page.drip else 65_536):
                time.sleep(page.drip)
                handler.wfile.write(body[at : at + (1 if page.drip else 65_536)])
        except (BrokenPipeError, ConnectionResetError):
            pass


class QuickClock:
    """A clock on which waiting takes no time; it remembers how long was waited."""

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
