"""VictoriaLogs as a peer: how long it takes to take in a docker log, until a query counts all of its lines.

The server is started on a free port of the loopback interface, with an empty folder, and ended behind it. Its start does
not count, as it is a service that runs anyway.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

BINARY = "victoria-logs"
_LINES = "/insert/jsonline?_stream_fields=stream&_time_field=time&_msg_field=log"
_COUNT = "/select/logsql/query?query=*+%7C+count()"
_PATIENCE = 60  # seconds for the server to begin, and for the last line to be seen


def installed() -> bool:
    """Whether the server is on the PATH."""
    return shutil.which(BINARY) is not None


def take_in(log: Path, lines: int) -> float:
    """Seconds from the first byte sent to the moment all lines are counted. Raises TimeoutError where they never are."""
    with tempfile.TemporaryDirectory(prefix="victorialogs-") as folder, _server(Path(folder)) as port:
        began = time.perf_counter()
        with log.open("rb") as file:
            _ask(port, "POST", _LINES, file)
        while _counted(port) < lines:
            if time.perf_counter() - began > _PATIENCE:
                raise TimeoutError(f"{BINARY} has not counted {lines} lines of {log}")
            time.sleep(0.02)
        return time.perf_counter() - began


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[int]:
    """The port of a server that runs for as long as the context lasts."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = [f"-storageDataPath={folder / 'data'}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"]
    with subprocess.Popen([BINARY, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _await(port)
            yield port
        finally:
            server.terminate()


def _await(port: int) -> None:
    """Returns when the server answers."""
    for _ in range(_PATIENCE * 20):
        with contextlib.suppress(OSError):
            _ask(port, "GET", "/health")
            return
        time.sleep(0.05)
    raise TimeoutError(f"{BINARY} does not answer on port {port}")


def _ask(port: int, method: str, path: str, body: object = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    with contextlib.closing(connection):
        connection.request(method, path, body)  # type: ignore[arg-type]
        return connection.getresponse().read()


def _counted(port: int) -> int:
    answer = _ask(port, "GET", _COUNT).splitlines()
    return int(json.loads(answer[0])["count(*)"]) if answer else 0
