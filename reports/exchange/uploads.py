"""Uploaded workbooks from the file to the draft: receive, preview, import, undo.

Figures of an upload go the way of the page: `reports.entry.drafts` checks, locks and stores them, cell by cell
compared with what the preview showed. Whoever uploads must be able to fill the report (`fillable`): an upload
gives nobody a right that the page would not.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.models import Campaign, Indicator, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports.entry import drafts
from reports.excel.gate import RefusedFile, archive_of
from reports.excel.known import Known
from reports.excel.process import reader
from reports.excel.read import interpret, read_books, read_workbook
from reports.excel.reading import OK, REFUSED, Asked, Reading, Scope
from reports.lifecycle import TransitionError, filling_problem, storable
from reports.models import Figure, Submission, Upload, UploadBatch
from reports.numbers import plain
from reports.tasks import place_held

KEPT_FOR = timedelta(days=7)
"""How long an upload that nobody confirmed is kept."""
_NOT_IN_NAME = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069/\\]")
_LONGEST_NAME = 200
_MOST_NAMED = 3


class StaleError(TransitionError):
    """Figures have been changed since the preview was shown; nothing is stored, a new preview is due."""


def fillable(user: User, campaign: Campaign | None = None) -> Scope:
    """Return the units whose reports `user` may fill, in one campaign or in all that the user sees."""
    campaigns = [campaign] if campaign else list(Campaign.objects.visible_to(user))
    units = user.memberships.filter(role=Membership.Role.REPORTER).values_list("unit", flat=True)
    return Scope(campaigns, frozenset(units) if user.is_active else frozenset())


def coordinated(user: User, campaign: Campaign) -> Scope:
    """Return the units of the campaign that `user` coordinates: the own one and those below."""
    below = Q(pk__in=[])
    if user.is_active:
        own = user.memberships.filter(role=Membership.Role.COORDINATOR).values("unit")
        for path in campaign.places.filter(unit__in=own).values_list("path", flat=True):
            below |= Q(path__startswith=path)
    units = campaign.places.filter(below).order_by().values_list("unit", flat=True)
    return Scope([campaign], frozenset(units), called="您审核的单位")


def scope_of(upload: Upload) -> Scope:
    """Return the units for which figures of a file are taken."""
    if upload.batch_id is not None:
        return coordinated(upload.owner, upload.campaign)
    return fillable(upload.owner, upload.campaign)


# Files


def path_of(upload: Upload) -> Path:
    return Path(settings.PRIVATE_ROOT) / "uploads" / upload.stored_as


@dataclass(frozen=True)
class Delivery:
    """What came in one file: workbooks by name, and what was not opened: (name, sentence)."""

    workbooks: list[tuple[str, bytes]]
    remarks: list[tuple[str, str]]


def delivered(data: bytes, name: str) -> Delivery:
    """Open a zip of workbooks; anything else is a workbook itself, whatever it holds."""
    name = clean_name(name)
    try:
        archive = archive_of(data)
    except RefusedFile as refused:
        return Delivery([], [(name, str(refused))])
    if archive is None:
        return Delivery([(name, data)], [])
    remarks = [(clean_name(one), str(refused)) for one, refused in archive.refused]
    if archive.others:
        shown = "、".join(map(clean_name, archive.others[:_MOST_NAMED]))
        more = "等" if len(archive.others) > _MOST_NAMED else ""
        remarks.append((name, f"里面有 {len(archive.others)} 个文件不是工作簿，没有打开：{shown}{more}。"))
    if not archive.workbooks and not archive.refused:
        remarks.append((name, "压缩包里没有 .xlsx 或 .xls 文件。"))
    return Delivery(archive.workbooks, remarks)


def receive_all(
    files: Sequence[tuple[str, bytes]],
    *,
    owner: User,
    campaign: Campaign,
    asked: Mapping[str, Any],
    batch: UploadBatch | None = None,
) -> list[Upload]:
    """Read workbooks and keep them; one that holds several forms becomes an upload for each.

    Of a refused one only what was said of it is kept.
    """
    new = Upload(owner=owner, campaign=campaign, batch=batch, asked=dict(asked))
    known, said = Known(scope_of(new)), _asked(new)
    received = []
    with reader() as one:
        books = read_books([data for _, data in files], known=known, by=one)
        for (name, data), book in zip(files, books, strict=True):
            name = clean_name(name)
            reading = interpret(book, name, known=known, asked=said)
            if reading.asks == "form" and said.form is None:
                for form in reading.choices:
                    of_form = interpret(book, name, known=known, asked=replace(said, form=form))
                    received.append(_keep(new, name, data, of_form, {**asked, "form": form.code}))
            else:
                received.append(_keep(new, name, data, reading, asked))
    return received


def _keep(new: Upload, name: str, data: bytes, reading: Reading, asked: Mapping[str, Any]) -> Upload:
    """Keep a file with what was read in it. new: whose it is, and where."""
    upload = Upload(
        owner=new.owner,
        campaign=new.campaign,
        batch=new.batch,
        name=name,
        stored_as=f"{timezone.now():%Y%m}/{uuid.uuid4().hex}",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        asked=dict(asked),
    )
    _tell(upload, reading)
    if reading.outcome != REFUSED:
        path = path_of(upload)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(data)
        path.chmod(0o600)
    upload.save()
    return upload


def clean_name(name: str) -> str:
    """Return a file's name fit to be shown and stored: no path, no control characters, not too long."""
    return (
        _NOT_IN_NAME.sub("", storable(name.replace("\\", "/").rpartition("/")[2])).strip()[-_LONGEST_NAME:]
        or "未命名"
    )


def answer(upload: Upload, answers: Mapping[str, str], *, total: bool = False) -> None:
    """Read the file again with what the user answered: codes of form, unit and period, "" = as the file says.

    What was asked for, and what the user changed, stands even where the file says otherwise.
    """
    before = upload.asked
    settled = {
        name
        for name in ("unit", "period")
        if answers.get(name) and (upload.found["asks"] == name or answers[name] != before.get(name, ""))
    }
    kept = {name for name in before.get("settled", ()) if answers.get(name) == before.get(name)}
    upload.asked = {**answers, "settled": sorted(settled | kept), "total": total}
    data = path_of(upload).read_bytes()
    _tell(upload, read_workbook(data, upload.name, known=Known(scope_of(upload)), asked=_asked(upload)))
    upload.save(update_fields=["asked", "found"])


def _tell(upload: Upload, reading: Reading) -> None:
    upload.found = _kept(reading)
    upload.found["says"] = _says(upload, reading)


def _kept(reading: Reading) -> dict[str, Any]:
    told = reading.as_json()
    told["asks"] = reading.asks
    told["outdated"] = reading.outdated
    told["sheets"] = reading.sheets
    told["cells"] = [
        [unit, number, source.sheet, source.cell] for (unit, number), source in reading.sources.items()
    ]
    return told


def _asked(upload: Upload) -> Asked:
    """Return what was said of a file; a code that no longer exists says nothing."""
    said = upload.asked
    units = ReportingUnit.objects.filter(places__campaign=upload.campaign)
    return Asked(
        campaign=upload.campaign,
        form=upload.campaign.forms.filter(code=said.get("form", "")).first(),
        unit=units.filter(code=said.get("unit", "")).first(),
        period=_period(upload.campaign, said.get("period", "")),
        settled=frozenset(said.get("settled", ())),
        total=bool(said.get("total")),
    )


def _period(campaign: Campaign, ends_on: str) -> ReportingPeriod | None:
    return next((one for one in campaign.periods.all() if one.ends_on.isoformat() == ends_on), None)


# Preview


NEW, CHANGED, REJECTED, SAME, EMPTY = "new", "changed", "rejected", "same", "empty"


@dataclass(frozen=True)
class Cell:
    """One cell of a preview. old: as stored; new: as found, None where empty or rejected.

    state: new (blank before), changed, rejected, same, or empty (the stored figure stays).
    """

    indicator: Indicator
    state: str
    old: Decimal | None
    new: Decimal | None
    address: str = ""
    found: str = ""
    reason: str = ""

    @property
    def stays(self) -> Decimal | None:
        """What stands in the report after an import."""
        return self.new if self.state in (NEW, CHANGED) else self.old


@dataclass(frozen=True)
class UnitPreview:
    """What an import would do to one unit's report. problem: why the report takes nothing now, "" = it does."""

    unit: ReportingUnit
    place: UnitPlace
    submission: Submission | None
    cells: tuple[Cell, ...]
    problem: str

    @property
    def changes(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.state in (NEW, CHANGED)]

    @property
    def rejected(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.state == REJECTED]

    def count(self, state: str) -> int:
        return sum(cell.state == state for cell in self.cells)


@dataclass(frozen=True)
class Preview:
    """What an import would do. token: what the reports hold now; a confirmation must name it."""

    form: ReportForm
    period: ReportingPeriod
    units: tuple[UnitPreview, ...]
    token: str

    @property
    def counts(self) -> dict[str, int]:
        return {
            state: sum(unit.count(state) for unit in self.units)
            for state in (NEW, CHANGED, REJECTED, SAME, EMPTY)
        }

    @property
    def importable(self) -> int:
        """How many figures would be stored."""
        return sum(len(unit.changes) for unit in self.units if not unit.problem)


def preview(upload: Upload) -> Preview | None:
    """Compare what was found with what is stored now; None where nothing was found."""
    found = upload.found
    form = upload.campaign.forms.filter(code=found.get("form") or "").first()
    period = _period(upload.campaign, found.get("period") or "")
    if found.get("outcome") != OK or form is None or period is None:
        return None
    form.campaign = period.campaign = upload.campaign
    codes = list(found["values"])
    units = {unit.code: unit for unit in ReportingUnit.objects.filter(code__in=codes)}
    places: dict[int, list[UnitPlace]] = {}
    for place in UnitPlace.objects.filter(campaign=upload.campaign, unit__code__in=codes):
        places.setdefault(place.unit_id, []).append(place)
    reports = {
        row.unit_id: row
        for row in Submission.objects.filter(report_form=form, period=period, unit__code__in=codes)
    }
    stored: dict[int, dict[int, Decimal | None]] = {}
    for row in reports.values():
        stored[row.unit_id] = {}
    for unit_id, number, value in Figure.objects.filter(submission__in=reports.values()).values_list(
        "submission__unit_id", "indicator__number", "value"
    ):
        stored[unit_id][number] = value
    addresses = {(unit, number): cell for unit, number, _, cell in found["cells"]}
    rejected = {(one["unit"], int(one["number"])): one for one in found["rejected"]}
    previews = []
    for code in codes:
        unit = units.get(code)
        held = place_held(places.get(unit.pk, []), period.ends_on) if unit else None
        if unit is None or held is None:
            continue
        values = {int(number): Decimal(text) for number, text in found["values"][code].items()}
        cells = tuple(
            _cell(
                indicator,
                stored.get(unit.pk, {}).get(indicator.number),
                values.get(indicator.number),
                rejected.get((code, indicator.number)),
                addresses.get((code, indicator.number), ""),
            )
            for indicator in form.columns
        )
        report = reports.get(unit.pk)
        previews.append(UnitPreview(unit, held, report, cells, _problem(report, form, unit, period)))
    return Preview(form, period, tuple(previews), _token(previews))


def _cell(
    indicator: Indicator,
    old: Decimal | None,
    new: Decimal | None,
    rejected: Mapping[str, str] | None,
    address: str,
) -> Cell:
    if rejected is not None:
        return Cell(indicator, REJECTED, old, None, rejected["cell"], rejected["found"], rejected["reason"])
    if new is None:
        return Cell(indicator, EMPTY, old, None)
    state = SAME if new == old else NEW if old is None else CHANGED
    return Cell(indicator, state, old, new, address)


def _problem(
    report: Submission | None, form: ReportForm, unit: ReportingUnit, period: ReportingPeriod
) -> str:
    if report is not None and report.status == Submission.Status.ACCEPTED:
        return "该表已审核通过，不能修改；如需更正，请联系审核员退回。"
    if report is not None and not report.is_editable:
        return "该表已上报，不能修改；如需修改，请先撤回。"
    return filling_problem(Submission(report_form=form, unit=unit, period=period)) or ""


def _token(previews: list[UnitPreview]) -> str:
    held = [
        [
            unit.unit.code,
            [_plain(cell.old, cell.indicator) for cell in unit.cells],
        ]
        for unit in previews
    ]
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()[:32]


def _plain(value: Decimal | None, indicator: Indicator) -> str:
    return "" if value is None else plain(value, indicator.decimals)


def _says(upload: Upload, reading: Reading) -> str:
    """One line on a file that was read: what it was recognised as, or why it was not."""
    shown = preview(upload) if upload.batch_id is None else None
    if shown is None:
        return reading.reason
    units = "、".join(unit.place.short for unit in shown.units[:_MOST_NAMED])
    if len(shown.units) > _MOST_NAMED:
        units += f"等 {len(shown.units)} 个单位"
    return (
        f"{shown.form.annex or shown.form.title} · {units} · {shown.period}："
        f"{shown.importable} 项变化，{shown.counts[REJECTED]} 项未识别"
    )


# Import and undo


def confirm(upload: Upload, *, token: str, by: User) -> int:
    """Store what the preview showed; return how many figures. All units or none.

    Raises StaleError where a report holds other figures than when the preview was made, TransitionError where
    one takes none now.
    """
    if upload.batch_id is not None:
        raise TransitionError("审核员不能代填报单位导入；请在往期附件页下载数据表。")
    with transaction.atomic():
        locked = Upload.objects.select_for_update().get(pk=upload.pk)
        if not locked.is_waiting:
            raise TransitionError(f"这个文件{locked.get_state_display()}，不能再次导入。")
        shown = preview(locked)
        if shown is None:
            raise TransitionError("这个文件还没有识别，不能导入。")
        if shown.token != token:
            raise StaleError("预览之后，报表里的数字有了变化，没有导入。下面是新的预览，请核对后再确认。")
        scope = fillable(by, locked.campaign)
        stored: dict[str, dict[str, list[str]]] = {}
        reports = []
        for unit in shown.units:
            if not scope.has(unit.unit.pk):
                raise TransitionError(f"“{unit.unit}”不在{scope.called}之内。")
            if not unit.changes:
                continue
            if unit.problem:
                raise TransitionError(unit.problem)
            report = drafts.open_draft(shown.form, unit.unit, shown.period)
            typed = {cell.indicator.number: _plain(cell.new, cell.indicator) for cell in unit.changes}
            seen = {cell.indicator.number: _plain(cell.old, cell.indicator) for cell in unit.changes}
            saved = drafts.save_figures(report, typed, seen=seen, by=by)
            if saved.conflicts or saved.refused:
                raise StaleError("导入的同时有人修改了这张表，没有导入。下面是新的预览，请核对后再确认。")
            reports.append(report)
            stored[unit.unit.code] = {str(number): [seen[number], typed[number]] for number in typed}
        locked.state, locked.done_at, locked.stored = Upload.State.IMPORTED, timezone.now(), stored
        locked.save(update_fields=["state", "done_at", "stored"])
        locked.reports.set(reports)
    upload.refresh_from_db()
    return sum(map(len, stored.values()))


def undo(upload: Upload, *, by: User) -> int:
    """Put back what the import replaced; return how many figures. Raises TransitionError where one has been
    changed since, or where a report takes nothing now."""
    with transaction.atomic():
        locked = Upload.objects.select_for_update().get(pk=upload.pk)
        if locked.state != Upload.State.IMPORTED:
            raise TransitionError(f"这个文件{locked.get_state_display()}，不能撤销。")
        scope = fillable(by, locked.campaign)
        for report in locked.reports.select_related("unit"):
            if not scope.has(report.unit_id):
                raise TransitionError(f"“{report.unit}”不在{scope.called}之内。")
            changes = locked.stored.get(report.unit.code, {})
            old = {int(number): texts[0] for number, texts in changes.items()}
            new = {int(number): texts[1] for number, texts in changes.items()}
            saved = drafts.save_figures(report, old, seen=new, by=by)
            if saved.conflicts or len(saved.changed) != len(old):
                raise TransitionError("导入之后有些数字又改过，不能整个撤销，请在填报页逐项修改。")
        locked.state = Upload.State.UNDONE
        locked.save(update_fields=["state"])
    upload.refresh_from_db()
    return sum(map(len, upload.stored.values()))


def drop(upload: Upload) -> None:
    """Give up a file that waits, and delete it."""
    if Upload.objects.waiting().filter(pk=upload.pk).update(state=Upload.State.DROPPED):
        path_of(upload).unlink(missing_ok=True)


def clear(*, before: Any) -> tuple[int, int]:
    """Delete uploads that nobody confirmed before then, and files without a row; return how many of each."""
    old = Upload.objects.exclude(state__in=(Upload.State.IMPORTED, Upload.State.UNDONE)).filter(at__lt=before)
    rows = list(old)
    for upload in rows:
        path_of(upload).unlink(missing_ok=True)
    old.delete()
    UploadBatch.objects.filter(at__lt=before, uploads=None).delete()
    root = Path(settings.PRIVATE_ROOT) / "uploads"
    known = set(Upload.objects.values_list("stored_as", flat=True))
    stray = 0
    for path in root.glob("*/*"):
        if str(path.relative_to(root)) not in known and path.stat().st_mtime < before.timestamp():
            path.unlink()
            stray += 1
    return len(rows), stray
