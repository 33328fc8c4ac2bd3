"""The demo incident: the same bytes for the same seed, as many lines as asked for, real formats, and a true story."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from logtriage.demo import FLAT_KINDS, Summary, write_demo, write_flat

LINES = 6_000
DOCKER = re.compile(
    r'^\{"log":"(?:[^"\\]|\\.)*\\n","stream":"stdout","time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\d{3}Z"\}$'
)
CRI = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\d{3}Z stdout [PF] .+$")
CLF = re.compile(
    r'^[\d.]+ - - \[(\d\d/Jan/2026:\d\d:\d\d:\d\d) \+0000\] "[A-Z]+ /\S* HTTP/1\.1" \d{3} \d+ "[^"]*" "[^"]+" '
    r'rt=[\d.]+ urt=[\d.-]+ upstream="[\d.:-]+" rid=[0-9a-f]{32}$'
)
_SPRING = (
    r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z (?:DEBUG| INFO| WARN|ERROR) 1 --- \[payment\] \[.{15}\] "
    r"\[(?:[0-9a-f]{32}-[0-9a-f]{16}| {49})\] \S+ +: \S"
)
TEXT = {  # first lines of records; what does not match must be a continuation
    "nginx/error.log": (r"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?:error|warn)\] \d+#\d+: \*\d+ \S", r"^$"),
    "payment": (_SPRING, r"^(?:\tat |Caused by: |\t\.\.\. |org\.)"),
    "postgresql": (r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) UTC \[\d+\] \S*@\S* [A-Z]+:  \S", r"^\t\S"),
    "syslog": (r"^(Jan 14 \d\d:\d\d:\d\d) shop-node-1 \w+(?:\[\d+\])?: \S", r"^$"),
}
STAMPS = ("%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%d/%b/%Y:%H:%M:%S", "%Y %b %d %H:%M:%S")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return write_demo(tmp_path_factory.mktemp("demo"), lines=LINES)


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def lines_of(demo: Summary, service: str | None = None) -> Iterator[tuple[str, str]]:
    """(file, line) of one service or of all."""
    for name in demo.files:
        if service is None or demo.services[name] == service:
            for line in text_of(demo.folder / name).splitlines():
                yield name, line


def instant(text: str) -> datetime:
    for form in STAMPS:
        try:
            return datetime.strptime(f"2026 {text}" if form.startswith("%Y %b") else text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise AssertionError(f"no stamp: {text}")


def stamp_of(name: str, line: str) -> datetime | None:
    """The instant of a line by a regex of its own format; None for a continuation line; fails on anything else."""
    if name.endswith("-json.log"):
        found = DOCKER.match(line)
    elif name.startswith("pods/"):
        found = CRI.match(line)
    elif name == "nginx/access.log":
        found = CLF.match(line)
    elif name == "journal/journal.json":
        return datetime.fromtimestamp(int(json.loads(line)["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
    else:
        first, more = next(pair for start, pair in TEXT.items() if name.startswith(start))
        found = re.match(first, line)
        if not found:
            assert re.match(more, line), f"{name}: {line!r}"
            return None
    assert found, f"{name}: {line!r}"
    return instant(found[1])


def first_seen(demo: Summary, needle: str, service: str | None = None) -> datetime:
    """When a text first appears (in one service's files or anywhere)."""
    times, last = [], None
    for name, line in lines_of(demo, service):
        last = stamp_of(name, line) or last
        if needle in line:
            assert last is not None
            times.append(last)
    return min(times)


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(folder).as_posix()} {path.stat().st_mtime_ns}\n".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def test_same_seed_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    """Two processes with different PYTHONHASHSEED, locale and time zone write the same folder, dates included."""
    code = (
        "import sys, pathlib; from logtriage.demo import write_demo; write_demo(pathlib.Path(sys.argv[1]), lines=3000)"
    )
    digests = set()
    for hash_seed, zone in (("1", "UTC"), ("4242", "Asia/Tokyo")):
        env = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone, "PYTHONPATH": str(Path(__file__).parents[1])}
        subprocess.run([sys.executable, "-c", code, str(tmp_path / hash_seed)], env=env, check=True)
        digests.add(digest(tmp_path / hash_seed))
    assert len(digests) == 1


def test_bytes_are_those_of_every_other_machine(tmp_path: Path) -> None:
    """The digest of a small demo is a constant: a Python or a platform that writes other bytes is noticed."""
    write_demo(tmp_path, lines=2_000)
    assert digest(tmp_path) == "6795272b3501da10e5e2129a3affb5698680b20bb3ad67e4c3f11dd6ea9314e4"


def test_another_seed_gives_another_incident(tmp_path: Path) -> None:
    """The seed reaches the content, not only the names."""
    one, two = (write_demo(tmp_path / str(seed), lines=2_000, seed=seed) for seed in (1, 2))
    assert one.trace_id != two.trace_id
    assert text_of(tmp_path / "1" / "syslog") != text_of(tmp_path / "2" / "syslog")


@pytest.mark.parametrize("lines", [2_000, 20_000, 150_000])
def test_as_many_lines_as_asked_for(tmp_path: Path, lines: int) -> None:
    """The total is within 1 %, and the summary's counts are those of the files."""
    demo = write_demo(tmp_path, lines=lines)
    counts = {name: text_of(tmp_path / name).count("\n") for name in demo.files}
    assert counts == demo.files
    assert sum(counts.values()) == demo.lines
    assert abs(demo.lines - lines) <= lines / 100


def test_every_line_parses_as_its_format_and_in_time_order(demo: Summary) -> None:
    """Regexes written apart from the generator accept every line; stamps never go back and stay within the hour."""
    last: dict[str, datetime] = {}
    for name, line in lines_of(demo):
        stamp = stamp_of(name, line)
        if stamp:
            assert stamp >= last.get(name, demo.start.replace(microsecond=0)), f"{name}: {line!r}"
            assert stamp < demo.start + timedelta(minutes=41)
            last[name] = stamp
    assert set(last) == set(demo.files)


def test_inner_records_are_json_where_the_service_writes_json(demo: Summary) -> None:
    """Inventory's docker lines hold zap objects; fraud's partial lines joined hold pino objects."""
    for _, line in lines_of(demo, "inventory"):
        assert {"level", "ts", "msg", "version"} <= json.loads(json.loads(line)["log"]).keys()
    joined, partial = "", 0
    for _, line in lines_of(demo, "fraud"):
        _, _, tag, text = line.split(" ", 3)
        joined += text
        partial += tag == "P"
        if tag == "F":
            assert {"level", "time", "msg"} <= json.loads(joined).keys()
            joined = ""
    assert partial > 0
    assert joined == ""


def test_files_are_dated_like_their_last_record(demo: Summary) -> None:
    """A file's mtime is its last line's instant, as the year of syslog stamps is guessed from it."""
    for name in demo.files:
        stamps = [stamp for line in text_of(demo.folder / name).splitlines() if (stamp := stamp_of(name, line))]
        assert abs((demo.folder / name).stat().st_mtime - stamps[-1].timestamp()) < 1.0, name


def test_docker_knows_its_containers(demo: Summary) -> None:
    """Every container log has a config that names service, image and address; inventory has one a version."""
    images = []
    for name in demo.files:
        if name.startswith("docker/"):
            config = json.loads((demo.folder / name).with_name("config.v2.json").read_text())
            labels = config["Config"]["Labels"]
            assert config["ID"] in name
            assert labels["com.docker.compose.service"] == demo.services[name]
            assert config["Name"] == f"/shop-{demo.services[name]}-1"
            images.append(config["Config"]["Image"])
    assert sorted(image.split("/")[1] for image in images if "inventory" in image) == [
        "inventory:2.13.4", "inventory:2.13.4", "inventory:2.14.0",
    ]  # fmt: skip


def test_payment_is_rotated_and_the_oldest_is_a_gzip_without_a_date(demo: Summary) -> None:
    """Three generations follow one another in time; the gzip header carries no time stamp."""
    folder = demo.folder / "payment"
    spans = []
    for name in ("payment.log.2.gz", "payment.log.1", "payment.log"):
        stamps = [stamp for line in text_of(folder / name).splitlines() if (stamp := stamp_of(f"payment/{name}", line))]
        spans += [min(stamps), max(stamps)]
    assert spans == sorted(spans)
    assert (folder / "payment.log.2.gz").read_bytes()[4:8] == b"\0\0\0\0"


def test_facts_are_true(demo: Summary) -> None:
    """Each number in the summary's facts is the number of lines that hold the text."""
    counted = Counter(dict.fromkeys(demo.facts, 0))
    for _, line in lines_of(demo):
        counted.update(needle for needle in demo.facts if needle in line)
    assert dict(counted) == demo.facts
    assert min(demo.facts.values()) > 0


@pytest.mark.parametrize("lines", [2_000, 60_000])
def test_the_story_unfolds_in_order(tmp_path: Path, lines: int) -> None:
    """Cause before effect, at every size: leak, kill, time-outs, refusals, pools, victims, queue, recovery."""
    demo = write_demo(tmp_path, lines=lines)
    order = [
        first_seen(demo, "2.14.0", "inventory"),
        first_seen(demo, "garbage collection is slow", "inventory"),
        first_seen(demo, "Slow call", "checkout"),
        first_seen(demo, "Read timed out", "checkout"),
        first_seen(demo, "Killed process", "shop-node-1"),
        first_seen(demo, "Connect timed out", "checkout"),
        first_seen(demo, "Connection refused"),
        first_seen(demo, "is OPEN and does not permit", "checkout"),
        first_seen(demo, "Connection is not available", "payment"),
        first_seen(demo, "too many clients", "postgres"),
        first_seen(demo, "too many clients", "cart"),
        first_seen(demo, "too many clients", "fraud"),
        first_seen(demo, "exceeds threshold", "notification"),
        first_seen(demo, "rollback: inventory", "shop-node-1"),
        first_seen(demo, "from HALF_OPEN to CLOSED", "checkout"),
    ]
    assert order == sorted(order)
    assert demo.culprit == "inventory"
    assert timedelta() <= order[1] - demo.onset < timedelta(seconds=60)
    phases = {phase.name: phase.time for phase in demo.phases}
    assert abs(order[4] - phases["oom-kill"]) < timedelta(seconds=2)
    assert abs(order[6] - phases["refused"]) < timedelta(seconds=3)


def test_inventory_is_silent_while_it_is_down_and_logs_almost_no_error(demo: Summary) -> None:
    """Between the kill and the rollback the culprit writes only the few lines of each start; the victims shout."""
    phases = {phase.name: phase.time for phase in demo.phases}
    down = [
        json.loads(json.loads(line)["log"])["msg"]
        for name, line in lines_of(demo, "inventory")
        if phases["oom-kill"] < (stamp_of(name, line) or demo.start) < phases["rollback"]
    ]
    assert len(down) == 18
    assert "request served" not in down
    errors = Counter(
        demo.services[name] for name, line in lines_of(demo) if re.search(r'"level\\?":50|ERROR|\[error\]', line)
    )
    assert errors["inventory"] == 0
    assert {service for service, _ in errors.most_common(2)} == {"cart", "fraud"}


def test_heap_climbs_from_the_deploy_to_the_kill(demo: Summary) -> None:
    """The leak can be read off inventory's own numbers."""
    phases = {phase.name: phase.time for phase in demo.phases}
    heap = [
        (stamp, float(found[1]))
        for name, line in lines_of(demo, "inventory")
        if (found := re.search(r"heap in use ([\d.]+) MiB", line)) and (stamp := stamp_of(name, line))
    ]
    before = [mib for stamp, mib in heap if stamp < phases["deploy"]]
    after = [mib for stamp, mib in heap if phases["deploy"] <= stamp < phases["oom-kill"]]
    assert max(before) < 120
    assert after[-1] > 400
    assert after == sorted(after) or max(a - b for a, b in pairwise(after)) < 20


def test_one_id_tells_its_story_across_files(demo: Summary) -> None:
    """The failed request of the summary is found at the gateway, in checkout and in payment, in a sensible order."""
    services = {demo.services[name] for name, line in lines_of(demo) if demo.trace_id in line}
    assert services == {"gateway", "checkout", "payment"}
    assert first_seen(demo, demo.trace_id, "checkout") <= first_seen(demo, demo.trace_id, "payment")


def test_a_good_order_passes_every_service(demo: Summary) -> None:
    """A trace id of a finished order occurs at the gateway and in all five services it takes part in."""
    placed = next(line for _, line in lines_of(demo, "checkout") if " placed in " in line)
    trace = re.search(r"trace_id=([0-9a-f]{32})", placed)
    assert trace
    services = {demo.services[name] for name, line in lines_of(demo) if trace[1] in line}
    assert services == {"gateway", "checkout", "payment", "inventory", "fraud", "notification"}


def test_start_moves_everything(tmp_path: Path) -> None:
    """Another start (in any zone) shifts stamps and phases, also over midnight and into a month of one digit days."""
    start = datetime.fromisoformat("2026-03-01T00:55:00+01:00")
    demo = write_demo(tmp_path, lines=2_000, start=start)
    syslog = text_of(tmp_path / "syslog").splitlines()
    assert syslog[0].startswith("Feb 28 23:5")
    assert syslog[-1].startswith("Mar  1 00:3")
    assert demo.phases[0].time == start


@pytest.mark.parametrize("kind", sorted(FLAT_KINDS))
def test_flat_files_have_exactly_the_lines_asked_for(tmp_path: Path, kind: str) -> None:
    """Each kind: exact count, the same bytes again, the size returned, and no two neighbours alike."""
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    size = write_flat(first, lines=10_001, kind=kind)
    write_flat(second, lines=10_001, kind=kind)
    data = first.read_bytes()
    assert data == second.read_bytes()
    assert (size, data.count(b"\n"), data[-1:]) == (len(data), 10_001, b"\n")
    assert len(set(data.splitlines())) > 7_500


def test_flat_log4j_holds_one_percent_failures(tmp_path: Path) -> None:
    """Stack traces are about 1 % of the records, warnings and errors a few percent."""
    write_flat(tmp_path / "a.log", lines=50_000, kind="log4j")
    text = (tmp_path / "a.log").read_text()
    records = len(re.findall(r"(?m)^2026-", text))
    assert 0.007 < len(re.findall(r"(?m)^Caused by: ", text)) / records < 0.013
    assert 0.02 < len(re.findall(r"(?m)^\S+ \S+ (?:WARN |ERROR)", text)) / records < 0.06
