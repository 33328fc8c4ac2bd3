"""Finding sources: order, rotated sets, archives, what is passed over, and what names and places tell."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import called

from logtriage.errors import SourceError
from logtriage.sources import bundle
from logtriage.sources.find import Found, find
from logtriage.sources.read import Fingerprint, blocks, fingerprint
from logtriage.sources.resource import Resource, resource, service_of_pod
from logtriage.sources.rotation import rotation
from logtriage.store import file_grams

ID = "0123456789abcdef" * 4
UID = "11111111-2222-3333-4444-555555555555"


def make(folder: Path, *names: str, data: bytes | None = None) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = data if data is not None else f"a line of {name}\n".encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)


def names(found: Found, folder: Path) -> list[str]:
    return [source.name.removeprefix(f"{folder}/") for source in found.sources]


def look(*args: str) -> tuple[Found, dict[str, str]]:
    skipped: dict[str, str] = {}
    return find(args, on_skip=lambda path, why: skipped.update({os.path.basename(path): why})), skipped


@pytest.mark.parametrize(
    "oldest_first",
    [
        ["app.log.10.gz", "app.log.2.gz", "app.log.1", "app.log"],
        ["app.log-20251231.gz", "app.log-20260101", "app.log"],
        ["app-2025-12-31.log.gz", "app-2026-01-01.1.log", "app-2026-01-01.2.log", "app.log"],
        ["app.log.2025-12-31", "app.log.2026-01-01_09", "app.log.2026-01-01_10", "app.log"],
        ["app.2.log", "app.1.log", "app.log"],
        [f"{ID}-json.log.2.gz", f"{ID}-json.log.1", f"{ID}-json.log"],
        ["0.log.20260101-010203.gz", "0.log.20260101-040506", "0.log"],
        ["@4000000065a0b0c00a1b2c3d.s", "@4000000065a0b0c10a1b2c3d.u", "current"],
        ["Xorg.0.log.old", "Xorg.0.log"],
        ["app.log-1767225600.gz", "app.log-1767312000.gz", "app.log"],
    ],
)
def test_rotated_sets_come_together_oldest_first(tmp_path: Path, oldest_first: list[str]) -> None:
    """Each convention of rotating gives one group, its parts in the order they were written."""
    shuffled = list(oldest_first)
    random.Random(7).shuffle(shuffled)
    make(tmp_path, *shuffled)
    found = find([str(tmp_path)])
    assert names(found, tmp_path) == oldest_first
    assert {source.group for source in found.sources} == {f"{tmp_path}/{oldest_first[-1]}"}
    assert names(find([str(tmp_path / name) for name in shuffled]), tmp_path) == oldest_first


def test_numbered_siblings_are_no_set_without_a_base(tmp_path: Path) -> None:
    """`web.1.log` and `web.2.log` are two processes, unless there is a `web.log`; a lone part is its own group."""
    make(tmp_path, "web.1.log", "web.2.log", "web.10.log", "old.log.3")
    found = find([str(tmp_path)])
    assert names(found, tmp_path) == ["old.log.3", "web.1.log", "web.2.log", "web.10.log"]
    assert all(source.group == source.name for source in found.sources)


def test_order_of_arguments_and_folders(tmp_path: Path) -> None:
    """Arguments keep their order, a set stands where its first part does, folders go by name."""
    make(tmp_path, "z.log", "a.log", "a.log.1", "dir/b/x.log", "dir/a.log", "dir/c.log")
    args = [str(tmp_path / name) for name in ("z.log", "a.log", "dir", "a.log.1")]
    assert names(find(args), tmp_path) == ["z.log", "a.log.1", "a.log", "dir/a.log", "dir/b/x.log", "dir/c.log"]


def test_globs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quoted globs work, `**` over any number of folders; a name that exists is taken as it is."""
    make(tmp_path, "x/a.log", "x/y/b.log", "x/y/b.txt", "x/y/z/c.log", "[1].log", "1.log")
    (tmp_path / "x/loop").symlink_to(tmp_path / "x")
    assert names(find([f"{tmp_path}/x/**/*.log"]), tmp_path) == ["x/a.log", "x/y/b.log", "x/y/z/c.log"]
    assert names(find([f"{tmp_path}/x/*/b.*"]), tmp_path) == ["x/y/b.log", "x/y/b.txt"]
    assert names(find([f"{tmp_path}/**/z"]), tmp_path) == ["x/y/z/c.log"]
    assert names(find([f"{tmp_path}/[1].log"]), tmp_path) == ["[1].log"]
    monkeypatch.chdir(tmp_path)
    assert [source.name for source in find(["**/b.log", "-"]).sources] == ["x/y/b.log", "-"]


def test_what_cannot_be_found_does_not_stop_the_rest(tmp_path: Path) -> None:
    """An error per bad argument, with its name; the other arguments are found."""
    make(tmp_path, "a.log")
    found = find([f"{tmp_path}/no.log", f"{tmp_path}/a.log", f"{tmp_path}/*.nothing", f"{tmp_path}/**/*.nothing"])
    assert names(found, tmp_path) == ["a.log"]
    assert len(found.errors) == 3
    assert "no.log: No such file" in found.errors[0].message


def test_a_file_reached_twice_is_read_once(tmp_path: Path) -> None:
    """Symlink loops end, a link to a file or a repeated argument adds nothing; a broken link is told."""
    make(tmp_path, "a.log", "sub/b.log")
    (tmp_path / "sub/up").symlink_to(tmp_path)
    (tmp_path / "sub/same.log").symlink_to(tmp_path / "a.log")
    (tmp_path / "gone.log").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self.log").symlink_to(tmp_path / "self.log")
    found, skipped = look(str(tmp_path), f"{tmp_path}/a.log")
    assert names(found, tmp_path) == ["a.log", "sub/b.log"]
    assert set(skipped) == {"up", "same.log", "gone.log", "self.log", "a.log"}
    assert not found.errors


def test_what_is_no_log_is_passed_over_in_folders_only(tmp_path: Path) -> None:
    """Databases, journals, pictures, pipes, random bytes: told and not read, unless named; odd texts are logs."""
    noise = random.Random(1).randbytes(4096)
    bad = {"x.db": b"SQLite format 3\0", "x.journal": b"LPKSHHRH", "x.png": b"\x89PNG", "wtmp": b"\7\0\0\0" * 99}
    bad |= {"noise": noise, "noise.gz": noise}
    for name, data in bad.items():
        make(tmp_path, name, data=data)
    good = {"a.log": b"", "fix.log": b"8=FIX.4.4\x019=5\x01\n" * 9, "hole.log": bytes(5000), "latin.log": b"\xe4\xf6\n"}
    good |= {
        "nul.log": b"one NUL \0 in a line of text\n",
        "utf16.log": "text\n".encode("utf-16"),
        "c.log": b"\x1b[31mx",
    }
    for name, data in good.items():
        make(tmp_path, name, data=data)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / ".hidden.log").write_bytes(b"x\n")
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(os.path.relpath(tmp_path / "plug"))
        found, skipped = look(str(tmp_path))
    assert names(found, tmp_path) == sorted(good)
    assert set(skipped) == {*bad, "fifo", "plug", ".hidden.log"}
    assert "journalctl" in skipped["x.journal"]
    assert len(find([f"{tmp_path}/{name}" for name in [*bad, "fifo"]]).sources) == len(bad) + 1


def test_an_unreadable_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error, also inside a folder: the answer lacks what is in it. A link to nowhere or to itself has nothing."""
    make(tmp_path, "a.log", "shut/b.log")
    for name, target in (("gone", "nowhere"), ("round", "round")):
        (tmp_path / name).symlink_to(target)
    listdir = os.listdir

    def refuse(path: str) -> list[str]:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)
    found, skipped = look(str(tmp_path))
    assert names(found, tmp_path) == ["a.log"]
    assert skipped.keys() == {"gone", "round"}
    for errors in (found.errors, find([f"{tmp_path}/shut"]).errors):
        assert [error.message for error in errors] == [f"{tmp_path}/shut: Permission denied"]


def test_a_compressed_copy_beside_its_original_is_not_read_twice(tmp_path: Path) -> None:
    """`gzip -k` leaves both: one is read; a different log of that name is not lost."""
    make(tmp_path, "a.log.1", "a.log", data=b"the same\n")
    (tmp_path / "a.log.1.gz").write_bytes(gzip.compress(b"the same\n"))
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(b"other\n"))
    found, skipped = look(str(tmp_path))
    assert names(found, tmp_path) == ["a.log.1", "a.log.gz", "a.log"]
    assert skipped == {"a.log.1.gz": "a compressed copy of a.log.1"}


def test_no_two_names_are_shown_alike(tmp_path: Path) -> None:
    """What an escape is shown as may stand in another file's name: they are two sources all the same, by name and group."""
    odd = [
        b"a\nb.log",
        b"a\\nb.log",
        b"a\\\\nb.log",
        b"a\\\nb.log",
        b"\xff.log",
        b"\\xff.log",
        b"\xc2\x85.log",
        b"\\x85.log",
    ]
    for name in odd:
        (tmp_path / os.fsdecode(name)).write_bytes(b"x\n")
    found = find([str(tmp_path)]).sources
    assert len({source.name for source in found}) == len({source.group for source in found}) == len(odd)
    assert all(source.name.isprintable() for source in found)


def test_hostile_names_can_be_printed(tmp_path: Path) -> None:
    """Line breaks, escapes and bytes that are no UTF-8 in a file name are shown escaped, and the file is read."""
    raw = os.fsencode(tmp_path) + b"/a\n\x1b[2J\xff.log"
    with open(raw, "wb") as file:
        file.write(b"x\n")
    [source] = find([str(tmp_path)]).sources
    assert source.name == f"{tmp_path}/a\\n\\x1b[2J\\xff.log"
    assert [block.data for block in blocks(source)] == [b"x\n"]


def tar(path: Path, members: dict[str, bytes], mode: str, form: int = tarfile.PAX_FORMAT) -> None:
    with tarfile.open(path, mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("suffix", ["", "gz", "bz2", "xz", "zst"])
def test_members_of_archives_are_sources(tmp_path: Path, suffix: str, form: int) -> None:
    """Every regular member, compressed in turn or not, by any archive format, in any order of reading."""
    deep = "long/" * 18 + "name.log" if form == tarfile.USTAR_FORMAT else "long/" * 60 + "ünï.log"
    data = {
        "pay/app.log": b"now\n" * 70_000,
        "pay/app.log.1": b"before\n",
        "pay/app.log.2.gz": gzip.compress(b"long ago\n"),
        deep: b"deep\n",
        "empty.log": b"",
        "core": b"\x7fELF",
    }
    path = tmp_path / f"bundle.tar{'.' * bool(suffix)}{suffix}"
    if suffix == "zst":
        import zstandard

        tar(tmp_path / "plain", data, "w:", form)
        path.write_bytes(zstandard.ZstdCompressor().compress((tmp_path / "plain").read_bytes()))
    else:
        tar(path, data, f"w:{suffix}", form)
    found, skipped = look(str(path))
    assert not found.errors
    assert [source.member for source in found.sources] == list(data)[:-1]
    assert found.sources[0].name == f"{path}!pay/app.log"
    assert {source.group for source in found.sources[:3]} == {f"{path}!pay/app.log"}
    assert found.sources[2].compression == "gz"
    assert found.sources[0].resource.service == "pay"
    assert list(skipped.values()) == ["a program"]
    expected = [b"now\n" * 70_000, b"before\n", b"long ago\n", b"deep\n", b""]
    for step in (1, -1):
        got = [b"".join(block.data for block in blocks(source)) for source in found.sources[::step]]
        assert got == expected[::step]


def test_an_archive_is_gone_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the beginning of each member is looked at before it is read, the archive is not begun anew for each; one that
    was written anew is."""
    path = tmp_path / "b.tar"
    data = {f"{n}.log": bytes([97 + n, 10]) * size for n, size in enumerate([5, 1_800_000, 0, 40, 3_000_000, 7])}
    tar(path, data, "w:")
    opened = []
    pieces = bundle.file_pieces

    def counted(*args: Any) -> Iterator[bytes]:
        opened.append(args)
        return pieces(*args)

    monkeypatch.setattr(bundle, "file_pieces", counted)
    sources = find([str(path)]).sources
    for source, content in zip(sources, data.values(), strict=True):
        assert fingerprint(source, 1 << 20) == Fingerprint.of(content[: 1 << 20])
        assert b"".join(block.data for block in blocks(source)) == content
        assert fingerprint(source, 3) == Fingerprint.of(content[:3])
    assert len(opened) <= 2 + 2  # to find them, to read them; and again for what is too long to be kept
    tar(path, {"5.log": b"anew\n"}, "w:")
    assert fingerprint(sources[5], 1 << 20) == Fingerprint.of(b"anew\n")


def test_damaged_archives_give_what_they_have(tmp_path: Path) -> None:
    """A cut archive: its members up to the cut are sources, the last one reads to the cut and tells it."""
    path = tmp_path / "b.tar"
    tar(path, {"a.log": b"one\n" * 200, "b.log": b"two\n" * 5000}, "w:")
    whole = path.read_bytes()
    path.write_bytes(whole[:9999])
    found = find([str(path)])
    assert [source.member for source in found.sources] == ["a.log", "b.log"]
    assert not found.errors
    got = b""
    with pytest.raises(SourceError, match=r"before the end of b\.log"):
        for block in blocks(found.sources[1]):
            got += block.data
    assert got == whole[512 + 1024 + 512 : 9999]
    tar(path, {"a.log": random.Random(1).randbytes(5000).hex().encode()}, "w:")
    packed = gzip.compress(path.read_bytes())
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(SourceError, match="end is missing"):
        list(blocks(find([str(path)]).sources[0]))


def test_nothing_that_a_store_consists_of_is_a_log(tmp_path: Path) -> None:
    """A store beside logs, compacted, so that all of its files are there: each is passed over as what it is."""
    make(tmp_path, "a.log", "b.log", data=b"".join(b"2026-03-04 10:00:00 INFO order %d\n" % n for n in range(600)))
    called("ingest", "--store", "store", "a.log", "b.log", cwd=tmp_path)
    called("store", "compact", "--store", "store", cwd=tmp_path)
    assert (tmp_path / "store" / file_grams.NAME).exists()
    found, skipped = look(str(tmp_path))
    assert names(found, tmp_path) == ["a.log", "b.log"]
    assert len(skipped) == sum(path.is_file() for path in (tmp_path / "store").rglob("*"))
    assert {*skipped.values()} == {"part of a logtriage store"}


def test_repeated_member_names_are_both_read(tmp_path: Path) -> None:
    """An archive may hold a name twice; both are sources of their own."""
    path = tmp_path / "b.tar"
    with tarfile.open(path, "w") as archive:
        for data in (b"1\n", b"2\n"):
            info = tarfile.TarInfo("a.log")
            info.size = 2
            archive.addfile(info, io.BytesIO(data))
    found = find([str(path)])
    assert [source.member for source in found.sources] == ["a.log", "a.log#2"]
    assert [next(blocks(source)).data for source in found.sources] == [b"1\n", b"2\n"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "ts-auth-service-7f8d7d756d-k7b9j_shop_server.log.gz",
            ("ts-auth-service", "server", "ts-auth-service-7f8d7d756d-k7b9j", "shop"),
        ),
        ("db-0_shop_postgres.log", ("db", "postgres", "db-0", "shop")),
        ("agent-x7k2p_kube-system_agent.log", ("agent", "agent", "agent-x7k2p", "kube-system")),
        (f"/var/log/containers/cart-0_shop_main-{ID}.log", ("cart", "main", "cart-0", "shop")),
        (f"/var/log/containers/etcd_kube-system_etcd-{ID}.log", ("etcd", "etcd", "etcd", "kube-system")),
        (
            f"/var/log/pods/shop_cart-5dc8d4f9fd-46997_{UID}/main/0.log",
            ("cart", "main", "cart-5dc8d4f9fd-46997", "shop"),
        ),
        (f"/var/log/pods/shop_db-2_{UID}/pg/1.log.20260101-010203.gz", ("db", "pg", "db-2", "shop")),
        ("cart-5dc8d4f9fd-46997.log", ("cart", None, "cart-5dc8d4f9fd-46997", None)),
        ("my_app_server.log", ("my_app_server", None, None, None)),
        ("payment.log", ("payment", None, None, None)),
        ("payment-2026-01-01.log.gz", ("payment", None, None, None)),
        ("payment-error.log", ("payment", None, None, None)),
        ("/var/log/nginx/access.log.3.gz", ("nginx", None, None, None)),
        ("/var/log/httpd/error_log", ("httpd", None, None, None)),
        ("/srv/cart/logs/app.log", ("cart", None, None, None)),
        ("/home/kim/logs/app.log", (None, None, None, None)),
        ("/var/log/syslog.1", (None, None, None, None)),
        ("/var/log/messages-20260101", (None, None, None, None)),
        ("2026-01-01.log", (None, None, None, None)),
        ("logs/20260101/app.log", (None, None, None, None)),
    ],
)
def test_names_and_places_tell_the_resource(name: str, told: tuple[str | None, ...]) -> None:
    """(service, container, pod, namespace) as each layout gives them; None where nothing is told."""
    got = resource(name)
    assert (got.service, got.container, got.pod, got.namespace) == told


def test_docker_config_and_symlinks(tmp_path: Path) -> None:
    """Docker's record beside a log names it, also through a symlink; a broken record tells nothing; options win."""
    folder = tmp_path / "containers" / ID
    make(tmp_path, f"containers/{ID}/{ID}-json.log", f"containers/{ID}/{ID}-json.log.1")
    config = {"Name": "/shop-db-1", "Config": {"Hostname": "db1", "Labels": {"com.docker.compose.service": "db"}}}
    (folder / "config.v2.json").write_text(json.dumps(config))
    log = str(folder / f"{ID}-json.log")
    assert find([log]).sources[0].resource == Resource("db", "db1", "shop-db-1")
    (tmp_path / "link.log").symlink_to(log)
    assert find([f"{tmp_path}/link.log"]).sources[0].resource.container == "shop-db-1"
    assert find([log], service="mine", host="h").sources[0].resource == Resource("mine", "h", "shop-db-1")
    for broken in ("", "[]", '{"Config": 3}', "[" * 100_000):
        (folder / "config.v2.json").write_text(broken)
        assert find([log]).sources[0].resource.container == ID[:12]


def test_pods_and_rotation_of_plain_names() -> None:
    """Words that only look a little like a hash or an age are left alone."""
    assert service_of_pod("cart") is None
    assert service_of_pod("report-28394820-x7k2p") == "report"
    assert rotation("app.log").current
    assert rotation("v1.2.3-notes").base == "v1.2.3-notes"
    assert rotation("app-20261399.log").base == "app-20261399.log"


def _tar(path: Path, *names: str) -> bytes:
    with tarfile.open(path, "w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 4_000
            archive.addfile(info, io.BytesIO(b"2026-01-02 03:04:05 INFO line\n" * 133 + b"0123456789"))
    return path.read_bytes()


def test_what_is_wrong_with_an_archive_is_told_once(tmp_path: Path) -> None:
    """By the member that it is in, or else by the archive: an end that is missing, and bytes behind the end mark."""
    path = tmp_path / "logs.tar"
    whole = _tar(path, "a.log", "b.log")
    for data, wrong in ((whole[:6_000], "b.log"), (whole + whole, "end mark"), (whole, None)):
        path.write_bytes(data)
        found = find([str(path)])
        told = [error.message for error in found.errors]
        for source in found.sources:
            try:
                list(blocks(source))
            except SourceError as why:
                told.append(why.message)
        assert len(found.sources) == 2
        assert [wrong in message for message in told if wrong] == ([True] if wrong else []) and len(told) == bool(wrong)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz"])
def test_an_archive_without_files(tmp_path: Path, suffix: str) -> None:
    """With nothing in it an archive is known by its name, and is no log of NULs; it is told that nothing was in it."""
    (tmp_path / f"empty{suffix}").write_bytes(
        _packed(
            _tar(
                tmp_path / "plain",
            ),
            suffix,
        )
    )
    (tmp_path / "plain").unlink()
    for named in (tmp_path, tmp_path / f"empty{suffix}"):
        found, skipped = look(str(named))
        assert not found.sources and not found.errors
        assert list(skipped.values()) == ["an archive without files"]


def test_the_oldest_archives_are_known_by_name(tmp_path: Path) -> None:
    """The format before POSIX's has no magic number."""
    header = bytearray(_tar(tmp_path / "b.tar", "a.log"))
    header[257:265] = bytes(8)
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:512]))
    (tmp_path / "b.tar").write_bytes(header)
    assert [source.name for source in find([str(tmp_path / "b.tar")]).sources] == [f"{tmp_path}/b.tar!a.log"]


def _packed(data: bytes, suffix: str) -> bytes:
    return data if suffix == ".tar" else gzip.compress(data)


def _sparse(name: str, version: str) -> bytes:
    """An entry of a file with holes, as `tar -S` packs it: in GNU's old way with an extended header, or by pax records."""
    stored = b"2026-01-02 03:04:05 INFO between holes\n".ljust(512, b"\0")
    info = tarfile.TarInfo(name)
    info.size = len(stored)
    if version == "pax":
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": name}
        return info.tobuf(tarfile.PAX_FORMAT) + stored
    info.type = b"S"
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1  # another header with more holes follows, and then one more
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header) + bytes(504) + b"\1" + bytes(7) + bytes(512) + stored


@pytest.mark.parametrize("version", ["gnu", "pax"])
def test_sparse_members_are_told_and_the_rest_is_read(tmp_path: Path, version: str) -> None:
    """A file packed without its holes is not taken for a log of its own; the members behind it are found and whole."""
    path = tmp_path / "logs.tar"
    path.write_bytes(_sparse("holes.log", version) + _tar(tmp_path / "plain.tar", "b.log"))
    found = find([str(path)])
    assert [source.member for source in found.sources] == ["b.log"]
    assert [error.message for error in found.errors] == [
        f"{path}!holes.log: packed without its holes (tar -S), not read"
    ]
    assert len(b"".join(block.data for block in blocks(found.sources[0]))) == 4_000


@pytest.mark.parametrize("record", [b"5010 size=" + b"9" * 4999 + b"\n", b"9" * 5000 + b" size=1\n", b"x size=\n"])
def test_nonsense_in_an_archive_ends_nothing(tmp_path: Path, record: bytes) -> None:
    """Numbers of thousands of digits in a pax header are no sizes; its file is read."""
    info = tarfile.TarInfo("pax")
    info.type, info.size = b"x", len(record)
    path = tmp_path / "logs.tar"
    pax = info.tobuf(tarfile.USTAR_FORMAT) + record + bytes(-len(record) % 512)
    path.write_bytes(pax + _tar(tmp_path / "plain.tar", "a.log", "b.log"))
    found = find([str(path)])
    assert not found.errors
    assert [len(b"".join(block.data for block in blocks(source))) for source in found.sources] == [4_000, 4_000]


@pytest.mark.parametrize("name", ["app.log.gz", "logs.tar.gz.gz"])
def test_what_is_compressed_twice_is_no_log(tmp_path: Path, name: str) -> None:
    """It is passed over in a folder, and an error where it is named; both say what it is."""
    data = _tar(tmp_path / "plain", "a.log") if ".tar" in name else b"2026-01-02 03:04:05 INFO line\n"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(gzip.compress(gzip.compress(data)))
    found, skipped = look(str(tmp_path / "in"))
    assert not found.sources and list(skipped.values()) == ["compressed twice: unpack it once"]
    with pytest.raises(SourceError, match="compressed twice"):
        list(blocks(find([str(tmp_path / "in" / name)]).sources[0]))
