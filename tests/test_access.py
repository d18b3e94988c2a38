"""docs/access/, asked cell by cell: who may open what, and that "not yours" answers as "not there"."""

import logging
from collections import defaultdict

import pytest
from django.db import transaction

from tests.access import PEOPLE, ask, make_world, matches, read_pages, read_table

pytestmark = pytest.mark.django_db

TABLE = read_table()
PAGES = read_pages(TABLE)


class Answers(dict):
    """What came of a question: asked when it is first wanted, so that one page may be tested alone."""

    def __init__(self):
        super().__init__()
        self._world = make_world()
        self._clients = {person: self._world.client(person) for person in PEOPLE}

    def __missing__(self, question):
        self[question] = ask(self._world, self._clients[question.person], question)
        return self[question]

    def of_all(self):
        return {question: self[question] for page in PAGES.values() for question in page.questions()}


@pytest.fixture(scope="module")
def answers(django_db_setup, django_db_blocker):
    """Answers in one world that is rolled back in the end."""
    logging.disable(logging.CRITICAL)  # thousands of refusals
    with django_db_blocker.unblock(), transaction.atomic():
        yield Answers()
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", PAGES)
def test_every_address_has_exactly_one_row_for_whatever_may_be_asked(name):
    rows = {str(question): PAGES[name].rows_about(question) for question in PAGES[name].questions()}
    assert {question: len(found) for question, found in rows.items() if len(found) != 1} == {}


def test_every_row_is_about_an_address_and_has_a_cell_for_everyone():
    for row in TABLE:
        assert tuple(row.cells) == PEOPLE, row.pages
        for pattern in row.pages:
            assert any(row in page.rows for page in PAGES.values()), pattern


@pytest.mark.parametrize("name", PAGES)
def test_every_cell_holds(name, answers):
    wrong = []
    for question in PAGES[name].questions():
        [row] = PAGES[name].rows_about(question)
        outcome, cell = answers[question].outcome, row.cells[question.person]
        if not matches(outcome, cell):
            wrong.append(f"{question}: {outcome}, the table says {cell}")
    assert not wrong, "\n".join(wrong)


def test_what_is_not_yours_answers_as_what_is_not_there(answers):
    bodies = defaultdict(set)
    for question, answer in answers.of_all().items():
        if answer.outcome == "404":
            bodies[question.page.name, question.method, question.person].add(answer.body)
    assert bodies
    assert [key for key, found in bodies.items() if len(found) > 1] == []


def test_a_refused_request_writes_nothing(answers):
    refused = {"403", "404", "405"}
    asked = answers.of_all()
    written = {
        str(question): answer.writes for question, answer in asked.items() if answer.outcome in refused
    }
    assert {question: writes for question, writes in written.items() if writes} == {}
    assert any(answer.writes for answer in asked.values())
