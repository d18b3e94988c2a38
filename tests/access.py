"""The world in which docs/access/ is asked, and how its tables are read."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase
from http.cookies import SimpleCookie
from pathlib import Path

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import Client
from django.urls import Resolver404, URLPattern, get_resolver, resolve, reverse
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from campaigns.models import DayOff, Doubt, Exemption, ReportingUnit, Target, TextDuty
from chunfeng.accounts.models import Membership, ProposedMembership
from reports import lifecycle
from reports.briefs import writing
from reports.exchange import uploads
from reports.models import (
    Announcement,
    Bulk,
    Extension,
    Notice,
    SignOff,
    Upload,
    UploadBatch,
    UrgentMatter,
)
from reports.publishing import editions, sign_off
from tests.factories import (
    make_campaign,
    make_form,
    make_picture,
    make_place,
    make_places,
    make_submission,
    make_submissions,
    make_text,
    make_user,
)

DOCUMENTS = sorted((Path(__file__).parents[1] / "docs" / "access").glob("*.md"))
METHODS = ("GET", "POST")
PEOPLE = (
    "reporter",
    "viewer",
    "coordinator",
    "city",
    "root",
    "union",
    "away",
    "system",
    "security",
    "audit",
    "nobody",
    "visitor",
)
WHOSE = ("own", "below", "above", "sibling", "line", "campaign")
CAMPAIGNS = ("own", "campaign")
STATES = ("accepted", "returned", "submitted", "draft", "none")
"""Of a report: one state a period, in the order of the periods."""
SIGN_OFF_STATES = ("unsigned", "signed")
PERIOD_OF = {state: number for number, state in enumerate(STATES)} | {"unsigned": 4, "signed": 5}
FIGURES = {1: 5, 2: 5, 3: 5}
NOT_THERE = 999_999

NAMED_BY_PK = {
    "reports:submission-*": "report",
    "reports:announcement-*": "announcement",
    "reports:bulk-*": "bulk",
    "reports:upload-*": "upload",
    "reports:batch-*": "batch",
    "reports:extension-*": "extension",
    "reports:exemption-*": "exemption",
    "reports:doubt-*": "doubt",
    "reports:target-*": "target",
    "reports:text-*": "text",
    "reports:attachment-*": "attachment",
    "reports:urgent-*": "urgent",
    "reports:question-*": "question",
    "reports:notice-*": "notice",
    "reports:edition-*": "edition",
    "reports:brief-*": "brief",
    "accounts:password-confirm": "person",
    "accounts:person-*": "person",
}
"""What the number in an address is the number of."""
OF_A_CAMPAIGN = ("batch", "bulk", "doubt", "target")
"""Things that belong to a campaign, not to one of its units."""


# The table


@dataclass(frozen=True, eq=False)
class Row:
    """A line of the table. pages may hold *; so may a redirect's page in a cell."""

    pages: tuple[str, ...]
    methods: tuple[str, ...]
    whose: tuple[str, ...]
    states: tuple[str, ...]
    cells: dict[str, str]

    def is_of(self, page: str) -> bool:
        return any(fnmatchcase(page, pattern) for pattern in self.pages)

    def is_about(self, method: str, whose: str, state: str | None = None) -> bool:
        """state None: whatever the state."""
        return (
            method in self.methods
            and (whose in self.whose or (self.whose == ("any",) and whose != "-"))
            and (state is None or state in self.states or (self.states == ("any",) and state != "-"))
        )


@dataclass(frozen=True, eq=False)
class Page:
    """An address of the portal: its name, or its route where it has none; the arguments in it; its rows."""

    name: str
    route: str
    arguments: tuple[str, ...]
    rows: tuple[Row, ...]

    def address(self, **arguments):
        if not self.name.startswith("/"):
            return reverse(self.name, kwargs=arguments)
        return re.sub(
            r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)\$",
            lambda found: str(arguments[found[1] or found[2]]),
            self.route,
        )

    @property
    def kind(self) -> str:
        """What the number in the address is of: see NAMED_BY_PK."""
        return next((kind for pattern, kind in NAMED_BY_PK.items() if fnmatchcase(self.name, pattern)), "")

    def rows_about(self, question: "Question") -> list[Row]:
        return [row for row in self.rows if row.is_about(question.method, question.whose, question.state)]

    def questions(self) -> Iterator["Question"]:
        """Everything that may be asked about the page."""
        for method in METHODS:
            for whose in self._whose()[:1] if self._refuses(method) else self._whose():
                for state in self._states(method, whose):
                    for person in PEOPLE:
                        yield Question(self, method, whose, state, person)

    def _refuses(self, method):
        """True where the table says that the method is none of the page's, whatever it is about: asked once."""
        rows = [row for row in self.rows if method in row.methods]
        return all(set(row.cells.values()) <= {"405", "→login"} and row.whose == ("any",) for row in rows)

    def _whose(self):
        if not {"campaign", "unit", "pk", "object_id"} & set(self.arguments):
            return ("-",)
        of_units = "unit" in self.arguments or ("pk" in self.arguments and self.kind not in OF_A_CAMPAIGN)
        return (*(WHOSE if of_units else CAMPAIGNS), "nowhere")

    def _states(self, method, whose):
        """The states in which a thing is asked about; one is enough where the table says that none matters."""
        rows = [row for row in self.rows if row.is_about(method, whose)]
        if self._refuses(method) or (rows and all(row.states == ("-",) for row in rows)):
            return ("-",)
        if fnmatchcase(self.name, "reports:sign-off*"):
            return SIGN_OFF_STATES
        return STATES[:-1] if "pk" in self.arguments else STATES  # a report that is not there has no number


@dataclass(frozen=True)
class Question:
    """One method on one page about one thing, asked by one person."""

    page: Page
    method: str
    whose: str
    state: str
    person: str

    def __str__(self):
        return f"{self.page.name} {self.method} {self.whose} {self.state} {self.person}"


def read_table() -> list[Row]:
    """The rows of all tables of the documents."""
    rows, head = [], None
    texts = (document.read_text(encoding="utf-8") for document in DOCUMENTS)
    for line in "\n".join(texts).splitlines():
        if not line.startswith("|"):
            head = None
            continue
        written = [text.strip() for text in line.strip("|").split("|")]
        if head is None:
            head = written
        elif not set(line) <= set("|-"):
            cells = dict(zip(head[4:], written[4:], strict=True))
            rows.append(Row(*(tuple(text.split()) for text in written[:4]), cells))
    return rows


def read_pages(rows: list[Row]) -> dict[str, Page]:
    """Every address of the portal, by name, with the rows of the table about it."""
    pages = {}
    for name, route, arguments in _addresses(get_resolver(), "", "/"):
        about = tuple(row for row in rows if row.is_of(name))
        assert name not in pages, f"two addresses are called {name}"
        pages[name] = Page(name, route, arguments, about)
    return pages


def _addresses(resolver, namespace, prefix):
    for entry in resolver.url_patterns:
        pattern = entry.pattern
        route = prefix + str(pattern)
        named = pattern.converters if isinstance(pattern, RoutePattern) else pattern.regex.groupindex
        if isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}" if entry.name else route, route, tuple(named)
        else:
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            for name, whole, arguments in _addresses(entry, inner, route):
                yield name, whole, (*named, *arguments)


def shown(pages: dict[str, Page]) -> dict[str, list[Question]]:
    """By page one question for each person and relation that is shown it, or led on by it."""
    found = {}
    for name, page in pages.items():
        asked = {}
        for question in page.questions():
            for row in page.rows_about(question):
                cell = row.cells[question.person]
                if question.method == "GET" and (cell == "200" or cell.startswith("→")):
                    asked.setdefault((question.person, question.whose, cell), question)
        if asked:
            found[name] = list(asked.values())
    return found


# The world


@dataclass
class World:
    """A district with units around it in every relation, each with one report in every state."""

    places: dict = field(default_factory=dict)
    forms: dict = field(default_factory=dict)
    people: dict = field(default_factory=dict)
    periods: list = field(default_factory=list)
    reports: dict = field(default_factory=dict)
    """By (whose, state); "-" stands for one of them."""
    things: dict = field(default_factory=dict)
    """What else has a number, by (kind, whose): kinds of NAMED_BY_PK, and models of the administration."""

    def arguments(self, question):
        """What stands in the address of a question."""
        page, whose, state = question.page, question.whose, question.state
        place = self.places.get(whose, self.places["own"])
        form = self.forms.get(whose, self.forms["own"])
        known = {
            "campaign": place.campaign.code,
            "form": form.code,
            "number": 1,
            "period": self.periods[PERIOD_OF.get(state, 0)].ends_on.isoformat(),
            "unit": place.unit.code,
            "kind": "close",
            "duty": place.campaign.texts.get().pk,
            "pk": self._number(page.kind, whose, state),
            "object_id": self._number(_model_of(page), whose, state),
            "content_type_id": ContentType.objects.get_for_model(ReportingUnit).pk,
            "app_label": "accounts",
            "url": "nothing-here/",
        }
        if whose == "nowhere" and not {"pk", "object_id"} & set(page.arguments):
            known["unit" if "unit" in page.arguments else "campaign"] = "nowhere"
        return {name: known[name] for name in page.arguments}

    def _number(self, kind, whose, state):
        thing = self.reports.get((whose, state)) if kind == "report" else self.things.get((kind, whose))
        return thing.pk if thing else NOT_THERE

    def posted(self, question):
        """What a person types who means it; a text is JSON."""
        name, whose, state = question.page.name, question.whose, question.state
        if name == "reports:entry-save" and question.person != "visitor":
            return json.dumps({"as": self.people[question.person].pk, "cells": {"1": {"text": "6"}}})
        if name == "reports:submission-confirm" and (report := self.reports.get((whose, state))):
            return {"seen": lifecycle.checksum(report)}
        if name == "reports:sign-off-sign" and state == "unsigned":
            found = sign_off.consolidated(self.places["above"], self.periods[PERIOD_OF[state]])
            missing = [one.place.unit.code for one in found.standing.missing]
            return {"missing": missing, "seen": found.checksum}
        if name in ("reports:sign-off-accept", "reports:sign-off-reopen"):
            return {"seen": SignOff.objects.get().receipt, "comment": "有单位补报，请重新扎口"}
        if name == "reports:announcement-create":
            office = (
                self.people[question.person].memberships.first() if question.person != "visitor" else None
            )
            return {"title": "通知", "text": "请按时报送", "unit": office.unit_id if office else ""}
        return {
            "action": "save",
            "c1": "5",
            "seen-c1": "5",
            "seen": "",
            "comment": "请核对台账后重报",
            "reason": "通知有变化",
            "day": "2024-03-01",
            "clock": "17:30",
        }

    def client(self, person):
        client = Client()
        if person != "visitor":
            client.force_login(self.people[person])
        return client


def _model_of(page):
    """The model of a page of the administration: "accounts_user"; "" for any other."""
    found = re.match(r"/admin/(\w+)/(\w+)/", page.route)
    return f"{found[1]}_{found[2]}" if found else ""


def make_world() -> World:
    world = World()
    start = date(2024, 1, 26)
    ends = [start + timedelta(weeks=week) for week in range(len(STATES) + 1)]
    spring = make_campaign("spring", period_ends=ends, sign_off_by="prefecture")
    autumn = make_campaign("autumn", period_ends=ends, title="另一项活动")
    world.periods = list(spring.periods.all())
    world.forms = {
        "own": make_form(spring, "fu1", line="hr"),
        "line": make_form(spring, "fu2", line="union"),
        "campaign": make_form(autumn, "fu1"),
    }
    root = make_place(spring, "office", level="office", reports=False)
    above = make_place(spring, "city-hr", parent=root, level="prefecture", line="hr")
    own = make_place(spring, "district-hr", parent=above, line="hr")
    other_line = make_place(spring, "city-union", parent=root, level="prefecture", line="union")
    away = make_place(autumn, "elsewhere", level="prefecture", reports=False)
    world.places = {
        "own": own,
        "below": make_place(spring, "street-hr", parent=own, line="hr"),
        "above": above,
        "sibling": make_place(spring, "sibling-hr", parent=above, line="hr"),
        "line": make_place(spring, "district-union", parent=other_line, line="union"),
        "campaign": make_place(autumn, "elsewhere-district", parent=away),
    }
    role = Membership.Role
    world.people = {
        "reporter": make_user("reporter", unit=own, role=role.REPORTER),
        "viewer": make_user("viewer", unit=own, role=role.VIEWER),
        "coordinator": make_user("coordinator", unit=own, role=role.COORDINATOR),
        "city": make_user("city", unit=above, role=role.COORDINATOR),
        "root": make_user("root", unit=root, role=role.COORDINATOR),
        "union": make_user("union", unit=other_line, role=role.COORDINATOR),
        "away": make_user("away", unit=away, role=role.COORDINATOR),
        "nobody": make_user("nobody"),
    }
    for site_role in ("system", "security", "audit"):
        world.people[site_role] = make_user(site_role, site_role=site_role)
    for campaign in (spring, autumn):
        TextDuty.objects.create(
            campaign=campaign, position=1, kind="progress", each_period=True, each="reporter"
        )
    for whose, place in world.places.items():
        _fill(world, whose, place)
    signed = world.periods[PERIOD_OF["signed"]]
    standing = sign_off.consolidated(above, signed).standing
    missing = [one.place.unit.code for one in standing.missing]
    sign_off.sign(above.unit, signed, by=world.people["city"], missing=missing)
    return world


def _fill(world, whose, place):
    """Make everything that has a number at one place."""
    campaign, things = place.campaign, world.things
    form = world.forms.get(whose, world.forms["own"])
    periods = list(campaign.periods.all())
    for state, period in zip(STATES[:-1], periods, strict=False):
        world.reports[whose, state] = make_submission(form, place, period, FIGURES, status=state)
    world.reports[whose, "-"] = world.reports[whose, "accepted"]
    clerk = make_user(f"clerk-{place.unit.code}", unit=place)
    by = world.people["root"]
    granted = {"period": periods[0], "unit": place.unit, "reason": "春节"}
    things["person", whose] = things["accounts_user", whose] = clerk
    things["announcement", whose] = Announcement.objects.create(
        campaign=campaign, unit=place.unit, title="通知", text="请按时报送", author=by
    )
    things["notice", whose] = Notice.objects.create(
        recipient=world.people["reporter"] if whose == "own" else clerk,
        kind=Notice.Kind.REMINDER,
        campaign=campaign,
        title="请尽快上报",
    )
    question = world.reports[whose, "-"].questions.create(
        from_unit=False, asked_by=by, asked_at=timezone.now()
    )
    question.entries.create(author=by, author_name=by.name, from_unit=False, text="请核对")
    things["question", whose] = question
    things["edition", whose] = editions.publish(place, periods[0], by=None)
    things["brief", whose] = writing.draft(things["edition", whose], by=None)
    things["extension", whose] = Extension.objects.create(**granted, due_at=periods[1].due_at, granted_by=by)
    things["exemption", whose] = Exemption.objects.create(**granted, granted_by="演示")
    things["text", whose] = make_text(campaign.texts.get(), place, periods[0], by=clerk)
    things["urgent", whose] = UrgentMatter.objects.create(
        campaign=campaign,
        unit=place.unit,
        kind="major",
        title="欠薪聚集",
        text="已处置",
        author=clerk,
        at=timezone.now(),
    )
    told = world.people["away" if whose == "campaign" else "root"]
    things["urgent", whose].sightings.create(user=told, unit=place.unit)
    things["attachment", whose] = make_picture(things["text", whose], by=clerk)
    owner = world.people["reporter"] if whose == "own" else clerk
    things["upload", whose] = _upload(owner, campaign, world.reports[whose, "accepted"])
    if whose not in CAMPAIGNS:
        return
    gatherer = world.people["coordinator" if whose == "own" else "away"]
    things["batch", whose] = _batch(gatherer, form, place, periods[-1])
    things["bulk", whose] = Bulk.objects.create(
        campaign=campaign,
        by=gatherer,
        due_at=timezone.now() + timedelta(hours=1),
    )
    things["doubt", whose] = Doubt.objects.create(campaign=campaign, position=1, reading="按人数")
    things["target", whose] = things["campaigns_target", whose] = Target.objects.create(
        campaign=campaign, position=1, indicator=form.columns[0], at_least=3, over="week"
    )
    things["campaigns_reportingperiod", whose] = periods[0]
    things["campaigns_dayoff", whose], _ = DayOff.objects.get_or_create(day=date(2024, 2, 12))
    things["campaigns_reportingunit", whose] = place.unit
    things["campaigns_unitplace", whose] = place
    things["accounts_membership", whose] = clerk.memberships.get()
    things["accounts_proposedmembership", whose] = ProposedMembership.objects.create(
        user=clerk, unit=place.unit, role=Membership.Role.VIEWER
    )


READ = {
    "outcome": "ok",
    "reason": "",
    "asks": "",
    "choices": [],
    "recognised": {},
    "values": {},
    "cells": [],
    "form": None,
    "period": None,
    "rejected": [],
    "warnings": [],
    "sheets": [],
    "says": "",
}
"""What is kept of a workbook that held nothing."""


def _upload(owner, campaign, report):
    """A workbook that was imported into a report, with a cell that was not taken."""
    problem = {
        "unit": report.unit.code,
        "number": "1",
        "sheet": "附件1",
        "cell": "B8",
        "found": "无",
        "reason": "无",
    }
    upload = Upload.objects.create(
        owner=owner,
        campaign=campaign,
        state=Upload.State.IMPORTED,
        name="附件1.xlsx",
        stored_as=f"202402/{report.pk}",
        size=4,
        sha256="0" * 64,
        found=READ | {"rejected": [problem]},
    )
    upload.reports.add(report)
    uploads.path_of(upload).parent.mkdir(parents=True, exist_ok=True)
    uploads.path_of(upload).write_bytes(b"file")
    return upload


def _batch(owner, form, place, period):
    """A workbook of past mails that was read: one report that is not there yet."""
    batch = UploadBatch.objects.create(owner=owner, campaign=place.campaign)
    said = {"form": form.code, "period": period.ends_on.isoformat(), "values": {place.unit.code: {"1": "5"}}}
    batch.uploads.create(
        owner=owner,
        campaign=place.campaign,
        name="附件1.xlsx",
        stored_as=f"202402/{batch.pk}",
        size=4,
        sha256="0" * 64,
        found=READ | said,
    )
    return batch


def grow(world: World, units: int) -> None:
    """Add siblings of the district until there are `units`, each with a report in every state, and its clerk."""
    campaign = world.places["own"].campaign
    begun = campaign.places.filter(unit__code__startswith="more-").count()
    codes = [f"more-{number:04d}" for number in range(begun, units)]
    places = make_places(campaign, codes, parent=world.places["above"], line="hr")
    for state, period in zip(STATES[:-1], world.periods, strict=False):
        make_submissions(world.forms["own"], places, period, FIGURES, status=state)
    clerks = type(world.people["city"]).objects.bulk_create(
        type(world.people["city"])(username=f"clerk-{code}", name=code) for code in codes
    )
    Membership.objects.bulk_create(
        Membership(user=clerk, unit=place.unit, role=Membership.Role.REPORTER)
        for clerk, place in zip(clerks, places, strict=True)
    )


# Asking


@dataclass(frozen=True)
class Answer:
    """outcome: as a cell of the table says it; body: the page, the incident number left out; writes: statements."""

    outcome: str
    body: str
    writes: tuple[str, ...]


INCIDENT = re.compile(r"[0-9a-f]{8}(?=</strong>)")


def ask(world: World, client: Client, question: Question) -> Answer:
    """Ask as `fetch` does; return what the table says of an answer."""
    response, writes = fetch(world, client, question)
    outcome = (
        f"→{_page_at(response.url)}" if response.status_code in (301, 302) else str(response.status_code)
    )
    body = INCIDENT.sub("", response.text) if response.status_code >= 400 else ""
    return Answer(outcome, body, tuple(writes))


def fetch(world: World, client: Client, question: Question):
    """Return the response to a question, and the statements that wrote something; all is undone."""
    address = question.page.address(**world.arguments(question))
    data = world.posted(question) if question.method == "POST" else {}
    cookies = SimpleCookie(client.cookies)
    writes = []

    def note(execute, sql, parameters, many, context):
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and "django_session" not in sql:
            writes.append(sql)
        return execute(sql, parameters, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(note):
            if question.method != "POST":
                response = client.get(address)
            elif isinstance(data, str):
                response = client.post(address, data, content_type="application/json")
            else:
                response = client.post(address, data)
        transaction.set_rollback(True)
    client.cookies = cookies  # a log-out takes the one of the session
    return response, writes


def matches(outcome: str, cell: str) -> bool:
    return fnmatchcase(outcome, cell.replace("·", "404"))


def _page_at(url):
    """The name of the page that a redirect leads to; the address itself where it leads off the portal."""
    try:
        return resolve(re.split("[?#]", url)[0]).url_name
    except Resolver404:
        return url
