"""活动: what everyone reads of a campaign, and what its coordinators change there, each within their reach."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.definition import load, read
from campaigns.models import Campaign, DayOff, Doubt, Exemption, Target, TextDuty, UnitPlace
from chunfeng.accounts.models import Membership
from chunfeng.accounts.roles import people_managed_by
from reports.contacts import contacts_of
from reports.managing import changes
from reports.managing.schedule import schedule
from reports.models import Announcement, CampaignEvent, Extension
from tests.campaigns.definitions import FIXTURES
from tests.factories import (
    SHANGHAI,
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db

Role = Membership.Role


@pytest.fixture
def world():
    """Province P over cities A (with counties A1, A2) and B (with B1); people at P, A, A1 and B1."""
    campaign = make_campaign(
        theme="春风送岗促就业",
        document={
            "number": "某人社发〔2024〕5号",
            "issued": "2024-01-10",
            "issuers": ["省人社厅", "省总工会"],
        },
    )
    form = make_form(
        campaign,
        annex="附件1",
        notes=["统计数据为累计数。"],
        indicators=[
            {"label": "招聘活动", "unit_of_measure": "场次", "explain": "线上线下均计。"},
            {"label": "包车", "unit_of_measure": "辆次", "confirmed": False},
        ],
    )
    places = {"P": make_place(campaign, "P", level="province", reports=False)}
    for code, parent in (("A", "P"), ("A1", "A"), ("A2", "A"), ("B", "P"), ("B1", "B")):
        level = "prefecture" if len(code) == 1 else "county"
        places[code] = make_place(campaign, code, parent=places[parent], level=level)
    people = {
        "root": make_user("root", unit=places["P"], role=Role.COORDINATOR, name="苏若宁", phone="000-5"),
        "city": make_user("city", unit=places["A"], role=Role.COORDINATOR, name="顾明川", phone="000-4"),
        "viewer": make_user("viewer", unit=places["P"], role=Role.VIEWER, name="余小寒"),
        "clerk": make_user("clerk", unit=places["A1"], name="许念真"),
        "other": make_user("other", unit=places["B1"], name="叶谷雨"),
    }
    return {"campaign": campaign, "form": form, **places, **people}


def at(month, day, hour=17, minute=30):
    return datetime.combine(date(2024, month, day), time(hour, minute), SHANGHAI)


def url(name, *args):
    return reverse(f"reports:{name}", args=["spring", *args])


def get(client, user, page, /, *args, **query):
    client.force_login(user)
    return client.get(url(page, *args), query)


def post(client, user, page, /, *args, **data):
    client.force_login(user)
    return client.post(url(page, *args), data, follow=True)


def told(response):
    return [str(message) for message in response.context["messages"]]


# --- the page -------------------------------------------------------------------------------------


def test_everyone_reads_what_the_notice_asks(client, world):
    Target.objects.create(
        campaign=world["campaign"],
        position=1,
        indicator=world["form"].columns[0],
        at_least=244,
        over="campaign",
    )
    TextDuty.objects.create(
        campaign=world["campaign"], position=1, kind="case", each_period=True, at_least=3, each="prefecture"
    )
    TextDuty.objects.create(
        campaign=world["campaign"], position=2, kind="summary", due=date(2024, 2, 29), each="reporter"
    )
    for who in ("root", "city", "viewer", "clerk"):
        response = get(client, world[who], "campaign-about")
        assert response.status_code == 200
        page = response.content.decode()
        for text in (
            "某市2024年春风行动",
            "春风送岗促就业",
            "某人社发〔2024〕5号",
            "2024年1月10日",
            "省人社厅",
            "2024年1月25日至2024年2月9日",
            "第3期数据",
            "2月3日—2月9日",
            "统计数据为累计数。",
            "线上线下均计。",
            "待核实",
            "≥ 244 场次",
            "特色亮点：每个市，每期随数据报送，不少于3篇",
            "工作总结（每个填报单位）",
        ):
            assert text in page, (who, text)
        [page_here] = [page for page in response.context["portal"]["pages"] if page.current]
        assert page_here.name == "活动"


def test_whoever_has_no_office_in_the_campaign_finds_nothing(client, world):
    stranger = make_user("stranger", unit=make_place(make_campaign("later"), "X"), role=Role.COORDINATOR)
    for name, args in [
        ("campaign-about", ()),
        ("campaign-dates", ()),
        ("campaign-units", ()),
        ("unit-change", ("A1",)),
    ]:
        assert get(client, stranger, name, *args).status_code == 404


def test_tabs_are_for_coordinators_and_the_tree_for_those_at_the_root(client, world):
    def names(who):
        return [name for name, _, _ in get(client, world[who], "campaign-about").context["tabs"]]

    assert names("clerk") == names("viewer") == []
    assert names("city") == ["活动", "日期与免报", "待核实"]
    assert names("root") == ["活动", "日期与免报", "待核实", "目标", "单位变动", "关闭与记录"]


def test_only_the_forms_of_one_s_own_line_are_explained(client):
    campaign = make_campaign()
    make_form(campaign, "fu1", annex="附件1", line="hr")
    make_form(campaign, "fu2", annex="附件2", line="union")
    office = make_place(campaign, "office", level="office", reports=False)
    district = make_place(campaign, "102-hr", parent=office, line="hr")
    clerk, head = make_user("clerk", unit=district), make_user("head", unit=office, role=Role.VIEWER)
    assert [form.annex for form in get(client, clerk, "campaign-about").context["forms"]] == ["附件1"]
    assert [form.annex for form in get(client, head, "campaign-about").context["forms"]] == ["附件1", "附件2"]


def test_contacts_are_the_nearest_coordinators_above_and_those_at_the_root(world):
    def names(user):
        return [
            (contact.place.unit.code, [person.name for person in contact.people])
            for contact in contacts_of(user, world["campaign"])
        ]

    assert names(world["clerk"]) == [("A", ["顾明川"]), ("P", ["苏若宁"])]
    # Nobody coordinates B: the next unit up, and once.
    assert names(world["other"]) == [("P", ["苏若宁"])]
    assert names(world["city"]) == [("P", ["苏若宁"])]
    assert names(world["root"]) == [("P", ["苏若宁"])]
    below = make_place(world["campaign"], "A11", parent=world["A1"])
    make_user("district", unit=world["A1"], role=Role.COORDINATOR, name="唐立秋")
    assert names(make_user("street", unit=below)) == [("A1", ["唐立秋"]), ("P", ["苏若宁"])]
    world["city"].is_active = False
    world["city"].save()
    assert names(world["clerk"]) == [("P", ["苏若宁"])]


def test_the_clerk_s_tasks_show_contacts_and_announcements(client, world):
    Announcement.objects.create(
        campaign=world["campaign"],
        unit=world["A"].unit,
        title="金额按万元",
        text="不是元",
        author=world["city"],
    )
    page = get(client, world["clerk"], "task-list").content.decode()
    for text in ("顾明川 · 000-4", "苏若宁 · 000-5", "金额按万元", "不是元"):
        assert text in page


# --- the calendar ---------------------------------------------------------------------------------


def calendar_of(campaign, now, **more):
    known = {"changes": {}, "extended": {}, "exempt": (), "lines": {}} | more
    return schedule(campaign, now, **known)


def lines_of(found):
    return [
        (f"{entry.day:%m-%d}", entry.at and f"{entry.at:%H:%M}", entry.title, entry.why, entry.state)
        for entry in found.entries
    ]


def test_jiangsu_s_calendar_says_why_a_date_has_moved():
    campaign = load(read(FIXTURES / "jiangsu-2024")).campaign
    found = calendar_of(campaign, at(2, 18, 9))
    assert lines_of(found)[:8] == [
        ("01-26", "17:30", "第1期数据", "", "past"),
        ("01-26", None, "联系人及联系方式（每个市）", "", "past"),
        ("02-02", "17:30", "第2期数据", "", "past"),
        ("02-09", "17:30", "第3期数据", "", "past"),
        ("02-18", "17:30", "第4期数据", "截至日2月16日春节，顺延到调休上班的2月18日", "today"),
        ("02-23", "17:30", "第5期数据", "", "later"),
        ("02-29", None, "阶段性进展情况（每个市）", "", "later"),
        ("03-01", "17:30", "第6期数据", "", "later"),
    ]
    assert lines_of(found)[-2:] == [
        ("04-10", "17:30", "第12期数据 收官数据", "活动安排写明这一天", "later"),
        ("04-10", None, "整体活动总结（每个市）", "", "later"),
    ]
    assert found.duties == ("一周特色亮点工作：每个市，每期随数据报送，不少于3篇",)
    assert found.warning == ""
    february = found.months[1]
    marks = {day.day.day: set(day.marks) for week in february.weeks for day in week if day.day.month == 2}
    assert (marks[16], marks[18]) == ({"end", "off"}, {"due", "works", "today"})
    assert (marks[9], marks[10], marks[5]) == ({"end", "due"}, {"off"}, set())


def test_wuhan_s_last_date_is_the_notice_s_although_it_is_a_holiday():
    campaign = load(read(FIXTURES / "wuhan-2014")).campaign
    found = calendar_of(campaign, datetime(2014, 2, 26, 9, tzinfo=SHANGHAI), lines={"hr": "人社部门"})
    shown = lines_of(found)
    assert shown[:5] == [
        ("02-07", "17:30", "第1期数据", "截至日1月31日春节，顺延到2月7日", "past"),
        ("02-17", "17:30", "第2期数据", "截至日2月15日周六，顺延到2月17日", "past"),
        ("02-28", "17:30", "第3期数据", "", "next"),
        ("03-17", "17:30", "第4期数据", "截至日3月15日周六，顺延到3月17日", "later"),
        ("04-05", "17:30", "第5期数据", "活动安排写明这一天；当日清明，不顺延", "later"),
    ]
    assert "工作方案：每个县（市、区），人社部门，日期由牵头单位另定" in found.duties
    assert "简报：办公室，日期由牵头单位另定" in found.duties


def test_a_change_an_extension_and_a_day_off_of_one_s_own_stand_in_the_calendar(world):
    campaign, period = world["campaign"], period_of(world["campaign"], 2)
    DayOff.objects.create(day=date(2024, 1, 26), works=False, name="调休")
    changes.set_due(period, at(2, 4, 12, 0), by=world["root"], reason="系统升级")
    logged = changes.due_changes(campaign, campaign.periods.all())
    found = calendar_of(
        campaign,
        at(2, 1, 9),
        changes=logged,
        extended={period.pk: at(2, 5, 9, 0)},
        exempt=[period_of(campaign, 3).pk],
    )
    assert lines_of(found) == [
        ("01-26", "17:30", "第1期数据", "当日调休，不顺延", "past"),
        ("02-04", "12:00", "第2期数据", "苏若宁调整，原为2024年2月2日 17:30：系统升级", "next"),
        ("02-09", "17:30", "第3期数据", "", "later"),
    ]
    assert [entry.extended_to for entry in found.entries] == [None, at(2, 5, 9, 0), None]
    assert [entry.is_exempt for entry in found.entries] == [False, False, True]
    # A reload that replaces the date leaves the log alone; the log explains nothing any more.
    campaign.periods.filter(pk=period.pk).update(due_at=at(2, 2))
    assert lines_of(calendar_of(campaign, at(2, 1, 9), changes=logged))[1][3] == ""


def test_a_year_that_nobody_knows_the_holidays_of_is_warned_of():
    campaign = make_campaign(starts=date(2099, 1, 1), period_ends=[date(2099, 1, 9)])
    found = calendar_of(campaign, datetime(2099, 1, 1, tzinfo=SHANGHAI))
    assert "2099年的放假安排尚未收录" in found.warning


def test_one_s_own_extension_and_exemption_are_read_on_the_page(client, world):
    first, second = period_of(world["campaign"], 1), period_of(world["campaign"], 2)
    Extension.objects.create(
        period=first, unit=world["A1"].unit, due_at=at(1, 29), reason="停工", granted_by=world["root"]
    )
    Exemption.objects.create(period=second, unit=world["A1"].unit, reason="停工", granted_by="苏若宁")
    own = get(client, world["clerk"], "campaign-about").context["schedule"].entries
    assert [(entry.extended_to, entry.is_exempt) for entry in own] == [
        (at(1, 29), False),
        (None, True),
        (None, False),
    ]
    other = get(client, world["other"], "campaign-about").context["schedule"].entries
    assert [(entry.extended_to, entry.is_exempt) for entry in other] == [(None, False)] * 3


# --- announcements --------------------------------------------------------------------------------


def test_an_announcement_is_read_by_its_unit_and_all_below_and_by_nobody_else(client, world):
    response = post(
        client,
        world["city"],
        "announcement-create",
        title="<b>注意</b>",
        text="第一行\n<script>alert(1)</script>",
        unit=world["A"].unit.pk,
    )
    assert told(response) == ["公告已发布，本单位和下级单位都能看到。"]
    announcement = Announcement.objects.get()
    assert (announcement.unit, announcement.author) == (world["A"].unit, world["city"])
    readers = {
        who
        for who in ("root", "city", "viewer", "clerk", "other")
        if "注意" in get(client, world[who], "campaign-about").content.decode()
    }
    assert readers == {"city", "clerk"}
    page = get(client, world["clerk"], "campaign-about").content.decode()
    assert "&lt;b&gt;注意&lt;/b&gt;" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_unit_that_has_moved_reads_its_new_city(world):
    old = UnitPlace.objects.get(pk=world["A1"].pk)
    old.closes = date(2024, 1, 31)
    old.save()
    make_place(world["campaign"], "A1", parent=world["B"], opens=date(2024, 2, 1))
    for city in ("A", "B"):
        Announcement.objects.create(
            campaign=world["campaign"], unit=world[city].unit, title=city, text="…", author=world["root"]
        )
    read_by = Announcement.objects.visible_to(world["clerk"], world["campaign"])
    assert [one.title for one in read_by] == ["B"]


def test_nobody_announces_for_a_unit_of_others(client, world):
    asked = {"title": "通知", "text": "内容"}
    for who in ("clerk", "viewer", "other"):
        response = post(client, world[who], "announcement-create", unit=world["A"].unit.pk, **asked)
        assert response.status_code == 403
    response = post(client, world["city"], "announcement-create", unit=world["P"].unit.pk, **asked)
    assert response.status_code == 404
    response = post(
        client, world["city"], "announcement-create", title="", text="写了很久的内容", unit=world["A"].unit.pk
    )
    assert response.status_code == 400
    assert "写了很久的内容" in response.content.decode()
    assert not Announcement.objects.exists()


def test_an_announcement_is_withdrawn_by_the_coordinators_of_its_unit(client, world):
    announcement = Announcement.objects.create(
        campaign=world["campaign"], unit=world["A"].unit, title="注意", text="…", author=world["city"]
    )
    assert post(client, world["clerk"], "announcement-withdraw", announcement.pk).status_code == 403
    # Out of reach is as if it did not exist: the root does not read what a city tells its counties.
    assert post(client, world["root"], "announcement-withdraw", announcement.pk).status_code == 404
    assert post(client, world["other"], "announcement-withdraw", announcement.pk).status_code == 404
    assert told(post(client, world["city"], "announcement-withdraw", announcement.pk)) == ["公告已撤回。"]
    assert told(post(client, world["city"], "announcement-withdraw", announcement.pk)) == ["公告此前已撤回。"]
    assert "注意" not in get(client, world["clerk"], "campaign-about").content.decode()
    assert Announcement.objects.get().withdrawn_at is not None


# --- who may --------------------------------------------------------------------------------------

ANY_COORDINATOR = [("campaign-dates", ()), ("period-dates", ("2024-01-26",)), ("campaign-doubts", ())]
ROOT_ONLY = [
    ("campaign-targets", ()),
    ("campaign-units", ()),
    ("unit-change", ("A1",)),
    ("unit-open", ()),
    ("campaign-log", ()),
]


@pytest.mark.parametrize(("name", "args"), ANY_COORDINATOR + ROOT_ONLY)
def test_who_opens_which_page(client, world, name, args):
    statuses = {
        who: get(client, world[who], name, *args).status_code
        for who in ("root", "city", "viewer", "clerk", "other")
    }
    city = 403 if (name, args) in ROOT_ONLY else 200
    assert statuses == {"root": 200, "city": city, "viewer": 403, "clerk": 403, "other": 403}


@pytest.mark.parametrize(
    ("name", "args", "data"),
    [
        ("period-due", ("2024-01-26",), {"day": "2024-01-29", "clock": "12:00"}),
        ("period-exempt", ("2024-01-26",), {"all": "1"}),
        ("indicator-name", ("fu1", 2), {"label": "大巴", "unit": "辆次"}),
        ("doubt-settle", (1,), {"reading": "读作大巴", "settled": "已核实"}),
        ("target-set", (1,), {"at_least": "3", "say": ""}),
        ("unit-preview", ("A1", "close"), {"on": "2024-02-01", "after_close": "keep", "confirm": "1"}),
        (
            "unit-open-preview",
            (),
            {
                "code": "A3",
                "name": "甲三",
                "short": "甲三",
                "level": "county",
                "parent": "A",
                "reports": "on",
                "on": "2024-02-01",
                "confirm": "1",
            },
        ),
        ("campaign-close", (), {}),
        ("campaign-reopen", (), {}),
    ],
)
def test_only_the_root_changes_what_concerns_everyone(client, world, name, args, data):
    for who in ("city", "viewer", "clerk"):
        response = post(client, world[who], name, *args, reason="理由充分", **data)
        assert response.status_code == 403, who
    client.force_login(world["root"])
    assert client.get(url(name, *args)).status_code == 405
    assert not CampaignEvent.objects.exists()
    assert Campaign.objects.get().closed_at is None


# --- dates ----------------------------------------------------------------------------------------


def test_a_campaign_s_times_are_told_and_typed_on_its_own_clock(client, world):
    world["campaign"].time_zone = "Asia/Urumqi"  # 17:30 in Shanghai is 15:30 there
    world["campaign"].save()
    page = get(client, world["root"], "period-dates", "2024-01-26")
    assert 'name="clock" value="15:30"' in page.text
    assert "1月26日 星期五 15:30" in page.text
    post(client, world["root"], "period-due", "2024-01-26", day="2024-01-29", clock="15:30", reason="春节")
    assert period_of(world["campaign"], 1).due_at == datetime(2024, 1, 29, 9, 30, tzinfo=UTC)
    assert timezone.get_current_timezone_name() == "Asia/Shanghai"  # for everybody else


def test_the_root_moves_a_due_time(client, world):
    response = post(
        client, world["root"], "period-due", "2024-01-26", day="2024-01-29", clock="12:00", reason="春节"
    )
    assert told(response) == ["第1期的截止时间已调整。"]
    assert period_of(world["campaign"], 1).due_at == at(1, 29, 12, 0)
    assert "原为2024年1月26日 17:30：春节" in response.content.decode()
    listed = get(client, world["city"], "campaign-dates").content.decode()
    assert "苏若宁调整，原为2024年1月26日 17:30：春节" in listed
    for data, sentence in (
        ({"day": "", "clock": "12:00", "reason": "春节"}, "请选择日期。"),
        ({"day": "2024-01-29", "clock": "noon", "reason": "春节"}, "时刻应写成 17:30 这样。"),
        ({"day": "2024-01-29", "clock": "12:00", "reason": ""}, "请写明理由。"),
        ({"day": "2024-01-01", "clock": "12:00", "reason": "春节"}, "截止时间应在2024年1月25日至"),
    ):
        [message] = told(post(client, world["root"], "period-due", "2024-01-26", **data))
        assert sentence in message
    assert period_of(world["campaign"], 1).due_at == at(1, 29, 12, 0)


def test_a_city_gives_its_counties_more_time_and_lets_them_off(client, world):
    response = post(
        client,
        world["city"],
        "period-extend",
        "2024-01-26",
        unit=["A1", "A2"],
        day="2024-01-29",
        clock="12:00",
        reason="停工",
    )
    assert told(response) == ["已延期：单位A1、单位A2。"]
    assert {one.unit.code: one.due_at for one in Extension.objects.all()} == {
        "A1": at(1, 29, 12, 0),
        "A2": at(1, 29, 12, 0),
    }
    response = post(client, world["city"], "period-exempt", "2024-01-26", unit=["A2"], reason="停工")
    assert told(response) == ["已设为免报：单位A2。"]
    extension, exemption = Extension.objects.get(unit__code="A1"), Exemption.objects.get()
    assert told(post(client, world["city"], "extension-lift", extension.pk, reason="复工")) == [
        "已取消单位A1的延期。"
    ]
    assert told(post(client, world["city"], "exemption-lift", exemption.pk, reason="复工")) == [
        "已取消免报。"
    ]
    assert not Exemption.objects.exists()
    assert CampaignEvent.objects.count() == 5


def test_nobody_reaches_beyond_the_units_below(client, world):
    asked = {"day": "2024-01-29", "clock": "12:00", "reason": "停工"}
    for codes in (["B1"], ["A"], ["P"], ["A1", "B1"], ["nobody"], ["A\0"]):
        for name in ("period-extend", "period-exempt"):
            response = post(client, world["city"], name, "2024-01-26", unit=codes, **asked)
            assert response.status_code == 404, codes
    assert not Extension.objects.exists()
    assert not Exemption.objects.exists()
    period = period_of(world["campaign"], 1)
    changes.extend(period, [world["B1"].unit], at(1, 29), by=world["root"], reason="停工")
    changes.exempt(period, [world["B1"].unit], by=world["root"], reason="停工")
    for name, granted in (("extension-lift", Extension), ("exemption-lift", Exemption)):
        response = post(client, world["city"], name, granted.objects.get().pk, reason="复工")
        assert response.status_code == 404
        assert post(client, world["city"], name, 9999, reason="复工").status_code == 404
    changes.exempt(period_of(world["campaign"], 2), None, by=world["root"], reason="春节")
    for_all = Exemption.objects.get(unit=None)
    assert post(client, world["city"], "exemption-lift", for_all.pk, reason="复工").status_code == 403
    assert Exemption.objects.count() == 2


def test_a_city_sees_its_counties_and_what_they_were_granted(client, world):
    make_submission(
        world["form"], world["A2"], period_of(world["campaign"], 1), {1: 1}, submitted_at=at(1, 27)
    )
    changes.extend(
        period_of(world["campaign"], 1), [world["A1"].unit], at(1, 29), by=world["root"], reason="停工"
    )
    response = get(client, world["city"], "period-dates", "2024-01-26")
    rows = {row["place"].unit.code: (row["sent"], row["late"]) for row in response.context["rows"]}
    assert rows == {"A1": (0, False), "A2": (1, True)}
    page = response.content.decode()
    assert "1月29日 17:30" in page
    assert "停工" in page
    assert "调整截止时间" not in page
    found = get(client, world["city"], "period-dates", "2024-01-26", q="A2")
    assert [row["place"].unit.code for row in found.context["rows"]] == ["A2"]
    root = get(client, world["root"], "period-dates", "2024-01-26")
    assert [row["place"].unit.code for row in root.context["rows"]] == ["A", "A1", "A2", "B", "B1"]
    assert "调整截止时间" in root.content.decode()


# --- 待核实 and targets ---------------------------------------------------------------------------


def test_doubts_are_read_by_every_coordinator_and_settled_at_the_root(client, world):
    doubt = Doubt.objects.create(
        campaign=world["campaign"],
        report_form=world["form"],
        position=1,
        about="c2",
        quote="“点对点”<包车>",
        reading="读作“包车”。",
    )
    page = get(client, world["city"], "campaign-doubts").content.decode()
    for text in ("“点对点”&lt;包车&gt;", "读作“包车”。", "第2列", "共 1 项，1 项待核实", "包车（辆次）"):
        assert text in page
    assert "<form" not in page.split("<main")[1]
    response = post(
        client,
        world["root"],
        "doubt-settle",
        doubt.pk,
        reading="读作“大巴”。",
        settled="省厅答复",
        reason="电话核实",
    )
    assert told(response) == ["已记下核实结果。"]
    page = get(client, world["city"], "campaign-doubts").content.decode()
    for text in ("读作“大巴”。", "省厅答复", "已核实", "共 1 项，0 项待核实"):
        assert text in page


def test_a_label_is_confirmed_from_the_list_and_one_that_is_certain_is_called_up(client, world):
    response = post(
        client, world["root"], "indicator-name", "fu1", 2, label="大巴", unit="辆次", reason="电话核实"
    )
    assert told(response) == ["附件1 第2列的列名已核实。"]
    assert "各列名称都已确定。" in response.content.decode()
    assert "大巴" in get(client, world["clerk"], "campaign-about").content.decode()
    [(_, columns)] = get(client, world["root"], "campaign-doubts", form="fu1", column="1").context["labels"]
    assert [column.label for column in columns] == ["招聘活动"]
    [message] = told(
        post(client, world["root"], "indicator-name", "fu1", 2, label=" ", unit="辆次", reason="电话核实")
    )
    assert message == "列名不能为空，请填写。"
    assert (
        post(client, world["root"], "indicator-name", "fu1", 3, label="甲", reason="电话").status_code == 404
    )


def test_a_target_is_changed_on_its_page(client, world):
    target = Target.objects.create(
        campaign=world["campaign"],
        position=1,
        indicator=world["form"].columns[0],
        at_least=244,
        over="campaign",
    )
    response = post(
        client, world["root"], "target-set", target.pk, at_least="1,000", say="全省", reason="省里加任务"
    )
    assert told(response) == ["目标已调整。"]
    target.refresh_from_db()
    assert (target.at_least, target.say) == (Decimal(1000), "全省")
    assert "≥ 244" in get(client, world["root"], "campaign-log").content.decode()


# --- the tree -------------------------------------------------------------------------------------


@pytest.fixture
def reported(world):
    """A1 has 40 in the first column of period 1."""
    make_submission(world["form"], world["A1"], period_of(world["campaign"], 1), {1: 40})
    return world


def test_a_closing_is_shown_then_confirmed(client, reported):
    asked = {"on": "2024-02-05", "after_close": "stop", "into": "A2", "reason": "并入"}
    response = post(client, reported["root"], "unit-preview", "A1", "close", **asked)
    page = response.content.decode()
    assert response.status_code == 200
    for text in (
        "2024年2月5日并入单位A2（A2），停止计入",
        "1 期会变：",
        "第3期",
        "应报 3",
        "应报 2",
        "40",
        "确认停用或并入",
    ):
        assert text in page
    assert UnitPlace.objects.get(pk=reported["A1"].pk).closes is None
    response = post(client, reported["root"], "unit-preview", "A1", "close", **asked, confirm="1")
    assert told(response) == ["已并入：单位A1（A1）。"]
    place = UnitPlace.objects.get(pk=reported["A1"].pk)
    assert (place.closes, place.after_close) == (date(2024, 2, 5), "stop")
    event = CampaignEvent.objects.get()
    assert (event.kind, event.reason, event.actor) == ("place_merged", "并入", reported["root"])
    # A second click, or a colleague who was slower.
    response = post(client, reported["root"], "unit-preview", "A1", "close", **asked, confirm="1")
    assert told(response) == ["单位A1已定于2024年2月5日停用，请先撤销停用。"]
    # Taken back, from the page of the closed unit.
    assert "撤销停用" in get(client, reported["root"], "unit-change", "A1").content.decode()
    post(client, reported["root"], "unit-preview", "A1", "reopen", reason="弄错了", confirm="1")
    assert UnitPlace.objects.get(pk=reported["A1"].pk).closes is None


def test_a_move_and_a_new_name_are_confirmed(client, reported):
    post(
        client, reported["root"], "unit-preview", "A1", "move",
        parent="单位B", on="2024-02-01", reason="区划调整", confirm="1",
    )  # fmt: skip
    response = post(
        client, reported["root"], "unit-preview", "A1", "rename",
        name="新甲局", short="新甲", on="", reason="原来写错了", confirm="1",
    )  # fmt: skip
    assert told(response) == ["已更名：单位A1（A1）。"]
    places = UnitPlace.objects.filter(unit__code="A1").order_by("pk")
    assert [(place.parent.unit.code, place.name) for place in places] == [("A", "新甲局"), ("B", "新甲局")]


def test_a_new_unit_is_confirmed(client, reported):
    asked = {"code": "A3", "name": "甲三局", "short": "甲三", "level": "county", "parent": "A", "reports": "on",
             "on": "2024-02-01", "reason": "新设"}  # fmt: skip
    page = post(client, reported["root"], "unit-open-preview", **asked).content.decode()
    assert "2 期会变：" in page
    response = post(client, reported["root"], "unit-open-preview", **asked, confirm="1")
    assert told(response) == ["已新设单位：甲三局（A3）。"]
    assert UnitPlace.objects.get(unit__code="A3").parent == reported["A"]


def test_an_office_of_another_campaign_is_not_opened_here_with_all_its_people(client, world):
    elsewhere = make_place(make_campaign("other"), "Q", level="province", reports=False)
    theirs = make_user("theirs", unit=elsewhere, role=Role.COORDINATOR)
    asked = {"code": "Q", "name": "别省局", "short": "别省", "level": "county", "parent": "A", "reports": "on",
             "on": "2024-02-01", "reason": "新设"}  # fmt: skip
    for confirmed in ({}, {"confirm": "1"}):
        response = post(client, world["root"], "unit-open-preview", **asked, **confirmed)
        assert response.status_code == 400
        assert "代码 Q 已是其他活动的单位，要加入本活动，请系统管理员办理。" in response.content.decode()
    assert not world["campaign"].places.filter(unit__code="Q").exists()
    assert theirs not in people_managed_by(world["root"])


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("move", {"parent": "查无此局", "on": "2024-02-01", "reason": "调整"}, "没有找到上级单位“查无此局”"),
        ("move", {"parent": "单位", "on": "2024-02-01", "reason": "调整"}, "不止一个：单位P（P）、单位A（A）"),
        ("move", {"parent": "A", "on": "2024-02-01", "reason": "调整"}, "上级已经是单位A"),
        ("move", {"parent": "B", "on": "", "reason": "调整"}, "请选择日期。"),
        ("close", {"on": "9999-12-31", "after_close": "stop", "reason": "撤销"}, "日期应在1990年至2100年之间"),
        ("close", {"on": "2024-02-05", "reason": "撤销"}, "请选择停用后原有数据怎样处理。"),
        ("close", {"on": "2024-01-25", "after_close": "stop", "reason": "撤销"}, "停止计入会使它从汇总数中消失"),
        ("close", {"on": "2024-02-05", "after_close": "stop", "reason": "。"}, "请写明理由"),
        ("rename", {"name": "单位A1", "short": "单位A1", "on": "", "reason": "更名"}, "都没有变"),
    ],
)  # fmt: skip
def test_a_change_that_is_refused_keeps_what_was_typed(client, reported, kind, data, sentence):
    response = post(client, reported["root"], "unit-preview", "A1", kind, **data, confirm="1")
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert response.context[f"{kind}_form"].data["reason"] == data["reason"]
    assert UnitPlace.objects.filter(unit__code="A1").count() == 1
    assert not CampaignEvent.objects.exists()


def test_what_does_not_exist_is_not_found(client, world):
    assert get(client, world["root"], "unit-change", "nobody").status_code == 404
    assert get(client, world["root"], "unit-change", "A\0").status_code == 404
    assert post(client, world["root"], "unit-preview", "A1", "explode", reason="无").status_code == 404
    assert post(client, world["root"], "unit-preview", "A1", "open", reason="无").status_code == 404
    assert get(client, world["root"], "period-dates", "2024-01-27").status_code == 404
    assert get(client, world["root"], "campaign-log", kind="nothing").status_code == 404
    assert get(client, world["root"], "campaign-units", page="abc").status_code == 200


def test_the_registry_is_searched(client, world):
    def codes(**query):
        page = get(client, world["root"], "campaign-units", **query).context["page"]
        return [place.unit.code for place in page]

    assert codes() == ["P", "A", "A1", "A2", "B", "B1"]
    assert codes(q="dwb") == ["B", "B1"]
    assert codes(q="%") == []


# --- the end, and size ----------------------------------------------------------------------------


def test_the_campaign_is_closed_and_opened_again_with_a_reason(client, world):
    make_submission(world["form"], world["A1"], period_of(world["campaign"], 1), {1: 1}, status="draft")
    assert "1 份尚未上报或被退回" in get(client, world["root"], "campaign-log").content.decode()
    assert told(post(client, world["root"], "campaign-close", reason="")) == ["请写明理由。"]
    assert Campaign.objects.get().closed_at is None
    response = post(client, world["root"], "campaign-close", reason="工作已结束")
    assert told(response) == ["活动已关闭：不再填报和上报，可以继续查阅、审核和导出。"]
    assert timezone.now() - Campaign.objects.get().closed_at < timezone.timedelta(minutes=5)
    assert "已关闭，可以查阅和导出" in get(client, world["clerk"], "campaign-about").content.decode()
    post(client, world["root"], "campaign-reopen", reason="补报")
    assert Campaign.objects.get().closed_at is None
    listed = get(client, world["root"], "campaign-log", kind="closed").context["page"]
    assert [(event.kind, event.reason) for event in listed] == [("closed", "工作已结束")]


@pytest.mark.parametrize(
    ("who", "name", "args"),
    [
        ("root", "campaign-about", ()),
        ("root", "campaign-dates", ()),
        ("root", "period-dates", ("2024-01-26",)),
        ("root", "campaign-units", ()),
        ("root", "unit-change", ("A1",)),
        ("root", "campaign-log", ()),
        ("clerk", "campaign-about", ()),
        ("clerk", "task-list", ()),
    ],
)
def test_pages_take_the_same_queries_however_many_units(client, world, who, name, args):
    def queries():
        client.force_login(world[who])
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url(name, *args)).status_code == 200
        return len(captured)

    def grow(codes):
        period = period_of(world["campaign"], 1)
        for code in codes:
            place = make_place(world["campaign"], code, parent=world["A"])
            make_submission(world["form"], place, period, {1: 1})
            changes.extend(period, [place.unit], at(1, 29), by=world["root"], reason="停工")
            Announcement.objects.create(
                campaign=world["campaign"], unit=world["P"].unit, title=code, text="…", author=world["root"]
            )

    grow(["C1", "C2"])
    few = queries()
    grow([f"D{number}" for number in range(12)])
    assert queries() == few
