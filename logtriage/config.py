"""The user's and the system's settings: TOML files and `LOGTRIAGE_*` variables → one `Config`.

What is given on the command line wins over the environment, that over the user's file, that over the system's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from logtriage.errors import UsageError

SYSTEM = Path("/etc/logtriage.toml")
_KEYS = ("store", "patterns", "assume_tz", "tz", "keys", "source")
_HINT = "the keys are: store, patterns (a list of folders), assume_tz, tz, keys, [[source]] with glob and assume_tz"


@dataclass(frozen=True, slots=True)
class Config:
    """What is settled beside the command line. `zones`: (glob on a source's name, zone of its stamps without one)."""

    store: Path | None = None
    patterns: tuple[Path, ...] = ()
    assume_tz: str = "UTC"
    tz: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    zones: tuple[tuple[str, str], ...] = ()


def load(named: Path | None = None, *, use_files: bool = True, environ: Mapping[str, str] = os.environ) -> Config:
    """The settings: the system's file, then the user's (`named` in its place), then the environment.

    Raises UsageError where a file is wrong or `named` is not there; files that are absent are no error.
    """
    config = Config()
    for path, must in ((SYSTEM, False), (named or user_file(environ), named is not None)) if use_files else ():
        if must or path.is_file():
            config = _merged(config, path, _read(path))
    if store := environ.get("LOGTRIAGE_STORE"):
        config = replace(config, store=Path(store).expanduser())
    if folders := environ.get("LOGTRIAGE_PATTERNS"):
        config = replace(
            config, patterns=(*config.patterns, *(Path(p).expanduser() for p in folders.split(os.pathsep)))
        )
    if zone := environ.get("LOGTRIAGE_ASSUME_TZ"):
        config = replace(config, assume_tz=zone)
    if zone := environ.get("LOGTRIAGE_TZ"):
        config = replace(config, tz=zone)
    return config


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the user's own file is, if there is one."""
    base = environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(environ.get("LOGTRIAGE_CONFIG") or Path(base) / "logtriage" / "config.toml").expanduser()


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as why:
        raise UsageError(f"{path}: {why.strerror}") from why
    except ValueError as why:
        raise UsageError(f"{path}: {why}") from why


def _merged(config: Config, path: Path, content: dict[str, Any]) -> Config:
    for key in content:
        if key not in _KEYS:
            raise UsageError(f"{path}: unknown key {key!r}", _HINT)
    try:
        sources = content.get("source", [])
        return Config(
            store=_path(path, content["store"]) if "store" in content else config.store,
            patterns=(*config.patterns, *(_path(path, folder) for folder in _list(content.get("patterns", [])))),
            assume_tz=_text(content.get("assume_tz", config.assume_tz)),
            tz=content.get("tz", config.tz),
            keys={**config.keys, **{_text(k): _text(v) for k, v in content.get("keys", {}).items()}},
            zones=(*((_text(s["glob"]), _text(s["assume_tz"])) for s in _list(sources)), *config.zones),
        )
    except (TypeError, KeyError, AttributeError) as why:
        raise UsageError(f"{path}: a value has the wrong form: {why}", _HINT) from why


def _path(file: Path, text: Any) -> Path:
    """A path of a config file: `~` is the home folder, and what is relative lies beside the file."""
    return file.parent / Path(_text(text)).expanduser()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value
