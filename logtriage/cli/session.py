"""The arguments that commands share, together with the config, made into what the engine takes."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from logtriage.config import Config, load
from logtriage.errors import LogtriageError, UsageError, is_it
from logtriage.output import harmless

if TYPE_CHECKING:
    from logtriage.formats.format import Format
    from logtriage.normalise import Settings
    from logtriage.signatures.library import Pattern
    from logtriage.sources.find import Found, Source
    from logtriage.sources.odd import Odd

_COMPILING = "making the pattern library ready for this machine: some seconds, once"


@dataclass
class Session:
    """One run of a command: its arguments, the config, the errors that did not end it, and for the coverage line the files
    that were passed over, those that hold no log, and, for each record that was cut, its source's name."""

    args: argparse.Namespace
    config: Config
    errors: list[LogtriageError] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    odd: list[Odd] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    _said: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, args: argparse.Namespace) -> Session:
        """Reads the config. Raises UsageError."""
        named = getattr(args, "config", None)
        session = cls(
            args, load(Path(named).expanduser() if named else None, use_files=not getattr(args, "no_config", False))
        )
        session._require_known()
        if sys.stderr.isatty():
            from logtriage.store import lock

            lock.while_waiting = session.say_once
        return session

    def _require_known(self) -> None:
        """Raises UsageError for a zone, a moment or a format that there is not, though this run may not come to ask it."""
        asked = {name for name, value in vars(self.args).items() if value}
        if "tz" in asked:
            self.zone  # noqa: B018 - looked up
        if "now" in asked:
            self.fixed_now  # noqa: B018 - read
        if "assume_tz" in asked:
            from logtriage.stamps.zone import Zone

            Zone.of(self.args.assume_tz)
        if "format" in asked:
            known = [fmt.id for fmt in self.formats()]
            if (wanted := self.args.format) not in known:
                hint = f"{is_it(wanted, known)}`logtriage formats list` names them"
                raise UsageError(f"there is no format {wanted!r}", hint)

    @property
    def quiet(self) -> bool:
        """Whether standard error stays silent."""
        return bool(getattr(self.args, "no_messages", False))

    @property
    def zone(self) -> tzinfo:
        """The zone in which times are shown and typed."""
        if getattr(self.args, "utc", False):
            return UTC
        from logtriage.output import zone_named

        return zone_named(getattr(self.args, "tz", None) or self.config.tz)

    @property
    def now(self) -> datetime:
        """The present, or what --now says."""
        return self.fixed_now or datetime.now(UTC)

    @property
    def fixed_now(self) -> datetime | None:
        """What --now says."""
        text = getattr(self.args, "now", None)
        if not text:
            return None
        from logtriage.stamps.when import parse_when

        return parse_when(text, now=datetime.now(UTC), zone=self.zone)

    @property
    def store_path(self) -> Path:
        """The folder of the store."""
        if named := getattr(self.args, "store", None):
            return Path(named).expanduser()
        if self.config.store:
            return self.config.store
        from logtriage.store.place import default_path

        return default_path()

    def settings(self, *, patterns: bool = True) -> Settings:
        """How sources are to be read. Without `patterns`, as for a screen, nothing is told. Raises UsageError for an unknown
        zone, LibraryError."""
        from logtriage import hyperscans
        from logtriage.normalise import Settings
        from logtriage.stamps.zone import Zone

        zone = getattr(self.args, "assume_tz", None) or self.config.assume_tz
        zones = () if getattr(self.args, "assume_tz", None) else self.config.zones
        for name in (zone, *(name for _, name in zones)):
            Zone.of(name)
        forced = getattr(self.args, "format", None)
        if patterns and sys.stderr.isatty():
            hyperscans.before_compiling = lambda: self.say_once(_COMPILING)
        return Settings(self.formats(), self.patterns() if patterns else (), zone, self.fixed_now, forced, zones)

    def formats(self) -> tuple[Format, ...]:
        """The shipped formats and those of the config's folders."""
        from logtriage.formats.format import load_formats

        return load_formats(self.config.patterns, examples=False)

    def patterns(self) -> tuple[Pattern, ...]:
        """The shipped signatures and those of the config's folders."""
        from logtriage.signatures.library import load_patterns

        return load_patterns(self.config.patterns, examples=False)

    def find(self, names: list[str]) -> Found:
        """The sources that arguments name; what cannot be read is told, what is no log is noted."""
        from logtriage.sources.find import find
        from logtriage.sources.odd import odd

        args = self.args
        told = {"service": args.service, "host": args.host} if hasattr(args, "host") else {}
        found = find(names, on_skip=lambda path, why: self.skipped.append(f"{os.path.basename(path)} ({why})"), **told)
        for error in found.errors:
            self.error(error)
        self.sources = found.sources
        self.odd += odd(found.sources, names)
        return found

    def logs(self, names: list[str], *, to_come: bool = False) -> list[Source]:
        """The same, where there must be some: an answer about nothing would look as if all were well. Ends the command with
        exit code 2 where there are none, which is told; `to_come`: in folders there may be some later."""
        found = self.find(names)
        if not found.sources and not (to_come and not found.errors):
            if not found.errors:
                from logtriage.coverage import passed_over

                hint = passed_over(self.skipped) if self.skipped else None
                self.error(UsageError(f"no logs in {harmless(', '.join(names))}: nothing to look at", hint))
            raise SystemExit(2)
        return found.sources

    def error(self, why: LogtriageError, source: Source | None = None) -> None:
        """Notes an error that does not end the command, and tells it at once."""
        self.errors.append(why)
        if not self.quiet:
            sys.stdout.flush()
            print(harmless(f"logtriage: {why}"), file=sys.stderr)

    def say(self, text: str) -> None:
        """One line on standard error."""
        if not self.quiet and text:
            print(text, file=sys.stderr)

    def say_once(self, text: str) -> None:
        """The same, however often it is asked for."""
        if text not in self._said:
            self._said.add(text)
            self.say(text)
