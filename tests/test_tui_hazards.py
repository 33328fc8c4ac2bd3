"""What others do to the store while one looks: it is one line, and the screen goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from screens import WIDE, run, screen
from stores import fill, settings_for_tests

from logtriage.ingest import Ingest
from logtriage.sources.find import find
from logtriage.store.store import Store
from logtriage.tui.intake import Intake
from logtriage.tui.screen import telling

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def beats(log: Path, first: int, last: int) -> None:
    """Appends a record a second to a log, every tenth an error."""
    log.parent.mkdir(exist_ok=True)
    with open(log, "a") as file:
        for k in range(first, last):
            level = "INFO" if k % 10 else "ERROR"
            file.write(f"2026-03-04 {10 + k // 3600}:{k // 60 % 60:02}:{k % 60:02} {level} beat {k}\n")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of 600 records, which are in the store beside it."""
    beats(tmp_path / "app.log", 0, 600)
    fill(tmp_path / "store", [tmp_path / "app.log"])
    return tmp_path / "app.log"


def test_compacting_and_pruning_beside(tmp_path: Path, log: Path) -> None:
    """The store is compacted and pruned by another process while one looks: what is left can be read, and nothing fails."""
    for k in range(600, 640, 10):
        beats(log, k, k + 10)
        fill(tmp_path / "store", [log])

    async def work() -> None:
        async with screen(tmp_path / "store", WIDE) as shown:
            await shown.press("b")
            logtriage("store", "compact", "--store", str(tmp_path / "store"))
            await shown.press("g", "space", "e", "G", "b")
            assert "640 records" in shown.status and not shown.main.wrong
            await shown.press("g")
            store = str(tmp_path / "store")
            logtriage("store", "prune", "--older-than", "5m", "--now", "2026-03-04T10:10:00Z", "--store", store)
            await shown.until(lambda: "340 records" in shown.status)
            await shown.press("space", "space")
            assert not shown.main.wrong
            await shown.press("g")
            assert shown.selected.text == "beat 300"

    run(work)


def test_a_store_that_is_deleted(tmp_path: Path, log: Path) -> None:
    """It is said in one line; what is on the screen stays; and when there is a store again, that is shown."""

    async def work() -> None:
        async with screen(tmp_path / "store", WIDE) as shown:
            shutil.rmtree(tmp_path / "store")
            await shown.until(lambda: "there is no store" in shown.status)
            assert "beat 599" in shown.text
            await shown.press("g", "e", "b")
            assert "there is no store" in shown.status
            beats(log, 600, 700)
            fill(tmp_path / "store", [log])
            await shown.until(lambda: "700 records" in shown.status)
            await shown.press("G")
            assert shown.selected.text == "beat 699"

    run(work)


def test_a_store_another_one_writes_to(tmp_path: Path, log: Path) -> None:
    """While another process writes to the store, what that brings in is shown as it comes, also of files that are new, and
    this is told; where it does not read these logs, after a while how much of them is not read."""
    store, new = tmp_path / "store", log.parent / "new.log"

    async def work() -> None:
        with Store(store, write=True) as rival:
            ingest = Ingest(rival, settings_for_tests())
            names = [str(log.parent)]
            intake = Intake(["--no-config", "--store", str(store)], names, find(names).sources, settings_for_tests)
            async with screen(store, WIDE, intake=intake) as shown:
                await shown.until(lambda: "what it reads of these logs is shown as it comes" in shown.status)
                await shown.until(lambda: "following" in shown.status)
                beats(new, 600, 610)
                ingest.run(find([str(new)]).sources)
                await shown.until(lambda: "beat 609" in shown.text and "610 records" in shown.status)
                assert "reading" not in shown.status
                beats(log, 610, 620)
                await shown.until(lambda: f"341 bytes not read: waiting for process {os.getpid()}" in shown.status)
                assert "following" not in shown.status
                ingest.run(find([str(log)]).sources)
                await shown.until(lambda: "following" in shown.status and "beat 619" in shown.text)

    run(work)


def test_files_that_come_up_are_shown(tmp_path: Path, log: Path) -> None:
    """A log that is written anew in a folder one looks at is on the screen as all others; what lies beside it is not."""
    folder, beside = tmp_path / "folder", tmp_path / "folder-beside.log"
    folder.mkdir()
    beats(folder / "app.log", 0, 10)
    beats(beside, 500, 510)
    fill(tmp_path / "store", [beside])
    options, names = ["--no-config", "--store", str(tmp_path / "store")], [str(folder)]

    async def work() -> None:
        intake = Intake(options, names, find(names).sources, settings_for_tests)
        async with screen(tmp_path / "store", WIDE, intake=intake) as shown:
            await shown.until(lambda: "beat 9" in shown.text and shown.main.ahead is None)
            beats(folder / "pod" / "new.log", 10, 20)
            await shown.until(lambda: "beat 19" in shown.text and "20 records" in shown.status)
            assert "beat 50" not in shown.text

    run(work)


def test_reading_goes_on_when_the_other_one_has_ended(tmp_path: Path, log: Path) -> None:
    """Sources that another process keeps from being read are read once it is gone, and that is told."""
    other = tmp_path / "other.log"
    beats(other, 0, 10)
    command = [
        sys.executable,
        "-m",
        "logtriage",
        "ingest",
        "--follow",
        "--no-config",
        "--store",
        str(tmp_path / "store"),
    ]

    async def work(rival: subprocess.Popen[bytes]) -> None:
        assert rival.stderr and b"following" in rival.stderr.readline()
        beats(log, 600, 610)
        store = tmp_path / "store"
        options = ["--no-config", "--store", str(store)]
        intake = Intake(options, [str(log)], find([str(log)]).sources, settings_for_tests)
        async with screen(store, WIDE, intake=intake) as shown:
            # the line at the foot that says why goes by while the screen comes to rest
            await shown.until(lambda: intake.rival == rival.pid)
            assert "reading has stopped" not in shown.status
            rival.terminate()
            rival.wait()
            await shown.until(lambda: "beat 609" in shown.text)
            assert intake.rival is None and "following" in shown.status

    with subprocess.Popen([*command, str(other)], env=ENVIRONMENT, stderr=subprocess.PIPE) as rival:
        try:
            run(lambda: work(rival))
        finally:
            rival.kill()


def test_times_that_are_likely_none_of_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is written now, by a clock two hours east, is told on the screen as soon as it was read, while it is followed."""
    monkeypatch.setattr(telling, "_NOTICE", 600)
    log, store, end = tmp_path / "app.log", tmp_path / "store", datetime.now(UTC) + timedelta(hours=2)
    lines = (f"{end - timedelta(seconds=back):%Y-%m-%d %H:%M:%S} INFO order done\n" for back in range(40, -1, -1))
    log.write_text("".join(lines))

    async def work() -> None:
        options = ["--no-config", "--store", str(store)]
        intake = Intake(options, [str(log)], find([str(log)]).sources, settings_for_tests)
        async with screen(store, WIDE, intake=intake) as shown:
            await shown.meets(lambda: "its times name no zone and are read as UTC" in shown.status)
            assert intake.is_running and intake.remark() is None and not shown.main.wrong

    run(work)


def test_a_disk_that_is_full(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store that can take no more is one line on the screen; what is in it can be read, and the files from their ends."""
    store, limited = tmp_path / "store", tmp_path / "python"
    # the largest file that may be written stands for a disk without room
    limited.write_text(f'#!/bin/sh\nulimit -f 1\nexec {sys.executable} "$@"\n')
    limited.chmod(0o755)

    async def work() -> None:
        beats(log, 600, 10_000)
        options = ["--no-config", "--store", str(store)]
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", str(limited))
            intake = Intake(options, [str(log)], find([str(log)]).sources, settings_for_tests)
        async with screen(store, WIDE, intake=intake) as shown:
            await shown.until(lambda: "reading has stopped" in shown.status)
            assert "could not take the data" in shown.status and "File too large" in shown.status
            await shown.press("g")
            assert shown.selected.text == "beat 0" and "reading has stopped" in shown.status

    run(work)


def logtriage(*arguments: str) -> None:
    """Runs a command in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "logtriage", *arguments, "--no-config"],
        env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
