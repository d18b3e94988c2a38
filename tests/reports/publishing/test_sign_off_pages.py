"""The pages of 扎口上报: what they say, what their buttons do, who may open them."""

import re
from datetime import UTC, date, datetime
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Exemption, UnitPlace
from reports import lifecycle
from reports.models import SignOff, Submission
from reports.publishing import sign_off
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db

LOCKED = "本期已由徐州市扎口上报，请先由上级重新打开"


@pytest.fixture
def world():
    return World()


class World:
    """A province over two cities; Xuzhou files 100 itself, 睢宁县 20, 新沂市 has not reported period 1."""

    def __init__(self):
        self.campaign = make_campaign(sign_off_by="prefecture")
        self.form = make_form(self.campaign, annex="附件1", layout="rows")
        self.province = make_place(self.campaign, "320000", level="province", reports=False, name="江苏省")
        self.city = make_place(
            self.campaign, "320300", parent=self.province, level="prefecture", name="徐州市"
        )
        self.near = make_place(self.campaign, "320324", parent=self.city, name="睢宁县")
        self.far = make_place(self.campaign, "320381", parent=self.city, name="新沂市")
        self.other = make_place(
            self.campaign, "320500", parent=self.province, level="prefecture", name="苏州市"
        )
        self.zhao = make_user("zhao", unit=self.city, role="coordinator", name="赵六")
        self.sun = make_user("sun", unit=self.province, role="coordinator", name="孙七")
        self.clerk = make_user("clerk", unit=self.far, name="王五")
        self.period = period_of(self.campaign, 1)
        make_submission(self.form, self.city, self.period, {1: 100})
        self.accepted = make_submission(self.form, self.near, self.period, {1: 20})

    def sign(self, **more):
        more.setdefault("missing", ["320381"])
        return sign_off.sign(self.city.unit, self.period, by=self.zhao, **more)

    def late_report(self):
        """新沂市 reports 3 after all."""
        report = make_submission(self.form, self.far, self.period, {1: 3}, status="draft")
        lifecycle.submit(report, by=self.clerk)
        return report


def test_what_a_sign_off_locks_is_not_counted_among_what_may_be_accepted_in_bulk(world, client):
    world.late_report()
    client.force_login(world.zhao)
    queue = reverse("reports:review-queue", args=[world.campaign.code])
    assert "批量通过无标记的 1 份" in client.get(queue).text
    world.sign(missing=[])
    assert "批量通过" not in client.get(queue).text
    confirm = client.get(reverse("reports:bulk-confirm", args=[world.campaign.code])).text
    assert "另有 1 份已扎口，暂不能审核。" in confirm
    assert "有标记" not in confirm


def url(world, page="sign-off", *, unit="320300", number=1):
    parts = [world.campaign.code]
    if page != "sign-off-home":
        parts.append(period_of(world.campaign, number).ends_on.isoformat())
    if page not in ("sign-off-home", "sign-off-list"):
        parts.append(unit)
    return reverse(f"reports:{page}", args=parts)


def text_of(response):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


class TestTheCity:
    def test_its_page_shows_the_report_who_is_missing_and_what_waits(self, client, world):
        waiting = make_submission(
            world.form,
            make_place(world.campaign, "320305", parent=world.city, name="贾汪区"),
            world.period,
            {1: 5},
            status="submitted",
        )
        client.force_login(world.zhao)
        page = client.get(url(world))
        assert [paper["rollup"].total[1] for paper in page.context["papers"]] == [120]
        text = text_of(page)
        assert "未报单位 1 应报 4" in text
        assert "新沂市 未报 附件1" in text
        assert "待审报表 1" in text
        assert "不计入正式汇总数；扎口后不能再审核，请先审核。" in text
        assert reverse("reports:submission-review", args=[waiting.pk]) in page.text
        assert 'name="missing" value="320381" required' in page.text

    def test_signing_with_the_missing_confirmed_gives_a_number(self, client, world):
        client.force_login(world.zhao)
        seen = client.get(url(world)).context["seen"]
        answer = client.post(url(world, "sign-off-sign"), {"missing": ["320381"], "seen": seen})
        assert answer.status_code == 302
        page = client.get(answer.url)
        text = text_of(page)
        assert "已扎口上报，扎口编号 SPRING-01-320300-1。已过截止时间，记为迟报。" in text
        assert "确认未报 新沂市 （附件1）" in text.replace("新沂市（", "新沂市 （")
        assert "赵六" in text
        assert 'name="missing"' not in page.text
        assert SignOff.objects.get().signed_by == world.zhao

    @pytest.mark.parametrize(
        ("confirmed", "sentence"),
        [([], "新沂市没有报齐，未经确认"), (["320381", "320324"], "睢宁县已不是未报单位")],
    )
    def test_a_refused_signing_keeps_what_was_ticked(self, client, world, confirmed, sentence):
        make_place(world.campaign, "320305", parent=world.city, name="贾汪区")
        client.force_login(world.zhao)
        seen = client.get(url(world)).context["seen"]
        answer = client.post(url(world, "sign-off-sign"), {"missing": [*confirmed, "320305"], "seen": seen})
        assert answer.status_code == 409
        assert sentence in text_of(answer)
        assert 'value="320305" required checked' in answer.text
        assert not SignOff.objects.exists()

    @pytest.mark.parametrize("seen", [None, "", "0" * 64])
    def test_totals_other_than_those_shown_are_not_signed(self, client, world, seen):
        client.force_login(world.zhao)
        posted = {"missing": ["320381"]} | ({} if seen is None else {"seen": seen})
        answer = client.post(url(world, "sign-off-sign"), posted)
        assert answer.status_code == 409
        assert "在您核对后有变化" in text_of(answer)
        assert not SignOff.objects.exists()

    def test_a_posted_status_time_or_unit_changes_nothing(self, client, world):
        client.force_login(world.zhao)
        seen = client.get(url(world)).context["seen"]
        posted = {
            "missing": ["320381"],
            "seen": seen,
            "status": "accepted",
            "signed_at": "2024-01-26",
            "first_signed_at": "2024-01-26",
            "unit": "320500",
        }
        client.post(url(world, "sign-off-sign"), posted)
        signed = SignOff.objects.get()
        assert (signed.unit, signed.status, signed.is_late) == (world.city.unit, "signed", True)

    def test_on_time_it_says_so(self, client, world):
        client.force_login(world.zhao)
        with time_machine.travel(datetime(2024, 1, 26, 9, 30, tzinfo=UTC), tick=False):
            client.force_login(world.zhao)
            seen = client.get(url(world)).context["seen"]
            client.post(url(world, "sign-off-sign"), {"missing": ["320381"], "seen": seen})
            assert "按时" in text_of(client.get(url(world)))
            assert "迟报" not in text_of(client.get(url(world)))

    def test_a_late_county_is_shown_as_waiting_and_named_as_come_in(self, client, world):
        world.sign()
        report = world.late_report()
        client.force_login(world.zhao)
        page = client.get(url(world))
        text = text_of(page)
        assert "（附件1，扎口后已补报）" in text
        assert "扎口后上报" in text
        assert "扎口重新打开后才能审核" in text
        assert reverse("reports:submission-detail", args=[report.pk]) in page.text
        assert reverse("reports:submission-review", args=[report.pk]) not in page.text

    def test_reopened_it_shows_the_reason_and_signs_again(self, client, world):
        signed = world.sign()
        sign_off.reopen_sign_off(signed, by=world.sun, comment="睢宁县附件1<b>有误</b>")
        client.force_login(world.zhao)
        page = client.get(url(world))
        assert "睢宁县附件1&lt;b&gt;有误&lt;/b&gt;" in page.text
        assert "重新扎口上报" in page.text
        posted = {"missing": ["320381"], "seen": page.context["seen"]}
        client.post(url(world, "sign-off-sign"), posted)
        assert SignOff.objects.get().receipt == "SPRING-01-320300-2"

    def test_totals_that_changed_after_the_signing_are_told(self, client, world):
        make_submission(world.form, world.city, period_of(world.campaign, 2), {1: 110})
        period = period_of(world.campaign, 2)
        sign_off.sign(world.city.unit, period, by=world.zhao, missing=["320324", "320381"])
        world.accepted.figures.update(value=21)
        client.force_login(world.zhao)
        text = text_of(client.get(url(world, number=2)))
        assert "扎口后汇总数有变化（沿用的往期报表有更正）： 附件1第1列 130 → 131。" in text

    def test_before_the_period_begins_there_is_no_button(self, client, world):
        client.force_login(world.zhao)
        with time_machine.travel(datetime(2024, 1, 25, 3, 0, tzinfo=UTC), tick=False):
            client.force_login(world.zhao)
            page = client.get(url(world, number=2))
        assert "本期从1月27日起填报，现在还不能扎口上报" in text_of(page)
        assert '<button class="btn btn-primary">扎口上报' not in page.text


class TestTheProvince:
    def test_the_list_says_who_has_signed_when_and_who_has_not(self, client, world):
        signed = world.sign(at=datetime(2024, 1, 26, 9, 30, tzinfo=UTC))
        client.force_login(world.sun)
        page = client.get(url(world, "sign-off-list"))
        assert [
            (row.place.short, row.signed, row.is_locked, row.may_accept) for row in page.context["rows"]
        ] == [("徐州市", signed, True, True), ("苏州市", None, False, True)]
        text = text_of(page)
        assert "应扎口 2" in text
        assert "已扎口 1" in text
        assert "未扎口 1 苏州市。" in text
        assert "1月26日 17:30 按时 赵六" in text
        assert "已过截止" in text

    def test_late_and_reopened_sign_offs_are_told_apart(self, client, world):
        signed = world.sign(at=datetime(2024, 1, 26, 9, 30, 1, tzinfo=UTC))
        client.force_login(world.sun)
        assert "已扎口 1 迟报 1" in text_of(client.get(url(world, "sign-off-list")))
        sign_off.reopen_sign_off(signed, by=world.sun, comment="睢宁县附件1有误")
        text = text_of(client.get(url(world, "sign-off-list")))
        assert "未扎口 2 徐州市（已重新打开）、苏州市。" in text
        assert "睢宁县附件1有误" in text

    def test_a_city_of_which_nobody_owes_a_report_is_exempt(self, client, world):
        Exemption.objects.create(period=world.period, unit=world.other.unit, reason="防汛", granted_by="孙七")
        client.force_login(world.sun)
        page = client.get(url(world, "sign-off-list"))
        assert [row.is_exempt for row in page.context["rows"]] == [False, True]
        assert page.context["expected"] == 1
        assert "免报" in text_of(page)

    @pytest.mark.parametrize("back", ["", "list"])
    def test_it_accepts_from_the_list_or_from_the_page(self, client, world, back):
        signed = world.sign()
        client.force_login(world.sun)
        answer = client.post(url(world, "sign-off-accept"), {"seen": signed.receipt, "back": back})
        assert answer.url == url(world, "sign-off-list" if back else "sign-off")
        signed.refresh_from_db()
        assert (signed.status, signed.accepted_by) == ("accepted", world.sun)
        assert "已通过" in text_of(client.get(url(world)))
        assert "sign-off/2024-01-26/320300/accept/" not in client.get(url(world)).text

    def test_whoever_signed_is_passed_over_for_somebody_above(self, client, world):
        office = make_place(world.campaign, "1", level="nation", reports=False)
        UnitPlace.objects.filter(pk=world.province.pk).update(parent=office)
        for place in world.campaign.places.filter(path__startswith=world.province.path):
            UnitPlace.objects.filter(pk=place.pk).update(path=office.path + place.path)
        above = make_user("above", unit=office, role="coordinator")
        sign_off.sign(world.city.unit, world.period, by=world.sun, missing=["320381"])
        button = f'action="{url(world, "sign-off-accept")}"'
        client.force_login(world.sun)
        assert button not in client.get(url(world)).text
        assert button not in client.get(url(world, "sign-off-list")).text
        assert f'action="{url(world, "sign-off-reopen")}"' in client.get(url(world)).text
        client.force_login(above)
        assert button in client.get(url(world)).text
        signed = SignOff.objects.get()
        client.post(url(world, "sign-off-accept"), {"seen": signed.receipt})
        signed.refresh_from_db()
        assert signed.status == "accepted"

    def test_it_reopens_with_a_reason(self, client, world):
        signed = world.sign()
        client.force_login(world.sun)
        posted = {"seen": signed.receipt, "comment": "睢宁县附件1有误", "back": "list"}
        answer = client.post(url(world, "sign-off-reopen"), posted)
        assert answer.url == url(world, "sign-off-list")
        signed.refresh_from_db()
        assert (signed.status, signed.reopened_reason) == ("reopened", "睢宁县附件1有误")

    @pytest.mark.parametrize("comment", ["", "  ", "长" * 1001])
    def test_without_a_proper_reason_nothing_is_reopened(self, client, world, comment):
        signed = world.sign()
        client.force_login(world.sun)
        answer = client.post(url(world, "sign-off-reopen"), {"seen": signed.receipt, "comment": comment})
        assert answer.status_code == 400
        assert "is-invalid" in answer.text
        assert comment.strip() in answer.text
        signed.refresh_from_db()
        assert signed.status == "signed"

    @pytest.mark.parametrize("move", ["accept", "reopen"])
    def test_an_old_page_is_told_what_happened_since(self, client, world, move):
        signed = world.sign()
        sign_off.reopen_sign_off(SignOff.objects.get(), by=world.sun, comment="睢宁县附件1有误")
        client.force_login(world.sun)
        posted = {"seen": signed.receipt, "comment": "睢宁县附件1有误"}
        page = client.post(url(world, f"sign-off-{move}"), posted, follow=True)
        assert "该扎口已由孙七于" in text_of(page)
        assert SignOff.objects.get().events.count() == 2

    def test_a_decision_on_what_was_never_signed_is_not_found(self, client, world):
        client.force_login(world.sun)
        for move in ("accept", "reopen"):
            answer = client.post(url(world, f"sign-off-{move}"), {"seen": "", "comment": "有误"})
            assert answer.status_code == 404


class TestLockedReports:
    @pytest.mark.parametrize("status", ["submitted", "accepted"])
    def test_a_locked_report_says_so_instead_of_buttons(self, client, world, status):
        Submission.objects.filter(pk=world.accepted.pk).update(status=status)
        detail = reverse("reports:submission-detail", args=[world.accepted.pk])
        clerk = make_user("near", unit=world.near)

        def buttons():
            shown = set()
            for user in (world.zhao, clerk):
                client.force_login(user)
                page = client.get(detail).text
                assert (LOCKED in page) is SignOff.objects.exists()
                shown |= {word for word in ("重新打开，退回更正", "撤回修改", '/review/"') if word in page}
            return shown

        before = {"accepted": {"重新打开，退回更正"}, "submitted": {"撤回修改", '/review/"'}}
        assert buttons() >= before[status]
        world.sign()
        # The bar leads to the queue as ever; no button of the report is left.
        assert buttons() - {'/review/"'} == set()

    def test_the_review_page_leads_to_the_report_which_says_why(self, client, world):
        world.sign()
        report = world.late_report()
        client.force_login(world.zhao)
        answer = client.get(reverse("reports:submission-review", args=[report.pk]), follow=True)
        assert LOCKED in answer.text
        report.refresh_from_db()
        assert report.review_started_at is None
        queue = reverse("reports:review-queue", args=["spring"])
        assert "已扎口，暂不能审核" in client.get(queue).text
        for name in ("accept", "return"):
            posted = {"seen": report.receipt, "comment": "请核对第1列"}
            answer = client.post(reverse(f"reports:submission-{name}", args=[report.pk]), posted, follow=True)
            assert LOCKED in answer.text
        report.refresh_from_db()
        assert report.status == "submitted"


class TestTheWayIn:
    def test_the_bar_offers_it_to_those_who_read_sign_offs(self, client, world):
        def offered(user):
            client.force_login(user)
            page = client.get(reverse("reports:campaign", args=["spring"]), follow=True)
            return "扎口" in [one.name for one in page.context["portal"]["pages"]]

        assert offered(world.sun)
        assert offered(world.zhao)
        assert not offered(world.clerk)
        assert not offered(make_user("county", unit=world.near, role="coordinator"))
        world.campaign.sign_off_by = ""
        world.campaign.save()
        assert not offered(world.sun)

    def test_the_province_comes_to_the_list_of_the_period_at_hand(self, client, world):
        client.force_login(world.sun)
        with time_machine.travel(datetime(2024, 2, 2, 3, 0, tzinfo=UTC), tick=False):
            client.force_login(world.sun)
            assert client.get(url(world, "sign-off-home")).url == url(world, "sign-off-list", number=2)
        # Due on Monday: on the weekend the past period is the one at hand, though the next has opened.
        world.campaign.periods.filter(number=2).update(due_at=datetime(2024, 2, 5, 9, 30, tzinfo=UTC))
        with time_machine.travel(datetime(2024, 2, 3, 3, 0, tzinfo=UTC), tick=False):
            client.force_login(world.sun)
            assert client.get(url(world, "sign-off-home")).url == url(world, "sign-off-list", number=2)

    def test_a_city_that_has_closed_comes_to_the_last_period_that_it_signs(self, client, world):
        world.sign()
        world.city.closes, world.city.after_close = date(2024, 1, 27), "keep"
        world.city.save()
        client.force_login(world.zhao)
        assert client.get(url(world, "sign-off-home")).url == url(world)

    def test_a_city_comes_to_its_latest_open_period_that_it_has_not_signed(self, client, world):
        client.force_login(world.zhao)
        assert client.get(url(world, "sign-off-home")).url == url(world, number=3)
        Exemption.objects.create(period=period_of(world.campaign, 3), reason="春节", granted_by="孙七")
        assert client.get(url(world, "sign-off-home")).url == url(world, number=2)
        missing = ["320300", "320324", "320381"]
        sign_off.sign(world.city.unit, period_of(world.campaign, 2), by=world.zhao, missing=missing)
        assert client.get(url(world, "sign-off-home")).url == url(world, number=1)
        signed = world.sign()
        assert client.get(url(world, "sign-off-home")).url == url(world, number=3)
        sign_off.reopen_sign_off(signed, by=world.sun, comment="睢宁县附件1有误")
        assert client.get(url(world, "sign-off-home")).url == url(world, number=1)

    def test_the_period_is_chosen_by_a_plain_form(self, client, world):
        client.force_login(world.sun)
        for page in ("sign-off-list", "sign-off"):
            answer = client.get(url(world, page), {"period": "2024-02-02"})
            assert answer.url == url(world, page, number=2)
            assert client.get(url(world, page), {"period": "x"}).status_code == 404


PAGES = ("sign-off-home", "sign-off-list", "sign-off")
VERBS = ("sign-off-sign", "sign-off-accept", "sign-off-reopen")


class TestAccess:
    @pytest.mark.parametrize(
        ("unit", "role", "pages", "verbs"),
        [
            # Home, list, page; then sign, accept, reopen of a city that has signed (302 = done, 409 = refused).
            ("320300", "coordinator", (302, 200, 200), (409, 403, 403)),
            ("320300", "viewer", (302, 200, 200), (403, 403, 403)),
            ("320300", "reporter", (403, 403, 403), (403, 403, 403)),
            ("320000", "coordinator", (302, 200, 200), (403, 302, 302)),
            ("320000", "viewer", (302, 200, 200), (403, 403, 403)),
            ("320500", "coordinator", (302, 200, 404), (404, 404, 404)),
            ("320324", "coordinator", (404, 404, 404), (404, 404, 404)),
            ("320324", "reporter", (403, 403, 404), (404, 404, 404)),
        ],
    )
    def test_role_and_unit_decide(self, client, world, unit, role, pages, verbs):
        signed = world.sign()
        place = world.campaign.places.get(unit__code=unit)
        client.force_login(make_user("someone", unit=place, role=role))
        assert tuple(client.get(url(world, page)).status_code for page in PAGES) == pages
        posted = {"seen": signed.receipt, "comment": "睢宁县附件1有误", "missing": ["320381"]}
        assert tuple(client.post(url(world, verb), posted).status_code for verb in VERBS) == verbs

    def test_a_neighbour_does_not_find_it_in_its_list(self, client, world):
        client.force_login(make_user("neighbour", unit=world.other, role="coordinator"))
        rows = client.get(url(world, "sign-off-list")).context["rows"]
        assert [row.place.short for row in rows] == ["苏州市"]

    def test_someone_of_no_campaign_finds_nothing_and_without_log_in_is_sent_to_it(self, client, world):
        for page in PAGES + VERBS:
            assert client.get(url(world, page)).url.startswith(reverse("accounts:login"))
        client.force_login(make_user("nobody"))
        for page in PAGES:
            assert client.get(url(world, page)).status_code == 404

    @pytest.mark.parametrize("unit", ["320000", "320324", "999", "x' OR 1=1 --"])
    def test_a_unit_that_does_not_sign_has_no_page(self, client, world, unit):
        client.force_login(world.sun)
        assert client.get(url(world, unit=unit)).status_code == 404

    def test_a_campaign_without_sign_off_has_no_pages(self, client, world):
        world.campaign.sign_off_by = ""
        world.campaign.save()
        client.force_login(world.sun)
        assert {client.get(url(world, page)).status_code for page in PAGES} == {404}

    def test_a_city_that_has_closed_has_no_page_afterwards(self, client, world):
        world.other.closes, world.other.after_close = date(2024, 1, 27), "keep"
        world.other.save()
        client.force_login(world.sun)
        assert client.get(url(world, unit="320500")).status_code == 200
        assert client.get(url(world, unit="320500", number=2)).status_code == 404
        rows = client.get(url(world, "sign-off-list", number=2)).context["rows"]
        assert [row.place.short for row in rows] == ["徐州市"]

    def test_pages_are_read_and_moves_are_posted(self, client, world):
        world.sign()
        client.force_login(world.sun)
        assert {client.post(url(world, page)).status_code for page in PAGES} == {405}
        assert {client.get(url(world, verb)).status_code for verb in VERBS} == {405}


def test_no_page_needs_an_inline_style_or_script(client, world):
    world.sign()
    client.force_login(world.sun)
    for page in ("sign-off-list", "sign-off"):
        text = client.get(url(world, page)).text
        assert " style=" not in text
        assert not re.search(r"<script(?![^>]* src=)", text)


@pytest.mark.parametrize("name", ["sign-off-list", "sign-off"])
def test_the_number_of_queries_does_not_grow_with_the_units(client, world, name):
    client.force_login(world.sun)
    world.sign()

    def add(first, last):
        for number in range(first, last):
            place = make_place(world.campaign, f"p{number}", parent=world.province, level="prefecture")
            county = make_place(world.campaign, f"c{number}", parent=world.city)
            for one in (place, county):
                make_submission(world.form, one, world.period, {1: 1}, status="submitted")
            if number % 2:
                sign_off.sign(place.unit, world.period, by=world.zhao, missing=[])

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url(world, name)).status_code == 200
        return len(captured)

    add(0, 6)
    few = queries()
    add(6, 60)
    assert queries() == few
