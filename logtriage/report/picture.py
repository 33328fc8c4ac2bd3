"""The timeline as an SVG picture: a lane for each service, bars for its records, and what happened when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from logtriage.output import shortened
from logtriage.report.document import Lane, Moment, Timeline

_WIDTH, _LEFT, _LANE, _TOP, _FOOT = 1100, 190, 34, 46, 26  # units of the picture
_TICKS = tuple(timedelta(seconds=n) for n in (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 7 * 86400))
_NAME, _LABEL = 26, 60  # letters at most


def svg(timeline: Timeline, shown: Callable[[str], str]) -> str:
    """The picture; `shown` makes any text harmless in it."""
    height = _TOP + _LANE * len(timeline.lanes) + _FOOT
    pieces = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="timeline of the services">']
    pieces += _ticks(timeline, height, shown)
    for number, lane in enumerate(timeline.lanes):
        pieces += _lane(lane, _TOP + _LANE * number, shown)
    inside = (moment for moment in timeline.moments if timeline.start <= moment.at <= timeline.end)
    pieces += [_moment(timeline, moment, height, shown) for moment in inside]
    return "".join([*pieces, "</svg>"])


def _x(timeline: Timeline, moment: datetime) -> float:
    span = (timeline.end - timeline.start) / timedelta(seconds=1) or 1.0
    return _LEFT + (_WIDTH - _LEFT - 10) * ((moment - timeline.start) / timedelta(seconds=1)) / span


def _ticks(timeline: Timeline, height: int, shown: Callable[[str], str]) -> list[str]:
    step = next((tick for tick in _TICKS if (timeline.end - timeline.start) / tick <= 10), _TICKS[-1])
    first = datetime(1970, 1, 5) + -(-(timeline.start - datetime(1970, 1, 5)) // step) * step
    form = "%m-%d" if step >= timedelta(days=1) else "%H:%M" if step >= timedelta(minutes=1) else "%H:%M:%S"
    pieces: list[str] = []
    while first <= timeline.end and len(pieces) < 60:
        x = _x(timeline, first)
        pieces.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{height - _FOOT}"/>')
        pieces.append(f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{shown(first.strftime(form))}</text>')
        first += step
    return pieces


def _lane(lane: Lane, top: int, shown: Callable[[str], str]) -> list[str]:
    bottom, tall = top + _LANE - 6, _LANE - 10
    pieces = [f'<text x="{_LEFT - 8}" y="{bottom - 4}" text-anchor="end">{shown(_short(lane.name, _NAME))}</text>']
    wide = (_WIDTH - _LEFT - 10) / max(1, len(lane.records))
    most = max((*lane.records, 1))
    for k, (records, bad) in enumerate(zip(lane.records, lane.bad, strict=True)):
        for count, kind in ((records, "bar"), (bad, "bad")):
            if count:
                high = max(1.0, tall * min(count, most) / most)
                pieces.append(
                    f'<rect class="{kind}" x="{_LEFT + k * wide:.1f}" y="{bottom - high:.1f}" width="{max(0.5, wide - 0.5):.1f}" height="{high:.1f}"/>'
                )
    return pieces


def _moment(timeline: Timeline, moment: Moment, height: int, shown: Callable[[str], str]) -> str:
    at, kind, label = moment
    x = _x(timeline, at)
    title = f"<title>{shown(f'{at:%Y-%m-%d %H:%M:%S} UTC {kind}: {label}')}</title>"
    if kind == "onset":
        return (
            f'<g>{title}<line class="onset" x1="{x:.1f}" x2="{x:.1f}" y1="16" y2="{height - _FOOT}"/>'
            f'<text x="{x + 4:.1f}" y="14">{shown(_short(label, _LABEL))}</text></g>'
        )
    return f'<g>{title}<path class="{kind if kind in ("change", "mark") else "sign"}" d="M{x - 5:.1f} 26 h10 l-5 10 z"/></g>'


def _short(text: str, most: int) -> str:
    return shortened(" ".join(text.split()), most)
