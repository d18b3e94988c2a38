"""What an uploaded workbook holds: which form, unit and period, which figures, and what cannot be taken.

The page and `manage.py read_workbook` call `read_workbook`. Nothing is stored here and nothing guessed: what is
wrong or unclear asks, what is no form or not in scope is refused. docs/rules.md has the rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from campaigns.models import ReportForm, ReportingPeriod
from reports.models import Submission

from .cells import Book
from .figures import Figures
from .gate import RefusedFile
from .known import Known
from .mark import MARK_SHEET, read_rows
from .periods import hints
from .process import Reader, reader
from .reading import REFUSED, Asked, Reading, Settled
from .recognise import TWICE, Table, best_tables, folded

NOTHING = Asked()
_MOST_LISTED = 6


def read_workbook(
    data: bytes, name: str, *, known: Known, asked: Asked = NOTHING, by: Reader | None = None
) -> Reading:
    """Read one file in a process apart and say what it holds. by: a reader that is at hand, for many files."""
    rows, columns = known.bounds
    book: Book | RefusedFile
    try:
        if by is not None:
            book = by.book(data, rows=rows, columns=columns)
        else:
            with reader() as one:
                book = one.book(data, rows=rows, columns=columns)
    except RefusedFile as refused:
        book = refused
    return interpret(book, name, known=known, asked=asked)


def read_books(files: Sequence[bytes], *, known: Known, by: Reader) -> Iterator[Book | RefusedFile]:
    """Read many files for `interpret`: the next is read while one is interpreted."""
    rows, columns = known.bounds
    return by.books(files, rows=rows, columns=columns)


def interpret(book: Book | RefusedFile, name: str, *, known: Known, asked: Asked = NOTHING) -> Reading:
    """Say what a book that has been read holds, or why it has not been read."""
    if isinstance(book, RefusedFile):
        return Reading(REFUSED, str(book))
    return _Interpreter(book, name, known, asked).reading()


class _Interpreter:
    def __init__(self, book: Book, name: str, known: Known, asked: Asked) -> None:
        self.book, self.name, self.known, self.asked = book, name, known, asked
        # Where a file was saved as .xls, the properties are out of reach: the hidden sheet says the same.
        self.book.marks = book.marks or _mark_on_sheet(book)
        self.found = Reading()

    def reading(self) -> Reading:
        try:
            form, tables = self._form()
            period = self._period(form, tables)
            Figures(self.book, self.name, self.known, self.asked, self.found).read(form, period, tables)
        except Settled:
            pass
        return self.found

    # The form

    def _candidates(self) -> list[ReportForm]:
        asked = self.asked.campaign
        return [form for form in self.known.forms if asked is None or form.campaign_id == asked.pk]

    def _form(self) -> tuple[ReportForm, list[Table]]:
        candidates = self._candidates()
        if not candidates:
            raise self.found.refuse("没有可以导入的报表，请核对活动。")
        marked = self._marked_form(candidates)
        tables = self._whole(candidates, marked)
        wanted = self.asked.form
        if wanted is not None and wanted not in tables and tables:
            other = next(iter(tables))
            raise self.found.ask("form", f"文件里是“{other}”，不是“{wanted}”，请核对选择的文件。", tables)
        if wanted is not None and wanted in tables:
            form = next(one for one in tables if one == wanted)
        elif marked is not None and marked in tables and (len(tables) == 1 or self._is_of_campaigns(tables)):
            form = marked
        elif len(tables) == 1:
            [form] = tables
        else:
            titled = {one: found for one, found in tables.items() if any(table.is_titled for table in found)}
            choices = titled or tables
            said = {
                form: found
                for form, found in choices.items()
                if form.campaign.code == self.book.marks.get("campaign")
            }
            choices = said or choices
            if len(choices) > 1:
                raise self._which_form(choices)
            [form] = choices
        self.found.campaign, self.found.form = form.campaign, form
        self.found.recognised["form"] = "mark" if form == marked else "headers"
        chosen = tables[form]
        self.found.sheets = [table.sheet.name for table in chosen]
        self._remark(form, chosen, marked)
        return form, chosen

    def _marked_form(self, candidates: Sequence[ReportForm]) -> ReportForm | None:
        marks = self.book.marks
        return next(
            (
                form
                for form in candidates
                if (form.campaign.code, form.code) == (marks.get("campaign"), marks.get("form"))
            ),
            None,
        )

    def _whole(
        self, candidates: Sequence[ReportForm], marked: ReportForm | None
    ) -> dict[ReportForm, list[Table]]:
        """Return the forms that stand whole in the workbook, with their tables."""
        by_key = {str(form.pk): form for form in candidates}
        found = best_tables(
            self.book.sheets, {key: self.known.shapes[form.pk] for key, form in by_key.items()}
        )
        whole = {
            by_key[key]: [table for table in tables if table.is_whole]
            for key, tables in found.items()
            if any(table.is_whole for table in tables)
        }
        if not whole:
            raise self._no_form(
                {by_key[key]: max(tables, key=lambda one: one.score) for key, tables in found.items()}, marked
            )
        return {form: whole[form] for form in candidates if form in whole}

    def _no_form(self, parts: Mapping[ReportForm, Table], marked: ReportForm | None) -> Settled:
        wanted = self.asked.form or marked
        form = wanted if wanted in parts else max(parts, key=lambda one: parts[one].score, default=None)
        if form is None:
            names = "、".join(sheet.name for sheet in self.book.sheets[:_MOST_LISTED])
            return self.found.refuse(
                f"没有找到官方报表：工作表（{names}）里没有可以识别的表头和列号。请用“下载模板”得到的表填写后上传。"
            )
        self.found.campaign, self.found.form = form.campaign, form
        table = parts[form]
        if set(table.missing.values()) == {TWICE}:
            return self.found.refuse(
                f"工作表“{table.sheet.name}”里有两张“{form}”，分不清读哪一张。请一个工作表只放一张表。"
            )
        labels = form.header.paths(printed=True)
        listed = [
            f"第{number}列应为“{labels[number][-1]}”，"
            + (there if there == TWICE else f"现为“{there}”" if there else "没有找到")
            for number, there in sorted(table.missing.items())
        ]
        version = self.book.marks.get("version", "")
        shown = "；".join(listed[:_MOST_LISTED]) + ("等" if len(listed) > _MOST_LISTED else "")
        if form == marked and version != str(form.version):
            self.found.outdated = True
            return self.found.refuse(
                f"文件是“{form}”第{version}版的表，现行是第{form.version}版，表头已有改动：{shown}。请下载新的模板填写。"
            )
        return self.found.refuse(f"与“{form}”的表头不符：{shown}。请核对表头，或用“下载模板”得到的表填写。")

    def _is_of_campaigns(self, tables: Mapping[ReportForm, Sequence[Table]]) -> bool:
        """True where all forms are found in the same sheets, one a campaign: the same form of several."""
        sheets = [{table.sheet.name for table in found} for found in tables.values()]
        campaigns = {form.campaign_id for form in tables}
        return len(campaigns) == len(tables) and all(one == sheets[0] for one in sheets)

    def _which_form(self, choices: Mapping[ReportForm, Sequence[Table]]) -> Settled:
        if self._is_of_campaigns(choices):
            campaigns = list(dict.fromkeys(form.campaign for form in choices))
            names = "、".join(f"“{campaign}”" for campaign in campaigns)
            return self.found.ask("campaign", f"{names}都有这张表，请选择导入到哪个活动。", campaigns)
        names = "、".join(f"“{form}”" for form in choices)
        return self.found.ask("form", f"工作簿里有几张报表：{names}，请选择导入哪一张。", choices)

    def _remark(self, form: ReportForm, tables: Sequence[Table], marked: ReportForm | None) -> None:
        """Warn of what was passed over."""
        version = self.book.marks.get("version")
        if marked == form and version and version != str(form.version):
            self.found.outdated = True
            self.found.warnings.append(
                f"文件是第{version}版的表，现行是第{form.version}版；各列都找到了，照常读取。"
            )
        if marked is not None and marked != form:
            self.found.warnings.append(f"文件的标记是“{marked}”，表头是“{form}”，按表头读取。")
        for table in tables:
            if table.sheet.cut:
                rows, _ = self.known.bounds
                self.found.warnings.append(
                    f"工作表“{table.sheet.name}”第 {rows} 行以后的内容没有读取，请核对。"
                )
            if table.sheet.is_hidden:
                self.found.warnings.append(f"报表在隐藏的工作表“{table.sheet.name}”里。")
            if table.strange:
                shown = "、".join(f"{cell}“{text[:20]}”" for cell, text in table.strange[:_MOST_LISTED])
                self.found.warnings.append(f"有不属于本表的列，没有读取：{shown}。")
            columns = {column for _, column in table.columns.values()}
            if hidden := columns & table.sheet.hidden_columns:
                self.found.warnings.append(f"有 {len(hidden)} 列是隐藏的，也已读取，请核对。")

    # The period

    def _period(self, form: ReportForm, tables: Sequence[Table]) -> ReportingPeriod:
        periods = self.known.periods(form.campaign)
        marked = None
        if self.book.marks.get("campaign") == form.campaign.code:
            day = self.book.marks.get("period", "")
            marked = next((one for one in periods if one.ends_on.isoformat() == day), None)
        own = {folded(text) for text in (form.title, form.subtitle, *form.notes)}
        written = [hint for table in tables for hint in hints(table.above, table.below, own)]
        wanted = self.asked.period
        wanted = next((one for one in periods if wanted and one.pk == wanted.pk), None)
        period = wanted or marked
        fitting = [one for one in periods if written and all(hint.fits(one) for hint in written)]
        if period is None:
            likely = [*fitting, *(one for one in periods if one not in fitting)]
            if fitting:
                reason = f"文件里写着“{written[0].text}”，看来是{fitting[0]}的数据，请确认报告期。"
            else:
                reason = "文件里没有写明是哪一期的数据，请选择报告期。"
            raise self.found.ask("period", reason, likely)
        self.found.period = period
        self.found.recognised["period"] = "mark" if marked == period else "argument"
        if "period" in self.asked.settled:
            return period
        if marked is not None and marked != period:
            raise self.found.ask(
                "period", f"文件是{marked}的表，这里要导入到{period}，请核对后选择。", [marked, period]
            )
        for hint in written:
            if not hint.fits(period) and not self._is_day_filed(hint.full_date, period):
                others = [one for one in periods if hint.fits(one)] or fitting
                raise self.found.ask(
                    "period",
                    f"文件里写着“{hint.text}”，与{period}不符，请核对后选择报告期。",
                    [*others, period],
                )
        return period

    def _is_day_filed(self, day: date | None, period: ReportingPeriod) -> bool:
        """True where a report of the period was first sent on that day: late, and exported with its date."""
        if day is None or self.book.marks.get("period") != period.ends_on.isoformat():
            return False
        code = self.book.marks.get("unit", "")
        sent = Submission.objects.filter(period=period, unit__code=code, first_submitted_at__isnull=False)
        zone = period.campaign.zone
        days = sent.values_list("first_submitted_at", flat=True)
        return day in {at.astimezone(zone).date() for at in days if at is not None}


def _mark_on_sheet(book: Book) -> dict[str, str]:
    sheet = next((sheet for sheet in book.sheets if sheet.name == MARK_SHEET), None)
    if sheet is None:
        return {}
    texts = {key: cell.value for key, cell in sheet.cells.items()}
    return read_rows([texts.get((row, 1), ""), texts.get((row, 2), "")] for row in range(1, 20))
