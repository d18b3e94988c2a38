"""The pages of briefs: who is offered what, chips that lead to their source, a paragraph written without a script."""

import re
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from docx import Document

from reports.briefs import writing
from reports.briefs.numbers import token
from reports.models import Brief
from tests.factories import make_places, make_submissions, make_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def brief(world):
    return writing.draft(world.edition, by=world.boss)


def test_one_click_drafts_from_the_edition_that_has_none(client, world):
    client.force_login(world.boss)
    page = client.get(reverse("reports:brief-list", args=["spring"]))
    assert "第2期（截至2月2日）已发布，还没有简报" in page.text
    answer = client.post(reverse("reports:edition-brief", args=[world.edition.pk]))
    brief = Brief.objects.get()
    assert answer.url == reverse("reports:brief-detail", args=[brief.pk])
    page = client.get(reverse("reports:brief-list", args=["spring"]))
    assert "还没有简报" not in page.text
    assert "简报第1期" in page.text


def test_a_second_click_drafts_no_second_issue(client, world):
    client.force_login(world.boss)
    for _ in range(2):
        client.post(reverse("reports:edition-brief", args=[world.edition.pk]))
    assert [brief.number for brief in Brief.objects.all()] == [1]


def test_the_page_counts_the_numbers_whose_source_is_gone(client, world, brief):
    client.force_login(world.boss)
    address = reverse("reports:brief-detail", args=[brief.pk])
    assert "没有变化" in client.get(address).text
    brief.paragraphs.filter(position=1).update(text=f"东区{token('cases.adopted@9999', Decimal(1))}条")
    page = client.get(address).text
    assert "1 个来源已不存在" in page
    assert "没有变化" not in page
    assert "将照文中的数字印发" in page


def test_a_number_leads_to_the_total_that_it_is(client, world, brief):
    client.force_login(world.viewer)
    page = client.get(reverse("reports:brief-detail", args=[brief.pk]))
    link = '<a class="chip chip-latest" href="/c/spring/roll-up/fu1/2024-02-02/32/?measure=increment" title="附件1第1列本期新增，最新。第2期（截至2月2日），'
    assert re.search(re.escape(link) + r'[^"]+发布">25</a>', page.text)
    assert "刷新数字</button>" not in page.text
    assert client.get("/c/spring/roll-up/fu1/2024-02-02/32/?measure=increment").status_code == 200


def test_a_paragraph_is_written_on_a_page_of_its_own(client, world, brief):
    client.force_login(world.boss)
    address = reverse("reports:brief-paragraph", args=[brief.pk, 1])
    page = client.get(address)
    assert "举办招聘活动〔5：95〕场次，本期新增〔6：25〕场次" in page.text
    answer = client.post(address, {"text": "<b>全省</b>共〔5：95〕场次。", "seen": "1"})
    assert answer.url == f"/briefs/{brief.pk}/#p1"
    page = client.get(answer.url)
    assert "&lt;b&gt;全省&lt;/b&gt;共<a class=" in page.text
    assert "手工修改" in page.text
    assert "改动过或来自别的段落" not in page.text
    page = client.post(address, {"text": "　　共〔1：96〕场次。\r\n　　下段", "seen": "2"}, follow=True)
    assert brief.paragraphs.get(position=1).text == "共96场次。\n下段"
    assert "有 1 个数字改动过或来自别的段落" in page.text
    answer = client.post(address, {"text": "另一人的改动", "seen": "1"})
    assert (answer.status_code, "另一人的改动" in answer.text) == (409, True)


def test_a_number_is_named_on_the_page_of_a_paragraph_without_a_script(client, world, brief):
    client.force_login(world.boss)
    address = reverse("reports:brief-paragraph", args=[brief.pk, 1])
    asked = {"text": "甲市已办", "seen": "1", "insert": "increment", "unit": "3201", "indicator": "fu1.1"}
    page = client.post(address, asked)
    assert "甲市已办〔甲市附件1第1列本期新增〕</textarea>" in page.text
    client.post(address, {"text": "甲市已办〔甲市附件1第1列本期新增〕场", "seen": "1"})
    assert brief.paragraphs.get(position=1).text == "甲市已办{{n:fu1.1.increment@3201=5}}场"


def test_a_block_is_put_in_from_the_page_of_the_brief(client, world, brief):
    client.force_login(world.boss)
    page = client.get(f"{reverse('reports:brief-detail', args=[brief.pk])}?after=1")
    assert '<option value="1" selected>' in page.text
    address = reverse("reports:brief-insert", args=[brief.pk])
    asked = {"what": "cumulative", "indicator": "fu1.4", "after": "1", "seen": "1"}
    assert client.post(address, asked).url == f"/briefs/{brief.pk}/#p2"
    answer = client.post(address, {"what": "blank", "after": "2", "seen": "2"})
    assert answer.url == reverse("reports:brief-paragraph", args=[brief.pk, 3])


def test_one_number_is_frozen_on_the_page_of_its_paragraph(client, world, brief):
    client.force_login(world.boss)
    address = reverse("reports:brief-numbers", args=[brief.pk, 1])
    assert "附件1第1列累计" in client.get(address).text
    answer = client.post(address, {"change": "freeze:5", "seen": "1"})
    assert answer.url == f"{address}#n5"
    assert "解除冻结：附件1第1列累计" in client.get(address).text
    page = client.post(address, {"change": "boil:5", "seen": "2"}, follow=True)
    assert "请选择刷新、冻结还是解除冻结" in page.text


def test_a_version_shows_the_text_as_it_stood(client, world, brief):
    client.force_login(world.boss)
    client.post(reverse("reports:brief-paragraph", args=[brief.pk, 1]), {"text": "甲乙丙", "seen": "1"})
    page = client.get(reverse("reports:brief-version", args=[brief.pk, 1]))
    assert "甲乙丙" not in page.text
    assert "截至2月2日，" in page.text


def test_the_word_file_has_the_red_head_the_sections_and_the_tables(client, world, brief):
    client.force_login(world.viewer)
    answer = client.get(reverse("reports:brief-word", args=[brief.pk]))
    document = Document(BytesIO(answer.content))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[:2] == ["某省2024年春风行动简报", "第1期"]
    headings = [text for text in texts if text[1:2] == "、"]
    assert headings == [
        "一、总体进展",
        "二、各地进展",
        "三、目标进度",
        "四、工作亮点",
        "五、存在问题",
        "六、下步安排",
    ]
    assert [cell.text for cell in document.tables[0].rows[1].cells] == ["举办招聘活动", "场次", "95", "25"]
    assert "{{" not in "".join(texts)


def test_a_reporter_and_a_city_do_not_read_the_provinces_brief(client, world, brief):
    client.force_login(world.clerk)
    assert client.get(reverse("reports:brief-list", args=["spring"])).status_code == 403
    client.force_login(world.below)
    assert client.get(reverse("reports:brief-detail", args=[brief.pk])).status_code == 404


@pytest.mark.parametrize("page", ["brief-detail", "brief-paragraph", "brief-numbers", "brief-word"])
def test_a_page_of_a_brief_asks_no_more_for_more_units_and_cases(client, world, brief, page):
    client.force_login(world.boss)
    address = reverse(
        f"reports:{page}", args=[brief.pk, *([1] if page in ("brief-paragraph", "brief-numbers") else [])]
    )

    def asked():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    asked()
    few = asked()
    places = make_places(world.campaign, [f"32010{number}" for number in range(3, 9)], parent=world.cities[0])
    make_submissions(world.form, places, world.second, {1: 5, 2: 50, 3: 5, 4: 1})
    for _ in range(5):
        make_text(
            world.case.duty, world.cities[0], world.second, by=world.clerk, status="accepted", title="直播"
        )
    assert asked() == few
