"""Charts drawn on the server as SVG, each with a sentence that states the finding and a real table behind it.

Colours and line styles are classes of our style sheet, so that a strict content policy holds and dark mode
works; marks differ by dash and label too, never by colour alone.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from markupsafe import Markup, escape

from chalicelib.domain.evidence import Curve, Mark, Timeline

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 24, 44
LABEL_ROW = 16
"""Height of one row of mark labels above the plot."""
LETTER = 6.5
"""About how wide a letter of a label is."""

type Say = Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a page shows: title, sentence, picture, and the same values as a table."""

    title: str
    finding: str
    picture: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels along one axis."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.begin + share * (self.end - self.begin), 1)


def ticks(low: float, high: float, about: int = 5) -> tuple[float, ...]:
    """Round numbers that cover a range (1, 2 or 5 times a power of ten apart)."""
    span = high - low
    if not math.isfinite(span) or span <= 1e-9 * max(abs(low), abs(high), 1e-3):
        return (low,)
    raw = span / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw)
    first = math.ceil(low / step - 1e-9)
    return tuple(round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1))


def draw_curve(curve: Curve, say: Say) -> Chart:
    """A line with its interval and named places on the x axis."""
    marks = sorted(curve.marks, key=lambda mark: mark.x)
    xs = _range([*curve.x, *(mark.x for mark in marks)], pad=0.0)
    ys = _range([*curve.y, *curve.low, *curve.high], pad=0.06)
    top = TOP + LABEL_ROW * len(marks)
    height = HEIGHT + LABEL_ROW * len(marks)
    x, y = Scale(*xs, LEFT, WIDTH - RIGHT), Scale(*ys, height - BOTTOM, top)
    parts = [
        *_frame(x, y, say, say, curve.x_label, curve.y_label, height),
        *_band(curve, x, y),
        _line(zip(curve.x, curve.y, strict=True), x, y, "line"),
        *_marks(marks, x, y, say),
    ]
    return Chart(
        title=curve.title, finding=curve.finding, picture=_svg(parts, curve.title, curve.finding, height),
        columns=(curve.x_label, curve.y_label), rows=tuple(_curve_rows(curve, marks, say)),
    )  # fmt: skip


def _curve_rows(curve: Curve, marks: Sequence[Mark], say: Say) -> Iterator[tuple[str, ...]]:
    for index, (x, y) in enumerate(zip(curve.x, curve.y, strict=True)):
        spread = f" ({say(curve.low[index])} – {say(curve.high[index])})" if curve.low and curve.high else ""
        yield say(x), f"{say(y)}{spread}"
    for mark in marks:
        yield say(mark.x), mark.label


def draw_timeline(line: Timeline, say: Say, when: Callable[[datetime], str]) -> Chart:
    """A value that holds until it changes, between its bounds."""
    times = [at.timestamp() for at in line.at]
    bounds = [bound for bound in (line.lower, line.upper) if bound is not None]
    x = Scale(*_range(times, pad=0.0), LEFT, WIDTH - RIGHT)
    y = Scale(*_range([*line.y, *bounds], pad=0.08), HEIGHT - BOTTOM, TOP + 6)

    def named(value: float) -> str:
        return when(datetime.fromtimestamp(value, line.at[0].tzinfo))

    parts = [
        *_frame(x, y, named, say, "", line.y_label, HEIGHT, x_ticks=_ends(times)),
        *_bounds(line, x, y, say),
        _line(_steps(list(zip(times, line.y, strict=True))), x, y, "line"),
    ]
    return Chart(
        title=line.title, finding=line.finding, picture=_svg(parts, line.title, line.finding, HEIGHT),
        columns=("When", line.y_label),
        rows=tuple((when(at), say(value)) for at, value in zip(line.at, line.y, strict=True)),
    )  # fmt: skip


def draw_bars(
    title: str, finding: str, columns: tuple[str, str], values: Sequence[tuple[str, float]], say: Say,
    limit: float | None = None,
) -> Chart:  # fmt: skip
    """Horizontal bars, one per name, with the value beside each."""
    most = max([*(value for _, value in values), limit or 0.0, 1e-9])
    height = 26 * len(values) + 8
    scale = Scale(0, most, 190, WIDTH - 90)
    parts: list[Markup] = []
    for index, (name, value) in enumerate(values):
        middle = 26 * index + 19
        parts += [
            _text(182, middle, name, "end"),
            Markup('<rect class="bar" x="190" y="{}" width="{}" height="16" rx="3"/>').format(
                middle - 13, max(1.0, scale(value) - 190)
            ),
            _text(scale(value) + 8, middle, say(value), "start"),
        ]
    rows = tuple((name, say(value)) for name, value in values)
    return Chart(title=title, finding=finding, picture=_svg(parts, title, finding, height), columns=columns, rows=rows)


def sparkline(values: Sequence[float], label: str) -> Markup:
    """A tiny line beside a number; the label says what it shows."""
    x = Scale(0, max(1, len(values) - 1), 2, 98)
    y = Scale(0, max([*values, 1e-9]), 22, 3)
    line = _line(enumerate(values), x, y, "line")
    return Markup('<svg class="spark" viewBox="0 0 100 25" role="img" aria-label="{}">{}</svg>').format(label, line)


def _svg(parts: Sequence[Markup], title: str, finding: str, height: float) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}: {}">{}</svg>').format(
        WIDTH, height, title, finding, Markup("").join(parts)
    )


def _frame(
    x: Scale, y: Scale, say_x: Say, say_y: Say, x_label: str, y_label: str, height: float,
    x_ticks: Sequence[float] | None = None,
) -> Iterator[Markup]:  # fmt: skip
    for value in ticks(y.low, y.high):
        yield Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            LEFT, WIDTH - RIGHT, y(value), y(value)
        )
        yield _text(LEFT - 8, y(value) + 4, say_y(value), "end")
    places = ticks(x.low, x.high, 6) if x_ticks is None else x_ticks
    for value in places:
        anchor = "middle" if x_ticks is None else "start" if value == places[0] else "end"
        yield _text(x(value), height - BOTTOM + 18, say_x(value), anchor)
    yield _text((LEFT + WIDTH) / 2, height - 6, x_label, "middle")
    yield _text(4, 13, y_label, "start")


def _band(curve: Curve, x: Scale, y: Scale) -> Iterator[Markup]:
    if len(curve.low) == len(curve.high) == len(curve.x) and curve.x:
        there = [f"{x(a)},{y(b)}" for a, b in zip(curve.x, curve.high, strict=True)]
        back = [f"{x(a)},{y(b)}" for a, b in zip(reversed(curve.x), reversed(curve.low), strict=True)]
        yield Markup('<polygon class="band" points="{}"/>').format(" ".join([*there, *back]))


def _line(points: Iterable[tuple[float, float]], x: Scale, y: Scale, kind: str) -> Markup:
    path = " ".join(f"{x(a)},{y(b)}" for a, b in points)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, path)


def _marks(marks: Sequence[Mark], x: Scale, y: Scale, say: Say) -> Iterator[Markup]:
    """All lines first, so that no line crosses a label."""
    for row, mark in enumerate(marks):
        yield Markup('<line class="mark {}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            mark.kind, x(mark.x), x(mark.x), TOP + LABEL_ROW * row, y.begin
        )
    for row, mark in enumerate(marks):
        place, words = x(mark.x), f"{mark.label}: {say(mark.x)}"
        fits = place + LETTER * len(words) < WIDTH
        anchor, shift = ("start", 6) if fits or place < WIDTH / 2 else ("end", -6)
        yield _text(place + shift, TOP + LABEL_ROW * row + 10, words, anchor, f"label {mark.kind}")


def _bounds(line: Timeline, x: Scale, y: Scale, say: Say) -> Iterator[Markup]:
    for bound, beside in ((line.lower, 14), (line.upper, -6)):
        if bound is not None:
            yield Markup('<line class="mark limit" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                LEFT, WIDTH - RIGHT, y(bound), y(bound)
            )
            yield _text(WIDTH - RIGHT, y(bound) + beside, say(bound), "end", "label limit")


def _steps(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """A price holds until the next one: corners, not slopes."""
    for (a, b), (c, _) in pairwise(points):
        yield a, b
        yield c, b
    if points:
        yield points[-1]


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> Markup:
    classes = f"{anchor} {kind}".strip()
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(classes, round(x, 1), round(y, 1), escape(words))


def _ends(values: Sequence[float]) -> Sequence[float]:
    return (values[0], values[-1]) if len(values) > 1 else tuple(values)


def _range(values: Sequence[float], *, pad: float) -> tuple[float, float]:
    sound = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(sound), max(sound)
    room = (high - low) * pad if high > low else max(abs(high) * 0.05, 0.5)
    return low - room, high + room
