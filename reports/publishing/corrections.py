"""更正: what a report that is accepted after publication moves, said beside the editions and before it is done.

An edition never changes. Once a report is accepted that counts in it, or in the period before it, and its totals
are others than the edition quotes, a `Correction` says which: against the edition, or against the latest note
beside it. What does not move a total leaves no note.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Indicator, ReportForm, ReportingPeriod, UnitPlace
from chunfeng.accounts.models import User
from reports import notifications
from reports.models import Correction, Edition, Figure, Notice, Submission, SubmissionEvent
from reports.numbers import format_figure
from reports.publishing.published import MEASURE_WORDS, compared, papers, readers
from reports.rollup import Total, held_or_latest, total_of
from reports.rollup.series import Series, series
from reports.tasks import place_held

_Move = SubmissionEvent.Move
_NAMED = 5
"""How many of the reports accepted together a note names."""


@dataclass(frozen=True)
class Moved:
    """A total that the report moves. was, now: as printed; measure: 累计 or 本期新增."""

    column: int
    label: str
    measure: str
    was: str
    now: str


@dataclass(frozen=True)
class MovedPeriod:
    """A later total of one unit. editions: the published ones that quote it, latest issue first."""

    period: ReportingPeriod
    place: UnitPlace
    editions: tuple[Edition, ...]
    cells: tuple[Moved, ...]


@dataclass(frozen=True)
class Effect:
    """What accepting a report would move. elsewhere: how many editions of units above the reader are touched."""

    periods: tuple[MovedPeriod, ...]
    elsewhere: int


def touched(submission: Submission) -> list[Edition]:
    """Return the editions whose figures the report has a part in, or the increments of which it is the base."""
    return touched_by([submission])[submission.pk]


def touched_by(submissions: Sequence[Submission]) -> dict[int, list[Edition]]:
    """Return what `touched` says of each report of one campaign, by its id; as many queries for many as for one."""
    found: dict[int, list[Edition]] = {submission.pk: [] for submission in submissions}
    if not submissions:
        return found
    campaign = submissions[0].period.campaign_id
    editions = list(
        Edition.objects.filter(
            period__campaign=campaign, period__ends_on__gte=min(one.ends_on for one in submissions)
        )
        .defer("workbook")
        .select_related("period__campaign", "unit")
        .order_by("period__ends_on", "path", "issue")
    )
    if not editions:
        return found
    places: dict[int, list[UnitPlace]] = defaultdict(list)
    units = {one.unit_id for one in submissions} | {one.unit_id for one in editions}
    for place in UnitPlace.objects.filter(campaign=campaign, unit__in=units):
        places[place.unit_id].append(place)
    ends = list(submissions[0].period.campaign.periods.order_by("ends_on").values_list("ends_on", flat=True))
    sides = {edition.pk: _sides(edition, ends, places[edition.unit_id]) for edition in editions}
    last = _count_until(submissions)
    for submission in submissions:
        for edition in editions:
            if submission.report_form.code in edition.content["forms"] and any(
                _counts(submission, end, path, places[submission.unit_id], last[submission.pk])
                for end, path in sides[edition.pk]
            ):
                found[submission.pk].append(edition)
    return found


def _sides(edition: Edition, ends: Sequence[date], places: Sequence[UnitPlace]) -> list[tuple[date, str]]:
    """Return below which path an edition adds up, and until when: its period, and the one before for the increments.

    A unit that left in between, or closed, is in the one before alone. places: of the edition's unit.
    """
    end = edition.period.ends_on
    before = max((one for one in ends if one < end), default=None)
    sides = [(end, edition.path)]
    return sides if before is None else [*sides, (before, held_or_latest(places, before).path)]


def _counts(submission: Submission, end: date, path: str, places: Sequence[UnitPlace], last: date) -> bool:
    """Say whether a report counts below `path` in the period that ends on `end`.

    places: of its unit. last: as `_count_until` has it.
    """
    held = place_held(places, end)
    return submission.ends_on <= end < last and held is not None and held.path.startswith(path)


def note(submissions: Iterable[Submission], *, by: User | None) -> list[Correction]:
    """Add a note beside each edition whose totals these reports, just accepted, have moved; tell its readers.

    Runs in the transaction that accepts them.
    """
    listed = list(submissions)
    notes = []
    for campaign in sorted({submission.period.campaign_id for submission in listed}):
        take_turns(campaign)
        if Edition.objects.filter(period__campaign=campaign).exists():
            notes += _noted([one for one in listed if one.period.campaign_id == campaign], by)
    for correction in notes:
        _tell(correction, by)
    return notes


def take_turns(campaign: int, *, publishes: bool = False) -> None:
    """Keep publishing and accepting apart until the transaction ends: what one has not read, the other sees.

    Acceptances go on side by side; publishing waits for those under way, and lets none go on meanwhile. On SQLite
    the transaction is the only writer from its beginning (IMMEDIATE).
    """
    rows = Campaign.objects.filter(pk=campaign)
    if publishes:
        list(rows.select_for_update(no_key=True))
    elif connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM campaigns_campaign WHERE id = %s FOR SHARE", [campaign])


def _noted(submissions: Sequence[Submission], by: User | None) -> list[Correction]:
    """Add the notes beside the editions of one campaign: one a form and edition, at the first report that it uses.

    Reports accepted together move a total together: the note names the others.
    """
    found = touched_by(submissions)
    movers: dict[tuple[int, int], list[Submission]] = defaultdict(list)
    editions = {}
    for submission in submissions:
        for edition in found[submission.pk]:
            editions[edition.pk] = edition
            movers[submission.report_form_id, edition.pk].append(submission)
    missing = _reopened([submission for submission, *_ in movers.values()])
    notes = []
    for (form_pk, pk), (submission, *others) in movers.items():
        edition, form = editions[pk], submission.report_form
        now = total_of(form, edition.period, edition.unit, measure="increment")
        if changes := _changes(edition, form.code, now):
            kind, reason = _kind(submission, edition)
            notes.append(
                Correction.objects.create(
                    edition=edition,
                    submission=submission,
                    kind=kind,
                    reason=reason + _together(others) + _without(missing.get((form_pk, pk), [])),
                    changes=changes,
                    actor_name=str(by)[:50] if by else "导入",
                    at=submission.accepted_at or timezone.now(),
                )
            )
    return notes


def _together(others: Sequence[Submission]) -> str:
    if not others:
        return ""
    names = "、".join(str(one.unit) for one in others[:_NAMED])
    more = f"等 {len(others)} 个单位" if len(others) > _NAMED else ""
    return f"（与{names}{more}一并通过，变动是合计数）"


def _reopened(submissions: Sequence[Submission]) -> dict[tuple[int, int], list[Submission]]:
    """Return the reports that are reopened and not accepted again, by ids of the form and of each edition they are missing in.

    submissions: of the campaign and the forms that are looked at.
    """
    if not submissions:
        return {}
    rows = Submission.objects.filter(
        report_form__in={one.report_form_id for one in submissions},
        period__campaign=submissions[0].period.campaign_id,
        events__move=_Move.REOPENED,
    ).exclude(status=Submission.Status.ACCEPTED)
    listed = list(rows.distinct().select_related("unit", "period__campaign", "report_form"))
    found: dict[tuple[int, int], list[Submission]] = defaultdict(list)
    for submission, editions in zip(listed, touched_by(listed).values(), strict=True):
        for edition in editions:
            found[submission.report_form_id, edition.pk].append(submission)
    return found


def _without(reopened: Sequence[Submission]) -> str:
    """Say that totals are short of reports that were taken out by somebody else, until they are accepted again."""
    if not reopened:
        return ""
    names = "、".join(str(one.unit) for one in reopened[:_NAMED])
    more = f"等 {len(reopened)} 个单位" if len(reopened) > _NAMED else ""
    return f"（{names}{more}的报表已重新打开、尚未再次通过，变动含其影响）"


def effect(submission: Submission, reader: UnitPlace) -> Effect | None:
    """Say what accepting a submitted report would move: published totals, and those of later periods.

    reader: the place whose totals are shown. None where the report was never accepted before and no edition has
    a part of it. The report is accepted, everything added up, and the acceptance taken back.
    """
    old = _figures_accepted(submission)
    editions = touched(submission)
    if old is None and not editions:
        return None
    form, periods = submission.report_form, _periods_moved(submission)
    quoting = _quoting(editions, reader)
    with transaction.atomic():
        before = series(form, reader.unit, until=periods[-1])
        Submission.objects.filter(pk=submission.pk).update(status=Submission.Status.ACCEPTED)
        after = series(form, reader.unit, until=periods[-1])
        published = {
            period.pk: total_of(form, period, reader.unit, measure="increment")
            for period in periods
            if period.pk in quoting
        }
        if old is not None:
            _put_back(submission, old)
            before = series(form, reader.unit, until=periods[-1])
        transaction.set_rollback(True)
    moved = []
    for period in periods:
        quoted = quoting.get(period.pk, [])
        if quoted:
            cells = [_moved(change) for change in _changes(quoted[-1], form.code, published[period.pk])]
        else:
            cells = _between(form, period, before, after)
        if cells:
            moved.append(MovedPeriod(period, reader, tuple(reversed(quoted)), tuple(cells)))
    elsewhere = sum(edition.unit_id != reader.unit_id for edition in editions)
    return Effect(tuple(moved), elsewhere) if moved or elsewhere else None


def effect_of_many(submissions: Sequence[Submission], user: User) -> Effect | None:
    """Say which published totals accepting these reports of one campaign together would move; None where none.

    Those of editions that `user` reads, as shown; the others are counted. The reports are accepted, everything added
    up, and the acceptance taken back; nothing of it where no edition has a part of them.
    """
    found = touched_by(submissions)
    forms: dict[int, dict[str, ReportForm]] = defaultdict(dict)
    latest: dict[tuple[int, int], Edition] = {}
    for submission in submissions:
        for edition in found[submission.pk]:
            latest[edition.unit_id, edition.period_id] = edition
            forms[edition.pk][submission.report_form.code] = submission.report_form
    if not latest:
        return None
    editions = sorted(latest.values(), key=lambda one: (one.period.ends_on, one.path))
    visible = set(Edition.objects.visible_to(user).filter(pk__in=forms).values_list("pk", flat=True))
    places = UnitPlace.objects.in_bulk(_place_id(edition) for edition in editions)
    moved = []
    with transaction.atomic():
        Submission.objects.filter(pk__in=found).update(status=Submission.Status.ACCEPTED)
        for edition in editions:
            cells = [
                _moved(change)
                for code, form in forms[edition.pk].items()
                for change in _changes(
                    edition, code, total_of(form, edition.period, edition.unit, measure="increment")
                )
            ]
            if cells:
                place = places[_place_id(edition)]
                moved.append(MovedPeriod(edition.period, place, (edition,), tuple(cells)))
        transaction.set_rollback(True)
    shown = tuple(one for one in moved if one.editions[0].pk in visible)
    return Effect(shown, len(moved) - len(shown)) if moved else None


def _place_id(edition: Edition) -> int:
    return int(edition.path.split("/")[-2])


def effect_of_reopening(submission: Submission, reader: UnitPlace) -> Effect:
    """Say what reopening an accepted report moves until it is accepted again: the totals of `reader` to date.

    The report is taken out, everything added up, and put back.
    """
    form, periods = submission.report_form, _periods_moved(submission)
    now = series(form, reader.unit, until=periods[-1])
    with transaction.atomic():
        Submission.objects.filter(pk=submission.pk).update(status=Submission.Status.RETURNED)
        after = series(form, reader.unit, until=periods[-1])
        transaction.set_rollback(True)
    editions = touched(submission)
    quoting = _quoting(editions, reader)
    moved = [
        MovedPeriod(period, reader, tuple(reversed(quoting.get(period.pk, []))), tuple(cells))
        for period in periods
        if (cells := _between(form, period, now, after))
    ]
    return Effect(tuple(moved), sum(edition.unit_id != reader.unit_id for edition in editions))


def _quoting(editions: Iterable[Edition], reader: UnitPlace) -> dict[int, list[Edition]]:
    """Return those of the reader's unit by id of period, in order of issue."""
    quoting: dict[int, list[Edition]] = defaultdict(list)
    for edition in editions:
        if edition.unit_id == reader.unit_id:
            quoting[edition.period_id].append(edition)
    return dict(quoting)


def _between(form: ReportForm, period: ReportingPeriod, before: Series, after: Series) -> list[Moved]:
    """Return the totals to date of a period that are others after than before."""
    return [
        Moved(
            column.number,
            column.label,
            MEASURE_WORDS["cumulative"],
            format_figure(before.total(period, column.number), column.decimals),
            format_figure(after.total(period, column.number), column.decimals),
        )
        for column in form.columns
        if before.total(period, column.number) != after.total(period, column.number)
    ]


def _periods_moved(submission: Submission) -> list[ReportingPeriod]:
    """Return the report's period and the later ones, as far as they have begun, whose totals it can move."""
    campaign, last = submission.period.campaign, _count_until([submission])[submission.pk]
    today = campaign.today()
    return [
        period
        for period in campaign.periods.filter(ends_on__gte=submission.ends_on, ends_on__lte=last)
        if period == submission.period or period.starts_on <= today
    ]


def _count_until(submissions: Sequence[Submission]) -> dict[int, date]:
    """Return by id the end of the last period whose totals a report can move, the increment included.

    That is the period of the unit's next accepted report. What a flow adds is in every later total to date.
    """
    accepted = Submission.objects.accepted().filter(
        report_form__in={submission.report_form_id for submission in submissions},
        unit__in={submission.unit_id for submission in submissions},
        ends_on__gt=min(submission.ends_on for submission in submissions),
    )
    ends: dict[tuple[int, int], list[date]] = defaultdict(list)
    for form, unit, end in accepted.order_by("ends_on").values_list("report_form", "unit", "ends_on"):
        ends[form, unit].append(end)
    last = {}
    for submission in submissions:
        is_flow = any(column.nature == Indicator.Nature.FLOW for column in submission.report_form.columns)
        later = ends[submission.report_form_id, submission.unit_id]
        following = (end for end in later if end > submission.ends_on)
        last[submission.pk] = date.max if is_flow else next(following, date.max)
    return last


def _changes(edition: Edition, form: str, now: Total) -> list[dict[str, Any]]:
    """Return the totals of a form that are no longer as the edition or the latest note beside it says."""
    paper = next(one for one in papers(edition) if one.code == form)
    said = _said(edition, form)
    today = {
        (difference.measure, difference.column.number): _text(difference.now)
        for difference in compared(paper, now)
    }
    changes = []
    for measure, published in (("cumulative", paper.cumulative.total), ("increment", paper.increment.total)):
        for column in paper.columns:
            key, quoted = (measure, column.number), _text(published[column.number])
            was, value = said.get(key, quoted), today.get(key, quoted)
            if was != value:
                changes.append(
                    {
                        "form": paper.code,
                        "annex": paper.annex or paper.title,
                        "column": column.number,
                        "label": column.label,
                        "decimals": column.decimals,
                        "measure": measure,
                        "was": was,
                        "now": value,
                    }
                )
    return changes


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _said(edition: Edition, form: str) -> dict[tuple[str, int], str | None]:
    """What the notes beside an edition have said of its totals, the latest of each."""
    said = {}
    for correction in edition.corrections.all():
        for change in correction.changes:
            if change["form"] == form:
                said[change["measure"], change["column"]] = change["now"]
    return said


def _kind(submission: Submission, edition: Edition) -> tuple[Correction.Kind, str]:
    """Tell a correction from a report that came after publication, and say why it was sent back."""
    back = [event for event in submission.events.all() if event.move in (_Move.REOPENED, _Move.RETURNED)]
    reopened = any(event.move == _Move.REOPENED and event.at >= edition.published_at for event in back)
    kind = Correction.Kind.CORRECTION if reopened else Correction.Kind.LATE
    return kind, back[-1].comment if back else ""


def _tell(correction: Correction, by: User | None) -> None:
    edition = correction.edition
    notifications.tell(
        readers(edition, but=by),
        campaign=edition.period.campaign,
        kind=Notice.Kind.EDITION,
        title=f"{edition}有{correction.get_kind_display()}：{correction.submission.unit} "
        f"{correction.submission.report_form.annex} {correction.submission.period}",
        text="\n".join(described(correction.changes)),
        url=reverse("reports:edition-detail", args=[edition.pk]),
        email=False,
    )


def described(changes: Sequence[dict[str, Any]]) -> list[str]:
    """Say changes in words: 附件1第2列累计 30 → 32."""
    return [
        f"{change['annex']}第{change['column']}列{MEASURE_WORDS[change['measure']]} "
        f"{_printed(change['was'], change['decimals'])} → {_printed(change['now'], change['decimals'])}"
        for change in changes
    ]


def _printed(text: str | None, decimals: int) -> str:
    return format_figure(None if text is None else Decimal(text), decimals)


def _figures_accepted(submission: Submission) -> dict[int, Decimal | None] | None:
    """Return by number the figures with which the report was accepted last; None where it never was."""
    event = submission.events.filter(move__in=(_Move.ACCEPTED, _Move.REOPENED)).last()
    if event is None:
        return None
    kept = event.snapshot.get("figures", {})
    return {int(number): None if text is None else Decimal(text) for number, text in kept.items()}


def _put_back(submission: Submission, old: dict[int, Decimal | None]) -> None:
    """Give a report the figures of earlier, by number, in a transaction that is taken back."""
    submission.figures.all().delete()
    Figure.objects.bulk_create(
        Figure(submission=submission, indicator=column, value=old.get(column.number))
        for column in submission.report_form.columns
    )


def _moved(change: dict[str, Any]) -> Moved:
    return Moved(
        change["column"],
        change["label"],
        MEASURE_WORDS[change["measure"]],
        _printed(change["was"], change["decimals"]),
        _printed(change["now"], change["decimals"]),
    )
