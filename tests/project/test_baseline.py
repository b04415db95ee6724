"""`make bench` names the ratios that fell against those of the last release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks.framework import baseline


def test_a_ratio_that_fell_by_more_than_a_tenth_is_named() -> None:
    kept = {"closing": 0.60, "archive": 0.60, "gone": 0.5}
    now = {"closing": 0.53, "archive": 0.55, "new": 0.1}
    assert baseline.fallen(now, kept) == ["closing: 0.53, kept 0.60"]


def test_kept_ratios_stay_until_their_benchmark_is_kept_again(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.keep("small", {"closing": 0.612, "archive": 0.5}, file)
    baseline.keep("full", {"closing": 0.7}, file)
    baseline.keep("small", {"closing": 0.65}, file)
    assert baseline.kept("small", file) == {"archive": 0.5, "closing": 0.65}
    assert baseline.kept("full", file) == {"closing": 0.7}
    assert baseline.kept("small", tmp_path / "none.json") == {}


def test_the_program_warns_of_a_fall_and_keeps_the_new_ratio_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(json.dumps({"small": {"closing": 0.9}}))
    monkeypatch.setattr(baseline, "kept", lambda size: json.loads(file.read_text())[size])
    monkeypatch.setattr(baseline, "keep", lambda size, now: file.write_text(f"{size} {now}"))
    monkeypatch.setattr(baseline, "_noted", {"closing": 0.5})
    program._compare("small", keep=False)
    assert "closing: 0.50, kept 0.90" in capsys.readouterr().out
    program._compare("small", keep=True)
    assert file.read_text() == "small {'closing': 0.5}"


def test_the_kept_ratios_are_of_sizes_that_the_program_runs() -> None:
    sizes = json.loads(baseline.FILE.read_text())
    assert set(sizes) <= {"small", "full"}
    assert all(0 < ratio < 10 for ratios in sizes.values() for ratio in ratios.values())
