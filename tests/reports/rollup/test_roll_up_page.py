"""The roll-up page: its figures, what it says they are made of, where it leads, and who may open it."""

import re
from datetime import timedelta
from html import unescape
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Exemption
from chunfeng.accounts.models import Membership
from reports.models import Submission
from reports.rollup import roll_up
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db

COORDINATOR = Membership.Role.COORDINATOR
VIEWER = Membership.Role.VIEWER


@pytest.fixture
def world():
    """A province over two cities; city 1 (市本级 10) has two counties, city 2 one. Column 2 is in 万元.

    Period 1: every unit; period 2: city 1, county 11 (with column 1 blank) and county 21 alone.
    """
    campaign = make_campaign()
    form = make_form(
        campaign,
        indicators=[{}, {"decimals": 2, "unit_of_measure": "万元"}],
        layout="rows",
        annex="附件1",
        notes_title="填报说明：",
        notes=["统计数据为累计数。"],
    )
    province = make_place(campaign, "32", reports=False, level="province", name="某省")
    city = make_place(campaign, "3201", parent=province, level="prefecture", name="甲市")
    other = make_place(campaign, "3202", parent=province, level="prefecture", name="乙市")
    near = make_place(campaign, "320101", parent=city, name="东区")
    far = make_place(campaign, "320102", parent=city, name="西区")
    across = make_place(campaign, "320201", parent=other, name="南县")
    first, second, third = (period_of(campaign, number) for number in (1, 2, 3))
    make_submission(form, city, first, {1: 1000, 2: "1.50"})
    make_submission(form, near, first, {1: 20, 2: "2.25"})
    make_submission(form, far, first, {1: 300, 2: "0"})
    make_submission(form, other, first, {1: 7, 2: "7"})
    make_submission(form, across, first, {1: 8, 2: "8"})
    make_submission(form, city, second, {1: 1500, 2: "1.50"})
    make_submission(form, near, second, {1: None, 2: "2.00"})
    make_submission(form, across, second, {1: 9, 2: "8"})
    return SimpleNamespace(
        campaign=campaign,
        form=form,
        province=province,
        city=city,
        other=other,
        near=near,
        far=far,
        across=across,
        first=first,
        second=second,
        third=third,
    )


def login(client, unit, role=COORDINATOR):
    user = make_user(f"{unit.unit.code}-{role}", unit=unit, role=role)
    client.force_login(user)
    return user


def address(world, unit, period=None, *, page="roll-up", form=None, **query):
    period = period or world.second
    parts = [world.campaign.code, (form or world.form).code, period.ends_on.isoformat(), unit.unit.code]
    url = reverse(f"reports:{page}", args=parts)
    return url + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


def rows_of(response):
    """The rows of figures as read on the page: name, figures, then 状态 and 报告期."""
    html = response.content.decode()
    rows = []
    for body in re.findall(r"<tbody>(.*?)</tbody>", html, re.DOTALL):
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.DOTALL):
            cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
            rows.append([" ".join(unescape(re.sub(r"<[^>]+>", "", cell)).split()) for cell in cells])
    return rows


def text_of(response):
    return " ".join(unescape(re.sub(r"<[^>]+>", "", response.content.decode())).split())


def test_the_total_comes_first_then_the_own_report_and_the_children_with_their_states(client, world):
    login(client, world.city)
    response = client.get(address(world, world.city))
    assert rows_of(response) == [
        ["总计", "1 1,800", "3.50", "本期 2/3，沿用 1"],
        ["市本级", "1,500", "1.50", "✓已通过", "2月2日"],
        ["东区", "—", "2.00", "✓已通过", "2月2日"],
        ["西区", "300", "0.00", "沿沿用第1期", "1月26日"],
    ]
    text = text_of(response)
    assert "应报 3" in text
    assert "本期 2" in text
    assert "沿用 1" in text
    assert "未报 0" in text
    assert "1 留空的单位：第1列 东区；未计入总计，留空不等于 0。" in text
    assert "沿用上期：西区（截至1月26日）。" in text


def test_a_province_shows_its_cities_with_what_each_is_made_of(client, world):
    login(client, world.province)
    response = client.get(address(world, world.province))
    assert rows_of(response) == [
        ["总计", "1 1,816", "18.50", "本期 3/5，沿用 2"],
        ["甲市", "1,800", "3.50", "本期 2/3，沿用 1", "1月26日起"],
        ["乙市", "16", "15.00", "本期 1/2，沿用 1", "1月26日起"],
    ]
    assert "第1列 甲市（1个单位）" in text_of(response)


def test_a_unit_never_heard_from_is_an_empty_row_not_zeros(client, world):
    login(client, world.city)
    Submission.objects.filter(unit=world.far.unit).delete()
    response = client.get(address(world, world.city))
    assert rows_of(response)[3] == ["西区", "", "", "未未报", "—"]
    assert "未报送：西区。" in text_of(response)


def test_an_exempted_unit_stands_apart(client, world):
    login(client, world.city)
    Exemption.objects.create(period=world.second, unit=world.far.unit, reason="停业", granted_by="某人")
    response = client.get(address(world, world.city))
    assert rows_of(response)[0] == ["总计", "1 1,800", "3.50", "本期 2/2，免报 1"]
    assert rows_of(response)[3] == ["西区", "300", "0.00", "免免报", "1月26日"]


def test_a_late_report_says_so_and_a_waiting_one_is_announced(client, world):
    login(client, world.city)
    Submission.objects.filter(unit=world.near.unit, period=world.second).update(
        first_submitted_at=world.second.due_at + timedelta(hours=1)
    )
    make_submission(world.form, world.far, world.second, {1: 400}, status="submitted")
    response = client.get(address(world, world.city))
    assert rows_of(response)[2][3] == "迟已通过 · 迟报"
    assert rows_of(response)[3] == ["西区", "300", "0.00", "沿沿用第1期 审本期待审", "1月26日"]
    assert "另有待审 1" in text_of(response)


@pytest.mark.parametrize("basis", ["accepted", "received", "strict"])
@pytest.mark.parametrize("unit", ["province", "city", "near"])
def test_the_page_prints_what_the_roll_up_computes(client, world, basis, unit):
    login(client, world.province)
    make_submission(world.form, world.far, world.second, {1: 400, 2: "4"}, status="submitted")
    place = getattr(world, unit)
    response = client.get(address(world, place, basis=basis))
    assert response.context["rollup"] == roll_up(world.form, world.second, place.unit, basis=basis)


def test_the_basis_changes_what_counts_and_is_named_on_the_form(client, world):
    login(client, world.city)
    make_submission(world.form, world.far, world.second, {1: 400, 2: "4"}, status="submitted")
    received = client.get(address(world, world.city, basis="received"))
    strict = client.get(address(world, world.city, basis="strict"))
    assert rows_of(received)[0][1:3] == ["1 1,900", "7.50"]
    assert rows_of(received)[3] == ["西区", "400", "4.00", "审待审", "2月2日"]
    assert "含待审报表，不是正式数" in text_of(received)
    assert rows_of(strict)[0][1:3] == ["1 1,500", "3.50"]
    assert rows_of(strict)[3] == ["西区", "", "", "未未报 审本期待审", "—"]
    assert "仅含本期报送的单位，不是正式数" in text_of(strict)


def test_increments_have_a_real_minus_and_a_word_for_a_fall(client, world):
    login(client, world.city)
    response = client.get(address(world, world.city, measure="increment"))
    assert rows_of(response) == [
        # 1800 − 1320; 3.50 − 3.75
        ["总计", "1 480", "▼下降−0.25", "本期 2/3，沿用 1"],
        ["市本级", "500", "0.00", "✓已通过", "2月2日"],
        ["东区", "▼下降−20", "▼下降−0.25", "✓已通过", "2月2日"],
        ["西区", "0", "0.00", "沿沿用第1期", "1月26日"],
    ]
    assert "（本期新增）" in text_of(response)


def test_an_increment_over_several_periods_is_marked(client, world):
    login(client, world.city)
    make_submission(world.form, world.far, world.third, {1: 310, 2: "0"})
    make_submission(world.form, world.near, world.third, {1: 40, 2: "2"})
    Submission.objects.filter(unit=world.city.unit).exclude(period=world.third).delete()
    make_submission(world.form, world.city, world.third, {1: 1, 2: "0"})
    response = client.get(address(world, world.city, world.third, measure="increment"))
    assert [row[0] for row in rows_of(response)] == ["总计", "2 市本级", "东区", "2 西区"]
    assert "上期未报送，本期新增包含以前各期：市本级（首次报送）、西区（第2—3期）。" in text_of(response)
    assert "2 市本级" not in text_of(client.get(address(world, world.city, world.third)))


def test_strict_increments_do_not_exist_and_the_page_says_so(client, world):
    login(client, world.city)
    response = client.get(address(world, world.city, basis="strict", measure="increment"))
    assert "不能计算本期新增，以下是累计数" in text_of(response)
    assert rows_of(response)[0][1:3] == ["1 1,500", "3.50"]


def test_names_lead_down_to_the_next_roll_up_and_at_last_to_the_counted_report(client, world):
    login(client, world.province)
    page = client.get(address(world, world.province, basis="received")).content.decode()
    assert f'<a href="{address(world, world.city, basis="received")}">甲市</a>' in page
    page = client.get(address(world, world.city)).content.decode()
    carried = Submission.objects.get(unit=world.far.unit)
    fresh = Submission.objects.get(unit=world.near.unit, period=world.second)
    own = Submission.objects.get(unit=world.city.unit, period=world.second)
    for report, name in ((carried, "西区"), (fresh, "东区"), (own, "市本级")):
        url = reverse("reports:submission-detail", args=[report.pk])
        assert f'<a href="{url}">{name}</a>' in page
        assert client.get(url).status_code == 200


def test_the_path_leads_up_to_the_highest_unit_that_the_user_reads_and_no_further(client, world):
    login(client, world.city)
    page = client.get(address(world, world.near)).content.decode()
    assert f'<a href="{address(world, world.city)}">甲市</a>' in page
    assert "某省" not in page
    login(client, world.province, VIEWER)
    page = client.get(address(world, world.near, measure="increment")).content.decode()
    assert f'<a href="{address(world, world.province, measure="increment")}">某省</a>' in page
    assert f'<a href="{address(world, world.city, measure="increment")}">甲市</a>' in page


@pytest.mark.parametrize(
    ("unit", "role", "open_pages"),
    [
        ("province", COORDINATOR, {"province", "city", "near", "other", "across"}),
        ("province", VIEWER, {"province", "city", "near", "other", "across"}),
        ("city", COORDINATOR, {"city", "near"}),
        ("city", Membership.Role.REPORTER, set()),
        ("near", Membership.Role.REPORTER, {"near"}),
        ("near", VIEWER, {"near"}),
        ("other", COORDINATOR, {"other", "across"}),
    ],
)
def test_only_those_who_read_below_a_unit_open_its_roll_up_and_its_export(
    client, world, unit, role, open_pages
):
    login(client, getattr(world, unit), role)
    for name in ("province", "city", "near", "other", "across"):
        expected = 200 if name in open_pages else 404
        for page in ("roll-up", "roll-up-export"):
            response = client.get(address(world, getattr(world, name), page=page))
            assert response.status_code == expected, (name, page)


def test_a_city_that_gave_a_county_away_does_not_read_on(client, world):
    login(client, world.city)
    world.near.closes, world.near.after_close = world.first.ends_on, "stop"
    world.near.save()
    opens = world.first.ends_on + timedelta(days=1)
    make_place(world.campaign, world.near.unit.code, parent=world.other, opens=opens, name="东区")
    assert client.get(address(world, world.near, world.first)).status_code == 200
    assert client.get(address(world, world.near, world.second)).status_code == 404
    assert "东区" not in text_of(client.get(address(world, world.city, world.second)))


@pytest.mark.parametrize("name", ["far", "city"])
def test_a_closed_unit_has_no_roll_up_after_its_end(client, world, name):
    login(client, world.province)
    place = getattr(world, name)
    place.closes, place.after_close = world.first.ends_on, "stop"
    place.save()
    assert client.get(address(world, place, world.first)).status_code == 200
    assert client.get(address(world, place, world.second)).status_code == 404


def test_without_log_in_there_is_nothing_to_see(client, world):
    response = client.get(address(world, world.city))
    assert response.status_code == 302
    assert response.url.startswith(reverse("accounts:login"))


@pytest.mark.parametrize(
    "path",
    [
        "c/spring/roll-up/fu1/2024-02-02/9999/",
        "c/spring/roll-up/fu9/2024-02-02/3201/",
        "c/spring/roll-up/fu1/2024-02-03/3201/",
        "c/spring/roll-up/fu1/2024-02-31/3201/",
        "c/spring/roll-up/fu1/第二期/3201/",
        "c/spring/roll-up/fu1/%2e%2e/3201/",
        "c/spring/roll-up/fu1/2024-02-02/%00/",
        "c/spring/roll-up/%00/2024-02-02/3201/",
        "c/spring/roll-up/fu1/%00/3201/",
        "c/%00/roll-up/",
        "c/autumn/roll-up/fu1/2024-02-02/3201/",
        "c/autumn/roll-up/",
        "c/spring/lines/2024-02-02/",
        "c/spring/lines/9/",
        "c/spring/roll-up/fu1/2024-02-02/3201/?basis=guess",
        "c/spring/roll-up/fu1/2024-02-02/3201/?basis=",
        "c/spring/roll-up/fu1/2024-02-02/3201/?measure=%00",
        "c/spring/roll-up/fu1/2024-02-02/3201/?period=tomorrow",
        "c/spring/roll-up/fu1/2024-02-02/3201/?form=fu9",
        "c/spring/roll-up/fu1/2024-02-02/3201/?form=%00",
        "c/spring/roll-up/fu1/2024-02-02/3201/export/?measure=guess",
        "c/spring/roll-up/fu1/2024-02-02/3201/export/?basis=strict&measure=increment",
    ],
)
def test_an_address_that_names_nothing_is_not_found(client, world, path):
    login(client, world.city)
    assert client.get(f"/{path}").status_code == 404


def test_nothing_is_changed_here_so_nothing_is_posted(client, world):
    login(client, world.city)
    assert client.post(address(world, world.city)).status_code == 405
    assert client.head(address(world, world.city)).status_code == 200


def test_the_filters_lead_to_the_address_of_what_they_choose(client, world):
    login(client, world.city)
    chosen = {"form": "fu1", "period": "2024-01-26", "basis": "received", "measure": "increment"}
    response = client.get(address(world, world.city), chosen)
    there = address(world, world.city, world.first, basis="received", measure="increment")
    assert response.status_code == 302
    assert response.url == there
    assert [row[1] for row in rows_of(client.get(there))] == ["1,320", "1,000", "20", "300"]


def test_names_from_the_registry_are_escaped(client, world):
    login(client, world.city)
    world.near.short = "<script>alert(1)</script>"
    world.near.save()
    page = client.get(address(world, world.city)).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_bands_show_the_total_as_issued_and_below_it_a_row_a_unit(client, world):
    login(client, world.city)
    form = make_form(world.campaign, "fu2", indicators=4, layout="bands", bands=[2, 2])
    make_submission(form, world.city, world.second, {1: 1, 2: 2, 3: 3, 4: 4})
    make_submission(form, world.near, world.first, {1: 10, 2: 20, 3: 30, 4: None})
    response = client.get(address(world, world.city, form=form))
    assert rows_of(response) == [
        ["甲市", "11", "22"],
        ["甲市", "33", "1 4"],
        ["总计", "11", "22", "本期 1/3，沿用 1，未报 1"],
        ["市本级", "1", "2", "✓已通过", "2月2日"],
        ["东区", "10", "20", "沿沿用第1期", "1月26日"],
        ["西区", "", "", "未未报", "—"],
        ["总计", "33", "1 4"],
        ["市本级", "3", "4"],
        ["东区", "30", "—"],
        ["西区", "", ""],
    ]
    ids = re.findall(r' id="([^"]+)"', response.content.decode())
    assert len(ids) == len(set(ids))


def test_no_page_needs_an_inline_style_or_script(client, world):
    login(client, world.city)
    page = client.get(address(world, world.city)).content.decode()
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]* src=)", page)


@pytest.mark.parametrize("query", [{}, {"basis": "strict"}, {"measure": "increment"}])
def test_the_number_of_queries_does_not_grow_with_the_units(client, world, query):
    login(client, world.city)

    def add_units(first, last):
        for number in range(first, last):
            place = make_place(world.campaign, f"3203{number:02}", parent=world.city)
            period = world.first if number % 2 else world.second
            if number % 3:
                make_submission(world.form, place, period, {1: 1, 2: None})

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address(world, world.city, **query)).status_code == 200
        return len(captured)

    add_units(0, 6)
    few = queries()
    add_units(6, 60)
    assert queries() == few


class TestTheWayIn:
    """roll_up_home and the lines page."""

    def test_it_leads_to_the_latest_accepted_period_of_the_highest_unit(self, client, world):
        login(client, world.province)
        make_submission(world.form, world.near, world.third, {1: 1}, status="submitted")
        response = client.get(reverse("reports:roll-up-home", args=["spring"]))
        assert response.url == address(world, world.province, world.second)

    def test_it_leads_to_the_period_to_report_where_nothing_is_accepted(self, client, world):
        login(client, world.province)
        Submission.objects.all().delete()
        response = client.get(reverse("reports:roll-up-home", args=["spring"]))
        assert response.url == address(world, world.province, world.third)

    def test_of_several_units_the_highest_that_is_read_below_comes_first(self, client, world):
        user = login(client, world.near)
        Membership.objects.create(user=user, unit=world.other.unit, role=VIEWER)
        Membership.objects.create(user=user, unit=world.province.unit, role=Membership.Role.REPORTER)
        response = client.get(reverse("reports:roll-up-home", args=["spring"]), follow=True)
        assert response.request["PATH_INFO"] == address(world, world.other)
        assert f'<a href="{address(world, world.near)}">东区</a>' in response.content.decode()

    def test_a_reporter_comes_to_the_own_figures(self, client, world):
        login(client, world.near, Membership.Role.REPORTER)
        response = client.get(reverse("reports:roll-up-home", args=["spring"]), follow=True)
        assert rows_of(response)[0][1:3] == ["1 —", "2.00"]

    @pytest.mark.parametrize("page", ["roll-up-home", "board-home"])
    def test_a_reporter_of_a_unit_with_others_below_it_comes_to_the_own_reports(self, client, world, page):
        login(client, world.province, Membership.Role.REPORTER)
        response = client.get(reverse(f"reports:{page}", args=["spring"]), follow=True)
        assert response.status_code == 200
        assert response.request["PATH_INFO"] == reverse("reports:submission-list", args=["spring"])

    def test_somebody_without_a_place_in_the_campaign_finds_nothing(self, client, world):
        login(client, make_place(make_campaign("autumn"), "99"))
        assert client.get(reverse("reports:roll-up-home", args=[world.campaign.code])).status_code == 404


@pytest.fixture
def wuhan():
    """An office above two lines, each with its own form over the same two districts."""
    campaign = make_campaign()
    office = make_place(campaign, "office", reports=False, level="office", name="办公室")
    world = SimpleNamespace(
        campaign=campaign, office=office, forms={}, heads={}, second=period_of(campaign, 2)
    )
    for number, line in enumerate(("hr", "union"), start=1):
        form = make_form(campaign, f"fu{number}", indicators=2, line=line, annex=f"附件{number}")
        head = make_place(
            campaign, line, parent=office, line=line, level="prefecture", name=f"市{line}局", short="某市"
        )
        east = make_place(campaign, f"e-{line}", parent=head, line=line, name="东区")
        make_place(campaign, f"w-{line}", parent=head, line=line, name="西区")
        make_submission(form, head, period_of(campaign, 2), {1: 100 * number, 2: 5})
        make_submission(form, east, period_of(campaign, 1), {1: 11 * number, 2: None})
        world.forms[line], world.heads[line] = form, head
    world.form = world.forms["hr"]
    return world


class TestLines:
    def test_the_office_sees_its_lines_side_by_side_and_no_sum_of_them(self, client, wuhan):
        login(client, wuhan.office)
        response = client.get(reverse("reports:roll-up-home", args=["spring"]), follow=True)
        assert response.request["PATH_INFO"] == "/c/spring/lines/2024-02-02/"
        assert rows_of(response) == [
            # The first column has the same name in both; 100 of it came with this period, 200 with the union's.
            ["报送", "本期 1/3，沿用 1，未报 1", "本期 1/3，沿用 1，未报 1"],
            ["指标1 人", "111 本期 +100", "222 本期 +200"],
            ["指标2 人", "5 本期 +5", "5 本期 +5"],
            ["总计", "111", "1 5"],
            ["总计", "222", "1 5"],
        ]
        assert "333" not in text_of(response)
        assert text_of(response).count("应报 3") == 2
        assert text_of(response).count("沿用上期：东区（截至1月26日）；未报送：西区。") == 2

    def test_each_line_leads_to_its_own_roll_up_and_back(self, client, wuhan):
        login(client, wuhan.office)
        lines = reverse("reports:lines", args=["spring", "2024-02-02"])
        page = client.get(lines).content.decode()
        for line, form in wuhan.forms.items():
            there = address(wuhan, wuhan.heads[line], form=form)
            assert f'<a href="{there}">{form.annex} 市{line}局</a>' in page
            below = client.get(there)
            assert rows_of(below)[0][1] == {"hr": "111", "union": "222"}[line]
            assert f'<a href="{lines}">办公室（各条线）</a>' in below.content.decode()

    def test_a_line_of_several_heads_is_shown_at_the_unit_above_them(self, client, wuhan):
        login(client, wuhan.office)
        make_place(wuhan.campaign, "hr2", parent=wuhan.office, line="hr", name="另一局")
        page = client.get(reverse("reports:lines", args=["spring", "2024-02-02"])).content.decode()
        assert f'href="{address(wuhan, wuhan.office)}"' in page

    def test_the_period_is_chosen_by_a_plain_form(self, client, wuhan):
        login(client, wuhan.office)
        response = client.get("/c/spring/lines/2024-02-02/", {"period": "2024-01-26"})
        assert response.url == "/c/spring/lines/2024-01-26/"
        assert ["总计", "11", "1 —"] in rows_of(client.get(response.url))

    def test_a_single_line_has_no_such_page_and_does_not_see_its_neighbour(self, client, wuhan):
        login(client, wuhan.heads["hr"])
        assert client.get("/c/spring/lines/2024-02-02/").status_code == 404
        assert client.get(address(wuhan, wuhan.heads["union"], form=wuhan.forms["union"])).status_code == 404
        assert client.get(address(wuhan, wuhan.office)).status_code == 404

    def test_a_reporter_of_the_office_does_not_see_what_is_below(self, client, wuhan):
        login(client, wuhan.office, Membership.Role.REPORTER)
        assert client.get("/c/spring/lines/2024-02-02/").status_code == 404
        response = client.get(reverse("reports:roll-up-home", args=["spring"]))
        assert response.url == reverse("reports:submission-list", args=["spring"])

    def test_a_form_that_nobody_there_owes_has_no_total(self, client, wuhan):
        login(client, wuhan.office)
        assert client.get(address(wuhan, wuhan.heads["hr"], form=wuhan.forms["union"])).status_code == 404

    def test_the_number_of_queries_does_not_grow_with_the_units(self, client, wuhan):
        login(client, wuhan.office)
        client.get("/c/spring/lines/2024-02-02/")

        def queries():
            with CaptureQueriesContext(connection) as captured:
                assert client.get("/c/spring/lines/2024-02-02/").status_code == 200
            return len(captured)

        few = queries()
        for number in range(60):
            place = make_place(wuhan.campaign, f"n{number}", parent=wuhan.heads["hr"], line="hr")
            make_submission(wuhan.form, place, wuhan.second, {1: 1})
        assert queries() == few
