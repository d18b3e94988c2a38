"""The roll-up of a nation: against the best plain statement, against instances added up, and as it grows."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import connection

from campaigns.models import ReportingPeriod, UnitPlace
from campaigns.models.units import PATH_DIGITS
from reports.models import Submission
from reports.rollup import RollUp, roll_up

from .frame import Bench, Outcome, measurement
from .nation import WEEKS, Nation, nation

YEAR = 52

# What is hand-written for this schema and nothing else: no coverage, no names, no places that closed.
_LATEST = {
    "postgresql": """
        FROM campaigns_unitplace place
        JOIN LATERAL (
            SELECT report.id FROM reports_submission report
            WHERE report.report_form_id = %(form)s AND report.unit_id = place.unit_id
            AND report.status = 'accepted' AND report.ends_on <= %(end)s
            ORDER BY report.ends_on DESC LIMIT 1
        ) latest ON true
        JOIN reports_figure figure ON figure.submission_id = latest.id""",
    "sqlite": """
        FROM campaigns_unitplace place
        JOIN reports_figure figure ON figure.submission_id = (
            SELECT report.id FROM reports_submission report
            WHERE report.report_form_id = %(form)s AND report.unit_id = place.unit_id
            AND report.status = 'accepted' AND report.ends_on <= %(end)s
            ORDER BY report.ends_on DESC LIMIT 1)""",
}
_PLAIN = """
    SELECT SUBSTR(place.path, %(below)s, {digits}) AS child, figure.indicator_id,
        SUM(figure.value), COUNT(figure.value)
    {latest}
    WHERE place.campaign_id = %(campaign)s AND place.path LIKE %(path)s AND place.reports
    GROUP BY 1, 2"""


@measurement(
    "roll-up-sql", ours="全国汇总（含权限范围和结果对象）", theirs="同一数据结构上最快的 SQL", goal=1.3
)
def against_plain_sql(bench: Bench) -> Outcome:
    world = nation(bench)
    return bench.compare(_asked(world), _plain(world), note=f"{world.units} 个填报单位")


@measurement("roll-up-orm", ours="全国汇总", theirs="逐个读取报表对象在 Python 中相加", goal=1 / 80)
def against_instances(bench: Bench) -> Outcome:
    world = nation(bench, size=bench.size / 5)
    period = world.period
    expected = roll_up(world.form, period, world.root.unit).total
    if _added_up(world, period) != expected:
        raise AssertionError("the two sides of the measurement do not add up to the same")
    return bench.compare(_asked(world), lambda: _added_up(world, period), note=f"{world.units} 个填报单位")


@measurement("periods", ours=f"{YEAR} 期之后的汇总", theirs=f"{WEEKS} 期之后的汇总", goal=1.6)
def as_periods_grow(bench: Bench) -> Outcome:
    size = bench.size / 5
    return bench.compare(_asked(nation(bench, size=size, weeks=YEAR)), _asked(nation(bench, size=size)))


@measurement("units", ours="5 倍单位的汇总", theirs="1 倍单位的汇总", goal=6)
def as_units_grow(bench: Bench) -> Outcome:
    large, small = nation(bench), nation(bench, size=bench.size / 5)
    return bench.compare(_asked(large), _asked(small), note=f"{large.units} 与 {small.units} 个填报单位")


@measurement("increment", ours="累计和本期新增", theirs="仅累计", goal=1.6)
def with_increment(bench: Bench) -> Outcome:
    world = nation(bench)
    return bench.compare(_asked(world, measure="increment"), _asked(world))


def _asked(world: Nation, **choice: str) -> Callable[[], RollUp]:
    """Return what a page does: may this person read it, then the total with its rows."""
    period, user, unit = world.period, world.user, world.root.unit
    # The columns are read once by each request, whatever it adds up.
    len(world.form.columns)

    def ask() -> RollUp:
        if not UnitPlace.objects.visible_to(user).filter(pk=world.root.pk).exists():
            raise AssertionError("the user of the measurement does not read it")
        return roll_up(world.form, period, unit, **choice)

    return ask


def _plain(world: Nation) -> Callable[[], list[Any]]:
    statement = _PLAIN.format(digits=PATH_DIGITS, latest=_LATEST[connection.vendor])
    parameters: dict[str, Any] = {
        "form": world.form.pk,
        "campaign": world.form.campaign_id,
        "path": f"{world.root.path}%",
        "below": len(world.root.path) + 1,
        "end": connection.ops.adapt_datefield_value(world.period.ends_on),
    }

    def run() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()

    return run


def _added_up(world: Nation, period: ReportingPeriod) -> dict[int, Decimal | None]:
    """Add up as one does without a statement for it: each unit's last report, its figures as instances."""
    latest: dict[int, Submission] = {}
    reports = Submission.objects.accepted().filter(report_form=world.form, ends_on__lte=period.ends_on)
    for report in reports.order_by("ends_on").prefetch_related("figures__indicator"):
        latest[report.unit_id] = report
    total: dict[int, Decimal] = defaultdict(Decimal)
    for report in latest.values():
        for figure in report.figures.all():
            if figure.value is not None:
                total[figure.indicator.number] += figure.value
    return {column.number: total.get(column.number) for column in world.form.columns}
