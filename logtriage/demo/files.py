"""Text of a second → the files of a stream: rotated, gzipped, dated like their last record."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

_BUFFER = 1 << 20
_STORED = 65_535  # bytes in one stored block of deflate


class _StoredGzip:
    """A gzip file without compression and without a date.

    zlib and its successors compress the same text into different bytes; stored blocks are the same everywhere.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=_BUFFER)
        self._file.write(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")
        self._crc = 0
        self._size = 0
        self._rest = b""

    def write(self, data: bytes) -> None:
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        data = self._rest + data
        whole = len(data) - len(data) % _STORED
        for at in range(0, whole, _STORED):
            self._block(data[at : at + _STORED], last=False)
        self._rest = data[whole:]

    def _block(self, data: bytes, last: bool) -> None:
        self._file.write(struct.pack("<BHH", last, len(data), len(data) ^ 0xFFFF) + data)

    def close(self) -> None:
        self._block(self._rest, last=True)
        self._file.write(struct.pack("<II", self._crc, self._size & 0xFFFFFFFF))
        self._file.close()


class LogFile:
    """A file that is written once, front to back. `lines` are counted; `close` dates it like its last record."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.lines = 0
        self._last = 0
        self._file: BinaryIO | _StoredGzip = (
            _StoredGzip(path) if path.suffix == ".gz" else path.open("wb", buffering=_BUFFER)
        )

    def write(self, text: str, lines: int, micros: int) -> None:
        """Append whole lines; `micros` is the time of the last of them (microseconds since the epoch)."""
        self._file.write(text.encode())
        self.lines += lines
        self._last = micros

    def close(self) -> None:
        self._file.close()
        os.utime(self.path, ns=(self._last * 1000, self._last * 1000))


class Stream:
    """What one program writes over time: `plan` says which file is current from which second on, in order."""

    def __init__(self, plan: Sequence[tuple[int, Path]]) -> None:
        self._plan = list(plan)
        self._current: LogFile | None = None
        self.written: list[LogFile] = []

    def write(self, second: int, text: str, lines: int, micros: int) -> None:
        """Append to the file that is current in `second`; seconds never go back."""
        while self._plan and self._plan[0][0] <= second:
            self.close()
            self._current = LogFile(self._plan.pop(0)[1])
            self.written.append(self._current)
        assert self._current is not None  # the plan begins at second 0
        self._current.write(text, lines, micros)

    def close(self) -> None:
        if self._current:
            self._current.close()
            self._current = None


def docker_log(folder: Path, identity: str) -> Path:
    """Where Docker's json-file driver keeps the log of the container `identity`."""
    return folder / "docker" / "containers" / identity / f"{identity}-json.log"


def write_container_config(folder: Path, identity: str, service: str, version: str, address: str, micros: int) -> None:
    """The part of Docker's `config.v2.json` that names a container and its address; dated `micros` after the epoch."""
    config = {
        "ID": identity,
        "Name": f"/shop-{service}-1",
        "Config": {
            "Image": f"registry.shop.example/{service}:{version}",
            "Labels": {
                "com.docker.compose.container-number": "1",
                "com.docker.compose.project": "shop",
                "com.docker.compose.service": service,
            },
        },
        "LogPath": f"/var/lib/docker/containers/{identity}/{identity}-json.log",
        "NetworkSettings": {"Networks": {"shop_default": {"IPAddress": address}}},
    }
    path = docker_log(folder, identity).parent / "config.v2.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.dumps(config, separators=(",", ":")).encode())
    os.utime(path, ns=(micros * 1000, micros * 1000))
