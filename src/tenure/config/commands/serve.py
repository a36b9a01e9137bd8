"""`tenure serve`: the web server in this process, worker and tracking port in children that never outlive it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import click

from tenure.apps.workspaces.processes import PARENT
from tenure.config import cli
from tenure.config.texts import text as _
from tenure.core.errors import TenureError
from tenure.warehouse.engines.names import ONE_MACHINE

STOP_SECONDS = 20
START_SECONDS = 60
MOST_REQUESTS = 256
"""Requests with events that are answered at the same time; each holds up to two bodies in memory."""
_LOOK_SECONDS = 0.1
_RESTART_SECONDS = 5


@click.command(
    help=_("Run the web pages, the API, the port for events, and the worker that runs jobs. Stop it with Ctrl-C.")
)
@click.option("--host", help=_("Address to listen on; without it, TENURE_HOST."))
@click.option("--port", type=click.IntRange(1, 65535), help=_("Port to listen on; without it, TENURE_PORT."))
def serve(host: str | None, port: int | None) -> None:
    place(host, port)
    cli.ready()
    run(lambda: click.echo(_("Tenure is at {address}").format(address=address())))


@click.command(help=_("Run the worker alone, without web pages: it mirrors changes into the lake and runs jobs."))
def work() -> None:
    cli.ready()
    from tenure.apps.connectors.tasks import sweep
    from tenure.apps.connectors.webhooks.sending import SendingThread
    from tenure.apps.workspaces import tasks

    tasks.work(sweep, [SendingThread()])


@click.command(help=_("Run the process that asks the cluster alone: it computes what pages wait for."))
def compute() -> None:
    cli.ready()
    from tenure.apps.workspaces import tasks

    tasks.compute()


@click.command(help=_("Run the port for events alone: it keeps what is sent, and writes it into the lake."))
def track() -> None:
    cli.ready()
    run_tracking()


def place(host: str | None, port: int | None) -> None:
    """Let the command's own options count as settings, for this process and its children."""
    if host is not None:
        os.environ["TENURE_HOST"] = host
    if port is not None:
        os.environ["TENURE_PORT"] = str(port)


def address() -> str:
    """Where the server listens."""
    from tenure.config import environment

    values = environment.read()
    return f"http://{values['TENURE_HOST']}:{values['TENURE_PORT']}/"


def run(announce: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `announce` is called when the first request would be answered."""
    from granian import Granian
    from granian.constants import Interfaces

    from tenure.config import environment

    values = environment.read()
    host, port = values["TENURE_HOST"], values["TENURE_PORT"]
    check_port(host, port)
    helpers = [_Helper("work")]
    if values["TENURE_ENGINE"] != ONE_MACHINE:
        helpers.append(_Helper("compute"))
    if values["TENURE_TRACKING_PORT"]:
        check_tracking_port(values)
        helpers.append(_Helper("track"))
    _spawn()
    server = Granian(
        "tenure.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=values["TENURE_WEB_THREADS"],
        backpressure=max(values["TENURE_WEB_THREADS"] * 16, 64),
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        websockets=False,
        log_level="warning",
    )
    os.environ[PARENT] = str(os.getpid())
    for helper in helpers:
        helper.start()
    threading.Thread(target=_when_it_listens, args=(host, port, announce), name="announce", daemon=True).start()
    try:
        server.serve()
    finally:
        for helper in helpers:
            helper.stop()


def run_tracking() -> None:
    """Take events until SIGTERM or Ctrl-C: a process that receives, and a thread of this one that flushes."""
    from granian import Granian
    from granian.constants import Interfaces

    from tenure.apps.workspaces.processes import end_with_parent
    from tenure.config import environment
    from tenure.warehouse.arrivals.flusher import Flusher
    from tenure.warehouse.lake import lake_of

    end_with_parent()
    values = environment.read()
    host, port, home = values["TENURE_HOST"], values["TENURE_TRACKING_PORT"], values["TENURE_HOME"]
    if not port:
        raise TenureError(
            "serve.no_tracking_port",
            _("TENURE_TRACKING_PORT is 0: no events are taken."),
            fix=_("Choose a port for events: {command}").format(command="TENURE_TRACKING_PORT=8001 tenure track"),
        )
    check_port(host, port, "TENURE_TRACKING_PORT={other} tenure track")
    _spawn()
    server = Granian(
        "tenure.config.tracking_asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,  # the journal has one writer
        backlog=1024,
        backpressure=MOST_REQUESTS,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=STOP_SECONDS,
        websockets=False,
        log_level="warning",
    )
    os.environ[PARENT] = str(os.getpid())
    lake = lake_of(home, values["TENURE_LAKE"])
    flusher = Flusher(home / "journal", lake, days=values["TENURE_TRACKING_DEDUPE_DAYS"])
    stopping = threading.Event()

    def flush() -> None:
        try:
            flusher.run(stopping)
        finally:
            if not stopping.is_set():  # a defect: a server that would only pile up ends, to be started again
                os.kill(os.getpid(), signal.SIGTERM)

    flushing = threading.Thread(target=flush, name="flusher", daemon=True)
    flushing.start()
    try:
        server.serve()
    finally:
        stopping.set()
        flushing.join(STOP_SECONDS)


def _spawn() -> None:
    """A forked copy of a process that has used the lake cannot use it: the lake's library runs threads of its own."""
    multiprocessing.set_start_method("spawn", force=True)


def _when_it_listens(host: str, port: int, announce: Callable[[], None]) -> None:
    """Say where the server is, once it is there."""
    from django.db import connections

    there = (host if host not in ("0.0.0.0", "::") else "localhost", port)
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(there, timeout=1):
            break
        time.sleep(_LOOK_SECONDS)
    announce()
    sys.stdout.flush()
    connections.close_all()


def check_port(host: str, port: int, otherwise: str = "tenure serve --port {other}") -> None:
    """Refuse, before anything starts, if the address cannot be listened on; `otherwise` chooses another port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise TenureError(
                "serve.port_taken",
                _("Port {port} on {host} cannot be used: {reason}.").format(
                    port=port, host=host, reason=error.strerror or error
                ),
                fix=_("Stop the program that uses it, or choose another port: {command}").format(
                    command=otherwise.format(other=_other(port))
                ),
                host=host,
                port=port,
            ) from error


def check_tracking_port(values: Mapping[str, Any]) -> None:
    """Refuse, before anything starts, if the port for events cannot be listened on, or is that of the pages."""
    port = values["TENURE_TRACKING_PORT"]
    if port == values["TENURE_PORT"]:
        raise TenureError(
            "serve.one_port_twice",
            _("Port {port} cannot be for the pages and for events.").format(port=port),
            fix=_("Choose a port for events: {command}").format(
                command=f"TENURE_TRACKING_PORT={_other(port)} tenure serve"
            ),
            port=port,
        )
    check_port(values["TENURE_HOST"], port, "TENURE_TRACKING_PORT={other} tenure serve")


def _other(port: int) -> int:
    return port + 1 if port < 65535 else 8000


class _Helper(threading.Thread):
    """A process beside the server that runs one of its commands; started again if it dies."""

    def __init__(self, command: str) -> None:
        super().__init__(name=command, daemon=True)
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        while not self._stopping.is_set():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tenure.config.cli", self.name], stdin=subprocess.DEVNULL, start_new_session=True
            )
            self._process.wait()
            if not self._stopping.wait(_RESTART_SECONDS):
                click.echo(
                    _("tenure {command} stopped by itself and is started again.").format(command=self.name), err=True
                )

    def stop(self) -> None:
        self._stopping.set()
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
