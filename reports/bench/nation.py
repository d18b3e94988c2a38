"""A nation of invented units and figures, written by a few statements: provinces, cities, counties of three lines."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection

from campaigns.models import (
    Campaign,
    Indicator,
    ReportForm,
    ReportingPeriod,
    ReportingUnit,
    UnitPlace,
)
from campaigns.models.units import Level
from chunfeng.accounts.models import Membership, User

from .frame import Bench
from .scratch import settle

PROVINCES, CITIES, COUNTIES = 31, 340, 2850
LINES = ("hr", "union", "women")
INDICATORS = 18
WEEKS = 11
STARTS = date(2024, 1, 6)
_BATCH = 5000


@dataclass(frozen=True)
class Nation:
    form: ReportForm
    root: UnitPlace
    user: User
    units: int

    @property
    def period(self) -> ReportingPeriod:
        """The last period of all."""
        return self.form.campaign.periods.select_related("campaign").latest("ends_on")


def nation(bench: Bench, *, size: float | None = None, weeks: int = WEEKS) -> Nation:
    """Return a nation of `size` (that of the run without it) with so many weekly periods, 5 % of reports missing."""
    share = bench.size if size is None else size
    return bench.once(("nation", share, weeks), lambda: _build(share, weeks))


def _build(share: float, weeks: int) -> Nation:
    code = f"bench-{share:.4f}-{weeks}"
    ends = [STARTS + timedelta(days=7 * week + 6) for week in range(weeks)]
    campaign = Campaign.objects.create(
        code=code, title="全国春风行动", starts=STARTS, ends=ends[-1], counts_from=STARTS
    )
    ReportingPeriod.objects.bulk_create(
        ReportingPeriod(
            campaign=campaign,
            number=number,
            starts_on=end - timedelta(days=6),
            ends_on=end,
            due_at=datetime.combine(end, time(9, 30), UTC),
        )
        for number, end in enumerate(ends, start=1)
    )
    form = ReportForm.objects.create(
        campaign=campaign, code="fu1", position=1, annex="附件1", title="工作情况统计表"
    )
    Indicator.objects.bulk_create(
        Indicator(
            report_form=form,
            number=number,
            position=number,
            label=f"第{number}项工作人数",
            unit_of_measure="万元" if number == INDICATORS else "人",
            decimals=2 if number == INDICATORS else 0,
        )
        for number in range(1, INDICATORS + 1)
    )
    [root] = _places(campaign, [None], Level.NATION, 1)
    provinces = _places(campaign, [root], Level.PROVINCE, PROVINCES)
    cities = _places(campaign, provinces, Level.PREFECTURE, max(PROVINCES, round(CITIES * share)))
    units = _places(campaign, cities, Level.COUNTY, len(LINES) * max(1, round(COUNTIES * share)))
    _report(form)
    user = User.objects.create(username=code, name="汇总员", must_change_password=False)
    Membership.objects.create(user=user, unit=root.unit, role=Membership.Role.VIEWER)
    return Nation(form, root, user, len(units))


def _places(
    campaign: Campaign, parents: list[UnitPlace] | list[None], level: Level, count: int
) -> list[UnitPlace]:
    """Make `count` units of a level, dealt out evenly below `parents`; those of the lowest level report."""
    made = campaign.places.count()
    codes = [f"{campaign.code}-{level}-{number}" for number in range(count)]
    units = ReportingUnit.objects.bulk_create(
        [ReportingUnit(code=code, name=f"单位{code}") for code in codes], batch_size=_BATCH
    )
    places = UnitPlace.objects.bulk_create(
        [
            UnitPlace(
                campaign=campaign,
                unit=unit,
                parent=parents[number * len(parents) // count],
                path=f"new {unit.code}",
                position=made + number + 1,
                level=level,
                reports=level == Level.COUNTY,
                line=LINES[number % len(LINES)] if level == Level.COUNTY else "",
                name=unit.name,
                short=f"{number}号",
            )
            for number, unit in enumerate(units)
        ],
        batch_size=_BATCH,
    )
    for place in places:
        place.path = UnitPlace.path_below(place.parent, place.pk)
    UnitPlace.objects.bulk_update(places, ["path"], batch_size=_BATCH)
    return places


def _report(form: ReportForm) -> None:
    """Accept a report of every unit in every period but one in twenty; figures grow from week to week."""
    columns = (
        "report_form_id, unit_id, period_id, ends_on, status, responsible, prepared_by, phone, no_change,"
        " created_at, first_submitted_at, submitted_at, receipt"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO reports_submission ({columns})
            SELECT %(form)s, place.unit_id, period.id, period.ends_on, 'accepted', '', '', '', %(no)s,
                period.due_at, period.due_at, period.due_at, ''
            FROM campaigns_unitplace place
            JOIN campaigns_reportingperiod period ON period.campaign_id = place.campaign_id
            WHERE place.campaign_id = %(campaign)s AND place.reports
            AND (place.id * 7 + period.number * 3) %% 20 > 0""",  # noqa: S608
            {"form": form.pk, "campaign": form.campaign_id, "no": False},
        )
        cursor.execute(
            """
            INSERT INTO reports_figure (submission_id, indicator_id, value)
            SELECT report.id, indicator.id,
                period.number * ((report.unit_id * 31 + indicator.number * 7) % 89)
            FROM reports_submission report
            JOIN campaigns_reportingperiod period ON period.id = report.period_id
            JOIN campaigns_indicator indicator ON indicator.report_form_id = report.report_form_id
            WHERE report.report_form_id = %s""".replace(" % 89", " %% 89"),
            [form.pk],
        )
    settle()
