"""Load the demonstration: three campaigns, invented people, and a plan of reports lived through as in service."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from campaigns.definition import load, read
from campaigns.models import Campaign, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from campaigns.models.units import Level
from chunfeng.accounts import people
from chunfeng.accounts.models import Membership, User
from reports import lifecycle
from reports.entry import drafts
from reports.entry.validation import FATAL, Finding
from reports.models import Explanation, FigureChange, Submission
from reports.tasks import owes

from . import asking, desk, figures, office, plan, publishing, running, telling, texts

CAMPAIGNS = ("wuhan-2014", "jiangsu-2024")
PASSWORD = "chunfeng-demo"  # noqa: S105 - told to everyone; of no use outside a demonstration
INVENTED_LINE = {
    "responsible": "演示负责人",
    "prepared_by": "演示填报员",
    "phone": "000-0000 0000（演示）",
}
FIXTURES = settings.BASE_DIR / "fixtures"


class DemoError(Exception):
    """The demonstration is not loaded; the message says why."""


def is_loaded() -> bool:
    return User.objects.filter(is_demo=True).exists()


@transaction.atomic
def load_demo(now: datetime | None = None) -> int:
    """Load everything or nothing; return the number of reports. Raises DemoError.

    now: the moment at which the campaign that is running stands; None = now. Nothing in it happens later.
    """
    if not settings.DEMO:
        raise DemoError("演示数据只能载入演示环境，请先设置环境变量 DEMO=1。")
    if is_loaded():
        raise DemoError("演示数据已经载入；要重新载入，请换一个空的数据库。")
    if User.objects.exists() or Submission.objects.exists():
        raise DemoError("数据库里已有真实的人员或填报数据，不能载入演示数据，请换一个空的数据库。")
    campaigns = [load(read(FIXTURES / code)).campaign for code in CAMPAIGNS]
    memberships = make_people()
    for campaign in campaigns:
        _enact(campaign, memberships)
    load_running(memberships, now)
    return Submission.objects.count()


@transaction.atomic
def load_running(memberships: Iterable[Membership], now: datetime | None = None) -> Campaign:
    """Load the campaign that is running, and live it through until `now`; return it. Raises DemoError."""
    model = read(FIXTURES / running.MODEL)
    now = (now or timezone.now()).astimezone(ZoneInfo(model.campaign.time_zone)).replace(microsecond=0)
    campaign = load(running.running(model, now.date())).campaign
    _enact(campaign, memberships, now)
    return campaign


def _enact(campaign: Campaign, memberships: Iterable[Membership], now: datetime | None = None) -> None:
    growth = figures.read_growth(FIXTURES / "demo" / "figures.yaml")
    cases = plan.read_cases(FIXTURES / "demo" / "cases.csv")
    code = running.MODEL if campaign.code == running.CODE else campaign.code
    _Enactment(campaign, memberships, now).run(growth[code], cases)


def make_people() -> list[Membership]:
    """Make the invented people, whose units have been loaded; return what they act as."""
    # One hash for all: each costs a third of a second.
    password = make_password(PASSWORD)
    with (FIXTURES / "demo" / "people.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    memberships = []
    for row in rows:
        user = User.objects.create(
            username=row["username"],
            name=row["name"],
            phone=row["phone"],
            password=password,
            is_demo=True,
            must_change_password=False,
        )
        if row["role"] in User.SiteRole.values:
            people.appoint(user, User.SiteRole(row["role"]))
            continue
        unit = ReportingUnit.objects.get(code=row["unit"])
        memberships.append(Membership.objects.create(user=user, unit=unit, role=row["role"]))
    return memberships


@dataclass(frozen=True)
class _Part:
    """One report to be enacted. reporter: None where nobody of the demonstration reports for the unit."""

    form: ReportForm
    period: ReportingPeriod
    place: UnitPlace
    plan: plan.Plan
    reporter: User | None
    reviewer: User

    @property
    def sign_off(self) -> dict[str, str]:
        if self.reporter is None:
            return INVENTED_LINE
        return INVENTED_LINE | {"prepared_by": self.reporter.name, "phone": self.reporter.phone}


class _Enactment:
    """One campaign, period by period: what is reported later is compared with what came before.

    now: where the campaign is running, on its clocks; None where it is long past.
    """

    def __init__(
        self, campaign: Campaign, memberships: Iterable[Membership], now: datetime | None = None
    ) -> None:
        self.campaign = campaign
        self.now = now
        self.forms = list(campaign.forms.all())
        periods = campaign.periods.order_by("ends_on")
        self.periods = list(periods.filter(starts_on__lte=now.date()) if now else periods)
        for form in self.forms:
            form.campaign = campaign
        for period in self.periods:
            period.campaign = campaign
        self.planned = [
            plan.Period(
                period.number, period.starts_on, period.ends_on, period.due_at.astimezone(campaign.zone)
            )
            for period in self.periods
        ]
        self.places = {place.pk: place for place in campaign.places.select_related("unit")}
        self.people = office.People({(row.unit_id, row.role): row.user for row in memberships}, self.places)
        self.began = timezone.now()

    def run(self, growth: figures.Growth, cases: plan.Cases) -> None:
        with _opened(self.campaign, self.periods):
            office.exempt(self.campaign, self.periods, self.people, cases, self.now)
            together: dict[tuple[int, int], list[_Part]] = defaultdict(list)
            for part in self._parts(growth, cases):
                together[part.period.number, part.form.position].append(part)
            for _, parts in sorted(together.items()):
                is_plain = [part.plan.is_plain and part.reporter is None for part in parts]
                self._enact_many([part for part, plain in zip(parts, is_plain, strict=True) if plain])
                for part, plain in zip(parts, is_plain, strict=True):
                    if not plain:
                        self._enact(part)
            self._date_back()
            office.sign_offs(self.campaign, self.periods, self.planned, self.people, cases, self.now)
            if self.now is not None:
                office.tell(self.campaign, self.people, self.now)
                desk.remind(self.campaign, self.periods, self.people, self.now)
                desk.decide_due_times(self.campaign, self.people, self.now)
            publishing.publish(
                self.campaign, self.periods, self.people, FIXTURES / "demo" / "corrections.csv", self.now
            )
            desk.date_notices(self.campaign)
        asking.ask(self.campaign, self.people, FIXTURES / "demo" / "questions.csv", self.now)
        told = texts.read_texts(FIXTURES / "demo" / "texts.yaml")
        texts.write_texts(self.campaign, self.people, told, self.now)
        telling.name_contacts(self.campaign, self.people, self.now)
        if self.now is not None:
            telling.report_urgently(self.campaign, self.people, self.now)
        publishing.write_brief(self.campaign)

    def _parts(self, growth: figures.Growth, cases: plan.Cases) -> Iterator[_Part]:
        decimals = {form.code: {row.number: row.decimals for row in form.columns} for form in self.forms}
        for place in self.places.values():
            reporter = self.people.acting(place, Membership.Role.REPORTER)
            for form in self.forms:
                if not owes(place, form):
                    continue
                of_unit = cases.get((self.campaign.code, form.code, place.unit.code), ())
                unit = self._seed(place, place.unit.code)
                source = next((self._seed(place, one.text) for one in of_unit if one.kind == "copied"), unit)
                reports = figures.invent(growth, source, form.code, decimals)
                for planned in plan.plans(
                    unit.code,
                    form.code,
                    reports[: len(self.periods)],
                    self.planned,
                    of_unit,
                    growth.reasons(form.code),
                    is_known=reporter is not None,
                    now=self.now,
                ):
                    period = self.periods[planned.period - 1]
                    yield _Part(form, period, place, planned, reporter, self.people.reviewer(place))

    def _seed(self, place: UnitPlace, code: str) -> figures.Unit:
        """The same office has other figures in the campaign that is running."""
        return figures.Unit(
            f"{self.campaign.code}/{code}" if self.now else code, is_city=place.level == Level.PREFECTURE
        )

    def _enact_many(self, parts: Sequence[_Part]) -> None:
        """Import reports of one form and period that were sent, and accept those that were accepted."""
        if not parts:
            return
        typed = {part.place.unit: part.plan.figures for part in parts}
        drafted = drafts.import_many(parts[0].form, parts[0].period, typed)
        reports = [(part, drafted[part.place.unit][0]) for part in parts]
        # Only first reports are unsigned: later ones take the line of the one before.
        unsigned = [report for _, report in reports if not report.prepared_by]
        for report in unsigned:
            for name, text in INVENTED_LINE.items():
                setattr(report, name, text)
        Submission.objects.filter(pk__in=[report.pk for report in unsigned]).update(**INVENTED_LINE)
        sent_at = {report.pk: part.plan.steps[0].at for part, report in reports}
        failed = lifecycle.submit_many([report for _, report in reports], at=sent_at)
        accepted: dict[User, dict[Submission, datetime]] = defaultdict(dict)
        for part, report in reports:
            if report.pk in failed:
                self._explain(report, part, failed[report.pk])
                lifecycle.submit(report, by=None, at=sent_at[report.pk])
            for step in part.plan.steps[1:]:
                accepted[part.reviewer][report] = step.at
        for reviewer, decided in accepted.items():
            at = {report.pk: moment for report, moment in decided.items()}
            lifecycle.accept_many(list(decided), by=reviewer, at=at)

    def _enact(self, part: _Part) -> None:
        """Live through one report, move by move."""
        report = drafts.open_draft(part.form, part.place.unit, part.period)
        report.report_form, report.period, report.unit = part.form, part.period, part.place.unit
        typed = {} if part.plan.no_change else part.plan.figures
        if part.plan.no_change:
            drafts.copy_last(report, by=part.reporter)
        drafts.save(report, drafts.Entries(figures=typed, sign_off=part.sign_off), by=part.reporter)
        self._date_changes(report, part.plan.drafted_at)
        for step in part.plan.steps:
            match step.move:
                case "sent":
                    self._send(report, part, step.at)
                case "returned":
                    lifecycle.return_for_correction(
                        report,
                        by=part.reviewer,
                        comment=part.plan.comment,
                        cells=part.plan.cells,
                        at=step.at,
                    )
                case "corrected":
                    drafts.save_figures(report, part.plan.corrected, seen=None, by=part.reporter)
                    self._date_changes(report, step.at)
                case "accepted":
                    lifecycle.accept(report, by=part.reviewer, at=step.at)
                case "reopened":
                    lifecycle.reopen(
                        report,
                        by=part.reviewer,
                        comment=part.plan.comment,
                        cells=part.plan.cells,
                        at=step.at,
                    )

    def _send(self, report: Submission, part: _Part, at: datetime) -> None:
        try:
            lifecycle.submit(report, by=part.reporter, at=at)
        except lifecycle.CheckFailed as error:
            self._explain(report, part, error.findings)
            lifecycle.submit(report, by=part.reporter, at=at)

    def _explain(self, report: Submission, part: _Part, findings: Iterable[Finding]) -> None:
        reasons = part.plan.reasons
        written = {}
        for finding in findings:
            told = next((reasons[cell] for cell in (*finding.cells, 0) if cell in reasons), None)
            if finding.finding_class == FATAL or told is None:
                raise DemoError(f"演示数据有误：{report}：{finding.message}")
            written[finding.key] = told
        drafts.save_explanations(report, written, by=part.reporter)

    def _date_changes(self, report: Submission, at: datetime) -> None:
        """Date what has just been typed: the trail's own dates are those of the loading."""
        Submission.objects.filter(pk=report.pk).update(changed_at=at)
        report.changes.filter(at__range=(self.began, timezone.now())).update(at=at)

    def _date_back(self) -> None:
        """Date the rest, which still has the loading's own dates, to when it was sent."""
        mine = Submission.objects.filter(report_form__campaign=self.campaign)
        sent_at = Subquery(Submission.objects.filter(pk=OuterRef("submission")).values("submitted_at"))
        loading = (self.began, timezone.now())
        mine.filter(changed_at__range=loading, submitted_at__isnull=False).update(
            changed_at=F("submitted_at")
        )
        FigureChange.objects.filter(submission__in=mine.sent(), at__range=loading).update(at=sent_at)
        Explanation.objects.filter(submission__in=mine, written_at__range=loading).update(written_at=sent_at)


@contextmanager
def _opened(campaign: Campaign, periods: Sequence[ReportingPeriod]) -> Iterator[None]:
    """Let these periods be filled although the server's clock is behind the day that was asked for."""
    today = campaign.today()
    ahead = {period: period.starts_on for period in periods if period.starts_on > today}
    for period in ahead:
        period.starts_on = today
    campaign.periods.filter(pk__in=[period.pk for period in ahead]).update(starts_on=today)
    yield
    for period, starts_on in ahead.items():
        period.starts_on = starts_on
        campaign.periods.filter(pk=period.pk).update(starts_on=starts_on)
