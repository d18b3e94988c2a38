"""manage.py roll_up: what it prints, and what it refuses."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Exemption
from tests.factories import make_campaign, make_form, make_place, make_submission, period_of

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def campaign():
    return make_campaign(title="某市春风行动")


@pytest.fixture
def form(campaign):
    return make_form(campaign, indicators=[{}, {"number": 17, "decimals": 2}], title="统计表")


@pytest.fixture(autouse=True)
def city(campaign, form):
    """市本级 reports 7 in the last period, 玄武区 5 in the one before, 秦淮区 nothing."""
    city = make_place(campaign, "3201", name="南京市", level="prefecture")
    county = make_place(campaign, "320102", name="玄武区", parent=city)
    make_place(campaign, "320104", name="秦淮区", parent=city)
    make_submission(form, city, period_of(campaign, 3), {1: 7, 17: None})
    make_submission(form, county, period_of(campaign, 2), {1: 5, 17: "0.5"})
    return city


def printed(campaign="spring", form="fu1", unit="3201", period="2024-02-09", **options):
    out = io.StringIO()
    call_command("roll_up", campaign, form, unit=unit, period=period, stdout=out, **options)
    return out.getvalue()


def table(**options):
    return list(csv.reader(io.StringIO(printed(format="csv", **options))))


def refusal(*arguments, **options):
    with pytest.raises(CommandError) as refused:
        printed(*arguments, **options)
    assert refused.value.returncode == 1
    return str(refused.value)


def test_json_is_printed_in_readable_chinese():
    text = printed()
    assert "市本级" in text
    result = json.loads(text)
    assert result["coverage"] == {"expected": 3, "reported": 1, "carried": 1, "never": 1}
    assert result["total"] == {"1": "12", "17": "0.50"}
    assert result["blank"] == {"17": 1}
    assert [row["name"] for row in result["rows"]] == ["市本级", "玄武区", "秦淮区"]


def test_csv_is_the_rows_then_the_total():
    assert table() == [
        ["unit", "name", "own", "state", "as_of", "expected", "reported", "carried", "never", "1", "17"],
        ["3201", "市本级", "1", "reported", "2024-02-09", "1", "1", "0", "0", "7", ""],
        ["320102", "玄武区", "0", "carried", "2024-02-02", "1", "0", "1", "0", "5", "0.50"],
        ["320104", "秦淮区", "0", "never", "", "1", "0", "0", "1", "", ""],
        ["3201", "总计", "0", "mixed", "2024-02-02", "3", "1", "1", "1", "12", "0.50"],
    ]


def test_basis_and_measure_choose_what_is_added_up():
    assert table(basis="strict")[-1][9:] == ["7", ""]
    assert table(measure="increment")[-1][9:] == ["7", "0.00"]


def test_a_falling_figure_is_a_number_and_a_formula_in_a_name_is_text(campaign, form, city):
    make_place(campaign, "=1+1", short="@SUM(A1)", parent=city)
    make_submission(form, city, period_of(campaign, 2), {1: 9})
    lines = table(measure="increment")
    assert lines[1][9] == "-2"
    assert lines[-2][:2] == ["'=1+1", "'@SUM(A1)"]


def test_an_exempted_unit_shows_in_json_alone(campaign, city):
    Exemption.objects.create(period=period_of(campaign, 3), unit=city.unit, reason="停工", granted_by="某处")
    assert json.loads(printed())["coverage"]["exempt"] == 1
    assert table()[1][3:9] == ["exempt", "2024-02-09", "0", "0", "0", "0"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"campaign": "summer"}, "没有代码为“summer”的活动，请核对。已有的活动：spring。"),
        ({"form": "fu9"}, "某市春风行动没有代码为“fu9”的报表，请核对。已有的报表：fu1。"),
        ({"unit": "999"}, "代码为“999”的单位不在某市春风行动的单位名录中，请核对 --unit。"),
        ({"unit": None}, "请用 --unit 写明单位代码，例如 --unit 320000。"),
        ({"period": None}, "请用 --period 写明报告期的截止日，例如 --period 2024-02-23。"),
        ({"period": "二月"}, "“二月”不是日期，--period 应写成 2024-02-23 这样的形式。"),
        (
            {"period": "2024-02-08"},
            "某市春风行动没有截至 2024-02-08 的报告期，请核对 --period。"
            "各期截止日：2024-01-26、2024-02-02、2024-02-09。",
        ),
        ({"basis": "all"}, "--basis 不能是“all”，请改用 accepted、received、strict 之一。"),
        ({"measure": "new"}, "--measure 不能是“new”，请改用 cumulative、increment 之一。"),
        ({"format": "xml"}, "--format 不能是“xml”，请改用 json、csv 之一。"),
        (
            {"basis": "strict", "measure": "increment"},
            "“仅本期”口径不沿用以前的数据，不能计算本期新增，请改用其他口径或累计数。",
        ),
    ],
)
def test_what_it_cannot_find_or_do_is_refused_in_a_sentence(asked, sentence):
    assert refusal(**asked) == sentence


def test_a_unit_of_another_campaign_is_refused(campaign):
    make_place(make_campaign(code="other"), "888")
    assert "“888”" in refusal(unit="888")


def test_a_refusal_from_the_shell_is_a_sentence_on_stderr_and_exit_1():
    ended = subprocess.run(
        [sys.executable, "manage.py", "roll_up", "spring", "fu1", "--basis", "all"],
        cwd=ROOT,
        env={**os.environ, "DEBUG": "1", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "--basis 不能是“all”" in ended.stderr
    assert "Traceback" not in ended.stderr
