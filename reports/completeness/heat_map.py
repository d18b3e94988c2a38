"""The heat-map of 报送情况: rows of units and groups of units over columns of periods, ready to be printed."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.urls import reverse

from campaigns.models import ReportingPeriod, UnitPlace
from reports.completeness.progress import (
    MISSING,
    SIGNS,
    Line,
    Owed,
    Progress,
    State,
    Tally,
    by_unit,
    streak,
    worst,
)
from reports.managing.changes import said
from reports.models import CampaignEvent, Submission

ALL_OPEN = 150
"""Up to so many units every group is drawn open; beyond, those alone that were asked for."""
COLUMNS = 16

_NAMES: dict[State, str] = {state: "未报" if state == State.NONE else state.label for state in State}


class Cell(NamedTuple):
    """css: the state, "" where nothing is owed. sign: as printed, with a number in a group. url: "" = nothing to open."""

    css: str
    sign: str
    label: str
    url: str


@dataclass(frozen=True)
class Column:
    """A period with all that it owes. was_due: its due time before the latest change, in words; "" where none."""

    period: ReportingPeriod
    total: Tally
    is_open: bool
    is_due: bool
    was_due: str


@dataclass(frozen=True)
class Row:
    """A unit, or a group of them with all below (`is_group`). due: what was due so far. streak: None for a group, and where the unit has left."""

    place: UnitPlace
    cells: Sequence[Cell]
    due: Tally
    returned: int
    streak: int | None
    is_group: bool = False


@dataclass(frozen=True)
class Group:
    """head None: units that stand for themselves. is_open: `rows` are drawn; units: how many there are."""

    head: Row | None
    rows: Sequence[Row]
    units: int
    is_open: bool


@dataclass(frozen=True)
class HeatMap:
    columns: Sequence[Column]
    groups: Sequence[Group]
    total: Tally
    """What was due so far, by all units."""
    returned: int
    units: int
    earlier: ReportingPeriod | None
    later: ReportingPeriod | None
    """The periods up to which the neighbouring pages of columns run."""


def heat_map(
    progress: Progress,
    *,
    tops: Iterable[UnitPlace],
    names: Mapping[int, UnitPlace],
    remind: Collection[int],
    opened: Collection[str],
    changes: Mapping[int, CampaignEvent],
    until: ReportingPeriod | None = None,
) -> HeatMap:
    """Arrange what is owed.

    tops: the places whose direct children make the groups. names: places by id, those of the groups among them.
    remind: ids of places whose units the reader may remind. opened: codes of groups to be drawn open, "all" = all.
    changes: the latest change of a period's due time, by id. until: the last column; None = the latest opened.
    """
    shown, earlier, later = _window(progress, until)
    draw = _Drawing(progress, shown, set(remind))
    groups: dict[int | None, list[Line]] = {}
    heads: dict[int, list[UnitPlace]] = {}
    depths = {top.pk: len(top.ancestor_ids) for top in tops}
    units = by_unit(progress.lines)
    running = {line.place.pk: streak(line.cells, progress.periods) for line in units}
    for line in progress.lines:
        head = names.get(_group_of(line.place, depths) or 0)
        groups.setdefault(head.unit_id if head else None, []).append(line)
        if head:
            heads.setdefault(head.unit_id, []).append(head)
    draw_all = "all" in opened or len(progress.lines) <= ALL_OPEN
    drawn = []
    for unit, of_places in groups.items():
        # A unit that was renamed stands in one row; one that moved to another group in a row of each.
        lines = by_unit(of_places)
        head = max(heads[unit], key=lambda place: place.opens or date.min) if unit else None
        if head is None or [line.place.unit_id for line in lines] == [unit]:
            rows = [draw.unit(line, running.get(line.place.pk)) for line in lines]
            drawn.append(Group(None, rows, len(lines), is_open=True))
            continue
        is_open = draw_all or head.unit.code in opened
        rows = [draw.unit(line, running.get(line.place.pk)) for line in lines] if is_open else []
        drawn.append(Group(draw.group(head, lines), rows, len(lines), is_open))
    columns = [
        Column(
            period,
            progress.column(period),
            is_open=draw.is_open(period),
            is_due=period.due_at < progress.now,
            was_due=_was_due(period, changes.get(period.pk)),
        )
        for period in shown
    ]
    return HeatMap(
        columns,
        drawn,
        total=_sum(line.due for line in progress.lines),
        returned=sum(line.returned for line in progress.lines),
        units=len(units),
        earlier=earlier,
        later=later,
    )


def _was_due(period: ReportingPeriod, change: CampaignEvent | None) -> str:
    """ "" also where a reload has replaced what the portal changed."""
    return change.old if change and change.new == said(period.due_at, period.campaign) else ""


def _window(
    progress: Progress, until: ReportingPeriod | None
) -> tuple[Sequence[ReportingPeriod], ReportingPeriod | None, ReportingPeriod | None]:
    """The columns to draw, and up to which period the pages before and after them run."""
    periods = list(progress.periods)
    if len(periods) <= COLUMNS:
        return periods, None, None
    today = progress.now.astimezone(progress.campaign.zone).date()
    latest = sum(period.starts_on <= today for period in periods)
    end = periods.index(until) + 1 if until else max(latest, COLUMNS)
    start = max(0, end - COLUMNS)
    earlier = periods[start - 1] if start else None
    later = periods[min(end + COLUMNS, len(periods)) - 1] if end < len(periods) else None
    return periods[start:end], earlier, later


def _group_of(place: UnitPlace, depths: Mapping[int, int]) -> int | None:
    """The id of the place directly below a top under which `place` stands; None for a top itself."""
    ids = place.ancestor_ids
    depth = max((depth for pk, depth in depths.items() if pk in ids), default=0)
    return ids[depth] if len(ids) > depth else None


class _Drawing:
    """Draws rows: what all cells share is worked out once."""

    def __init__(self, progress: Progress, shown: Sequence[ReportingPeriod], remind: set[int]) -> None:
        self.progress, self.shown, self.remind = progress, shown, remind
        self.zone = progress.campaign.zone
        self.today = progress.now.astimezone(self.zone).date()
        code = progress.campaign.code
        self.report_page, self.report_end = reverse("reports:submission-detail", args=[0]).split("0")
        self.group_page = f"{reverse('reports:progress', args=[code])}?unit="
        self.remind_pages = {
            period.pk: f"{reverse('reports:remind', args=[code, period.ends_on.isoformat()])}?unit="
            for period in (shown if remind else ())
        }
        self.several = len(progress.forms) > 1

    def is_open(self, period: ReportingPeriod) -> bool:
        return period.starts_on <= self.today

    def unit(self, line: Line, running: int | None) -> Row:
        cells = [self._cell(line, period) for period in self.shown]
        return Row(line.place, cells, line.due, line.returned, running)

    def group(self, head: UnitPlace, lines: Sequence[Line]) -> Row:
        cells = [self._group_cell(head, lines, period) for period in self.shown]
        returned = sum(line.returned for line in lines)
        return Row(head, cells, _sum(line.due for line in lines), returned, None, is_group=True)

    def _cell(self, line: Line, period: ReportingPeriod) -> Cell:
        owed = line.cells.get(period.pk)
        if not owed:
            return _nothing(self.is_open(period))
        state = worst(owed)
        assert state is not None  # noqa: S101 - something is owed
        first = next(one for one in owed if one.state == state)
        is_waiting = state in MISSING and not first.is_due
        said = "；".join(f"{self._form(one)}{said_of(one, self.zone)}" for one in owed)
        url = ""
        if first.report is not None:
            url = f"{self.report_page}{first.report.pk}{self.report_end}"
        elif line.place.pk in self.remind:
            url = f"{self.remind_pages[period.pk]}{quote(line.place.unit.code)}"
        css = f"{state.value} waiting" if is_waiting else state.value
        return Cell(css, SIGNS[state], f"{line.place.short} 第{period.number}期：{said}", url)

    def _group_cell(self, head: UnitPlace, lines: Sequence[Line], period: ReportingPeriod) -> Cell:
        states: Counter[State] = Counter()
        is_waiting = True
        for line in lines:
            owed = line.cells.get(period.pk, ())
            state = worst(owed)
            if state is not None:
                states[state] += 1
                is_waiting = is_waiting and not owed[0].is_due
        if not states:
            return _nothing(self.is_open(period))
        state = next(one for one in State if states[one])
        said = "，".join(f"{_NAMES[one]} {states[one]}" for one in State if states[one])
        sign = SIGNS[state] if state == State.ACCEPTED else f"{SIGNS[state]}{states[state]}"
        css = f"{state.value} waiting" if is_waiting and state in MISSING else state.value
        label = f"{head.short} 第{period.number}期，{sum(states.values())} 个单位：{said}"
        return Cell(css, sign, label, f"{self.group_page}{quote(head.unit.code)}")

    def _form(self, owed: Owed) -> str:
        return f"{owed.form.annex or owed.form.title} " if self.several else ""


def said_of(owed: Owed, zone: ZoneInfo) -> str:
    """Say how a report stands, since when and by whom: 已通过（按时，2月16日 15:03 王某上报）."""
    report = owed.report
    if owed.state == State.EXEMPT:
        return "免报"
    if report is None:
        return "未报（已过截止）" if owed.is_due else "未报（未到截止）"
    name = Submission.Status(report.status).label
    if owed.is_received:
        when = {True: "迟报", False: "按时", None: "免报" if owed.is_exempt else "上报时间不详"}[owed.is_late]
        return f"{name}（{when}{_moment(report.submitted_at, report.sent_by or '导入', zone, '上报')}）"
    return f"{name}（{'已过截止' if owed.is_due else '未到截止'}{_moment(report.changed_at, report.changed_by or '导入', zone, '修改')}）"


def _moment(at: datetime | None, who: str, zone: ZoneInfo, did: str) -> str:
    if at is None:
        return ""
    local = at.astimezone(zone)
    return f"，{local.month}月{local.day}日 {local:%H:%M} {who}{did}"


def _nothing(is_open: bool) -> Cell:
    return Cell("", "", "", "") if is_open else Cell("future", "", "", "")


def _sum(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())
