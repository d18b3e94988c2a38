"""What the demonstration's coordinators do around the reports: 免报, 扎口上报, a moved due date, announcements.

Each is dated back to when it would have been done; the portal's own functions do it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Max

from campaigns.calendar_rules import Workdays, due_instant, next_workday
from campaigns.models import Campaign, Exemption, ReportingPeriod, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports.managing import changes
from reports.models import Announcement, CampaignEvent, SubmissionEvent
from reports.publishing.sign_off import accept_sign_off, reopen_sign_off, sign, standings

from . import plan
from .figures import chance

_DUE_REASON = "全省公共招聘系统停机升级，顺延到下一个工作日中午"
_DUE_TEXT = "全省公共招聘系统将停机升级，{period}的报送截止时间由{old}调整为{new}，其他各期不变。已经填好的可以照常上报。"
_UNIT_TEXT = (
    "附件1第17、18列的单位是万元，不是元，保留两位小数。上期有单位多填了四位，请上报前对照“本期新增”核对。"
)


@dataclass(frozen=True)
class People:
    """roles: who acts, by unit's id and role. places: those of one campaign, by id."""

    roles: Mapping[tuple[int, str], User]
    places: Mapping[int, UnitPlace]

    def acting(self, place: UnitPlace, role: str) -> User | None:
        return self.roles.get((place.unit_id, role))

    def reviewer(self, place: UnitPlace) -> User:
        """Return the nearest coordinator upward, as `reports.permissions.reviewers` finds."""
        upward = (self.places[pk] for pk in reversed(place.ancestor_ids))
        at = (self.acting(above, Membership.Role.COORDINATOR) for above in upward)
        return next(user for user in at if user is not None)

    @property
    def root(self) -> UnitPlace:
        return next(place for place in self.places.values() if place.parent_id is None)


def exempt(
    campaign: Campaign,
    periods: Sequence[ReportingPeriod],
    people: People,
    cases: plan.Cases,
    now: datetime | None,
) -> None:
    """Let units off that a case with a reason exempts, at the latest when the period is due."""
    for place, case, number in _told(campaign, people, cases, "exempt"):
        if not case.text:
            continue
        period = periods[number - 1]
        at = min(period.due_at, now or period.due_at)
        changes.exempt(period, [place.unit], by=people.reviewer(place), reason=case.text)
        Exemption.objects.filter(period=period, unit=place.unit).update(granted_at=at)
        _date_last_change(campaign, at)


def sign_offs(
    campaign: Campaign,
    periods: Sequence[ReportingPeriod],
    planned: Sequence[plan.Period],
    people: People,
    cases: plan.Cases,
    now: datetime | None,
) -> None:
    """Sign cities off, each right after the last that happened below; the province answers."""
    decider = people.reviewer(people.root)
    for kind in plan.SIGN_OFFS:
        for place, case, number in _told(campaign, people, cases, kind):
            period = periods[number - 1]
            luck = chance("sign-off", place.unit.code, number)
            clock = plan.Clock(planned[number - 1], luck, None, by_chance=False, now=now)
            below = [other.unit_id for other in people.places.values() if other.path.startswith(place.path)]
            trail = SubmissionEvent.objects.filter(submission__period=period, submission__unit__in=below)
            last = trail.aggregate(at=Max("at"))["at"] or period.due_at
            signed_at = clock.by_now(last.astimezone(campaign.zone), minutes=luck.randint(3, 14))
            missing = [absent.place.unit.code for absent in standings([place], period)[place.pk].missing]
            signer = people.acting(place, Membership.Role.COORDINATOR)
            signed = sign(place.unit, period, by=signer, missing=missing, at=signed_at)
            answered_at = clock.decided(signed_at)
            if kind == "sign_accepted":
                accept_sign_off(signed, by=decider, at=answered_at)
            elif kind == "sign_reopened":
                reopen_sign_off(signed, by=decider, comment=case.text, at=answered_at)


def tell(campaign: Campaign, people: People, now: datetime) -> None:
    """Move the due time of the next period to open, and announce it; a city tells its own counties something."""
    workdays = Workdays()
    yesterday = now.date() - timedelta(days=1)
    while not workdays(yesterday):
        yesterday -= timedelta(days=1)

    def at(hour: int, minute: int) -> datetime:
        return datetime.combine(yesterday, time(hour, minute), campaign.zone)

    province = people.reviewer(people.root)
    period = campaign.periods.filter(starts_on__gt=now.date()).order_by("ends_on").first()
    if period is not None:
        day = next_workday(period.due_at.astimezone(campaign.zone).date() + timedelta(days=1), workdays)
        due_at = due_instant(day, time(12), campaign.zone)
        words = {"old": changes.said(period.due_at, campaign), "new": changes.said(due_at, campaign)}
        changes.set_due(period, due_at, by=province, reason=_DUE_REASON)
        _date_last_change(campaign, at(10, 20))
        text = _DUE_TEXT.format(period=period, **words)
        _announce(campaign, people.root, province, f"第{period.number}期报送时间调整", text, at(10, 25))
    for place in people.places.values():
        author = people.acting(place, Membership.Role.COORDINATOR)
        if author is not None and place != people.root:
            _announce(campaign, place, author, "金额按万元填报", _UNIT_TEXT, at(15, 40))


def _announce(
    campaign: Campaign, place: UnitPlace, author: User, title: str, text: str, at: datetime
) -> None:
    said = Announcement.objects.create(
        campaign=campaign, unit=place.unit, author=author, title=title, text=text
    )
    Announcement.objects.filter(pk=said.pk).update(at=at)


def _told(
    campaign: Campaign, people: People, cases: plan.Cases, kind: str
) -> Iterator[tuple[UnitPlace, plan.Case, int]]:
    """Yield place, case and number of the period of every case of the kind, in registry order."""
    for place in people.places.values():
        for (code, _, unit), told in cases.items():
            for case in told:
                if (code, unit, case.kind) == (campaign.code, place.unit.code, kind):
                    for number in case.periods:
                        yield place, case, number


def _date_last_change(campaign: Campaign, at: datetime) -> None:
    CampaignEvent.objects.filter(pk=campaign.events.latest("pk").pk).update(at=at)
