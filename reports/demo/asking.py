"""What is asked about the demonstration's reports, and answered: a row a thread in `fixtures/demo/questions.csv`.

by: unit or above, who asks. answer: blank leaves the thread open. settled: 1 where the side that asked closed it.
"""

import csv
from datetime import datetime, timedelta
from pathlib import Path

from campaigns.models import Campaign
from chunfeng.accounts.models import Membership, User
from reports.models import Notice, Question, Submission
from reports.review import questions
from reports.review.suspects import suspects

from .office import People


def ask(campaign: Campaign, people: People, path: Path, now: datetime | None) -> None:
    """Open the threads of one campaign on reports that there are by now. now: None where it is long past."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["campaign"] == campaign.code]
    places = {place.unit.code: place for place in people.places.values()}
    for row in rows:
        reports = Submission.objects.filter(
            period__campaign=campaign,
            period__number=row["period"],
            report_form__code=row["form"],
            unit__code=row["unit"],
        )
        report = reports.select_related("unit", "report_form", "period__campaign").first()
        if report is None:
            continue
        clerk = people.acting(places[row["unit"]], Membership.Role.REPORTER)
        above = people.reviewer(places[row["unit"]])
        asker, other = (clerk, above) if row["by"] == "unit" else (above, clerk)
        if asker is not None:
            _thread(report, row, asker, other, now)


def _thread(
    report: Submission, row: dict[str, str], asker: User, other: User | None, now: datetime | None
) -> None:
    cells = [int(cell) for cell in row["cells"].split()]
    odd = next(
        (
            suspect.anomaly
            for suspect in suspects(asker, report.period)
            if suspect.submission == report and set(cells) & set(suspect.anomaly.cells)
        ),
        None,
    )
    text = row["text"] or (odd.question if odd else "请核对台账后说明。")
    question = questions.ask(report, by=asker, text=text, cells=cells, anomaly=odd.key if odd else "")
    if row["answer"] and other is not None:
        questions.reply(question, by=other, text=row["answer"])
        if row["settled"]:
            questions.settle(question, by=asker)
    _date_back(question, report, now)


def _date_back(question: Question, report: Submission, now: datetime | None) -> None:
    """Date what was written just now to the hours after the report was typed or sent."""
    begun = report.submitted_at or report.changed_at
    if begun is None:
        return
    at = [begun + timedelta(hours=2), begun + timedelta(hours=5), begun + timedelta(hours=6)]
    if now is not None:
        at = [min(moment, now) for moment in at]
    for entry, moment in zip(question.entries.all(), at, strict=False):
        type(entry).objects.filter(pk=entry.pk).update(at=moment)
    settled_at = at[2] if question.state == Question.State.SETTLED else None
    Question.objects.filter(pk=question.pk).update(asked_at=at[0], settled_at=settled_at)
    Notice.objects.filter(url__endswith=f"#question-{question.pk}").update(at=at[0])
