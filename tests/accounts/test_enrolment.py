"""A table of people: every mistake with its row and its mending, all or nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chunfeng.accounts import enrolment, people
from chunfeng.accounts.models import Membership, ProposedMembership, User
from tests.factories import make_campaign, make_place, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return make_place(make_campaign(), "420103-hr")


@pytest.fixture
def system():
    return make_user("system", site_role="system")


def row(account="qu01", name="张三", unit="420103-hr", role="填报员", phone="027-1"):
    return {"账号": account, "姓名": name, "联系电话": phone, "单位代码": unit, "角色": role}


def test_a_row_makes_an_account_without_password_and_a_proposal(place, system):
    [made] = enrolment.carry_out(enrolment.plan([row()]), by=system)
    assert (made.username, made.name, made.phone) == ("qu01", "张三", "027-1")
    assert not made.has_usable_password()
    [proposal] = ProposedMembership.objects.all()
    assert (proposal.user, proposal.unit, proposal.role) == (made, place.unit, "reporter")
    assert proposal.proposed_by == system
    assert not Membership.objects.exists()


def test_a_person_with_two_roles_has_two_rows(place, system):
    rows = [row(), row(role="查阅")]
    assert len(enrolment.carry_out(enrolment.plan(rows), by=system)) == 1
    assert sorted(ProposedMembership.objects.values_list("role", flat=True)) == ["reporter", "viewer"]


def test_a_known_person_gets_a_further_proposal_and_stays_as_is(place, system):
    known = make_user("qu01", name="张三", phone="1")
    assert enrolment.carry_out(enrolment.plan([row(account="QU01", phone="2")]), by=system) == []
    known.refresh_from_db()
    assert known.phone == "1"
    assert known.proposals.count() == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"account": ""}, "“账号”不能为空"),
        ({"account": "qu 01"}, "请去掉空格"),
        ({"account": "q" * 151}, "最多 150 个字，现有 151 个"),
        ({"name": ""}, "“姓名”不能为空"),
        ({"name": "张" * 51}, "最多 50 个字"),
        ({"phone": "1" * 31}, "最多 30 个字"),
        ({"unit": ""}, "“单位代码”不能为空"),
        ({"unit": "999"}, "没有代码为 999 的单位"),
        ({"role": ""}, "“角色”不能为空"),
        ({"role": "局长"}, "可以写的有：填报员、审核员、查阅"),
        ({"role": "system"}, "可以写的有：填报员、审核员、查阅"),
    ],
)
def test_a_mistake_is_named_with_its_mending(place, change, sentence):
    assert sentence in "".join(enrolment.plan([row("ok"), row(**change)]).mistakes[1])


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (row(name="李四"), "请改成一致"),
        (row(account="QU01", phone="2"), "请改成一致"),
        (row(), "完全相同"),
    ],
)
def test_rows_that_contradict_one_another_are_refused(place, second, sentence):
    planned = enrolment.plan([row(), second])
    assert list(planned.mistakes) == [1]
    assert sentence in planned.mistakes[1][0]


def test_what_stands_against_a_row_in_the_database_is_named(place):
    make_user("other", name="王五")
    make_user("audit", name="张三", site_role="audit")
    make_user("left", name="张三", is_active=False)
    make_user("held", name="张三", unit=place)
    people.propose(make_user("asked", name="张三"), place.unit, "reporter", by=None)
    planned = enrolment.plan([row(account) for account in ("Other", "audit", "left", "held", "asked")])
    expected = ["姓名是王五", "审计管理员，不能兼任", "已停用", "已经任职", "正在等待确认"]
    assert [words in planned.mistakes[number][0] for number, words in enumerate(expected)] == [True] * 5


def test_one_mistake_and_nothing_is_stored(place, system):
    planned = enrolment.plan([row(), row("qu02", unit="999")])
    with pytest.raises(people.PeopleError, match="第 2 项"):
        enrolment.carry_out(planned, by=system)
    assert not User.objects.filter(username__startswith="qu").exists()


def test_full_width_letters_are_plain_ones_as_at_log_in(place, system):
    [made] = enrolment.carry_out(enrolment.plan([row(account="ｑｕ０１")]), by=system)
    assert made.username == "qu01"


def test_checking_asks_as_many_queries_for_two_rows_as_for_two_hundred(place):
    def asked(count):
        with CaptureQueriesContext(connection) as captured:
            assert not enrolment.plan([row(f"qu{number}") for number in range(count)]).mistakes
        return len(captured)

    make_user("qu1", name="张三")
    assert asked(200) == asked(2)
