"""The screening backtest: what it reads, how it splits, and that it prints what it promises."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bench.screening_data import UnusableFile, read
from bench.screening_figures import average_precision, calibration_error, recall_at
from bench.screening_protocols import splits
from cli import main

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
    assert set(found.table["provider_risk"].tolist()) == {0.9}
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
    assert average_precision(label, score, ones) == pytest.approx((1 + 2 / 3) / 2)
    assert recall_at(0.2)(label, score, ones) == 0.5
    assert recall_at(0.3)(label, score, ones) == 0.5
    assert average_precision(label, np.zeros(5), ones) == pytest.approx(0.4)
    assert calibration_error(label, label, ones) == 0
