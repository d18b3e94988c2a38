"""manage.py read_workbook: JSON on standard output, 0, 1 or 2 at the end, nothing stored."""

import json

import pytest
from django.core.management import call_command

from campaigns.models import ReportingUnit
from reports.excel.write import report_workbook
from reports.models import Figure, Submission
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user, period_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(tmp_path):
    """A report of 玄武区, exported, then taken from the database."""
    campaign = make_campaign("spring", title="某市春风行动")
    city = make_place(campaign, "3201", name="南京市局", short="南京市", level="prefecture", reports=False)
    own = make_place(campaign, "320102", parent=city, name="玄武区局", short="玄武区")
    make_place(campaign, "320104", parent=city, name="秦淮区局", short="秦淮区")
    form = make_form(campaign, annex="附件1", title="工作情况统计表", indicators=3, filled_by="____局")
    report = make_submission(form, own, period_of(campaign, 2), {1: 5, 2: 0})
    written = tmp_path / "附件1.xlsx"
    written.write_bytes(report_workbook(report))
    Figure.objects.all().delete()
    report.delete()
    return written


def run(capsys, *arguments, **options):
    code = 0
    try:
        call_command("read_workbook", *map(str, arguments), **options)
    except SystemExit as end:
        code = end.code
    return code, json.loads(capsys.readouterr().out)


def test_it_prints_what_an_upload_would_do_and_stores_nothing(path, capsys):
    code, told = run(capsys, path)
    assert code == 0
    assert told["outcome"] == "ok"
    assert (told["campaign"], told["form"], told["unit"], told["period"]) == (
        "spring",
        "fu1",
        "320102",
        "2024-02-02",
    )
    assert told["recognised_by"] == "mark"
    assert told["values"] == {"320102": {"1": "5", "2": "0"}}
    assert told["rejected"] == told["warnings"] == []
    assert not Submission.objects.exists()


def test_what_must_be_asked_ends_with_2(path, capsys):
    code, told = run(capsys, path, campaign="spring", period="2024-02-09")
    assert (code, told["outcome"], told["values"]) == (2, "ask", {})
    assert told["choices"] == ["2024-02-02", "2024-02-09"]
    code, told = run(capsys, path, campaign="spring", period="2024-02-09", sure=True)
    assert (code, told["period"]) == (0, "2024-02-09")


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"\xff\xd8\xff\xe0 photo", "不是有效的 Excel 工作簿"), (bytes(6 * 1024 * 1024), "5 MB 的上限")],
)
def test_what_cannot_be_read_ends_with_1(path, capsys, content, says):
    path.write_bytes(content)
    code, told = run(capsys, path)
    assert (code, told["outcome"]) == (1, "refused")
    assert says in told["reason"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"campaign": "winter"}, "没有代码为“winter”的活动"),
        ({"campaign": "spring", "unit": "999"}, "不在"),
        ({"campaign": "spring", "form": "fu9"}, "没有代码为“fu9”的报表"),
        ({"campaign": "spring", "period": "2024-02-03"}, "没有截至"),
        ({"unit": "320102"}, "--campaign"),
        ({"username": "nobody"}, "没有账号"),
    ],
)
def test_what_the_arguments_name_and_is_not_there_is_refused(path, capsys, options, says):
    code, told = run(capsys, path, **options)
    assert (code, told["outcome"]) == (1, "refused")
    assert says in told["reason"]


def test_a_person_reads_the_own_units_alone(path, capsys):
    make_user("clerk", unit=ReportingUnit.objects.get(code="320104"))
    code, told = run(capsys, path, username="clerk")
    assert (code, told["outcome"]) == (1, "refused")
    assert "不在您可以填报的单位之内" in told["reason"]


def test_a_file_that_is_not_there_is_refused(path, capsys):
    code, told = run(capsys, path.with_name("none.xlsx"))
    assert (code, told["outcome"]) == (1, "refused")
