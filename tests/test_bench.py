"""`manage.py bench` measures on a database of its own and leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from reports.bench.frame import Bench, Measurement, Outcome

BASE = Path(__file__).resolve().parents[1]


def databases():
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'chunfeng_bench_%'")
        return cursor.fetchall()


@pytest.mark.django_db
def test_a_run_prints_both_sides_and_ratio_and_goal_and_leaves_no_database(tmp_path):
    environment = os.environ | {"DEBUG": "1", "TMPDIR": str(tmp_path)}
    own = tmp_path / "own.sqlite3"
    if connection.vendor == "sqlite":
        environment["DATABASE_URL"] = f"sqlite:///{own}"
    names = ("roll-up-sql", "entry", "consolidation-calamine", "writers")
    only = [word for name in names for word in ("--only", name)]
    run = subprocess.run(
        [sys.executable, "manage.py", "bench", "--size", "0.001", "--rounds", "1", *only],
        cwd=BASE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    heads = [line for line in run.stdout.splitlines() if "比值" in line and "目标不超过" in line]
    assert [head.partition("：")[0] for head in heads] == list(names)
    assert "失败的次数（本系统的 SQLite 设置）：0 次" in run.stdout
    assert not own.exists(), "the portal's own database is not touched"
    assert list(tmp_path.iterdir()) == []
    if connection.vendor == "postgresql":
        assert databases() == []


def test_an_unknown_measurement_is_refused_by_a_sentence_with_those_there_are():
    with pytest.raises(CommandError, match="没有“speed”这项测量，可选：roll-up-sql、"):
        call_command("bench", only=["speed"])


@pytest.mark.parametrize("options", [{"rounds": 0}, {"size": 0.0}, {"size": 2.0}])
def test_a_run_without_rounds_or_units_is_refused(options):
    with pytest.raises(CommandError, match="--rounds"):
        call_command("bench", **options)


def test_sides_take_turns_and_the_median_counts():
    seen = []
    ticks = iter([0, 1, 1, 11, 20, 30, 30, 31, 40, 45, 50, 60])
    outcome = Bench(rounds=3).compare(
        lambda: seen.append("ours"), lambda: seen.append("theirs"), clock=lambda: next(ticks)
    )
    assert seen == ["ours", "theirs", *("theirs", "ours"), *("ours", "theirs"), *("theirs", "ours")]
    # theirs: 1, 1 and 5; ours: 10, 10 and 10
    assert (outcome.ours, outcome.theirs, outcome.ratio) == (10, 1, 10)


def test_a_goal_is_met_up_to_and_including_it():
    each = Measurement("name", "ours", "theirs", 1.6, lambda _: Outcome(1, 1, 1))
    assert [each.is_met(Outcome(1, 1, ratio)) for ratio in (1.6, 1.61)] == [True, False]


def test_the_measured_settings_of_sqlite_are_those_in_service():
    assert settings.SQLITE_OPTIONS["transaction_mode"] == "IMMEDIATE"
    if connection.vendor == "sqlite":
        options = connection.settings_dict["OPTIONS"]
        assert {name: options[name] for name in settings.SQLITE_OPTIONS} == settings.SQLITE_OPTIONS
