"""Every figure as one long table in Excel, against openpyxl's own way for large tables."""

from collections.abc import Iterator
from io import BytesIO

from openpyxl import Workbook

from reports.excel.flat import flat_workbook
from reports.exchange.flat import HEAD, NUMBERS, Cells

from .frame import Bench, Outcome, measurement

LINES = 20_000


@measurement(
    "table", ours=f"数据明细 {LINES} 行（边写边发）", theirs="openpyxl 的 write_only 写同样的行", goal=1.0
)
def long_table(bench: Bench) -> Outcome:
    def ours() -> int:
        return sum(map(len, flat_workbook("数据", HEAD, _rows(), NUMBERS)))

    def theirs() -> int:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("数据")
        sheet.append(HEAD)
        for row in _rows():
            sheet.append(
                [int(text) if column in NUMBERS and text else text for column, text in enumerate(row)]
            )
        buffer = BytesIO()
        book.save(buffer)
        return len(buffer.getvalue())

    return bench.compare(ours, theirs)


def _rows() -> Iterator[Cells]:
    for number in range(LINES):
        unit = str(320000 + number // 200)
        yield (
            *(unit, f"单位{unit}", f"江苏省/徐州市/单位{unit}", "附件1"),
            *(str(number // 18 % 11 + 1), "2024-02-23", "已通过", "按时"),
            *(str(number % 18 + 1), "举办各类招聘活动", "累计"),
            *(str(number * 3), "场次", str(number * 2), str(number)),
        )
