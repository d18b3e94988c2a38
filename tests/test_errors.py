"""Pages for refused and failed requests: in Chinese, without technical detail, with an incident number in the log."""

import logging
import re
from io import BytesIO

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from reports.models import Submission
from tests.factories import (
    PASSWORD,
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

INCIDENT = re.compile(r"事件编号：<strong[^>]*>([0-9a-f]{8})</strong>")


def incident_of(response):
    return INCIDENT.search(response.text).group(1)


def lines(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "chunfeng.requests"]


@pytest.fixture
def clerk(db):
    campaign = make_campaign()
    make_form(campaign)
    return make_user("clerk", unit=make_place(campaign, "a"))


@pytest.fixture
def signed_in(clerk):
    client = Client(raise_request_exception=False)
    client.force_login(clerk)
    return client


@pytest.mark.parametrize(
    ("address", "status", "title"),
    [
        ("/nowhere/", 404, "没有找到"),
        ("/submissions/999/", 404, "没有找到"),
        ("/c/spring/review/", 403, "没有权限"),
        ("/submissions/999/accept/", 405, "不能这样打开"),
    ],
)
def test_a_refusal_is_a_page_in_chinese_with_an_incident_number(
    signed_in, clerk, caplog, address, status, title
):
    response = signed_in.get(address)
    assert response.status_code == status
    assert f"<h1>{title}</h1>" in response.text
    for detail in ("Http404", "PermissionDenied", "Traceback", "urlpatterns", "Not Found", "Forbidden"):
        assert detail not in response.text
    [line] = lines(caplog)
    assert line.startswith(f"{status} GET {address} user={clerk.pk} incident={incident_of(response)} ")


def test_every_incident_has_a_number_of_its_own(signed_in):
    assert incident_of(signed_in.get("/nowhere/")) != incident_of(signed_in.get("/nowhere/"))


def test_a_failure_is_a_page_that_needs_no_database(caplog):
    # Without the mark for it any query fails, as it does when the database is down.
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "s" * 32
    response = client.get("/")
    assert response.status_code == 500
    assert "<h1>系统出错</h1>" in response.text
    assert "Database access" not in response.text
    [record] = [record for record in caplog.records if record.name == "chunfeng.requests"]
    assert record.levelno == logging.ERROR
    assert f"user=? incident={incident_of(response)} RuntimeError" in record.getMessage()
    assert "Database access not allowed" in str(record.exc_info[1])


def test_a_wrong_host_name_is_refused_with_a_page(signed_in):
    response = signed_in.get("/login/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "<h1>请求有误</h1>" in response.text
    assert "evil.example" not in response.text


def test_a_body_that_is_too_large_is_refused_with_413(signed_in, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = f"old_password={'x' * 1001}"
    response = signed_in.post("/password/", body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413
    assert "<h1>提交的内容过大</h1>" in response.text


def test_too_many_fields_are_a_bad_request(signed_in):
    body = "&".join(f"x{number}=1" for number in range(1501))
    response = signed_in.post("/password/", body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 400
    assert incident_of(response)


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT"])
@pytest.mark.parametrize("name", ["accounts:login", "reports:home", "accounts:logout"])
def test_three_methods_are_known_and_no_other(signed_in, method, name):
    response = signed_in.generic(method, reverse(name))
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"
    assert incident_of(response)


def test_a_save_that_is_refused_as_out_of_date_leaves_a_line(signed_in, clerk, caplog):
    campaign = clerk.memberships.get().unit.places.get().campaign
    report = make_submission(
        campaign.forms.get(), clerk.memberships.get().unit, period_of(campaign, 1), {1: 5}
    )
    Submission.objects.filter(pk=report.pk).update(status="draft")
    address = reverse("reports:entry", args=["spring", "fu1", "2024-01-26", "a"])
    response = signed_in.post(address, {"c1": "7", "seen-c1": "4", "action": "save"})
    assert response.status_code == 409
    [line] = lines(caplog)
    assert line.startswith(f"409 POST {address} user={clerk.pk} incident=- ")


def test_a_visitor_is_written_down_without_a_name(client, db, caplog):
    client.get("/nowhere/%0Ainjected")
    [line] = lines(caplog)
    assert line.startswith("404 GET /nowhere/%0Ainjected user=- incident=")


class TestFormWithoutValidToken:
    """O46: 403, and nothing typed is lost."""

    @pytest.fixture
    def guarded(self, clerk):
        client = Client(enforce_csrf_checks=True)
        client.force_login(clerk)
        return client

    def post(self, guarded, data, origin="http://testserver", name="entry"):
        address = reverse("reports:entry", args=["spring", "fu1", "2024-01-26", "a"])
        if name == "password":
            address = reverse("accounts:password-change")
        return guarded.post(address, data, headers={"origin": origin} if origin else {})

    def test_what_was_typed_can_be_sent_again(self, guarded):
        refused = self.post(
            guarded, {"c1": "1<2", "why-fall:1": "两行\n说明", "csrfmiddlewaretoken": "x" * 64}
        )
        assert refused.status_code == 403
        assert "没有保存" in refused.text
        assert not Submission.objects.exists()
        fields = dict(re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', refused.text, re.S))
        assert fields == {"c1": "1&lt;2", "why-fall:1": "两行\n说明"}
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', refused.text).group(1)
        answer = self.post(guarded, {"c1": "12", "csrfmiddlewaretoken": token})
        assert answer.status_code == 302
        assert Submission.objects.get().figures.get(indicator__number=1).value == 12

    @pytest.mark.parametrize("origin", ["https://evil.example", None, "null"])
    def test_a_form_that_may_come_from_elsewhere_cannot(self, guarded, origin):
        refused = self.post(guarded, {"c1": "12"}, origin=origin)
        assert refused.status_code == 403
        assert "再次提交" not in refused.text
        assert "12</textarea>" not in refused.text

    def test_a_form_with_a_file_says_that_it_is_lost(self, guarded):
        refused = self.post(guarded, {"c1": "12", "file": BytesIO(b"sheet")})
        assert refused.status_code == 403
        assert "还没有保存" in refused.text
        assert "再次提交" not in refused.text

    def test_nobody_can_who_is_not_signed_in(self, guarded):
        guarded.logout()
        refused = self.post(guarded, {"c1": "12"})
        assert refused.status_code == 403
        assert "再次提交" not in refused.text

    def test_a_form_sent_after_the_log_in_has_ended_is_kept_until_the_next(self, guarded, clerk):
        """O59 where no script saves while one types."""
        address = reverse("reports:entry", args=["spring", "fu1", "2024-01-26", "a"])
        from_browser = {"origin": "http://testserver", "accept": "text/html,*/*;q=0.8"}
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', guarded.get(address).text).group(1)
        Session.objects.all().delete()

        data = {"c1": "12", "why-fall:1": "", "csrfmiddlewaretoken": token}
        kept = guarded.post(address, data, headers=from_browser)
        assert kept.status_code == 403
        assert "登录已超时，没有保存" in kept.text
        assert f'href="{reverse("accounts:login")}" target="_blank">重新登录' in kept.text
        assert '<textarea name="c1" hidden>\n12</textarea>' in kept.text
        guarded.force_login(clerk)
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', kept.text).group(1)
        assert guarded.post(address, data | {"csrfmiddlewaretoken": token}).status_code == 302
        assert Submission.objects.get().figures.get(indicator__number=1).value == 12

        # Nothing is kept of a form without a token, of a file, or of a bare button; scripts are led to the log-in.
        Session.objects.all().delete()
        assert "12" not in guarded.post(address, {"c1": "12"}, headers=from_browser).text
        data = {"csrfmiddlewaretoken": token}
        for sent, headers in (
            (data | {"c1": "12", "file": BytesIO(b"sheet")}, from_browser),
            (data, from_browser),
            (data | {"c1": "12"}, {}),
        ):
            led = guarded.post(address, sent, headers=headers)
            assert led.status_code == 302
            assert led.url.startswith(reverse("accounts:login"))

    def test_a_password_is_never_written_into_the_page(self, guarded):
        refused = self.post(guarded, {"old_password": PASSWORD}, name="password")
        assert refused.status_code == 403
        assert PASSWORD not in refused.text
