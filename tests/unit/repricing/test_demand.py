"""The demand model for real sales, and the backtest that shows it."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bench.backtest_repricing import add_arguments, run
from bench.repricing_data import read
from functions.repricing.demand import Panel, borrowed, expected_units, fit

RNG_SEED = 4


def panel(series: int = 40, periods: int = 80, seed: int = RNG_SEED) -> tuple[Panel, np.typing.NDArray[np.float64]]:
    """Negative binomial sales in two groups, elasticities around -2 and -4."""
    rng = np.random.default_rng(seed)
    group = np.arange(series) % 2
    slope = np.where(group == 0, -2.0, -4.0) + rng.normal(0, 0.4, series)
    price = np.where(rng.uniform(size=(series, periods)) < 0.2, np.log(0.8), 0.0) + rng.normal(
        0, 0.02, (series, periods)
    )
    mean = np.exp(np.log(30) + slope[:, None] * price)
    units = rng.poisson(mean * rng.gamma(5, 1 / 5, mean.shape)).astype(float)
    features = np.stack([np.ones_like(price), price], axis=-1)
    return Panel(units=units, features=features, known=np.ones_like(units), group=group), slope


def test_elasticities_are_found_with_honest_intervals() -> None:
    known, slope = panel(series=200, periods=100)
    found, sd = fit(known).elasticity()
    assert np.sqrt(((found - slope) ** 2).mean()) < 0.45
    assert (np.abs(found - slope) < 1.645 * sd).mean() > 0.78


def test_groups_keep_their_own_means() -> None:
    means = fit(panel(series=200, periods=100)[0]).population.mean[:, 1]
    assert means[0] == pytest.approx(-2.0, abs=0.4)
    assert means[1] == pytest.approx(-4.0, abs=0.5)


def test_a_borrowed_population_helps_a_short_history() -> None:
    whole, slope = panel(series=60)
    prior = borrowed(fit(whole).population)
    short, own_slope = panel(series=20, periods=8, seed=5)
    short = Panel(units=short.units, features=short.features, known=short.known, group=np.zeros(20, dtype=np.int64))
    lent = fit(short, prior=prior)
    assert np.isfinite(expected_units(lent, short)).all()
    assert np.abs(lent.coefficients[:, 1] - own_slope).mean() < 1.3
    assert lent.covariance[:, 1, 1].mean() > fit(whole).covariance[:, 1, 1].mean()
    assert len(slope) == 60


def test_sold_out_periods_are_lower_bounds() -> None:
    """A weekly supply that most promotions exhaust: without those periods, or at their sales, demand looks flat."""
    whole, slope = panel(series=200, periods=100)
    supply = np.full_like(whole.units, 36.0)
    capped = replace(whole, units=np.minimum(whole.units, supply), sold_out=(whole.units >= supply).astype(float))
    assert capped.sold_out is not None
    assert capped.sold_out.mean() > 0.25
    (found, sd), (left_out, _) = fit(capped).elasticity(), fit(capped.in_stock()).elasticity()
    assert abs((found - slope).mean()) < 0.15
    assert (np.abs(found - slope) < 1.645 * sd).mean() > 0.78
    assert (left_out - slope).mean() > 0.8


def test_a_stock_that_never_runs_out_changes_nothing() -> None:
    known, _ = panel()
    told = fit(replace(known, sold_out=np.zeros_like(known.units)))
    np.testing.assert_allclose(told.coefficients, fit(known).coefficients, rtol=1e-9)


def test_elasticities_are_never_positive() -> None:
    known, _ = panel(series=10, periods=12)
    upside_down = Panel(units=known.units[:, ::-1], features=-known.features, known=known.known, group=known.group)
    assert (fit(upside_down).elasticity()[0] < 0).all()


def sales_file(folder: Path, name: str = "sales.csv", **columns: object) -> Path:
    known, _ = panel(series=6, periods=30)
    rows = [(f"p{i}", t) for i in range(6) for t in range(30)]
    frame = pl.DataFrame(
        {
            "product_id": [row[0] for row in rows],
            "period": [f"2026-{1 + row[1] // 28:02}-{1 + row[1] % 28:02}" for row in rows],
            "price": np.exp(known.features[..., 1]).reshape(-1) * 10,
            "units": known.units.reshape(-1),
            "cost": [6.0] * len(rows),
        }
    )
    frame = frame.with_columns(**{key: pl.lit(value) for key, value in columns.items()})
    path = folder / name
    frame.write_csv(path) if name.endswith(".csv") else frame.write_parquet(path)
    return path


def backtest(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(arguments))


@pytest.mark.parametrize("name", ["sales.csv", "sales.parquet"])
def test_backtest_writes_figures_and_a_report(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, report = tmp_path / "out.json", tmp_path / "out.html"
    assert backtest("--sales", str(sales_file(tmp_path, name)), "--json", str(out), "--report", str(report)) == 0
    figures = json.loads(out.read_text())
    assert [one["model"] for one in figures["models"] if one["chosen"]] == ["hierarchical"]
    wanted = {
        "model",
        "wmape",
        "poisson_deviance",
        "negative_share",
        "coverage90",
        "half_split_rms",
        "chosen",
    }
    assert all(set(one) == wanted for one in figures["models"])
    assert len(figures["products"]) == 6
    assert all(one["low"] < one["elasticity"] < one["high"] for one in figures["products"])
    html = report.read_text()
    assert html.count("<svg") == 12
    assert "none of this proves" in html.replace("\n", " ")
    assert "hierarchical" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a,b\n1,2\n", "lacks"),
        ("product_id,period,price,units\n", "No row"),
        ("product_id,period,price,units\n" + "".join(f"p,{t},0,1\n" for t in range(20)), "No row"),
        ("product_id,period,price,units\n" + "".join(f"p,{t},nan,1\n" for t in range(20)), "No row"),
        ("product_id,period,price,units\np,1,2,3\n", "Ten periods"),
        ("product_id,period,price,units\n" + "".join(f"p,{t},5,1\n" for t in range(20)), "nothing to learn"),
    ],
)
def test_unusable_files_say_what_to_mend(
    tmp_path: Path, text: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert backtest("--sales", str(path)) == 2
    assert word in capsys.readouterr().err


def test_missing_and_foreign_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backtest("--sales", str(tmp_path / "none.csv")) == 2
    assert backtest("--sales", str(tmp_path / "sales.xlsx")) == 2
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 but not really")
    assert backtest("--sales", str(tmp_path / "broken.parquet")) == 2
    assert capsys.readouterr().err.count("\n") == 3


def test_optional_columns_are_taken(tmp_path: Path) -> None:
    path = sales_file(tmp_path, store_id="s1", competitor_price=9.5, promotion=0, stock=5)
    assert backtest("--sales", str(path)) == 0


def test_nobody_is_judged_by_what_sold_out(tmp_path: Path) -> None:
    path = sales_file(tmp_path)
    frame = pl.read_csv(path).with_row_index("row")
    frame.with_columns(stock=pl.when(pl.col("row") % 3 == 0).then(0).otherwise(9)).drop("row").write_csv(path)
    sales = read(path)
    assert sales.panel.sold_out is not None
    assert 0 < sales.panel.sold_out.sum() < sales.panel.known.sum()
    assert not (sales.held_out() & (sales.panel.sold_out > 0)).any()
    assert backtest("--sales", str(path)) == 0
