"""报送情况: who has reported what, and when; completeness and timeliness.

Completeness = received ÷ expected, timeliness = received on time ÷ expected. Expected is a report that a unit owes
(`reports.tasks.owes`, at a place open on the period's last day) and is not exempted from; received is one that is
submitted or accepted now, so that a returned one counts again once it is back. On time is decided by the first
submission and the unit's own due time. A report imported without its time is received, but neither on time nor
late: it is left out of what timeliness is divided by. Rates speak of periods whose due time is past.

`read` asks the database, in a number of queries that knows no size; everything else is worked out from its rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, QuerySet, TextChoices

from campaigns.calendar_rules import is_on_time
from campaigns.models import Campaign, Exemption, ReportForm, ReportingPeriod, UnitPlace
from reports.models import Extension, Submission, SubmissionEvent, due_for
from reports.tasks import owes


class State(TextChoices):
    """How a report stands, in the order in which it asks for attention: of several the first is shown."""

    RETURNED = "returned", "被退回"
    NONE = "none", "未报"
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待审"
    LATE = "late", "迟报"
    EXEMPT = "exempt", "免报"
    ACCEPTED = "accepted", "已通过"


SIGNS = {
    State.RETURNED: "退",
    State.NONE: "未",
    State.DRAFT: "草",
    State.SUBMITTED: "审",
    State.LATE: "迟",
    State.EXEMPT: "免",
    State.ACCEPTED: "✓",
}
MISSING = (State.RETURNED, State.NONE, State.DRAFT)
"""What is still to be sent: whom 催报 is for."""
_ORDER = {state: number for number, state in enumerate(State)}


class Report(NamedTuple):
    """A stored report, as it is read. sent_by, changed_by: names, None = 导入 or nobody."""

    pk: int
    form: int
    unit: int
    period: int
    status: str
    first_submitted_at: datetime | None
    submitted_at: datetime | None
    accepted_at: datetime | None
    changed_at: datetime | None
    sent_by: str | None
    changed_by: str | None


_READ = (
    "pk",
    "report_form_id",
    "unit_id",
    "period_id",
    "status",
    "first_submitted_at",
    "submitted_at",
    "accepted_at",
    "changed_at",
    "submitted_by__name",
    "changed_by__name",
)


@dataclass(frozen=True, slots=True)
class Owed:
    """One report that a unit owes. report None: nothing has been entered.

    is_late: None where it is not received, its time is not known or it was not asked for. is_due: the due time is past.
    """

    form: ReportForm
    period: ReportingPeriod
    report: Report | None
    state: State
    due_at: datetime
    is_due: bool
    is_exempt: bool
    is_late: bool | None

    @property
    def is_received(self) -> bool:
        return self.report is not None and self.report.status in Submission.SENT

    @property
    def is_missing(self) -> bool:
        """Still to be sent by a unit that owes it."""
        return self.state in MISSING and not self.is_exempt

    @property
    def is_failed(self) -> bool:
        """Late, or not sent at all though the due time is past."""
        return self.is_late is True or (self.is_missing and self.is_due)


@dataclass(frozen=True)
class Tally:
    """Reports counted: expected = on_time + late + unknown (all received) + what is missing; exempt stands apart."""

    expected: int = 0
    on_time: int = 0
    late: int = 0
    unknown: int = 0
    exempt: int = 0

    @property
    def received(self) -> int:
        return self.on_time + self.late + self.unknown

    @property
    def missing(self) -> int:
        return self.expected - self.received

    @property
    def completeness(self) -> Decimal | None:
        """Received ÷ expected, from 0 to 1; None where nothing is expected."""
        return _share(self.received, self.expected)

    @property
    def timeliness(self) -> Decimal | None:
        """On time ÷ expected, without those whose time is not known; None where nothing is left."""
        return _share(self.on_time, self.expected - self.unknown)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.expected + other.expected,
            self.on_time + other.on_time,
            self.late + other.late,
            self.unknown + other.unknown,
            self.exempt + other.exempt,
        )


@dataclass(frozen=True)
class Line:
    """One place with what its unit owes there: `cells` by id of period, in the order of the forms.

    returned: how often its reports were returned.
    """

    place: UnitPlace
    cells: Mapping[int, Sequence[Owed]]
    returned: int

    @property
    def due(self) -> Tally:
        """What was due so far."""
        return tally(one for owed in self.cells.values() for one in owed if one.is_due)


@dataclass(frozen=True)
class Progress:
    """forms: those asked about, in order. periods: all of the campaign. lines: in registry order, none that owes nothing."""

    campaign: Campaign
    forms: Sequence[ReportForm]
    periods: Sequence[ReportingPeriod]
    lines: Sequence[Line]
    now: datetime = field(compare=False)

    def column(self, period: ReportingPeriod, lines: Iterable[Line] | None = None) -> Tally:
        """What is owed in a period, due or not, by all lines or by those given."""
        listed = self.lines if lines is None else lines
        return tally(one for line in listed for one in line.cells.get(period.pk, ()))


def tally(owed: Iterable[Owed]) -> Tally:
    expected = on_time = late = unknown = exempt = 0
    for one in owed:
        if one.is_exempt:
            exempt += 1
            continue
        expected += 1
        if one.is_received:
            if one.is_late is None:
                unknown += 1
            elif one.is_late:
                late += 1
            else:
                on_time += 1
    return Tally(expected, on_time, late, unknown, exempt)


def by_unit(lines: Iterable[Line]) -> list[Line]:
    """Return one line a unit, in registry order: at the latest of its places, with what it owed at all of them.

    A move or another name opens a place, not the unit: its record goes on.
    """
    held: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        held[line.place.unit_id].append(line)
    merged = []
    for of_unit in held.values():
        of_unit.sort(key=lambda line: line.place.opens or date.min)
        cells = {pk: owed for line in of_unit for pk, owed in line.cells.items()}
        merged.append(Line(of_unit[-1].place, cells, sum(line.returned for line in of_unit)))
    return merged


def worst(owed: Iterable[Owed]) -> State | None:
    """Return the state that asks for attention most; None where nothing is owed."""
    return min((one.state for one in owed), key=_ORDER.__getitem__, default=None)


def streak(cells: Mapping[int, Sequence[Owed]], periods: Iterable[ReportingPeriod]) -> int:
    """连续迟报: in how many periods running, up to the latest that is due, a report came late or not at all.

    A period in which nothing is owed, or from which the unit is exempted, neither breaks it nor counts.
    """
    running = 0
    for failed in _failures(cells, periods):
        running = running + 1 if failed else 0
    return running


def longest_streak(cells: Mapping[int, Sequence[Owed]], periods: Iterable[ReportingPeriod]) -> int:
    longest = running = 0
    for failed in _failures(cells, periods):
        running = running + 1 if failed else 0
        longest = max(longest, running)
    return longest


def _failures(cells: Mapping[int, Sequence[Owed]], periods: Iterable[ReportingPeriod]) -> Iterable[bool]:
    for period in periods:
        asked = [one for one in cells.get(period.pk, ()) if one.is_due and not one.is_exempt]
        if asked:
            yield any(one.is_failed for one in asked)


def read(
    campaign: Campaign,
    places: QuerySet[UnitPlace],
    *,
    now: datetime,
    forms: Sequence[ReportForm] | None = None,
    periods: Sequence[ReportingPeriod] | None = None,
) -> Progress:
    """Read how far the units at `places` are, in the periods that have opened.

    places: of the campaign. forms, periods: None = all.
    """
    listed = list(places.select_related("unit").order_by("position"))
    asked = list(campaign.forms.all()) if forms is None else list(forms)
    columns = list(campaign.periods.order_by("ends_on")) if periods is None else list(periods)
    opened = {period.pk for period in columns if period.starts_on <= now.astimezone(campaign.zone).date()}
    within = {"period__campaign": campaign, "period__in": opened}
    stored = Submission.objects.filter(
        **within, report_form__in=asked, unit__in=places.order_by().values("unit")
    )
    reports: dict[tuple[int, int], dict[int, Report]] = defaultdict(dict)
    for values in stored.order_by().values_list(*_READ):
        report = Report(*values)
        reports[report.unit, report.period][report.form] = report
    exempted = set(Exemption.objects.filter(**within).values_list("period", "unit"))
    extended = {
        (period, unit): due_at
        for period, unit, due_at in Extension.objects.filter(**within).values_list("period", "unit", "due_at")
    }
    returns = _returns(within, asked)
    second = now.replace(microsecond=0)
    lines = []
    for place in listed:
        own_forms = [form for form in asked if owes(place, form)]
        if not own_forms:
            continue
        cells: dict[int, list[Owed]] = {}
        returned = 0
        for period in columns:
            if period.pk not in opened or not place.is_open(period.ends_on):
                continue
            due_at = due_for(period, extended.get((period.pk, place.unit_id)))
            exempt = (period.pk, None) in exempted or (period.pk, place.unit_id) in exempted
            own = reports.get((place.unit_id, period.pk), {})
            cells[period.pk] = [
                _owed(form, period, own.get(form.pk), due_at, second > due_at, exempt) for form in own_forms
            ]
            returned += returns.get((place.unit_id, period.pk), 0)
        if cells:
            lines.append(Line(place, cells, returned))
    return Progress(campaign, asked, columns, lines, now)


def _returns(within: Mapping[str, object], forms: Sequence[ReportForm]) -> dict[tuple[int, int], int]:
    """How often reports were returned, by ids of unit and period."""
    events = SubmissionEvent.objects.filter(
        move=SubmissionEvent.Move.RETURNED,
        submission__report_form__in=forms,
        **{f"submission__{key}": value for key, value in within.items()},
    )
    counted = events.order_by().values_list("submission__unit", "submission__period").annotate(Count("pk"))
    return {(unit, period): number for unit, period, number in counted}


def _owed(
    form: ReportForm,
    period: ReportingPeriod,
    report: Report | None,
    due_at: datetime,
    is_due: bool,
    is_exempt: bool,
) -> Owed:
    state, is_late = State.NONE, None
    if report is not None:
        # Who was let off and reports all the same is neither on time nor late.
        if report.first_submitted_at is not None and report.status in Submission.SENT and not is_exempt:
            is_late = not is_on_time(report.first_submitted_at, due_at)
        state = State(report.status)
        if state == State.ACCEPTED and is_late:
            state = State.LATE
    if is_exempt and state in (State.NONE, State.DRAFT):
        state = State.EXEMPT
    return Owed(form, period, report, state, due_at, is_due, is_exempt, is_late)


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None
