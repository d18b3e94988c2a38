"""Every page of docs/access/ asks the database as often for 60 and 600 units as for 6."""

import logging
from collections import defaultdict

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.access import PEOPLE, ask, grow, make_world, read_pages, read_table, shown

pytestmark = pytest.mark.django_db

SIZES = (6, 60, 600)
REFUSED_AT_SIZE = {"reports:units-export"}
"""A sheet a unit: no book of more than 300 sheets is made, so at 600 units less is asked."""
MOST_FIRST = ("above", "own")
"""The units grow in number below the city above."""


def asked_of(page, questions):
    """One question for each person and answer: about what has the most units, where that is shown as well."""
    rank, chosen = {whose: place for place, whose in enumerate(MOST_FIRST)}, {}
    for question in sorted(questions, key=lambda one: rank.get(one.whose, len(rank))):
        [row] = page.rows_about(question)
        chosen.setdefault((question.person, row.cells[question.person]), question)
    return list(chosen.values())


PAGES = read_pages(read_table())
SHOWN = {name: asked_of(PAGES[name], questions) for name, questions in shown(PAGES).items()}


@pytest.fixture(scope="module")
def counts(django_db_setup, django_db_blocker):
    """Queries by question, then by number of units."""
    logging.disable(logging.CRITICAL)
    found = defaultdict(dict)
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        clients = {person: world.client(person) for person in PEOPLE}
        everything = [asked for page in SHOWN.values() for asked in page]
        for size in SIZES:
            grow(world, size)
            if size == SIZES[0]:
                for question in everything:  # fills what is read once for all requests
                    ask(world, clients[question.person], question)
            for question in everything:
                connection.queries_log.clear()  # it holds the latest 9,000 alone
                with CaptureQueriesContext(connection) as captured:
                    ask(world, clients[question.person], question)
                found[question][size] = len(captured)
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)
    return found


@pytest.mark.parametrize("name", SHOWN)
def test_a_page_takes_the_same_number_of_queries_for_any_number_of_units(name, counts):
    sizes = SIZES[:-1] if name in REFUSED_AT_SIZE else SIZES
    unequal = {
        str(question): found
        for question in SHOWN[name]
        if len(set(found := [counts[question][size] for size in sizes])) > 1
    }
    assert unequal == {}
