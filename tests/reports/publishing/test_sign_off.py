"""扎口上报: what a city signs, who is missing, what is locked while it is signed, and what becomes of it."""

import hashlib
from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Exemption
from chunfeng.accounts.models import Membership
from reports import lifecycle, permissions
from reports.models import Extension, SignOff, SignOffEvent, Submission
from reports.publishing import sign_off
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
LOCKED = "本期已由徐州市扎口上报，请先由上级重新打开"
# 18:00 in Shanghai on the first Friday.
DUE = datetime(2024, 1, 26, 10, 0, tzinfo=UTC)


class World:
    """A province over two cities; Xuzhou (市本级 100) has two counties. Two forms, the second with 万元."""

    def __init__(self):
        self.campaign = make_campaign("jiangsu-2024", due_time=time(18, 0), sign_off_by="prefecture")
        self.form = make_form(self.campaign, "fu1", indicators=2, annex="附件1")
        money = [{"decimals": 2, "unit_of_measure": "万元"}]
        self.other_form = make_form(self.campaign, "fu2", indicators=money, annex="附件2")
        self.province = make_place(self.campaign, "320000", level="province", reports=False, name="江苏省")
        self.city = make_place(
            self.campaign, "320300", parent=self.province, level="prefecture", name="徐州市"
        )
        self.near = make_place(self.campaign, "320324", parent=self.city, name="睢宁县")
        self.far = make_place(self.campaign, "320381", parent=self.city, name="新沂市")
        self.other = make_place(
            self.campaign, "320500", parent=self.province, level="prefecture", name="苏州市"
        )
        self.zhao = make_user("zhao", unit=self.city, role=COORDINATOR, name="赵六")
        self.sun = make_user("sun", unit=self.province, role=COORDINATOR, name="孙七")
        self.clerk = make_user("clerk", unit=self.near, name="王五")
        self.period = period_of(self.campaign, 1)

    def report(self, place, figures=None, *, form=None, number=1, **more):
        return make_submission(
            form or self.form, place, period_of(self.campaign, number), figures or {1: 1}, **more
        )

    def all_report(self):
        """Every unit of Xuzhou has both forms accepted."""
        for place, figure in ((self.city, 100), (self.near, 20), (self.far, 3)):
            self.report(place, {1: figure, 2: None})
            self.report(place, {1: f"{figure}.5"}, form=self.other_form)

    def sign(self, missing=(), **more):
        more.setdefault("by", self.zhao)
        return sign_off.sign(self.city.unit, self.period, missing=missing, **more)

    def checksum(self):
        return sign_off.consolidated(self.city, self.period).checksum


@pytest.fixture
def world():
    return World()


class TestSigning:
    def test_what_is_signed_is_kept_in_exact_figures_with_a_checksum_anyone_can_take_again(self, world):
        world.all_report()
        signed = world.sign()
        assert (signed.status, signed.signed_by, signed.missing) == ("signed", world.zhao, [])
        assert signed.receipt == "JIANGSU-2024-01-320300-1"
        complete = {"expected": 3, "reported": 3, "carried": 0, "never": 0}
        assert signed.snapshot == {
            "campaign": "jiangsu-2024",
            "unit": "320300",
            "period": "2024-01-26",
            "forms": [
                {"form": "fu1", "version": 1, "total": {"1": "123", "2": None}, "coverage": complete},
                {"form": "fu2", "version": 1, "total": {"1": "124.50"}, "coverage": complete},
            ],
            "missing": [],
            "waiting": [],
        }
        text = "jiangsu-2024\n320300\n2024-01-26\nform=fu1 1\n1=123\n2=\nform=fu2 1\n1=124.50"
        assert signed.checksum == hashlib.sha256(text.encode()).hexdigest()
        [event] = signed.events.all()
        assert (event.move, event.actor, event.actor_name) == ("signed", world.zhao, "赵六")
        assert (event.at, event.snapshot, event.checksum, event.receipt) == (
            signed.signed_at,
            signed.snapshot,
            signed.checksum,
            signed.receipt,
        )

    def test_units_that_have_not_reported_are_kept_with_the_forms_they_lack(self, world):
        world.report(world.city)
        world.report(world.city, form=world.other_form)
        world.report(world.near, status="submitted")
        world.report(world.far, form=world.other_form, status="returned")
        signed = world.sign(missing=["320324", "320381"])
        assert signed.missing == [
            {"unit": "320324", "name": "睢宁县", "forms": ["fu2"]},
            {"unit": "320381", "name": "新沂市", "forms": ["fu1", "fu2"]},
        ]
        assert signed.snapshot["waiting"] == [{"unit": "320324", "name": "睢宁县", "forms": ["fu1"]}]
        text = "jiangsu-2024\n320300\n2024-01-26\nform=fu1 1\n1=1\n2=\nform=fu2 1\n1=1.00"
        text += "\nmissing=320324 fu2\nmissing=320381 fu1 fu2\nwaiting=320324 fu1"
        assert signed.checksum == hashlib.sha256(text.encode()).hexdigest()

    def test_the_citys_own_report_is_named_as_such(self, world):
        world.all_report()
        Submission.objects.filter(unit=world.city.unit, report_form=world.form).update(status="draft")
        [absent] = sign_off.consolidated(world.city, world.period).standing.missing
        assert (absent.name, [form.code for form in absent.forms]) == ("徐州市本级", ["fu1"])

    @pytest.mark.parametrize(
        ("confirmed", "sentence"),
        [
            ([], "新沂市没有报齐，未经确认"),
            (["320381", "320324"], "睢宁县已不是未报单位"),
            (["320324"], "睢宁县已不是未报单位；新沂市没有报齐，未经确认"),
            (["320381", "x' OR 1=1 --", "\0"], "所选单位已不是未报单位"),
        ],
    )
    def test_only_the_units_really_missing_are_confirmed(self, world, confirmed, sentence):
        world.all_report()
        Submission.objects.filter(unit=world.far.unit).update(status="draft")
        with pytest.raises(lifecycle.TransitionError, match=sentence):
            world.sign(missing=confirmed)
        assert not SignOff.objects.exists()

    def test_exempted_units_and_other_cities_are_not_missing(self, world):
        world.report(world.city)
        world.report(world.city, form=world.other_form)
        world.period.exemptions.create(unit=world.near.unit, reason="防汛", granted_by="孙七")
        [absent] = sign_off.consolidated(world.city, world.period).standing.missing
        assert absent.place == world.far
        Exemption.objects.create(period=world.period, reason="春节", granted_by="孙七")
        assert world.sign().missing == []

    def test_a_report_of_another_period_does_not_count(self, world):
        world.all_report()
        period = period_of(world.campaign, 2)
        with pytest.raises(lifecycle.TransitionError, match="徐州市本级、睢宁县、新沂市没有报齐"):
            sign_off.sign(world.city.unit, period, by=world.zhao, missing=[])

    def test_a_line_owes_its_own_form_only(self, world):
        world.all_report()
        world.other_form.line = "union"
        world.other_form.save()
        world.campaign.places.update(line="hr")
        Submission.objects.filter(report_form=world.other_form).update(status="draft")
        signed = world.sign()
        assert [form["form"] for form in signed.snapshot["forms"]] == ["fu1"]

    def test_totals_that_changed_since_they_were_read_are_not_signed(self, world):
        world.all_report()
        seen = world.checksum()
        late = Submission.objects.get(unit=world.near.unit, report_form=world.form)
        late.figures.filter(indicator__number=1).update(value=21)
        with pytest.raises(lifecycle.TransitionError, match="在您核对后有变化"):
            world.sign(seen=seen)
        world.sign(seen=world.checksum())

    def test_a_report_that_began_to_wait_since_the_page_was_read_is_not_signed_over(self, world):
        # 睢宁县 lacks both forms and is confirmed; one of them comes in before the click.
        world.report(world.city)
        world.report(world.city, form=world.other_form)
        world.far.closes, world.far.after_close = date(2024, 1, 25), "keep"
        world.far.save()
        seen = world.checksum()
        world.report(world.near, status="submitted")
        with pytest.raises(lifecycle.TransitionError, match="在您核对后有变化"):
            world.sign(missing=["320324"], seen=seen)

    def test_a_second_signing_is_refused_with_the_number_of_the_first(self, world):
        world.all_report()
        world.sign()
        for status in ("signed", "accepted"):
            SignOff.objects.update(status=status)
            with pytest.raises(lifecycle.TransitionError, match="JIANGSU-2024-01-320300-1），无需重复扎口"):
                world.sign()
        assert SignOffEvent.objects.count() == 1

    @pytest.mark.parametrize("level", ["", "county", "province"])
    def test_only_units_of_the_level_that_the_campaign_names_sign(self, world, level):
        world.campaign.sign_off_by = level
        world.campaign.save()
        period = period_of(world.campaign, 1)
        with pytest.raises(lifecycle.TransitionError, match=r"不要求扎口|不是扎口上报的单位"):
            sign_off.sign(world.city.unit, period, by=world.zhao, missing=[])

    def test_nothing_is_signed_before_the_period_begins(self, world):
        with (
            time_machine.travel(datetime(2024, 1, 24, 15, 59, 59, tzinfo=UTC), tick=False),
            pytest.raises(lifecycle.TransitionError, match="从1月25日起填报，现在还不能扎口上报"),
        ):
            world.sign(missing=["320300", "320324", "320381"])
        with time_machine.travel(datetime(2024, 1, 24, 16, 0, tzinfo=UTC), tick=False):
            world.sign(missing=["320300", "320324", "320381"])

    def test_a_roll_up_counts_the_same_before_and_after(self, world):
        world.all_report()
        Submission.objects.filter(unit=world.far.unit).update(status="submitted")
        bases = ("accepted", "received", "strict")
        before = [roll_up(world.form, world.period, world.province.unit, basis=basis) for basis in bases]
        world.sign()
        assert [
            roll_up(world.form, world.period, world.province.unit, basis=basis) for basis in bases
        ] == before

    def test_it_takes_as_many_queries_for_six_counties_as_for_sixty(self, world):
        def queries():
            with CaptureQueriesContext(connection) as captured:
                sign_off.consolidated(world.city, world.period)
            return len(captured)

        few = queries()
        for number in range(60):
            place = make_place(world.campaign, f"3203{number}x", parent=world.city)
            world.report(place, status="submitted" if number % 2 else "draft")
        assert queries() == few


class TestTime:
    @pytest.mark.parametrize(
        ("at", "is_late"),
        [(DUE, False), (DUE.replace(microsecond=999_999), False), (DUE.replace(second=1), True)],
    )
    def test_the_due_second_is_on_time_and_the_next_is_late(self, world, at, is_late):
        world.all_report()
        with time_machine.travel(at, tick=False):
            assert world.sign().is_late is is_late

    def test_the_first_signing_decides_whatever_comes_later(self, world):
        world.all_report()
        with time_machine.travel(DUE, tick=False):
            signed = world.sign()
        sign_off.reopen_sign_off(signed, by=world.sun, comment="请核对附件1")
        with time_machine.travel(datetime(2024, 1, 27, 3, 0, tzinfo=UTC), tick=False):
            again = world.sign()
        assert (again.first_signed_at, again.is_late) == (DUE, False)
        assert again.signed_at == datetime(2024, 1, 27, 3, 0, tzinfo=UTC)

    def test_a_city_that_was_given_more_time_is_on_time_until_then(self, world):
        world.all_report()
        with time_machine.travel(DUE.replace(hour=12), tick=False):
            signed = world.sign()
        assert signed.is_late
        Extension.objects.create(
            period=world.period,
            unit=world.city.unit,
            due_at=DUE.replace(hour=12),
            reason="停电",
            granted_by=world.sun,
        )
        assert not SignOff.objects.get().is_late
        assert not SignOff.objects.with_due_at().get().is_late
        standing = sign_off.standings([world.city, world.other], world.period)
        assert standing[world.city.pk].due_at == DUE.replace(hour=12)
        assert standing[world.other.pk].due_at == DUE


class TestDecisions:
    def test_the_province_accepts_what_it_read(self, world):
        world.all_report()
        signed = world.sign()
        sign_off.accept_sign_off(signed, by=world.sun, seen=signed.receipt)
        assert (signed.status, signed.accepted_by) == ("accepted", world.sun)
        assert signed.events.last().at == signed.accepted_at
        with pytest.raises(lifecycle.TransitionError, match=r"已由孙七于.*通过，请刷新"):
            sign_off.accept_sign_off(signed, by=world.sun)
        assert [event.move for event in signed.events.all()] == ["signed", "accepted"]

    def test_whoever_signed_does_not_accept(self, world):
        world.all_report()
        signed = world.sign(by=world.sun)
        with pytest.raises(lifecycle.TransitionError, match="本期由您扎口上报"):
            sign_off.accept_sign_off(signed, by=world.sun)
        sign_off.reopen_sign_off(signed, by=world.sun, comment="请核对附件1")

    @pytest.mark.parametrize("was", ["signed", "accepted"])
    def test_it_is_reopened_with_a_reason_and_signed_again(self, world, was):
        world.all_report()
        signed = world.sign()
        if was == "accepted":
            sign_off.accept_sign_off(signed, by=world.sun)
        sign_off.reopen_sign_off(signed, by=world.sun, comment=" 请核对附件1 ")
        signed.refresh_from_db()
        assert (signed.status, signed.reopened_reason) == ("reopened", "请核对附件1")
        assert (signed.accepted_at, signed.accepted_by) == (None, None)
        again = world.sign()
        assert (again.pk, again.status, again.receipt) == (
            signed.pk,
            "signed",
            "JIANGSU-2024-01-320300-2",
        )
        moves = [(event.move, event.comment) for event in again.events.all()]
        assert moves[-2:] == [("reopened", "请核对附件1"), ("signed", "")]

    @pytest.mark.parametrize("comment", ["", " \n ", "。。。", "\0"])
    def test_without_a_reason_it_stays_signed(self, world, comment):
        world.all_report()
        signed = world.sign()
        with pytest.raises(lifecycle.TransitionError, match="请写明重新打开的原因"):
            sign_off.reopen_sign_off(signed, by=world.sun, comment=comment)
        with pytest.raises(lifecycle.TransitionError, match="最多 1000 个字，现在有 1001 个"):
            sign_off.reopen_sign_off(signed, by=world.sun, comment="长" * 1001)
        signed.refresh_from_db()
        assert signed.status == "signed"

    def test_an_old_page_decides_on_no_later_signing(self, world):
        world.all_report()
        page = world.sign()
        sign_off.reopen_sign_off(SignOff.objects.get(), by=world.sun, comment="请核对附件1")
        with pytest.raises(lifecycle.TransitionError, match=r"已由孙七于.*重新打开，请刷新"):
            sign_off.accept_sign_off(page, by=world.sun)
        world.sign()
        for move in (
            lambda: sign_off.accept_sign_off(page, by=world.sun),
            lambda: sign_off.reopen_sign_off(page, by=world.sun, comment="请核对附件1"),
        ):
            with pytest.raises(lifecycle.TransitionError, match=r"已由赵六于.*重新扎口上报，请刷新"):
                move()
        assert SignOff.objects.get().status == "signed"

    def test_totals_that_changed_afterwards_are_named(self, world):
        # 新沂市 is carried from period 1, whose report is corrected after period 2 was signed.
        world.all_report()
        period = period_of(world.campaign, 2)
        for place in (world.city, world.near):
            world.report(place, {1: 1200, 2: None}, number=2)
            world.report(place, {1: 1}, number=2, form=world.other_form)
        signed = sign_off.sign(world.city.unit, period, by=world.zhao, missing=["320381"])
        assert sign_off.changes_since(signed, sign_off.consolidated(world.city, period)) == []
        corrected = Submission.objects.get(unit=world.far.unit, report_form=world.form)
        corrected.figures.filter(indicator__number=1).update(value=4)
        corrected.figures.filter(indicator__number=2).update(value=7)
        assert sign_off.changes_since(signed, sign_off.consolidated(world.city, period)) == [
            "附件1第1列 2,403 → 2,404",
            "附件1第2列 — → 7",
        ]


MOVES = {
    "accept": lambda report, by: lifecycle.accept(report, by=by),
    "accept many": lambda report, by: lifecycle.accept_many([report], by=by),
    "return": lambda report, by: lifecycle.return_for_correction(report, by=by, comment="请核对第1列"),
    "withdraw": lambda report, by: lifecycle.withdraw(report, by=by),
    "reopen": lambda report, by: lifecycle.reopen(report, by=by, comment="请核对第1列"),
}
STATUS_BEFORE = {"reopen": "accepted"}


def move_refused(report, move, by):
    """Try `move`; return its refusal, or None where it was made. Nothing may change where it is refused."""
    before = report.status
    try:
        MOVES[move](report, by)
    except lifecycle.TransitionError as error:
        report.refresh_from_db()
        assert (report.status, report.events.count()) == (before, 0)
        return str(error)
    return None


class TestLock:
    @pytest.mark.parametrize("by", ["zhao", None])
    @pytest.mark.parametrize("move", MOVES)
    @pytest.mark.parametrize("status", ["signed", "accepted"])
    @pytest.mark.parametrize("place", ["city", "near"])
    def test_reports_below_and_the_citys_own_stay_as_they_are(self, world, move, status, place, by):
        world.all_report()
        report = Submission.objects.get(unit=getattr(world, place).unit, report_form=world.form)
        Submission.objects.filter(pk=report.pk).update(status=STATUS_BEFORE.get(move, "submitted"))
        world.sign()
        SignOff.objects.update(status=status)
        report.refresh_from_db()
        assert LOCKED in move_refused(report, move, getattr(world, by) if by else None)

    @pytest.mark.parametrize("move", MOVES)
    def test_a_reopened_sign_off_locks_nothing(self, world, move):
        world.all_report()
        report = Submission.objects.get(unit=world.near.unit, report_form=world.form)
        Submission.objects.filter(pk=report.pk).update(status=STATUS_BEFORE.get(move, "submitted"))
        sign_off.reopen_sign_off(world.sign(), by=world.sun, comment="请核对附件1")
        report.refresh_from_db()
        assert move_refused(report, move, world.zhao) is None

    @pytest.mark.parametrize("move", MOVES)
    def test_other_cities_and_other_periods_are_free(self, world, move):
        world.all_report()
        status = STATUS_BEFORE.get(move, "submitted")
        world.sign()
        across = world.report(world.other, status=status)
        later = world.report(world.near, number=2, status=status)
        for report in (across, later):
            assert move_refused(report, move, world.sun) is None

    def test_a_late_county_still_submits_and_counts_as_received_alone(self, world):
        world.all_report()
        Submission.objects.filter(unit=world.near.unit).update(status="draft")
        signed = world.sign(missing=["320324"])
        late = Submission.objects.get(unit=world.near.unit, report_form=world.form)
        lifecycle.submit(late, by=world.clerk)
        assert roll_up(world.form, world.period, world.city.unit, basis="received").total[1] == 123
        assert roll_up(world.form, world.period, world.city.unit).total[1] == 103
        with pytest.raises(lifecycle.TransitionError, match=LOCKED):
            lifecycle.accept(late, by=world.zhao)
        sign_off.reopen_sign_off(signed, by=world.sun, comment="睢宁县已补报")
        lifecycle.accept(late, by=world.zhao)
        assert roll_up(world.form, world.period, world.city.unit).total[1] == 123

    def test_one_locked_report_keeps_a_whole_import_from_being_accepted(self, world):
        world.all_report()
        world.sign()
        reports = [world.report(world.other, status="submitted")]
        reports += Submission.objects.filter(unit=world.near.unit, report_form=world.form)
        Submission.objects.filter(pk=reports[1].pk).update(status="submitted")
        reports[1].refresh_from_db()
        with pytest.raises(lifecycle.TransitionError, match=LOCKED):
            lifecycle.accept_many(reports, by=None)
        assert set(Submission.objects.filter(pk__in=[one.pk for one in reports]).values_list("status")) == {
            ("submitted",)
        }

    def test_a_unit_that_moved_is_locked_by_the_city_it_stood_under_in_that_period(self, world):
        # 睢宁县 goes over to 苏州市 with period 2.
        world.all_report()
        world.near.closes, world.near.after_close = date(2024, 1, 26), "keep"
        world.near.save()
        make_place(world.campaign, "320324", parent=world.other, opens=date(2024, 1, 27))
        second = world.report(world.near, number=2)
        world.sign()
        first = Submission.objects.get(unit=world.near.unit, report_form=world.form, period=world.period)
        assert LOCKED in move_refused(first, "reopen", world.sun)
        assert move_refused(second, "reopen", world.sun) is None

    def test_a_city_that_gave_a_county_away_neither_waits_for_it_nor_locks_it(self, world):
        world.near.closes, world.near.after_close = date(2024, 1, 25), "stop"
        world.near.save()
        make_place(world.campaign, "320324", parent=world.other, opens=date(2024, 1, 26))
        report = world.report(world.near)
        for place in (world.city, world.far):
            world.report(place)
            world.report(place, form=world.other_form)
        world.sign()
        assert move_refused(report, "reopen", world.sun) is None
        standing = sign_off.consolidated(world.other, world.period).standing
        assert [absent.place.unit.code for absent in standing.missing] == ["320500", "320324"]

    def test_a_closed_unit_whose_figures_are_kept_owes_no_new_report(self, world):
        world.all_report()
        world.near.closes, world.near.after_close = date(2024, 1, 27), "keep"
        world.near.save()
        standing = sign_off.consolidated(world.city, period_of(world.campaign, 2)).standing
        assert [absent.place for absent in standing.missing] == [world.city, world.far]
        assert standing.expected == 2

    def test_a_campaign_without_sign_off_asks_one_question_and_locks_nothing(self, world):
        world.all_report()
        world.sign()
        world.campaign.sign_off_by = ""
        world.campaign.save()
        reports = list(Submission.objects.all())
        with CaptureQueriesContext(connection) as captured:
            assert lifecycle.signed_off(reports) == {}
        assert len(captured) == 1

    def test_of_many_reports_those_of_the_signed_city_and_period_are_named(self, world):
        world.all_report()
        world.sign()
        own = set(Submission.objects.values_list("pk", flat=True))
        later = world.report(world.near, number=2)
        across = world.report(world.other)
        locked = lifecycle.signed_off([*Submission.objects.filter(pk__in=own), later, across])
        assert set(locked) == own

    def test_many_reports_are_asked_for_in_the_queries_of_one(self, world):
        world.all_report()
        world.sign()
        reports = list(Submission.objects.all())
        with CaptureQueriesContext(connection) as one:
            lifecycle.signed_off(reports[:1])
        with CaptureQueriesContext(connection) as many:
            assert set(lifecycle.signed_off(reports)) == {report.pk for report in reports}
        assert len(many) == len(one)


class TestWhoMay:
    @pytest.mark.parametrize(
        ("unit", "role", "may"),
        [
            ("city", "coordinator", True),
            ("city", "viewer", False),
            ("city", "reporter", False),
            ("province", "coordinator", False),
            ("near", "coordinator", False),
            ("other", "coordinator", False),
        ],
    )
    def test_a_coordinator_at_the_unit_itself_signs(self, world, unit, role, may):
        user = make_user("someone", unit=getattr(world, unit), role=role)
        assert permissions.can_sign_off(user, world.city) is may

    def test_a_disabled_coordinator_neither_signs_nor_decides(self, world):
        for user in (world.zhao, world.sun):
            user.is_active = False
            user.save()
        assert not permissions.can_sign_off(world.zhao, world.city)
        assert not permissions.can_reopen_sign_off(world.sun, world.city)

    def test_where_the_campaign_asks_for_none_nobody_signs(self, world):
        world.campaign.sign_off_by = ""
        assert not permissions.can_sign_off(world.zhao, world.city)

    def test_the_nearest_unit_above_with_an_active_coordinator_decides(self, world):
        nation = make_place(world.campaign, "nation", level="nation", reports=False)
        world.province.parent = nation
        world.province.path = nation.path + world.province.path
        world.province.save()
        world.city.path = nation.path + world.city.path
        above = make_user("above", unit=nation, role=COORDINATOR)
        assert permissions.sign_off_deciders([world.city]) == {world.city.pk: {world.sun.pk}}
        world.sun.is_active = False
        world.sun.save()
        assert permissions.sign_off_deciders([world.city]) == {world.city.pk: {above.pk}}
        above.delete()
        assert permissions.sign_off_deciders([world.city]) == {world.city.pk: set()}

    def test_coordinators_and_viewers_read_the_sign_offs_of_their_unit_and_below(self, world):
        def read_by(unit, role):
            user = make_user(f"{unit.unit.code}-{role}", unit=unit, role=role)
            places = permissions.sign_off_places(user, world.campaign)
            return [place.short for place in places.order_by("position")]

        assert read_by(world.province, "coordinator") == ["徐州市", "苏州市"]
        assert read_by(world.province, "viewer") == ["徐州市", "苏州市"]
        assert read_by(world.city, "viewer") == ["徐州市"]
        assert read_by(world.city, "reporter") == []
        assert read_by(world.near, "coordinator") == []
