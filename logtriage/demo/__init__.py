"""A made-up incident to try logtriage on, and single log files of any size to measure it with."""

from logtriage.demo.flat import FLAT_KINDS, write_flat
from logtriage.demo.incident import Phase, Summary, write_demo

__all__ = ["FLAT_KINDS", "Phase", "Summary", "write_demo", "write_flat"]
