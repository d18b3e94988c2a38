"""导入 Excel: a clerk's template from the file to the draft; a city's attachments of past periods."""

import io
import zipfile

from openpyxl import load_workbook
from playwright.sync_api import Page

from .portal import Portal
from .reporter import FIRST_ENTRY

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPED = {"B6": 15200, "C6": 26, "D6": 12, "E6": 14, "F6": "约4", "G6": 4650, "H6": 2010, "I6": 2640}
MAILED = 6
"""So many units have sent their form by mail."""


def take(portal: Portal) -> None:
    clerk = portal.as_("xinyi")
    clerk.goto("/c/jiangsu-demo/tasks/")
    clerk.locator("tr", has_text="附件1").locator(FIRST_ENTRY).first.click()
    entry = clerk.url
    template = clerk.get_by_role("link", name="下载模板").get_attribute("href") or ""
    _open(clerk)
    portal.shot(clerk, "upload-choose")
    _send(clerk, "附件1_新沂市.xlsx", _filled(_file(clerk, template)))
    clerk.wait_for_url("**/uploads/*/")
    portal.shot(clerk, "upload-preview")
    clerk.get_by_role("button", name="确认导入").click()
    portal.shot(clerk, "upload-done")
    clerk.get_by_role("button", name="撤销本次导入").click()

    this_period = template.split("/")[-3]
    clerk.goto("/c/jiangsu-demo/exports/")
    first_period = clerk.locator("select[name=period] option").first.get_attribute("value") or ""
    clerk.goto(entry)
    _open(clerk)
    _send(clerk, "附件1_新沂市_旧.xlsx", _filled(_file(clerk, template.replace(this_period, first_period))))
    clerk.wait_for_url("**/uploads/*/")
    portal.shot(clerk, "upload-asks")
    clerk.get_by_role("button", name="取消").click()

    city = portal.as_("xuzhou-review")
    city.goto("/c/jiangsu-demo/exports/")
    all_templates = city.get_by_role("link", name="填报模板 全部").get_attribute("href") or ""
    city.get_by_role("link", name="整理往期附件").click()
    _send(city, "往期邮件附件.zip", _mails(_file(city, all_templates)))
    city.wait_for_url("**/attachments/*/")
    portal.shot(city, "attachments")


def _open(clerk: Page) -> None:
    clerk.get_by_role("link", name="导入 Excel").click()
    clerk.locator("html[data-ready]").wait_for()


def _file(page: Page, address: str) -> bytes:
    return page.request.get(address).body()


def _send(page: Page, name: str, content: bytes) -> None:
    kind = "application/zip" if name.endswith(".zip") else XLSX
    page.locator("#files").set_input_files({"name": name, "mimeType": kind, "buffer": content})


def _filled(template: bytes) -> bytes:
    """A template of 附件1 as somebody has typed into it."""
    book = load_workbook(io.BytesIO(template))
    for address, value in TYPED.items():
        book.worksheets[0][address] = value
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _mails(templates: bytes) -> bytes:
    """A zip as it comes of mails: forms of some units, one of them twice, and a scan."""
    with zipfile.ZipFile(io.BytesIO(templates)) as archive:
        names = [name for name in archive.namelist() if "附件1" in name][:MAILED]
        filled = {f"{name.split('_')[1]}.xlsx": _filled(archive.read(name)) for name in names}
    first = next(iter(filled))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as mails:
        for name, content in filled.items():
            mails.writestr(name, content)
        mails.writestr(f"补发/{first}", filled[first])
        mails.writestr("盖章扫描.pdf", b"%PDF")
    return file.getvalue()
