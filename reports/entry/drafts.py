"""Filling a draft: figures cell by cell, explanations and the sign-off line.

Two people may have one report open. What a page sends is compared with what it showed when it was drawn
(`seen`): an entry that its user left alone is not written, and one that a colleague has changed meanwhile is
a conflict: reported, not written. Every function is one transaction and takes a handful of statements,
however many cells.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import cast

from django.db import transaction
from django.db.models import CharField
from django.utils import timezone

from campaigns.models import Indicator, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from chunfeng.accounts.models import User
from reports.entry.checks import facts, previous_figures
from reports.entry.validation import LONGEST_EXPLANATION
from reports.lifecycle import IMPORT_NAME, TransitionError, filling_problem, lock, moment, storable
from reports.models import Explanation, Figure, FigureChange, RefusedEntry, Submission
from reports.numbers import FigureError, parse_figure, plain
from reports.register import sign_off_line
from reports.tasks import may_begin, owes, place_held

SIGN_OFF = ("responsible", "prepared_by", "phone")
_LONGEST_KEY = Explanation._meta.get_field("finding").max_length or 0
_LONGEST_REFUSED = RefusedEntry._meta.get_field("text").max_length or 0


class DraftError(TransitionError):
    """Figures are not taken; the message is a sentence for the user. Nothing has been stored."""


@dataclass(frozen=True)
class Entries:
    """What a page sends. What is missing in it is left alone.

    figures: texts by indicator number. explanations: by key of the finding, blank to delete. sign_off: by
    the names in `SIGN_OFF`. seen, seen_explanations, seen_sign_off: what each of these held when the page
    was drawn, figures plainly written (`GridCell.seen`); an entry missing there was blank. None = not
    compared.
    """

    figures: Mapping[int, str] = field(default_factory=dict)
    explanations: Mapping[str, str] = field(default_factory=dict)
    sign_off: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[int, str] | None = None
    seen_explanations: Mapping[str, str] | None = None
    seen_sign_off: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Conflict:
    """A cell that a colleague changed after the page was drawn: not written, both figures are offered.

    yours: as typed. theirs: as stored now, None = blank. by_name: 导入 for an import; "" and at None where
    unknown.
    """

    number: int
    yours: str
    theirs: Decimal | None
    by_name: str
    at: datetime | None


@dataclass(frozen=True)
class Saved:
    """What became of a save.

    changed: numbers of the cells that have another figure now. refused: number -> (text, reason): kept as
    typed, the figure stays as it was. problems: key of a finding or name of a sign-off field -> why it was
    not stored.
    """

    changed: tuple[int, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    refused: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


def report_of(form: ReportForm, unit: ReportingUnit, period: ReportingPeriod) -> Submission | None:
    """Return the unit's report of `form` in `period` with all three set, so that nothing reads them again."""
    found = Submission.objects.filter(report_form=form, unit=unit, period=period).order_by().first()
    if found is not None:
        found.report_form, found.unit, found.period = form, unit, period
    return found


def open_draft(form: ReportForm, unit: ReportingUnit, period: ReportingPeriod) -> Submission:
    """Return the unit's report of `form` in `period`, begun now if there is none: never two, even at once.

    A new one takes the sign-off line of the unit's latest earlier report. Raises DraftError where a report
    is not owed or may not be begun now; one that exists is returned in any case.
    """
    existing = report_of(form, unit, period)
    if existing is not None:
        return existing
    key = {"report_form": form, "unit": unit, "period": period}
    places = UnitPlace.objects.filter(campaign=period.campaign_id, unit=unit)
    place = place_held(places, period.ends_on)
    if form.campaign_id != period.campaign_id or not may_begin(place, form, period.ends_on):
        raise DraftError(f"{unit}在第{period.number}期不填报“{form}”，请从“我的任务”进入。")
    begun = Submission(**key, ends_on=period.ends_on)
    if problem := filling_problem(begun):
        raise DraftError(problem)
    defaults = {"ends_on": period.ends_on, **earlier_line(begun)}
    submission, _ = Submission.objects.get_or_create(**key, defaults=defaults)
    return submission


def asked(form: ReportForm) -> str:
    """What is another text once the form asks for other columns or units: a figure typed before may not fit there."""
    columns = (f"{one.number} {one.decimals} {one.unit_of_measure}" for one in form.columns)
    return hashlib.sha256("\n".join([str(form.version), *columns]).encode()).hexdigest()[:16]


def refuse_other_columns(form: ReportForm, drawn: str) -> None:
    """Raise DraftError where a page was drawn before the form came to ask for something else. drawn: `asked` then."""
    if drawn and drawn != asked(form):
        raise DraftError("这张表的列或单位刚刚改过，没有保存。请刷新页面，对照现在的表核对后再保存。")


def figures_of(submission: Submission) -> dict[int, Decimal | None]:
    """Return the stored figures by indicator number; a cell never touched is missing."""
    return dict(submission.figures.values_list("indicator__number", "value"))


def refused_of(submission: Submission) -> dict[int, str]:
    """Return what was typed and could not be read, by indicator number."""
    return dict(submission.refused_entries.values_list("indicator__number", "text"))


def editing_problem(submission: Submission) -> str | None:
    """Say in a sentence why figures of the report are not edited now; None where they are."""
    if submission.status == Submission.Status.ACCEPTED:
        return "该表已审核通过，不能修改；如需更正，请联系审核员退回。"
    if not submission.is_editable and submission.review_started_at is not None:
        return "该表已上报，审核员已开始审核，不能修改；如需更正，请联系审核员退回。"
    if not submission.is_editable:
        return "该表已上报，不能修改；如需修改，请先撤回。"
    return filling_problem(submission)


def save(submission: Submission, entries: Entries, *, by: User | None) -> Saved:
    """Store all that an entry page sends, in one transaction. by: None = an import.

    Raises DraftError unless the report may be edited now.
    """
    with transaction.atomic():
        current = _editable(submission)
        saved, wrote_figures = _write_figures(current, entries.figures, entries.seen, by)
        explained, wrote_explanations = _write_explanations(
            current, entries.explanations, entries.seen_explanations, by
        )
        signed, wrote_line = _write_sign_off(current, entries.sign_off, entries.seen_sign_off)
        if wrote_figures or wrote_explanations or wrote_line:
            _stamp(submission, current, by)
    return replace(saved, problems={**explained, **signed})


def save_figures(
    submission: Submission, typed: Mapping[int, str], *, seen: Mapping[int, str] | None, by: User | None
) -> Saved:
    """Store figures typed as texts, by indicator number. typed and seen: as in `Entries`.

    A readable figure also clears what was refused in its cell before; an unreadable one leaves the figure as
    it was. Raises DraftError unless the report may be edited now.
    """
    with transaction.atomic():
        current = _editable(submission)
        saved, touched = _write_figures(current, typed, seen, by)
        if touched:
            _stamp(submission, current, by)
    return saved


def save_explanations(
    submission: Submission,
    texts: Mapping[str, str],
    *,
    seen: Mapping[str, str] | None = None,
    by: User | None,
) -> dict[str, str]:
    """Store explanations by key of the finding, a blank one deletes; return why any was not stored, by key.

    Whether an explanation is good enough is asked at submission (`reports.entry.validation.explanation_problem`).
    """
    with transaction.atomic():
        current = _editable(submission)
        problems, touched = _write_explanations(current, texts, seen, by)
        if touched:
            _stamp(submission, current, by)
    return problems


def save_sign_off(
    submission: Submission,
    *,
    responsible: str,
    prepared_by: str,
    phone: str,
    seen: Mapping[str, str] | None = None,
    by: User | None,
) -> dict[str, str]:
    """Store 单位负责人, 填表人 and 联系电话; return why any was not stored, by name of the field."""
    line = {"responsible": responsible, "prepared_by": prepared_by, "phone": phone}
    with transaction.atomic():
        current = _editable(submission)
        problems, touched = _write_sign_off(current, line, seen)
        if touched:
            _stamp(submission, current, by)
    return problems


def copy_last(submission: Submission, *, seen: Mapping[int, str] | None = None, by: User | None) -> Saved:
    """与上期相同: copy the latest earlier report that was sent, and record that nothing has changed since.

    A flow counts this period alone: nothing new is 0. The statement is not recorded where a cell could not
    be copied (a conflict with `seen`), and falls when a figure is changed later. Raises DraftError without
    such a report.
    """
    with transaction.atomic():
        current = _editable(submission)
        ends_on, last = previous_figures(current)
        if ends_on is None:
            raise DraftError("没有更早的已上报报表，不能使用“与上期相同”，请逐项填写。")
        wanted = {
            indicator.number: _copied(indicator, last.get(indicator.number))
            for indicator in current.report_form.columns
        }
        saved, _ = _write_figures(current, wanted, seen, by)
        stored = figures_of(current)
        current.no_change = all(
            ("" if (value := stored.get(indicator.number)) is None else plain(value, indicator.decimals))
            == wanted[indicator.number]
            for indicator in current.report_form.columns
        )
        _stamp(submission, current, by)
    return saved


def fill_blanks_with_zero(submission: Submission, *, by: User | None) -> Saved:
    """其余填 0: report zero in every cell that is blank and holds nothing refused."""
    with transaction.atomic():
        current = _editable(submission)
        stored, waiting = figures_of(current), refused_of(current)
        numbers = [indicator.number for indicator in current.report_form.columns]
        zeros = {number: "0" for number in numbers if stored.get(number) is None and number not in waiting}
        saved, touched = _write_figures(current, zeros, None, by)
        if touched:
            _stamp(submission, current, by)
    return saved


def earlier_line(submission: Submission) -> dict[str, str]:
    """Return the sign-off line of the unit's latest earlier report of the form, by the names in `SIGN_OFF`.

    Where there is none, what the unit named as its contacts. The report itself need not be stored yet.
    """
    earlier = Submission.objects.filter(
        report_form_id=submission.report_form_id, unit_id=submission.unit_id, ends_on__lt=submission.ends_on
    )
    line = earlier.order_by("-ends_on").values(*SIGN_OFF).first()
    return line or sign_off_line(submission.report_form.campaign, submission.unit_id)


def import_many(
    form: ReportForm, period: ReportingPeriod, typed: Mapping[ReportingUnit, Mapping[int, str]]
) -> dict[ReportingUnit, tuple[Submission, Saved]]:
    """Begin and fill the drafts of many units for an import, in a number of statements that does not grow.

    typed: texts by indicator number, by unit. What cannot be read is told in `Saved.refused` and not kept.
    Call it in a transaction: the drafts stay locked until that ends. Raises DraftError where a report is
    not owed, is no draft, or may not be filled now.
    """
    submissions = _begun(form, period, list(typed))
    stored: dict[int, dict[int, Decimal | None]] = defaultdict(dict)
    rows = Figure.objects.filter(submission__in=submissions.values())
    for pk, number, value in rows.values_list("submission_id", "indicator__number", "value"):
        stored[pk][number] = value
    columns = {indicator.number: indicator for indicator in form.columns}
    limits = {known.number: known.limit for known in facts(columns.values())}
    changes: list[tuple[Submission, Indicator, Decimal | None, Decimal | None]] = []
    outcome: dict[ReportingUnit, tuple[Submission, Saved]] = {}
    for unit, texts in typed.items():
        submission = submissions[unit.pk]
        written: list[int] = []
        refused: dict[int, tuple[str, str]] = {}
        for number, text in texts.items():
            try:
                value = _read(text, columns[number], limits[number])
            except FigureError as error:
                refused[number] = (text, str(error))
                continue
            now = stored[submission.pk].get(number)
            if value != now:
                changes.append((submission, columns[number], now, value))
                written.append(number)
        outcome[unit] = submission, Saved(tuple(sorted(written)), refused=refused)
    _store_all(changes, None)
    entries = RefusedEntry.objects.filter(submission__in=submissions.values())
    entries.filter(indicator__number__in={number for texts in typed.values() for number in texts}).delete()
    touched = {report.pk for report, *_ in changes}
    Submission.objects.filter(pk__in=touched).update(
        no_change=False, changed_at=timezone.now(), changed_by=None
    )
    return outcome


def _begun(
    form: ReportForm, period: ReportingPeriod, units: Sequence[ReportingUnit]
) -> dict[int, Submission]:
    """Return the drafts of these units by id of the unit, locked; begin those that are missing."""
    if problem := filling_problem(Submission(report_form=form, period=period)):
        raise DraftError(problem)
    places: dict[int, list[UnitPlace]] = defaultdict(list)
    for place in UnitPlace.objects.filter(campaign=period.campaign_id, unit__in=units):
        places[place.unit_id].append(place)
    earlier = Submission.objects.filter(report_form=form, unit__in=units, ends_on__lt=period.ends_on)
    lines = {row.pop("unit_id"): row for row in earlier.order_by("ends_on").values("unit_id", *SIGN_OFF)}
    rows = Submission.objects.filter(report_form=form, unit__in=units, period=period)
    begun = {row.unit_id: row for row in rows.select_for_update(no_key=True)}
    missing = []
    for unit in units:
        held = place_held(places[unit.pk], period.ends_on)
        if held is None or not owes(held, form):
            raise DraftError(f"{unit}在第{period.number}期不填报“{form}”。")
        if unit.pk not in begun:
            missing.append(
                Submission(
                    report_form=form,
                    unit=unit,
                    period=period,
                    ends_on=period.ends_on,
                    **lines.get(unit.pk, {}),
                )
            )
        elif begun[unit.pk].status != Submission.Status.DRAFT:
            raise DraftError(f"{unit}第{period.number}期的“{form}”已不是草稿，请刷新后再操作。")
    begun |= {row.unit_id: row for row in Submission.objects.bulk_create(missing)}
    for unit in units:
        # One form and one period for all: their columns and dates are read once.
        row = begun[unit.pk]
        row.report_form, row.period, row.unit = form, period, unit
    return begun


def _editable(submission: Submission) -> Submission:
    """Lock the report and return it as it stands, or say why it is not edited now."""
    current = lock(submission, along=())
    # What the report is about is not locked by it: as the caller read it, columns and all.
    current.report_form, current.period, current.unit = (
        submission.report_form,
        submission.period,
        submission.unit,
    )
    if problem := editing_problem(current):
        raise DraftError(problem)
    return current


def _stamp(submission: Submission, current: Submission, by: User | None) -> None:
    """Write the report's own columns, on the caller's instance too."""
    columns = {name: getattr(current, name) for name in SIGN_OFF}
    columns |= {"no_change": current.no_change, "changed_at": timezone.now(), "changed_by": by}
    Submission.objects.filter(pk=current.pk).update(**columns)
    for name, value in columns.items():
        setattr(submission, name, value)


def _write_figures(
    current: Submission, typed: Mapping[int, str], seen: Mapping[int, str] | None, by: User | None
) -> tuple[Saved, bool]:
    """Write the cells that changed; also say whether anything was written."""
    columns = {indicator.number: indicator for indicator in current.report_form.columns}
    limits = {known.number: known.limit for known in facts(columns.values())}
    stored, waiting = figures_of(current), refused_of(current)
    written: dict[int, Decimal | None] = {}
    refused: dict[int, tuple[str, str]] = {}
    cleared: list[int] = []
    disputed: list[int] = []
    for number, text in typed.items():
        if number not in columns:
            if text.strip():
                refused[number] = (text, f"本表没有第 {number} 列，未保存。")
            continue
        try:
            value = _read(text, columns[number], limits[number])
        except FigureError as error:
            refused[number] = (text, str(error))
            continue
        now = stored.get(number)
        if seen is not None and not _was(seen.get(number, ""), now, columns[number]):
            # A colleague has changed the cell since: leave it, unless this user changed it too.
            if value != now and not _was(seen.get(number, ""), value, columns[number]):
                disputed.append(number)
            continue
        cleared.append(number)
        if value != now:
            written[number] = value
    kept = {
        number: fit
        for number, (text, _) in refused.items()
        if number in columns and (fit := storable(text)[:_LONGEST_REFUSED]) != waiting.get(number)
    }
    cleared = [number for number in cleared if number in waiting]

    _store(current, {columns[number]: (stored.get(number), value) for number, value in written.items()}, by)
    if cleared:
        current.refused_entries.filter(indicator__number__in=cleared).delete()
    if kept:
        RefusedEntry.objects.bulk_create(
            [
                RefusedEntry(submission=current, indicator=columns[number], text=text)
                for number, text in kept.items()
            ],
            update_conflicts=True,
            unique_fields=["submission", "indicator"],
            update_fields=["text"],
        )
    conflicts = _conflicts(current, {number: (typed[number], stored.get(number)) for number in disputed})
    return Saved(tuple(sorted(written)), conflicts, refused), bool(written or cleared or kept)


def _read(text: str, indicator: Indicator, maximum: Decimal | None) -> Decimal | None:
    return parse_figure(text, decimals=indicator.decimals, maximum=maximum, unit=indicator.unit_of_measure)


def _was(seen: str, value: Decimal | None, indicator: Indicator) -> bool:
    """Say whether a cell that was drawn as `seen` held `value`."""
    try:
        # Without the limit: it may have been lowered under a figure that is stored.
        return _read(seen, indicator, None) == value
    except FigureError:
        return False


def _store(
    current: Submission, changes: Mapping[Indicator, tuple[Decimal | None, Decimal | None]], by: User | None
) -> None:
    """Store figures with their trail. changes: indicator -> (old, new), real changes only."""
    if changes:
        _store_all([(current, indicator, old, new) for indicator, (old, new) in changes.items()], by)
        current.no_change = False


def _store_all(
    changes: Sequence[tuple[Submission, Indicator, Decimal | None, Decimal | None]], by: User | None
) -> None:
    """Store figures of one or many reports with their trail. changes: report, indicator, old, new."""
    Figure.objects.bulk_create(
        [Figure(submission=report, indicator=indicator, value=new) for report, indicator, _, new in changes],
        update_conflicts=True,
        unique_fields=["submission", "indicator"],
        update_fields=["value"],
    )
    FigureChange.objects.bulk_create(
        FigureChange(submission=report, indicator=indicator, old=old, new=new, actor=by)
        for report, indicator, old, new in changes
    )


def _conflicts(
    current: Submission, disputed: Mapping[int, tuple[str, Decimal | None]]
) -> tuple[Conflict, ...]:
    """Name who changed each disputed cell last, and when. disputed: number -> (yours, theirs)."""
    if not disputed:
        return ()
    changes = current.changes.filter(indicator__number__in=list(disputed)).select_related(
        "indicator", "actor"
    )
    latest = {change.indicator.number: change for change in changes.order_by("pk")}
    return tuple(
        Conflict(
            number=number,
            yours=yours,
            theirs=theirs,
            by_name=str(latest[number].actor or IMPORT_NAME) if number in latest else "",
            at=latest[number].at if number in latest else None,
        )
        for number, (yours, theirs) in sorted(disputed.items())
    )


def _copied(indicator: Indicator, last: Decimal | None) -> str:
    if last is None:
        return ""
    is_flow = indicator.nature == Indicator.Nature.FLOW
    return plain(Decimal(0) if is_flow else last, indicator.decimals)


def _write_explanations(
    current: Submission, texts: Mapping[str, str], seen: Mapping[str, str] | None, by: User | None
) -> tuple[dict[str, str], bool]:
    problems: dict[str, str] = {}
    if not texts:
        return problems, False
    stored = {row.finding: row for row in current.explanations.select_related("author")}
    deleted: list[str] = []
    written: list[Explanation] = []
    for key, typed in texts.items():
        if not key or len(key) > _LONGEST_KEY or key != storable(key):
            continue
        text, now = _tidy(typed), stored[key].text if key in stored else ""
        before = None if seen is None else _tidy(seen.get(key, ""))
        if text in (before, now):
            continue
        if before is not None and before != now:
            problems[key] = _explained_meanwhile(stored.get(key), text, current)
        elif len(text) > LONGEST_EXPLANATION:
            problems[key] = _too_long("核实说明", len(text), LONGEST_EXPLANATION)
        elif text:
            written.append(Explanation(submission=current, finding=key, text=text, author=by))
        else:
            deleted.append(key)
    if deleted:
        current.explanations.filter(finding__in=deleted).delete()
    if written:
        Explanation.objects.bulk_create(
            written,
            update_conflicts=True,
            unique_fields=["submission", "finding"],
            update_fields=["text", "author", "written_at"],
        )
    return problems, bool(deleted or written)


def _explained_meanwhile(stored: Explanation | None, yours: str, current: Submission) -> str:
    lost = f"您写的“{yours}”未保存，请核对后重新填写。" if yours else "没有删除，请核对。"
    if stored is None:
        return f"核实说明已被同事删除，{lost}"
    who, when = stored.author or IMPORT_NAME, moment(stored.written_at, current)
    return f"核实说明已由{who}于{when}改为“{stored.text}”，{lost}"


def _write_sign_off(
    current: Submission, line: Mapping[str, str], seen: Mapping[str, str] | None
) -> tuple[dict[str, str], bool]:
    problems: dict[str, str] = {}
    touched = False
    for name in SIGN_OFF:
        if name not in line:
            continue
        column = cast(CharField, Submission._meta.get_field(name))
        text, now = _tidy(line[name]), getattr(current, name)
        before = None if seen is None else _tidy(seen.get(name, ""))
        longest = column.max_length or 0
        if text in (before, now):
            continue
        if before is not None and before != now:
            problems[name] = f"{column.verbose_name}已被同事改为“{now}”，您填写的“{text}”未保存，请核对。"
        elif len(text) > longest:
            problems[name] = _too_long(str(column.verbose_name), len(text), longest)
        else:
            setattr(current, name, text)
            touched = True
    return problems, touched


def _too_long(what: str, length: int, longest: int) -> str:
    return f"{what}最多 {longest} 个字，现在有 {length} 个，未保存，请缩短。"


def _tidy(text: str) -> str:
    """Return a text as it is stored: trimmed, with the line ends of Unix (browsers send those of Windows)."""
    return storable(text).replace("\r\n", "\n").strip()
