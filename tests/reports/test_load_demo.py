"""Where the demonstration is not loaded, and that nothing of it stays half-loaded."""

import shutil

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Campaign, ReportingUnit
from chunfeng.accounts.models import User
from reports.demo import loading
from reports.demo.figures import Unit, invent, read_growth
from reports.models import Submission
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user, period_of

pytestmark = pytest.mark.django_db


def test_only_a_demonstration_is_loaded(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("load_demo")
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("demo_log_ins")
    assert not Campaign.objects.exists()


def test_a_database_with_real_people_is_left_alone(settings):
    settings.DEMO = True
    make_user("clerk")
    for unless_loaded in (False, True):
        with pytest.raises(CommandError, match="已有真实的人员或填报数据"):
            call_command("load_demo", unless_loaded=unless_loaded)
    assert not Campaign.objects.exists()


def test_a_database_with_reports_is_left_alone(settings):
    settings.DEMO = True
    campaign = make_campaign()
    make_submission(make_form(campaign), make_place(campaign, "1"), period_of(campaign, 1), {1: 5})
    with pytest.raises(CommandError, match="已有真实的人员或填报数据"):
        call_command("load_demo")
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("today", ["23.11.2026", "2026-02-29", "20261123"])
def test_a_day_that_cannot_be_read_is_refused(settings, today):
    settings.DEMO = True
    with pytest.raises(CommandError, match=today):
        call_command("load_demo", today=today)
    assert not Campaign.objects.exists()


def test_no_log_in_is_offered_before_there_are_people(settings):
    settings.DEMO = True
    with pytest.raises(CommandError, match="load_demo"):
        call_command("demo_log_ins")


def test_a_report_that_would_not_pass_its_checks_leaves_nothing_behind(settings, monkeypatch, tmp_path):
    settings.DEMO = True
    fixtures = shutil.copytree(loading.FIXTURES, tmp_path / "fixtures")
    # In the second period a part exceeds its whole.
    with (fixtures / "demo" / "cases.csv").open("a", encoding="utf-8") as cases:
        cases.write("wuhan-2014,fu1,420102-hr,2,more,4,900000,\n")
    monkeypatch.setattr(loading, "FIXTURES", fixtures)
    with pytest.raises(CommandError, match=r"江岸区.*第2期.*不能大于"):
        call_command("load_demo")
    assert not any(model.objects.exists() for model in (Campaign, ReportingUnit, User, Submission))


def test_figures_are_invented_alike_every_time_and_differ_from_unit_to_unit():
    growth = read_growth(loading.FIXTURES / "demo" / "figures.yaml")["jiangsu-2024"]
    decimals = {form: dict.fromkeys(columns, 0) for form, columns in growth.forms.items()}
    decimals["fu1"] |= {17: 2, 18: 2}

    def figures(code, is_city=False):
        return invent(growth, Unit(code, is_city), "fu2", decimals)

    assert figures("320381") == figures("320381")
    assert figures("320381") != figures("320382")
    # What a city did itself is less than what a county of the same size did.
    assert figures("320381", is_city=True)[-1][19] < figures("320381")[-1][19]
    assert len(figures("320381")) == 12
