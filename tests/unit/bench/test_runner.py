"""The runner of the benchmarks: one failing area costs its own figures alone, and the exit status tells."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import Row, road_cost
from bench import __main__ as runner

type Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The runner with two areas of its own, of which one breaks."""
    (tmp_path / "good.py").write_text("def helper():\n    ...\n\n\ndef rows():\n    ...\n", "utf-8")
    (tmp_path / "broken.py").write_text("\n\ndef rows():\n    ...\n", "utf-8")
    (tmp_path / "silent.py").write_text("def tables():\n    ...\n", "utf-8")
    places = {"HERE": tmp_path, "RESULTS": tmp_path / "results.json", "TABLE": tmp_path / "README.md"}
    for name, place in places.items():
        monkeypatch.setattr(runner, name, place)

    class Area:
        def __init__(self, name: str) -> None:
            self.name = name

        def rows(self) -> Iterator[Row]:
            yield Row(name="speed", value=2.0, unit="m|s", peer="theirs", peer_value=4.0, ratio=0.5)
            if self.name == "bench.broken":
                raise RuntimeError("no data")
            yield Row(name="odd", value=math.nan, note="two\nlines")

    monkeypatch.setattr(runner, "import_module", Area)
    return lambda *names: runner.main(names)


def test_a_failing_area_is_named_and_the_others_are_kept(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 1
    assert "failed: broken" in capsys.readouterr().err
    rows = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert [row["area"] for row in rows] == ["good", "good"]
    assert rows[0] == {
        "area": "good", "name": "speed", "value": 2.0, "unit": "m|s", "peer": "theirs", "peer_value": 4.0,
        "ratio": 0.5, "note": "",
    }  # fmt: skip
    assert rows[1]["value"] is None, "what is no number is not written as one"


def test_the_table_is_written_between_its_marks_and_the_rest_stays(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "README.md"
    table.write_text(f"# Mine\n{runner.MARKS[0]}\nold\n{runner.MARKS[1]}\nafter\n", "utf-8")
    assert run("good") == 0
    text = table.read_text("utf-8")
    assert text.startswith("# Mine\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "| speed | 2 m\\|s | theirs: 4 | 0.5 |" in text
    assert "two lines" in text


def test_an_unknown_name_is_refused_with_the_known_ones(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("silent")
    assert "broken, good" in capsys.readouterr().err


def test_the_mix_of_events_meets_both_ends() -> None:
    still = road_cost.Use(worker_s=1, calls=2, store_calls=1, written=2, read=4)
    moving = road_cost.Use(worker_s=2, calls=6, store_calls=2, written=8, read=6)
    assert road_cost.mixed(still, moving, 0.0) == still
    assert road_cost.mixed(still, moving, 0.5) == moving
    assert road_cost.mixed(still, moving, 1.0).written == 14


def test_a_batch_bills_its_longest_lane() -> None:
    still = road_cost.Use(worker_s=0, calls=1, store_calls=1, written=0, read=0)
    moving = road_cost.Use(worker_s=0, calls=1, store_calls=2, written=0, read=0)
    call = road_cost.STORE_CALL_S

    def waits(changing: float, batch: int, lanes: int) -> float:
        load = road_cost.Load(said="", changing=changing, batch=batch, lanes=lanes)
        return road_cost.waiting_s(still, moving, load) / call

    assert waits(0, batch=10, lanes=1) == pytest.approx(10)
    assert waits(0, batch=10, lanes=3) == pytest.approx(4)
    assert waits(0, batch=10, lanes=10) == pytest.approx(1)
    assert waits(1, batch=1, lanes=3) == pytest.approx(3), "an event that changes something waits for three calls"
    assert waits(0.5, batch=1, lanes=3) == pytest.approx(2, abs=0.1)


def test_the_cost_is_the_sum_of_what_its_note_says() -> None:
    one = road_cost.Use(worker_s=0.001, calls=5, store_calls=1, written=2, read=4)
    for row in road_cost.figures(one, one, 0.0002):
        parts = [float(part.split(" (")[0].rpartition(" ")[2]) for part in row.note.split(". Prices")[0].split("; ")]
        assert sum(parts) == pytest.approx(row.value, abs=0.05)
