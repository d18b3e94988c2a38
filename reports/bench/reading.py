"""A hundred uploaded workbooks read in the process apart, recognised and their figures checked, against a bare loop."""

from openpyxl import load_workbook

from reports.excel.known import Known
from reports.excel.process import reader
from reports.excel.read import interpret, read_books
from reports.excel.reading import OK, Scope

from .consolidation import WORKBOOKS, hundred
from .frame import Bench, Outcome, measurement


@measurement(
    "reading",
    ours=f"读取 {WORKBOOKS} 个官方工作簿（闸口、隔离进程、识别、检查数字）",
    theirs=f"openpyxl 只读方式逐行读 {WORKBOOKS} 个工作簿",
    goal=1 / 5,
)
def uploads(bench: Bench) -> Outcome:
    made = hundred(bench)
    files = [(path.name, path.read_bytes()) for path in sorted(made.folder.iterdir())]
    scope = Scope([made.form.campaign])

    def ours() -> None:
        known = Known(scope)
        with reader() as one:
            books = read_books([data for _, data in files], known=known, by=one)
            for (name, _), book in zip(files, books, strict=True):
                if interpret(book, name, known=known).outcome != OK:
                    raise AssertionError(f"{name} is not read")

    def theirs() -> None:
        for path in made.folder.iterdir():
            for _ in load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True):
                pass

    return bench.compare(ours, theirs)
