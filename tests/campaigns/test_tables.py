"""One reader of uploaded tables and one writer: texts in, texts out, sentences for everything else."""

import csv
import io
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook, load_workbook

from campaigns import tables
from campaigns.models import PendingTable
from campaigns.tables import CsvTable, ExcelTable, PendingStorage, TableError, read_table, write_excel


def workbook(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_cells_are_read_as_they_would_be_typed():
    content = workbook(
        ["代码", "电话", "日期", "时刻", "填报", "空"],
        [420103, 13800000000.0, date(2024, 2, 9), datetime(2024, 2, 9, 8), True, None],
    )
    assert read_table(content)[0] == ("2", "420103", "13800000000", "2024-02-09", "2024-02-09", "是", "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_that_offices_save(encoding):
    dataset = read_table("代码,名称\r\n1,“武汉”市\r\n".encode(encoding))
    assert dataset.headers == ["行", "代码", "名称"]
    assert dataset[0] == ("2", "1", "“武汉”市")


def test_blank_rows_are_left_out_and_lines_are_those_of_the_file():
    dataset = read_table("\r\n代码,名称,\r\n\r\n1,甲\r\n,,\r\n2,乙,多\r\n".encode())
    assert dataset.headers == ["行", "代码", "名称"]
    assert list(dataset) == [("4", "1", "甲"), ("6", "2", "乙")]


def test_only_the_first_sheet_counts_and_blanks_around_a_cell_do_not():
    book = Workbook()
    book.active.append([" 代码 "])
    book.active.append([" 1 "])
    book.create_sheet("说明").append(["别的"])
    file = io.BytesIO()
    book.save(file)
    dataset = read_table(file.getvalue())
    assert dataset.headers == ["行", "代码"]
    assert list(dataset) == [("2", "1")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "没有数据"),
        ("代码,名称\n".encode(), "没有数据"),
        ("代码,代码\n1,2\n".encode(), "有两列都叫“代码”"),
        (b"\xff\xfe\x00\x01\x81", "不能识别文件的文字编码"),
        (b"a\x00b", "不是 Excel 或 CSV"),
        (b'a,b\n"1,2', "引号不配对"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "旧版 Excel（.xls）或加密"),
        (b"PK\x05\x06" + bytes(18), "不能读取这个 Excel 文件"),
        (workbook(["代码"])[:-400], "不能读取这个 Excel 文件"),
        (b"a\n" * (tables.MAX_BYTES // 2 + 1), "超过 2 MB"),
        (b"a\n" + b"1\n" * (tables.MAX_ROWS + 1), "超过 2000 行"),
        (workbook(["a"], *([number] for number in range(tables.MAX_ROWS + 1))), "超过 2000 行"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(content, sentence):
    with pytest.raises(TableError, match=sentence):
        read_table(content)


def test_as_many_rows_as_are_allowed_are_read():
    assert len(read_table(b"a\n" + b"1\n" * tables.MAX_ROWS)) == tables.MAX_ROWS


def test_a_workbook_that_would_unpack_without_end_is_not_unpacked():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        for number in range(6):
            parts.writestr(f"xl/worksheets/sheet{number}.xml", bytes(10 * 1024 * 1024))
    assert len(file.getvalue()) < tables.MAX_BYTES
    with pytest.raises(TableError, match="解压后过大"):
        read_table(file.getvalue())


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|'/c calc'!A0"])
def test_no_cell_becomes_a_formula(text):
    dataset = read_table(write_excel(["名称"], [["x"]]))
    dataset.append(("3", text))
    sheet = load_workbook(io.BytesIO(ExcelTable().export_data(dataset))).active
    cell = sheet.cell(3, 2)
    assert cell.data_type == "s"
    assert cell.quotePrefix
    assert cell.value == text.strip()
    *_, last = csv.reader(io.StringIO(CsvTable().export_data(dataset).decode("utf-8-sig")))
    assert last[1] == "'" + text.strip()


def test_what_was_written_is_read_again():
    rows = [["007", "甲，“乙”"], ["2024-02-09", "是"]]
    dataset = read_table(write_excel(["代码", "名称"], rows))
    assert [list(row[1:]) for row in dataset] == rows


@pytest.mark.django_db
def test_an_upload_waits_a_day_at_most_under_a_key_that_is_not_guessed(time_machine):
    time_machine.move_to("2024-02-01 09:00 +0800")
    first, second = PendingStorage(), PendingStorage()
    first.save(b"one")
    assert len(first.name) > 30
    assert PendingStorage(name=first.name).read() == b"one"
    time_machine.move_to("2024-02-02 09:01 +0800")
    second.save(b"two")
    with pytest.raises(TableError, match="请重新上传"):
        PendingStorage(name=first.name).read()
    second.remove()
    assert not PendingTable.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["../../etc/passwd", "", None, "\x01"])
def test_no_other_file_is_read_by_naming_it(name):
    with pytest.raises(TableError):
        PendingStorage(name=name).read()
