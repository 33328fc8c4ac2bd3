"""A disk that is full: what cannot be written is told, leaves nothing behind, and what is there can be read."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import ROOT, environment, logtriage

from logtriage.store.store import Store

_LINES = 10_000
_MOUNT = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]


def _can_mount(folder: Path) -> bool:
    if not shutil.which("unshare"):
        return False
    command = 'mount -t tmpfs -o size=1m tmpfs "$0"'
    return subprocess.run([*_MOUNT, command, str(folder)], capture_output=True, check=False).returncode == 0


def _log(path: Path) -> Path:
    """A log that cannot be made small."""
    rng = random.Random(7)
    lines = (
        f"2026-03-02T10:{k // 60 % 60:02}:{k % 60:02}Z INFO svc: {rng.randbytes(200).hex()}\n" for k in range(_LINES)
    )
    path.write_text("".join(lines))
    return path


def test_a_full_disk(tmp_path: Path) -> None:
    """On a small file system of its own (where one may be made), the steps below hold."""
    small = tmp_path / "small"
    small.mkdir()
    if not _can_mount(small):
        pytest.skip("no file system can be mounted here")
    log = _log(tmp_path / "app.log")
    code = f"import sys; sys.path[:0] = {[str(ROOT), str(ROOT / 'tests')]!r}; import test_full_disk; test_full_disk.steps()"
    ran = subprocess.run(
        [*_MOUNT, 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"', str(small), sys.executable, "-c", code, str(small), str(log)],
        capture_output=True, text=True, env=environment(), check=False, timeout=240,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


def steps() -> None:
    """What is done on the small file system."""
    small, log = Path(sys.argv[1]), Path(sys.argv[2])
    store = small / "store"

    first = logtriage("ingest", "--store", store, log)
    assert (first.code, first.err.count("no space is left for the store")) == (2, 1), first.err
    _none_unknown(store)
    _kept(store, log, whole=False)

    subprocess.run(["mount", "-o", "remount,size=20m", str(small)], check=True)
    again = logtriage("ingest", "--store", store, log)
    assert again.code == 0, again.err
    _kept(store, log, whole=True)

    _fill(small / "filler", leaving=1 << 20)
    parquet = logtriage("sql", "--store", store, "--output", "parquet", small / "out.parquet", "FROM records")
    assert parquet.code == 2
    assert "out.parquet: No space left on device" in parquet.err
    assert logtriage("store", "compact", "--store", store).code in (0, 2)
    _none_unknown(store)
    _fill(small / "more", leaving=0)
    html = logtriage("report", "--no-store", "--html", small / "page.html", ROOT / "README.md")
    assert html.code == 2
    assert "page.html cannot be written: No space left on device" in html.err
    assert {one.name for one in small.iterdir()} == {"store", "filler", "more"}

    for command in (("store", "compact"), ("ingest", str(ROOT / "README.md"))):
        assert "no space is left for the store" in logtriage(*command, "--store", store).err
    found = logtriage("grep", "--store", store, "-c", "svc")
    assert (found.code, found.out) == (0, f"{log}:{_LINES}\n"), found.err


def _kept(store: Path, log: Path, *, whole: bool) -> None:
    """The store holds the beginning of the log, or all of it."""
    data = logtriage("cat", "--store", store, "--from-store", "--output", "raw").out.encode()
    assert log.read_bytes().startswith(data)
    assert (len(data) == log.stat().st_size) is whole


def _none_unknown(path: Path) -> None:
    """The store's folder has no data files that its catalog does not know."""
    with Store(path, write=True) as store:
        assert not store.con.execute(
            "CALL ducklake_delete_orphaned_files('lake', cleanup_all => true, dry_run => true)"
        ).fetchall()


def _fill(path: Path, *, leaving: int) -> None:
    """Takes all room of the file system but so many bytes."""
    there = os.statvfs(path.parent)
    with open(path, "wb") as file:
        try:
            file.write(bytes(there.f_bavail * there.f_frsize - leaving))
        except OSError:
            return


def test_output_that_takes_no_more() -> None:
    """Standard output on a full disk is told by its name, exit 2; nothing is said twice when the program ends."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full")
    for command in (
        ("patterns", "list"),
        ("cat", "--no-store", "--output", "raw", str(ROOT / "README.md")),
        ("--help",),
    ):
        with full.open("wb") as out:
            ran = subprocess.run(
                [sys.executable, "-m", "logtriage", *command], stdout=out, stderr=subprocess.PIPE, text=True,
                env=environment(), check=False, timeout=60,
            )  # fmt: skip
        assert ran.returncode == 2
        assert ran.stderr == "logtriage: standard output: No space left on device\n"
