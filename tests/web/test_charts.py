"""Charts: every picture has its numbers, stays inside its frame, and survives what data can be."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.evidence import Curve, Mark, Timeline
from chalicelib.web import charts, differences

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


def say(value: float) -> str:
    return f"{value:.2f}"


def inside(picture: str) -> bool:
    """Whether every coordinate is a number within the view box."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture)
    assert box
    pairs = [tuple(map(float, p.split(","))) for ps in re.findall(r'points="([^"]*)"', picture) for p in ps.split()]
    return all(-0.5 <= x <= float(box[1]) + 0.5 and -0.5 <= y <= float(box[2]) + 0.5 for x, y in pairs)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.floats(0, 1e6)), min_size=1, max_size=30), st.lists(NUMBERS, max_size=4))
def test_a_curve_stays_in_its_frame_and_lists_its_numbers(
    points: list[tuple[float, float, float]], marks: list[float]
) -> None:
    curve = Curve(
        title="<T>", finding="F", x_label="x", y_label="y", x=tuple(sorted(p[0] for p in points)),
        y=tuple(p[1] for p in points), low=tuple(p[1] - p[2] for p in points), high=tuple(p[1] + p[2] for p in points),
        marks=tuple(Mark(label=f"m{i}", x=x) for i, x in enumerate(marks)),
    )  # fmt: skip
    chart = charts.draw_curve(curve, say)
    assert inside(chart.picture)
    assert len(chart.rows) == len(points) + len(marks)
    assert "<T>" not in chart.picture


@settings(max_examples=100, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=20), st.none() | NUMBERS, st.none() | NUMBERS)
def test_a_timeline_holds_until_it_changes(values: list[float], lower: float | None, upper: float | None) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    at = tuple(start + timedelta(days=day) for day in range(len(values)))
    line = Timeline(title="t", finding="f", y_label="y", at=at, y=tuple(values), lower=lower, upper=upper)
    chart = charts.draw_timeline(line, say, lambda moment: moment.date().isoformat())
    assert inside(chart.picture)
    assert [row[1] for row in chart.rows] == [say(value) for value in values]


def test_ticks_are_round_and_cover_the_range() -> None:
    assert charts.ticks(0, 10) == (0, 2, 4, 6, 8, 10)
    assert charts.ticks(8.02, 12.1) == (9, 10, 11, 12)
    assert charts.ticks(5, 5) == (5,)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_differences_lose_no_sign(before: str, after: str) -> None:
    left, right = differences.compare(before, after)
    assert "".join(span.text for span in right) == after
    assert "".join(span.text for span in left) == before
    assert not [span for span in right if span.kind == "gone"]
