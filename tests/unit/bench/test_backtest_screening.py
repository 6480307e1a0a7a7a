"""The screening backtest: what it reads, how it splits, and that it prints what it promises."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bench.screening_data import UnusableFile, read
from bench.screening_figures import Ranked, area, average_precision, calibration_error, recall_at
from bench.screening_protocols import splits
from cli import main
from functions.screening.learning import Lesson
from functions.screening.recipes import learn

KEYS = {"model", "ap", "auc", "recall_at_1pct", "recall_at_5pct", "log_loss", "ece", "cost_per_order", "fit_seconds",
        "row_us", "chosen"}  # fmt: skip


def orders(rows: int = 400) -> pl.DataFrame:
    """Orders whose fraud shows in a number, a category, and in how often an e-mail address comes back."""
    rng = np.random.default_rng(0)
    fraud = rng.random(rows) < 0.15
    score = np.where(rng.random(rows) < 0.1, None, rng.normal(0, 1, rows) + 1.5 * fraud)
    return pl.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(rows)],
            "created_at": [f"2026-01-{1 + n // 20:02d} {n % 20:02d}:00:00 +0100" for n in range(rows)],
            "total": np.round(rng.lognormal(4, 1, rows), 2).tolist(),
            "currency": ["EUR"] * rows,
            "email": [f"b{rng.integers(0, 40 if bad else 4_000)}@gmail.com" for bad in fraud.tolist()],
            "identity": rng.integers(0, 200, rows).tolist(),
            "is_fraud": [None if n % 50 == 3 else str(bool(bad)) for n, bad in enumerate(fraud.tolist())],
            "signal_score": score.tolist(),
            "signal_device": np.where(fraud & (rng.random(rows) < 0.7), "emulator", "phone").tolist(),
            "remark": ["x"] * rows,
        },
        strict=False,
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("orders") / "orders.parquet"
    orders().write_parquet(path)
    return path


def test_signals_and_own_features_are_read_and_unknown_labels_left_out(file: Path) -> None:
    found = read(file, "is_fraud", "identity")
    assert found.unlabelled == 8
    assert len(found.label) == 392
    assert {"signal_score", "signal_device", "email_30d", "total", "hour"} <= set(found.table)
    assert found.table["signal_device"].dtype == object
    assert np.isnan(found.table["signal_score"]).any()
    assert found.ignored == ("remark",)
    assert (np.diff(found.at) >= 0).all()
    assert not {"identity", "is_fraud"} & set(found.table)


def test_folds_keep_identities_together_and_time_runs_forward(file: Path) -> None:
    found = read(file, "is_fraud", "identity")
    for one in splits(found, "grouped-kfold", True):
        assert not set(found.group[one.train]) & set(found.group[one.test])
    (one,) = splits(found, "time-split", True)
    assert found.at[one.train].max() <= found.at[one.test].min()
    assert not set(found.group[one.train]) & set(found.group[one.test])


def test_shopifys_export_becomes_one_row_per_order(tmp_path: Path) -> None:
    whole = {"Created at": "2026-01-01 10:00:00 +0100", "Currency": "EUR", "Total": "20.00", "Billing Country": "DE",
             "Shipping Country": "FR", "Risk Level": "High"}  # fmt: skip
    lines = [
        {
            "Name": f"#{n}",
            "Email": f"a{n}@example.com" if first else None,
            "Lineitem quantity": 2,
            "Fraud": n % 2 if first else None,
            **{name: value if first else None for name, value in whole.items()},
        }
        for n in range(20)
        for first in (True, False)
    ]
    path = tmp_path / "orders_export.csv"
    pl.DataFrame(lines).write_csv(path)
    found = read(path, "Fraud", None)
    assert found.source == "Shopify's order export"
    assert len(found.label) == 20
    assert set(found.table["units"].tolist()) == {4.0}
    assert set(found.table["lines"].tolist()) == {2.0}
    assert set(found.table["provider_risk"].tolist()) == {float(np.float32(0.9))}
    assert (found.table["shipping_billing_km"] > 0).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"is_fraud": ["maybe"] * 400}, "holds 'maybe'"),
        ({"is_fraud": ["0"] * 400}, "five of each"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_what_to_mend(
    tmp_path: Path, change: dict[str, list[str]], says: str
) -> None:
    path = tmp_path / "orders.csv"
    orders().with_columns(**{name: pl.Series(values) for name, values in change.items()}).write_csv(path)
    with pytest.raises(UnusableFile, match=says):
        read(path, "is_fraud", None)
    with pytest.raises(UnusableFile, match="no column"):
        read(path, "label", None)


WRITTEN = {"iso": "%Y-%m-%dT%H:%M:%SZ", "american": "%m/%d/%Y %H:%M", "german": "%d.%m.%Y %H:%M",
           "day_first": "%d/%m/%Y %H:%M:%S", "words": "%b %d, %Y %H:%M:%S"}  # fmt: skip


@pytest.mark.parametrize("way", WRITTEN.values(), ids=WRITTEN)
def test_moments_are_read_however_they_are_written(tmp_path: Path, way: str) -> None:
    begin = datetime(2026, 2, 27, 22, 15, tzinfo=UTC)
    told = [begin + timedelta(minutes=61 * n) for n in range(400)]
    path = tmp_path / "orders.csv"
    orders().with_columns(created_at=pl.Series([one.strftime(way) for one in told])).write_csv(path)
    found = read(path, "is_fraud", "identity")
    assert found.timed
    assert set(np.diff(found.at).tolist()) <= {3_660.0, 7_320.0}, "61 minutes, 122 where a label is missing"
    assert found.at[0] == begin.timestamp()


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000, 1_000_000_000])
def test_moments_may_be_numbers(tmp_path: Path, unit: int) -> None:
    path = tmp_path / "orders.parquet"
    numbers = [(1_770_000_000 + 600 * n) * unit for n in range(400)]
    orders().with_columns(created_at=pl.Series(numbers)).write_parquet(path)
    assert read(path, "is_fraud", None).at[0] == 1_770_000_000


@pytest.mark.parametrize("words", [("yes", "no"), ("True", "False"), ("1.0", "0.0"), ("Fraud", "Legit")])
def test_columns_of_every_kind_are_taken_and_useless_ones_do_no_harm(tmp_path: Path, words: tuple[str, str]) -> None:
    rng = np.random.default_rng(1)
    frame = orders().with_columns(
        is_fraud=pl.Series([words[0] if bad == "True" else words[1] for bad in orders()["is_fraud"].to_list()]),
        signal_constant=pl.lit(7.0), signal_empty=pl.lit(None), signal_words=pl.lit("the same"),
        signal_id=pl.Series([f"id-{n}-{n * n}" for n in range(400)]),
        signal_since=pl.Series([f"2025-{1 + n % 12:02d}-{1 + n % 28:02d}" for n in range(400)]),
        signal_endless=pl.Series([float("inf") if n % 7 == 0 else rng.normal() for n in range(400)]),
        signal_huge=pl.Series(rng.lognormal(90, 5, 400)), signal_flag=pl.Series(rng.random(400) < 0.5),
        signal_number_as_text=pl.Series([" " if n % 9 == 0 else f" {n / 7:.3f}" for n in range(400)]),
    )  # fmt: skip
    path = tmp_path / "orders.csv"
    frame.write_csv(path)
    found = read(path, "is_fraud", "identity")
    assert found.table["signal_since"].dtype.kind == found.table["signal_number_as_text"].dtype.kind == "f"
    assert found.table["signal_id"].dtype.kind == "O"
    judge = learn(Lesson(table=found.table, label=found.label, group=found.group, directions={}))[0]
    assert not {"signal_constant", "signal_empty", "signal_words"} & {one.name for one in judge.columns}
    assert np.isfinite(judge.logit(found.table)).all()
    graph, terms = judge.graph()
    assert graph
    assert set(terms.inputs) == {one.name for one in judge.columns}


def test_an_identity_without_an_address_is_a_buyer_with_a_past(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    orders().drop("email").write_parquet(path)
    assert "email_30d" in read(path, "is_fraud", "identity").table
    assert not {"email_digits", "email_kind"} & read(path, "is_fraud", "identity").table.keys()
    assert "email_30d" not in read(path, "is_fraud", None).table


def test_what_cannot_be_judged_is_said_and_the_rest_is_judged(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADEWIND_PEERS_PYTHON", raising=False)
    out = tmp_path / "out.json"
    given = ["backtest", "screening", "--orders", str(file), "--label", "is_fraud", "--json", str(out)]
    assert main([*given, "--labels", "4,200"]) == 0
    found = json.loads(out.read_text())
    assert list(found["by_labels"]) == ["200"]
    assert list(found["left_out"]) == ["4"]
    assert "4 labels: left out" in capsys.readouterr().out
    assert main([*given, "--labels", "4"]) == 2
    late = tmp_path / "late.parquet"
    frame = pl.read_parquet(file)
    only_early = [one if n < 280 else "False" for n, one in enumerate(frame["is_fraud"].to_list())]
    frame.with_columns(is_fraud=pl.Series(only_early)).write_parquet(late)
    given[3] = str(late)
    assert main(given) == 2, "one class only in the window that is judged"
    assert "leaves no fraud" in capsys.readouterr().err


def test_the_command_prints_and_writes_what_it_promises(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADEWIND_PEERS_PYTHON", raising=False)
    out, page = tmp_path / "out.json", tmp_path / "out.html"
    given = ["backtest", "screening", "--orders", str(file), "--label", "is_fraud", "--group", "identity"]
    assert main([*given, "--protocol", "time-split", "--json", str(out), "--report", str(page)]) == 0
    found = json.loads(out.read_text())
    assert all(set(model) >= KEYS for model in found["models"])
    assert [model["model"] for model in found["models"] if model["chosen"]] == ["Tradewind"]
    ours = next(model for model in found["models"] if model["chosen"])
    assert ours["ap"] > 0.4
    assert found["largest_gap_of_reasons_to_logit"] < 1e-5
    assert {"approve_all", "review_all"} <= set(found["policies"])
    assert "<- ours" in capsys.readouterr().out
    assert "<table>" in page.read_text()
    assert main([*given, "--labels", "few"]) == 2


def test_figures_agree_with_their_definitions() -> None:
    label = np.array([1.0, 0, 1, 0, 0])
    score = np.array([0.9, 0.8, 0.7, 0.2, 0.1])
    ones = np.ones(5)
    rows = Ranked.of(label, score)
    assert average_precision(label, score, ones) == pytest.approx((1 + 2 / 3) / 2)
    assert recall_at(0.2)(rows, ones) == 0.5
    assert recall_at(0.3)(rows, ones) == 0.5
    assert average_precision(label, np.zeros(5), ones) == pytest.approx(0.4)
    assert calibration_error(label, label, ones) == 0
    assert area(label, score, ones) == pytest.approx(5 / 6)
    assert area(label, np.zeros(5), ones) == pytest.approx(0.5)
