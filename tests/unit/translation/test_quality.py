"""The estimate with the shipped models: sensible where it can judge, silent where it cannot."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from bench.backtest_translation import add_arguments, correlation, read, report, run, shipped
from chalicelib.domain.ids import Locale
from chalicelib.graphs.adapted_linear import AdaptedLinear, Block, build
from functions.translation.features import NAMES
from functions.translation.memory import Pair, Remembered
from functions.translation.quality import Estimator, Judgement
from model_artifacts.translation import planted

BUILT = Path(__file__).parents[3] / "model_artifacts" / "text_encoder" / "1" / "model.onnx"
built = pytest.mark.skipif(not BUILT.is_file(), reason="the encoder is not built")
SOURCE = "This soft blanket is made of 100 % wool and keeps you warm all winter long, even outdoors."
GOOD = "Diese weiche Decke besteht aus 100 % Wolle und hält den ganzen Winter über warm, sogar im Freien."


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    return shipped()


def judged(estimator: Estimator, target: str, language: str = "de") -> Judgement:
    return estimator.judge([(SOURCE, target)], Pair(source=Locale("en"), target=Locale(language)))[0]


@built
def test_a_good_translation_is_left_in_peace(estimator: Estimator) -> None:
    found = judged(estimator, GOOD)
    assert found.flags == ()
    assert found.quality is not None
    assert 0.6 < found.quality <= 1
    assert judged(estimator, SOURCE).quality < found.quality  # type: ignore[operator]
    assert found.model is not None
    assert found.model.name == "translation"


@built
@pytest.mark.parametrize(
    ("target", "word"),
    [
        (GOOD.replace("100", "10"), "Number"),
        (GOOD[:40], "shorter"),
        (SOURCE, "untranslated"),
        (
            "Die 100 Lampen aus Messing beleuchten Schreibtische und lassen sich mit einem Schalter dimmen.",
            "not seem",
        ),
        (
            "Cette couverture douce est faite de 100 % de laine et tient chaud tout l'hiver, même dehors.",
            "fr",
        ),
    ],
)
def test_a_bad_one_is_flagged_in_words(estimator: Estimator, target: str, word: str) -> None:
    assert any(word in str(flag) for flag in judged(estimator, target).flags)


@built
def test_no_estimate_for_a_script_that_the_encoder_cannot_read(estimator: Estimator) -> None:
    assert judged(estimator, "Мягкое одеяло из 100 % шерсти согревает всю зиму, даже на улице.", "ru").quality is None


@built
def test_a_remembered_sentence_is_not_judged_twice_but_looked_at(estimator: Estimator) -> None:
    pair = Pair(source=Locale("en"), target=Locale("de"))
    first = judged(estimator, GOOD)
    assert first.model is not None
    held = Remembered(source=SOURCE, target=GOOD, quality=first.quality, judge=first.model.sha256)
    assert estimator.again(SOURCE, GOOD, held, pair) == first
    doubtful = replace(held, doubt="It does not seem to say what the source says.")
    again = estimator.again(SOURCE, GOOD, doubtful, pair)
    assert again is not None
    assert [flag.text for flag in again.flags] == [doubtful.doubt]
    other = estimator.again(SOURCE, GOOD.replace("100", "10"), held, pair)
    assert other is not None
    assert "Number" in other.flags[0].text
    assert estimator.again(SOURCE, GOOD, replace(held, judge="another"), pair) is None


@built
def test_odd_texts_are_judged_without_a_fault(estimator: Estimator) -> None:
    pairs = [("", ""), ("a", ""), ("", "b"), ("🎁", "🎁"), ("x" * 5_000, "y" * 5_000), ("\ud800", "12")]
    found = estimator.judge(pairs, Pair(source=Locale("en"), target=Locale("de")))
    assert [j.quality for j in found[:3]] == [None, 0.0, None]
    said = [str(flag) for j in found[:3] for flag in j.flags]
    assert said == ["The source is empty.", "The translation is empty.", "The source is empty."]
    assert all(j.quality is not None and 0 <= j.quality <= 1 for j in found[3:])


@built
def test_the_backtest_writes_what_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        {"source": SOURCE, "target": target, "source_lang": "en", "target_lang": "de", "score": score}
        for target, score in ((GOOD, 0.9), (SOURCE, 0.1), (GOOD[:40], 0.3), ("Eine Lampe.", 0.0))
    ]
    pairs, out = tmp_path / "pairs.jsonl", tmp_path / "out.json"
    pairs.write_text("\n".join(map(json.dumps, lines)))
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args(["--pairs", str(pairs), "--json", str(out)])) == 0
    result = json.loads(out.read_text())
    assert len(result["pairs"]) == 4
    assert set(result["pairs"][0]) == {"quality", "flags"}
    assert result["pearson"] > 0
    assert "Pearson" in capsys.readouterr().out


@built
def test_the_backtest_says_why_there_is_no_estimate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag, sac = "The bag holds 250 ml.", "Le sac contient 250 ml."
    rows = [(bag, sac, "en", "fr"), (sac, bag, "FR-ca", "en_GB"), (bag, "バッグは250mlです。", "en", "ja"),
            ("Geanta are un volum de 250 ml.", bag, "ro", "en"), (bag, "الحقيبة 250", "en", "ar"),
            (bag, bag, "en", "en"),
            (bag, "", "en", "tlh"), (bag, bag, "en", "de"), ("The bag.", "Die Tasche.", "English", ""),
            ("\ud800 A\u2028B", "Eine Tasche", "en", "de")]  # fmt: skip
    names = ("source", "target", "source_lang", "target_lang")
    pairs, out = tmp_path / "pairs.jsonl", tmp_path / "out.json"
    text = "\r\n".join(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii="\ud800" in row[0]) for row in rows)
    pairs.write_bytes(b"\xef\xbb\xbf" + text.replace("\\u2028", "\u2028").encode())
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args(["--pairs", str(pairs), "--json", str(out)])) == 0
    found = json.loads(out.read_text())["pairs"]
    assert all(one["quality"] > 0.5 and not one["flags"] for one in found[:4])
    assert [one["quality"] for one in found[4:7]] == [None, None, 0.0]
    said = [one["flags"] for one in found[4:7]]
    assert said[0] == ["No estimate: the encoder does not read ar."]
    assert "one language" in said[1][0]
    assert said[2] == ["The translation is empty."]
    assert found[7]["flags"] == ["It looks untranslated."]
    assert (found[8]["quality"], found[8]["flags"]) == (
        None, ["No estimate: 'English' is no language code, such as en or pt-BR."],
    )  # fmt: skip
    assert "No estimate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "Line 1 is not JSON"), ('{"source": "a"}', "lacks target"), ("[]", "Line 1 lacks"),
     ('\n{"source":"a","target":"b","source_lang":"en","target_lang":"de","score":"x"}', "Line 2: .* must be a number"),
     ('{"source":"\xfc"}', "Line 1 is not UTF-8"), ("[" * 100_000, "Line 1 is not JSON")],
)  # fmt: skip
def test_a_bad_file_is_named_by_its_line(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        list(read(text.encode("latin-1")))


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args(["--pairs", str(tmp_path / "none.jsonl")])) == 1
    assert "none.jsonl" in capsys.readouterr().err


def test_without_scores_there_is_no_correlation() -> None:
    given = list(read(b'{"source":"a","target":"b","source_lang":"en","target_lang":"de"}'))
    result = report(given, [Judgement(None)])
    assert (result["pearson"], result["spearman"]) == (None, None)
    assert correlation(np.array([1.0, 2, 3]), np.array([2.0, 4, 6])) == pytest.approx(1)


def test_the_graph_computes_shared_and_own_parts() -> None:
    rng = np.random.default_rng(1)
    block = Block(mean=np.ones(3, np.float32), deviation=np.full(3, 2, np.float32), weight=0.5)
    numbers = AdaptedLinear(
        blocks={"x": block}, clip=1.0, shared=rng.normal(size=3).astype(np.float32),
        by_group=rng.normal(size=(3, 2)).astype(np.float32), intercept=0.25,
        group_intercepts=np.array([1, 2], np.float32), odds=np.ones(3, np.float32), odds_intercept=-1.0,
    )  # fmt: skip
    session = ort.InferenceSession(build(numbers, group="g", value="v", odds="o"))
    x = np.array([[1, 2, 9], [0, -9, 3], [4, 4, 4]], np.float32)
    group = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    value, odds = map(np.asarray, session.run(["v", "o"], {"x": x, "g": group}))
    z = np.clip((x - 1) / 2, -1, 1) * 0.5
    own = ((z @ numbers.by_group) * group).sum(axis=1) + group @ numbers.group_intercepts
    assert value == pytest.approx(z @ numbers.shared + own + 0.25, abs=1e-5)
    assert odds == pytest.approx(z.sum(axis=1) - 1, abs=1e-5)


@pytest.mark.parametrize("kind", sorted(planted.KINDS))
def test_planted_errors_change_what_they_say(kind: str) -> None:
    pairs = [
        (f"It does not weigh {n} kg, even when wet and cold.", f"Es wiegt nicht {n} kg, auch nass.") for n in range(9)
    ]
    made = planted.plant(kind, pairs, seed=1, most=5)
    assert len(made) == 5
    assert all(pair not in pairs for pair in made)
    assert planted.plant(kind, pairs, seed=1, most=5) == made


def test_features_have_one_name_each() -> None:
    assert len(set(NAMES)) == len(NAMES)
