"""Tables of units and people in bulk: what may be uploaded, how it is previewed, how it is written out.

django-import-export leads through upload, preview and confirmation. What it is given here: one reader of Excel
and CSV that names the line of each mistake, rows that are checked as a whole, all or nothing, and cells that no
spreadsheet takes for formulas.
"""

import csv
import io
import secrets
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

import tablib
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html
from import_export import resources
from import_export.formats.base_formats import Format
from import_export.tmp_storages import BaseStorage
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from campaigns.models import PendingTable

from .definition.source import FORBIDDEN

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 2000
MAX_COLUMNS = 40
MAX_UNPACKED = 50 * 1024 * 1024
MAX_PARTS = 500
KEPT = timedelta(days=1)
LINE = "行"
"""The column that the reader adds in front: the line of the file, blank lines counted."""
_SAVE_AS = "请用 Excel 或 WPS 另存为“Excel 工作簿（.xlsx）”或 CSV 后再上传。"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class TableError(Exception):
    """A file that cannot be taken; the message is a sentence."""


# --- reading --------------------------------------------------------------------------------------


def read_table(content: bytes) -> tablib.Dataset:
    """Read the first sheet of an Excel workbook, or a CSV file in UTF-8 or GB 18030; every cell a text.

    The first row names the columns; blank rows are left out. Raises TableError.
    """
    if len(content) > MAX_BYTES:
        raise TableError(f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请只保留要导入的那张表，或分几次导入。")
    if content.startswith(b"PK"):
        rows = _excel_rows(content)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError(f"这是旧版 Excel（.xls）或加密的文件，不能读取。{_SAVE_AS}")
    else:
        rows = _csv_rows(content)
    return _dataset(rows)


def _excel_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            listed = parts.infolist()
            # A part is never inflated beyond the size that it declares: zipfile stops there.
            if len(listed) > MAX_PARTS or sum(part.file_size for part in listed) > MAX_UNPACKED:
                raise TableError(f"文件解压后过大，不能读取。{_SAVE_AS}")
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()
        bounds = {"max_row": MAX_ROWS + 2, "max_col": MAX_COLUMNS, "values_only": True}
        for line, values in enumerate(sheet.iter_rows(**bounds), start=1):
            yield line, [_text(value) for value in values]
    except TableError:
        raise
    except Exception as error:
        # openpyxl raises whatever the broken part happens to cause.
        raise TableError(f"不能读取这个 Excel 文件，文件可能已损坏。{_SAVE_AS}") from error


def _csv_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise TableError(f"不能识别文件的文字编码。{_SAVE_AS}")
    if "\x00" in text:
        raise TableError(f"这不是 Excel 或 CSV 表格。{_SAVE_AS}")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for values in reader:
            yield reader.line_num, [value.strip() for value in values[:MAX_COLUMNS]]
    except csv.Error:
        raise TableError(f"第 {reader.line_num + 1} 行附近的引号不配对，不能读取。{_SAVE_AS}") from None


def _text(value: object) -> str:
    """Return a cell as it would be typed: 13800000000 of a number, 2024-02-09 of a date."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
    return str(value).strip()


def _dataset(rows: Iterator[tuple[int, list[str]]]) -> tablib.Dataset:
    headers: list[str] = []
    dataset = tablib.Dataset()
    for line, values in rows:
        if not any(values):
            continue
        if not headers:
            headers = values[: max(number for number, value in enumerate(values, start=1) if value)]
            doubled = next((name for name in headers if name and headers.count(name) > 1), None)
            if doubled:
                raise TableError(f"第一行有两列都叫“{doubled}”，请删去一列。")
            dataset.headers = [LINE, *(name or f"（第{at}列）" for at, name in enumerate(headers, start=1))]
            continue
        if len(dataset) == MAX_ROWS:
            raise TableError(f"超过 {MAX_ROWS} 行，请分几次导入。")
        dataset.append([str(line), *(values + [""] * len(headers))[: len(headers)]])
    if not len(dataset):
        raise TableError("表里没有数据：第一行应为列名，从第二行起每行一项。")
    return dataset


# --- the formats of django-import-export ------------------------------------------------------------


class UploadedTable(Format):
    """Excel or CSV, told apart by content, so that nobody has to choose."""

    def __init__(self, encoding: str | None = None) -> None:
        """`encoding` is what the package offers; the file itself decides."""

    def get_title(self) -> str:
        return "Excel 工作簿（.xlsx）或 CSV"

    def can_import(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        return read_table(in_stream)


class ExcelTable(Format):
    def get_title(self) -> str:
        return "Excel（.xlsx）"

    def get_extension(self) -> str:
        return "xlsx"

    def get_content_type(self) -> str:
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def can_export(self) -> bool:
        return True

    def export_data(self, dataset: tablib.Dataset, **_: Any) -> bytes:
        return write_excel(dataset.headers, dataset)


class CsvTable(Format):
    """With a byte order mark: without it Excel reads Chinese as GBK."""

    def get_title(self) -> str:
        return "CSV"

    def get_extension(self) -> str:
        return "csv"

    def get_content_type(self) -> str:
        return "text/csv; charset=utf-8"

    def can_export(self) -> bool:
        return True

    def export_data(self, dataset: tablib.Dataset, **_: Any) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        for row in ([*dataset.headers], *dataset):
            writer.writerow([harmless(_text(value)) for value in row])
        return text.getvalue().encode("utf-8-sig")


def write_excel(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """Return a workbook whose cells are all texts, whatever they begin with (`=1+1` stays what was typed)."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("表")
    sheet.freeze_panes = "A2"
    for column in range(len(headers)):
        letter = chr(ord("A") + column)
        sheet.column_dimensions[letter].width = 18
        sheet.column_dimensions[letter].number_format = "@"
    for number, row in enumerate(([*headers], *rows)):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, FORBIDDEN.sub("", _text(value)))
            cell.data_type = "s"
            cell.number_format = "@"
            cell.quotePrefix = True
            if number == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def harmless(text: str) -> str:
    """Return a text of a CSV file that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


class PendingStorage(BaseStorage):
    """Between preview and confirmation the file waits in the database, under a key that cannot be guessed."""

    def save(self, data: bytes) -> None:
        PendingTable.objects.filter(stored_at__lt=timezone.now() - KEPT).delete()
        self.name = secrets.token_urlsafe(24)
        PendingTable.objects.create(key=self.name, content=data)

    def read(self) -> bytes:
        """Raises TableError where the file was imported or has been waiting too long."""
        try:
            return bytes(PendingTable.objects.get(key=self.name).content)
        except PendingTable.DoesNotExist:
            raise TableError("上传的文件已经导入过，或者放置太久，请重新上传。") from None

    def remove(self) -> None:
        PendingTable.objects.filter(key=self.name).delete()


# --- rows checked as a whole ------------------------------------------------------------------------


class Difference:
    """Old and new value of each column of a row, for the preview: marked by elements, not by inline styles."""

    def __init__(self, resource: resources.Resource, instance: object, new: bool) -> None:
        self.before = [field.export(instance) for field in resource.get_import_fields()]
        self.after: list[str] = []
        self.new = new

    def compare_with(self, resource: resources.Resource, instance: object) -> None:
        self.after = [field.export(instance) for field in resource.get_import_fields()]

    def as_html(self) -> list[str]:
        found: list[str] = []
        for before, after in zip(self.before, self.after, strict=True):
            if self.new or before == after:
                found.append(format_html("{}", after))
            elif before:
                found.append(format_html("<del>{}</del> <ins>{}</ins>", before, after))
            else:
                found.append(format_html("<ins>{}</ins>", after))
        return found


class TableResource(resources.ModelResource):
    """A table whose rows are checked together and taken in together, or not at all.

    A subclass says in `prepare` what is wrong with each row, gives `instance_of` a row for the preview, and does
    it all in `carry_out`. ALIASES: other names of columns, such as those of units.csv. REQUIRED: columns that
    must be there.
    """

    ALIASES: ClassVar[Mapping[str, str]] = {}
    REQUIRED: ClassVar[Sequence[str]] = ()

    def __init__(self, **_: Any) -> None:
        super().__init__()
        self.mistakes: dict[int, list[str]] = {}
        self.row_number = 0

    def prepare(self, rows: list[dict[str, str]]) -> None:
        """Check rows by column name and fill `mistakes`: sentences by number of the row, from 0."""
        raise NotImplementedError

    def instance_of(self, number: int) -> tuple[Any, bool]:
        """Return what the row stands for, as stored now or blank, and whether it is new."""
        raise NotImplementedError

    def fill(self, instance: Any, number: int) -> None:
        """Give `instance` the values of the row, for the preview; nothing is saved."""
        raise NotImplementedError

    def carry_out(self, by: Any) -> None:
        """Store all rows, which are known to be without mistakes."""
        raise NotImplementedError

    # What follows are the package's own steps, in their order.

    @classmethod
    def get_diff_class(cls) -> type:
        return Difference

    def before_import(self, dataset: tablib.Dataset, **_: Any) -> None:
        columns = [field.column_name for field in self.get_import_fields()]
        named = [self.ALIASES.get(name.lower(), name) for name in dataset.headers]
        missing = [name for name in self.REQUIRED if name not in named]
        unknown = [name for name in named if name != LINE and name not in columns]
        if missing or unknown:
            dataset.wipe()
            if missing:
                raise TableError(f"缺少“{'”“'.join(missing)}”列。第一行应为列名：{'、'.join(columns)}。")
            raise TableError(
                f"不认识“{unknown[0]}”列，可以有的列：{'、'.join(columns)}。请改名或删去这一列。"
            )
        dataset.headers = named
        rows = [dict(zip(named, row, strict=True)) for row in dataset]
        for number, row in enumerate(rows):
            for name, value in row.items():
                if FORBIDDEN.search(value) or "\n" in value:
                    self.mistakes.setdefault(number, []).append(
                        f"“{name}”里有换行或不可见的字符，请删去后重新输入。"
                    )
        if not self.mistakes:
            self.prepare(rows)

    def before_import_row(self, row: Mapping[str, str], **kwargs: Any) -> None:
        self.row_number = kwargs["row_number"] - 1
        if self.mistakes.get(self.row_number):
            refused = ValidationError(self.mistakes[self.row_number])
            refused.line = row[LINE]  # type: ignore[attr-defined]
            raise refused

    def get_or_init_instance(self, instance_loader: object, row: Mapping[str, str]) -> tuple[Any, bool]:  # noqa: ARG002
        if self.mistakes:
            # Not previewed: nothing at all is taken in.
            return self._meta.model(), True
        return self.instance_of(self.row_number)

    def import_instance(self, instance: Any, row: Mapping[str, str], **_: Any) -> None:  # noqa: ARG002
        if not self.mistakes:
            self.fill(instance, self.row_number)

    def save_instance(self, instance: Any, is_create: bool, row: Mapping[str, str], **_: Any) -> None:
        """Rows may need one another: all are stored in `after_import`."""

    def save_m2m(self, instance: Any, row: Mapping[str, str], **_: Any) -> None:
        """As above."""

    def after_import_row(self, row: Mapping[str, str], row_result: Any, **_: Any) -> None:
        row_result.line = row[LINE]

    def after_import(self, dataset: tablib.Dataset, result: Any, **kwargs: Any) -> None:  # noqa: ARG002
        if not result.has_errors() and not result.has_validation_errors():
            self.carry_out(kwargs.get("user"))
