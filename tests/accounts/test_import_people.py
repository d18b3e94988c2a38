"""The pages that take a table of people in: upload, preview, confirmation; and out."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from campaigns.models import PendingTable
from campaigns.tables import write_excel
from chunfeng.accounts.models import ProposedMembership, User
from tests.factories import make_campaign, make_place, make_user

pytestmark = pytest.mark.django_db
IMPORT, CONFIRM = "/admin/accounts/user/import/", "/admin/accounts/user/process_import/"
COLUMNS = ["账号", "姓名", "联系电话", "单位代码", "角色"]
ROWS = [["qu01", "张三", "1", "420103", "填报员"], ["qu02", "李四", "", "420103", "审核员"]]


@pytest.fixture(autouse=True)
def _place():
    make_place(make_campaign(), "420103")


@pytest.fixture
def system(client):
    user = make_user("system", site_role="system")
    client.force_login(user)
    return user


def upload(client, content, name="people.xlsx"):
    told = {"import_file": SimpleUploadedFile(name, content), "format": "0", "resource": "0"}
    return client.post(IMPORT, told)


def confirm(client, preview):
    told = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', preview.text))
    told.pop("csrfmiddlewaretoken", None)
    return client.post(CONFIRM, told, follow=True)


@pytest.mark.parametrize(
    "content",
    [
        write_excel(COLUMNS, ROWS),
        "\r\n".join(",".join(row) for row in [COLUMNS, *ROWS]).encode("utf-8-sig"),
        "\r\n".join(",".join(row) for row in [COLUMNS, *ROWS]).encode("gbk"),
        write_excel(["username", "name", "phone", "unit", "role"], ROWS),
    ],
    ids=["excel", "utf-8", "gbk", "english columns"],
)
def test_a_table_is_previewed_and_stored_only_when_confirmed(client, system, content):
    preview = upload(client, content)
    assert "没有问题" in preview.text
    for shown in ("qu01", "李四", "420103 单位420103", "审核员"):
        assert shown in preview.text
    assert not ProposedMembership.objects.exists()
    assert not User.objects.filter(username="qu01").exists()
    done = confirm(client, preview)
    assert "新增 2 项" in done.text
    proposed = ProposedMembership.objects.order_by("pk").values_list("user__username", "role")
    assert list(proposed) == [("qu01", "reporter"), ("qu02", "coordinator")]
    assert {row.history_user for row in User.history.filter(username="qu01")} == {system}
    assert not PendingTable.objects.exists()


def test_bad_rows_are_named_by_line_and_nothing_can_be_confirmed(client, system):
    preview = upload(client, write_excel(COLUMNS, [ROWS[0], ["qu 2", "李四", "", "999", "审核员"]]))
    assert "1 行有问题，一行也没有导入" in preview.text
    assert re.search(r'<th scope="row">3</th>\s*<td class="problem"><p>“账号”只能用', preview.text)
    assert "没有代码为 999 的单位" in preview.text
    assert "process_import" not in preview.text
    assert not User.objects.filter(username="qu01").exists()


def test_what_changed_since_the_preview_stops_the_import_as_a_whole(client, system):
    preview = upload(client, write_excel(COLUMNS, ROWS))
    make_user("qu02", name="别人")
    assert "预览之后数据有了变化，没有导入" in confirm(client, preview).text
    assert not ProposedMembership.objects.exists()
    assert not User.objects.filter(username="qu01").exists()


def test_a_confirmation_sent_twice_imports_once(client, system):
    preview = upload(client, write_excel(COLUMNS, ROWS))
    confirm(client, preview)
    assert "已经导入过" in confirm(client, preview).text
    assert ProposedMembership.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xd0\xcf\x11\xe0old", "旧版 Excel"),
        (b"PK\x03\x04broken", "不能读取这个 Excel 文件"),
        (b"\x00\x01\x02", "不是 Excel 或 CSV 表格"),
        ("姓名,单位代码\n张三,1".encode(), "缺少“账号”“角色”列"),
        ("账号,姓名,单位代码,角色,密码\na,b,c,d,e".encode(), "不认识“密码”列"),
        ("账号,姓名,单位代码,角色\n".encode(), "表里没有数据"),
        (b'"a,b', "引号不配对"),
        (b"x" * (2 * 1024 * 1024 + 1), "文件超过 2 MB"),
    ],
)
def test_a_file_that_cannot_be_taken_gets_a_sentence(client, system, content, sentence):
    answer = upload(client, content)
    assert answer.status_code == 200
    assert sentence in answer.text
    assert "process_import" not in answer.text


@pytest.mark.parametrize("role", ["security", "audit", ""])
def test_nobody_else_imports_or_exports_people(client, role):
    client.force_login(make_user("somebody", site_role=role, is_staff=True, is_superuser=True))
    expected = 403 if role else 404
    for address in (IMPORT, "/admin/accounts/user/import/blank/", "/admin/accounts/user/export/"):
        assert client.get(address).status_code == expected
        assert client.post(address).status_code == expected
    assert client.post(CONFIRM).status_code == expected


def test_the_blank_table_can_be_filled_and_uploaded(client, system):
    book = load_workbook(io.BytesIO(client.get("/admin/accounts/user/import/blank/").content))
    assert [cell.value for cell in book.active[1]] == COLUMNS
    book.active.append(ROWS[0])
    filled = io.BytesIO()
    book.save(filled)
    assert "没有问题" in upload(client, filled.getvalue()).text


@pytest.mark.parametrize(("number", "kind"), [("0", "xlsx"), ("1", "csv")])
def test_a_formula_in_a_name_is_exported_as_text(client, system, number, kind):
    make_user("evil", name="=1+1", phone="@SUM(A1)")
    answer = client.post("/admin/accounts/user/export/", {"format": number, "resource": "0"})
    assert answer.headers["Content-Disposition"].endswith(f'.{kind}"')
    if kind == "csv":
        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert "evil,'=1+1,'@SUM(A1)" in answer.content.decode("utf-8-sig")
        return
    sheet = load_workbook(io.BytesIO(answer.content)).active
    [cells] = [row for row in sheet.iter_rows() if row[0].value == "evil"]
    assert [(cell.value, cell.data_type) for cell in cells[1:3]] == [("=1+1", "s"), ("@SUM(A1)", "s")]


def test_no_password_of_any_kind_is_exported(client, system):
    user = make_user("clerk")
    for number in "01":
        content = client.post("/admin/accounts/user/export/", {"format": number, "resource": "0"}).content
        assert user.password.encode() not in content
