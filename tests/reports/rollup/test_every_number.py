"""Every number that the coordinator's pages print is what `roll_up` says to the same question.

One world with everything that makes totals differ: carried units, blanks, reports that wait, an exempted unit, a fall,
a late correction of what was published. The pages are read as a person reads them; the board is in `test_board`.
"""

import re
from decimal import Decimal
from html import unescape
from io import BytesIO
from types import SimpleNamespace

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from campaigns.models import Exemption, Target
from chunfeng.accounts.models import Membership
from reports.completeness.targets import read_floor
from reports.numbers import format_figure
from reports.publishing import editions
from reports.rollup import roll_up
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user
from tests.reports.publishing.provinces import correct

from .test_board import ENDS

pytestmark = pytest.mark.django_db

COORDINATOR = Membership.Role.COORDINATOR


@pytest.fixture
def world(client):
    campaign = make_campaign(period_ends=ENDS)
    columns = [
        {"label": "招聘活动", "unit_of_measure": "场次"},
        {"label": "补贴", "unit_of_measure": "万元", "decimals": 2},
    ]
    form = make_form(campaign, indicators=columns, layout="rows", annex="附件1")
    province = make_place(campaign, "320000", level="province", reports=False, name="某省")
    near, far = (
        make_place(campaign, code, parent=province, level="prefecture", name=name)
        for code, name in (("320100", "甲市"), ("320200", "乙市"))
    )
    counties = [
        make_place(campaign, f"3201{number:02}", parent=near, name=f"{number}区") for number in range(1, 5)
    ]
    first, second, third, _ = campaign.periods.all()
    make_submission(form, near, first, {1: 100, 2: "1.50"})
    make_submission(form, near, second, {1: 130, 2: "2.25"})
    make_submission(form, far, second, {1: 7, 2: None})
    for number, county in enumerate(counties[:3], start=1):
        report = make_submission(form, county, first, {1: 10 * number, 2: f"{number}.10"})
    make_submission(form, counties[0], second, {1: 9, 2: "2.00"})  # a fall
    make_submission(form, counties[1], second, {1: 33, 2: "3"}, status="submitted")
    make_submission(form, counties[3], second, {1: 5}, status="returned")
    Exemption.objects.create(period=second, unit=counties[2].unit, reason="受灾")
    target = Target.objects.create(
        campaign=campaign, position=1, indicator=form.columns[0], at_least=3, over="week", each="county"
    )
    boss = make_user("boss", unit=province, role=COORDINATOR)
    client.force_login(boss)
    world = SimpleNamespace(
        campaign=campaign,
        form=form,
        province=province,
        near=near,
        far=far,
        counties=counties,
        first=first,
        second=second,
        third=third,
        report=report,
        target=target,
        boss=boss,
        clerk=make_user("clerk", unit=counties[2]),
    )
    world.units = [province, near, far, *counties]
    return world


def parts(world, place, period):
    return [world.campaign.code, "fu1", period.ends_on.isoformat(), place.unit.code]


def cells_of(html):
    """The rows of all tables with figures, by what stands in front of them: marks and signs left out."""
    rows = []
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL):
        head = re.search(r"<th[^>]*scope=\"row\"[^>]*>(.*?)</th>", row, re.DOTALL)
        if head:
            cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
            rows.append((plain(head[1]), [plain(cell) for cell in cells]))
    return rows


def plain(html):
    without_marks = re.sub(
        r"<(sup|span)[^>]*class=\"[^\"]*(?:note-mark|muted)[^\"]*\"[^>]*>.*?</\1>", "", html, flags=re.DOTALL
    )
    return " ".join(unescape(re.sub(r"<[^>]+>", "", without_marks)).split())


def printed(values, form):
    return [format_figure(values[column.number], column.decimals) for column in form.columns]


@pytest.mark.parametrize("basis", ["accepted", "received", "strict"])
@pytest.mark.parametrize("measure", ["cumulative", "increment"])
def test_the_roll_up_page_and_the_details_of_each_figure(world, client, basis, measure):
    if (basis, measure) == ("strict", "increment"):
        return  # there is no such question
    choice = {"basis": basis, "measure": measure}
    for place in (world.province, world.near, world.counties[0]):
        for period in (world.first, world.second, world.third):
            expected = roll_up(world.form, period, place.unit, **choice)
            html = client.get(reverse("reports:roll-up", args=parts(world, place, period)), choice)
            total, *rows = cells_of(html.content.decode())
            assert total[1][:2] == printed(expected.total, world.form)
            assert [(name, cells[:2]) for name, cells in rows] == [
                (row.name, printed(row.values, world.form) if row.as_of else ["", ""])
                for row in expected.rows
            ]
            for column in world.form.columns:
                url = reverse("reports:roll-up-figure", args=[*parts(world, place, period), column.number])
                part = client.get(url, choice | {"part": "1"}).content.decode()
                shown = re.search(r'<p class="total-value"><strong>(.*?)</strong>', part)[1]
                assert shown == format_figure(expected.total[column.number], column.decimals)
                shares = part[part.index('class="list shares"') :]
                assert {name: cells[0].lstrip("▼") for name, cells in cells_of(shares)} == {
                    row.name: format_figure(row.values[column.number], column.decimals)
                    for row in expected.rows
                }


def test_the_desk_takes_shares_of_the_total_in_which_the_waiting_report_counts(world, client):
    waiting = world.counties[1]
    submission = waiting.unit.submissions.get(period=world.second)
    rows = client.get(reverse("reports:submission-review", args=[submission.pk])).context["desk"].rows
    whole = roll_up(world.form, world.second, world.near.unit, basis="received").total
    assert whole[1] == 130 + 9 + 33 + 30
    assert [row.share for row in rows] == [
        (100 * Decimal(value) / whole[number]).quantize(Decimal("0.1")) for number, value in ((1, 33), (2, 3))
    ]


def test_the_heat_map_counts_who_the_coverage_of_the_received_figure_counts(world, client):
    page = client.get(reverse("reports:progress", args=[world.campaign.code]), {"form": "fu1"}).context
    columns = {column.period.pk: column.total for column in page["map"].columns}
    for period in (world.first, world.second, world.third):
        coverage = roll_up(world.form, period, world.province.unit, basis="received").coverage
        counted = columns[period.pk]
        assert (counted.expected, counted.received) == (coverage.expected, coverage.reported)


def test_a_floor_judges_the_increments_of_the_roll_up(world):
    judged = 0
    for period in (world.second, world.third):
        for standing in read_floor(world.target, period, world.province):
            if standing.increment is not None:
                grown = roll_up(world.form, period, standing.place.unit, measure="increment")
                assert standing.increment == grown.total[1]
                judged += 1
    assert judged == 1  # the first county alone has an accepted report of a whole week


def test_an_edition_prints_what_stood_and_its_comparison_what_stands(world, client):
    published = {
        measure: roll_up(world.form, world.second, world.province.unit, measure=measure)
        for measure in ("cumulative", "increment")
    }
    edition = editions.publish(world.province, world.second, by=world.boss)
    correct(world, world.report, {1: 31, 2: "3.10"})
    for measure, then in published.items():
        html = client.get(reverse("reports:edition-detail", args=[edition.pk]), {"measure": measure})
        total, *rows = cells_of(html.content.decode())
        assert total[1][:2] == printed(then.total, world.form)
        assert {name: cells[:2] for name, cells in rows} == {
            row.name: printed(row.values, world.form) for row in then.rows
        }
    compared = client.get(reverse("reports:edition-compare", args=[edition.pk])).context["differences"]
    now = roll_up(world.form, world.second, world.province.unit, measure="increment")
    assert [(one.measure, one.column.number, one.published, one.now) for one in compared] == [
        ("cumulative", 1, published["cumulative"].total[1], now.cumulative[1])
    ]
    assert (compared[0].published, compared[0].now) == (130 + 7 + 9 + 20 + 30, 197)
    [listed] = client.get(reverse("reports:edition-list", args=[world.campaign.code])).context["page"]
    assert listed.pk == edition.pk


@pytest.mark.parametrize("measure", ["cumulative", "increment"])
def test_the_series_exported_has_each_periods_roll_up(world, client, measure):
    url = reverse("reports:series-export", args=parts(world, world.province, world.third))
    book = load_workbook(BytesIO(client.get(url, {"measure": measure}).getvalue()))
    rows = [[cell.value for cell in row] for row in book.active.iter_rows()]
    for period in (world.first, world.second, world.third):
        expected = roll_up(world.form, period, world.province.unit, measure=measure)
        values = [expected.total[column.number] for column in world.form.columns]
        [row] = [row for row in rows if str(row[0]).startswith(f"第{period.number}期 ")]
        assert [None if value is None else float(value) for value in values] == row[1:3]
