"""Past years' attachments read together: what each file holds, and one table a form for `manage.py import_figures`.

A coordinator never stores figures for a unit: the table is handed to who runs the portal. It holds each report
once; what is not certain, or would be refused there, is left out and said.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from campaigns.models import Campaign, ReportForm, ReportingPeriod, UnitPlace
from chunfeng.accounts.models import User
from reports.excel.reading import ASK, OK, REFUSED
from reports.exchange import importing
from reports.exchange.uploads import coordinated, delivered, receive_all
from reports.lifecycle import filling_problem
from reports.models import Submission, Upload, UploadBatch
from reports.tasks import may_begin, place_held

MOST_FILES = 1000
_MOST_NAMED = 3


def may_gather(user: User, campaign: Campaign) -> bool:
    """True for the coordinators of units in the campaign."""
    return bool(coordinated(user, campaign).units)


def add(batch: UploadBatch, files: Iterable[tuple[str, bytes]]) -> tuple[list[Upload], list[tuple[str, str]]]:
    """Read files, zips of them included, into a batch; return them, and remarks on what was not opened.

    The remarks stay with the batch.
    """
    workbooks: list[tuple[str, bytes]] = []
    remarks: list[tuple[str, str]] = []
    room = MOST_FILES - batch.uploads.count()
    for name, data in files:
        delivery = delivered(data, name)
        remarks += delivery.remarks
        workbooks += delivery.workbooks
    remarks += [
        (name, f"一批最多 {MOST_FILES} 个文件，没有读取；请另外上传。") for name, _ in workbooks[room:]
    ]
    received = receive_all(
        workbooks[:room], owner=batch.owner, campaign=batch.campaign, asked={}, batch=batch
    )
    batch.remarks += remarks
    batch.save(update_fields=["remarks"])
    return received, remarks


@dataclass(frozen=True)
class Line:
    """One report found in a file. figures: by number, as plain text. problem: why it is not in the table."""

    place: UnitPlace
    figures: Mapping[str, str]
    problem: str


@dataclass(frozen=True)
class File:
    """One file. form, period: None where it asks or is refused."""

    upload: Upload
    form: ReportForm | None = None
    period: ReportingPeriod | None = None
    lines: tuple[Line, ...] = ()

    @property
    def figures(self) -> int:
        return sum(len(line.figures) for line in self.lines)

    @property
    def rejected(self) -> int:
        return len(self.upload.found["rejected"])

    @property
    def taken(self) -> int:
        """How many reports of it are in the table."""
        return sum(not line.problem for line in self.lines)

    @property
    def problems(self) -> list[str]:
        """One sentence a problem, with the units that have it."""
        units: dict[str, list[str]] = defaultdict(list)
        for line in self.lines:
            if line.problem:
                units[line.problem].append(line.place.short)
        return [
            f"{'、'.join(names[:_MOST_NAMED])}{f'等 {len(names)} 个单位' if len(names) > _MOST_NAMED else ''}：{problem}"
            for problem, names in units.items()
        ]


@dataclass(frozen=True)
class Table:
    """What is handed on of one form."""

    form: ReportForm
    reports: int
    figures: int


@dataclass(frozen=True)
class Gathered:
    """A batch: its files in the order in which they came, and a table a form."""

    files: tuple[File, ...]
    tables: tuple[Table, ...]


def gathered(batch: UploadBatch) -> Gathered:
    """Say what the files of a batch hold, in a number of queries that does not grow with them."""
    uploads = list(batch.uploads.exclude(state=Upload.State.DROPPED).order_by("pk"))
    files = _Files(batch.campaign, uploads).all()
    tables = []
    for form in dict.fromkeys(file.form for file in files if file.form is not None):
        lines = [line for file in files if file.form == form for line in file.lines if not line.problem]
        if lines:
            tables.append(Table(form, len(lines), sum(len(line.figures) for line in lines)))
    return Gathered(tuple(files), tuple(sorted(tables, key=lambda table: table.form.position)))


def counts(found: Gathered) -> dict[str, int]:
    """Return how many files are recognised (ok), ask and are refused, and how many reports are in no table."""
    outcomes = Counter(file.upload.found["outcome"] for file in found.files)
    left = sum(len(file.lines) - file.taken for file in found.files)
    return {OK: outcomes[OK], ASK: outcomes[ASK], REFUSED: outcomes[REFUSED], "left": left}


def figures_csv(batch: UploadBatch, form: ReportForm) -> bytes | None:
    """Return the table of one form as `importing.import_figures` takes it; None where it has no report.

    A cell that was not recognised is blank.
    """
    rows = [
        (file.period.ends_on, line.place.position, line)
        for file in gathered(batch).files
        if file.form == form and file.period is not None
        for line in file.lines
        if not line.problem
    ]
    if not rows:
        return None
    numbers = [str(column.number) for column in form.columns]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([importing.UNIT, importing.PERIOD, *numbers])
    for ends_on, _, line in sorted(rows, key=lambda row: row[:2]):
        figures = [line.figures.get(number, "") for number in numbers]
        writer.writerow([line.place.unit.code, ends_on.isoformat(), *figures])
    return text.getvalue().encode("utf-8-sig")


_Key = tuple[str, str, str]
"""Form, period and unit, by their codes."""


class _Files:
    """The files of a batch against the campaign's forms, periods, places and reports, one query each."""

    def __init__(self, campaign: Campaign, uploads: list[Upload]) -> None:
        self.uploads = uploads
        self.forms = {form.code: form for form in campaign.forms.all()}
        self.periods = {period.ends_on.isoformat(): period for period in campaign.periods.all()}
        for form in self.forms.values():
            form.campaign = campaign
        for period in self.periods.values():
            period.campaign = campaign
        self.places: dict[str, list[UnitPlace]] = defaultdict(list)
        for place in campaign.places.select_related("unit"):
            self.places[place.unit.code].append(place)
        reports = Submission.objects.filter(period__campaign=campaign).exclude(status=Submission.Status.DRAFT)
        self.stored: dict[_Key, str] = {
            (form, ends_on.isoformat(), unit): Submission.Status(status).label
            for form, ends_on, unit, status in reports.values_list(
                "report_form__code", "ends_on", "unit__code", "status"
            )
        }
        self.sources: dict[_Key, list[tuple[Upload, Mapping[str, str]]]] = defaultdict(list)
        for upload in uploads:
            found = upload.found
            for unit, figures in found["values"].items() if found["outcome"] == OK else ():
                if figures:
                    self.sources[found["form"], found["period"], unit].append((upload, figures))

    def all(self) -> list[File]:
        return [self._file(upload) for upload in self.uploads]

    def _file(self, upload: Upload) -> File:
        found = upload.found
        form = self.forms.get(found["form"] or "")
        period = self.periods.get(found["period"] or "")
        if found["outcome"] != OK or form is None or period is None:
            return File(upload)
        lines = []
        for unit, figures in found["values"].items():
            place = place_held(self.places[unit], period.ends_on)
            if place is not None:
                lines.append(Line(place, figures, self._problem(upload, form, period, place, figures)))
        return File(upload, form, period, tuple(lines))

    def _problem(
        self,
        upload: Upload,
        form: ReportForm,
        period: ReportingPeriod,
        place: UnitPlace,
        figures: Mapping[str, str],
    ) -> str:
        """Say why a report is not in the table; "" where it is. The table is taken as a whole or not at all."""
        key = form.code, period.ends_on.isoformat(), place.unit.code
        if not figures:
            return "没有填写数字。"
        if label := self.stored.get(key):
            return f"系统里已有这份报表（{label}），不再导入。"
        if not may_begin(place, form, period.ends_on):
            return "单位在这一期已经停用，不再导入。"
        if problem := filling_problem(Submission(report_form=form, unit=place.unit, period=period)):
            return problem
        sources = self.sources[key]
        if any(other != figures for _, other in sources):
            names = "、".join(f"“{one}”" for one in dict.fromkeys(one.name for one, _ in sources))
            return f"{len(sources)} 个文件里的数字不同（{names}），请去掉不用的文件。"
        first = sources[0][0]
        return "" if first == upload else f"与“{first.name}”里的数字相同，只列一次。"
