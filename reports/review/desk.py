"""What the desk shows of one report under review: its differences, and what was said about it before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from campaigns.models import UnitPlace
from campaigns.models.units import Level
from reports.entry import checks
from reports.entry.grid import GridCell
from reports.models import Submission, SubmissionEvent
from reports.review.differences import SHOWN_PERIODS, Difference, differences
from reports.rollup import total_of

EARLIER_REMARKS = 5

_Move = SubmissionEvent.Move
_BACK = (_Move.RETURNED, _Move.REOPENED)
_SHARE_OF = {Level.NATION: "全国", Level.PROVINCE: "全省", Level.PREFECTURE: "全市", Level.COUNTY: "全区县"}


@dataclass(frozen=True)
class Desk:
    """share_of: 全市, what the shares are of. periods: ends of the periods of `Difference.earlier`.

    returned: the latest return or reopening before the submission that waits, None where there is none; what
    has changed since stands in the rows. new_reasons: keys of findings explained anew since then.
    """

    rows: list[Difference]
    share_of: str
    periods: list[date]
    returned: SubmissionEvent | None
    new_reasons: set[str]

    @property
    def changed(self) -> list[Difference]:
        return [row for row in self.rows if row.is_changed]


def read_desk(
    submission: Submission, place: UnitPlace, cells: Sequence[GridCell], events: Sequence[SubmissionEvent]
) -> Desk:
    """Read what a report is compared with. place: at which it counts; cells: of its grid; events: its trail."""
    history = checks.history(submission)
    upper = place
    if place.parent is not None and not place.children.exists():
        upper = place.parent
    returned = next((event for event in reversed(events) if event.move in _BACK), None)
    sent = next((event for event in reversed(events) if event.move == _Move.SUBMITTED), None)
    rows = differences(
        cells,
        checks.facts(submission.report_form.columns),
        [earlier.figures for earlier in history],
        # Its own figures are in the total, so the report that waits counts.
        totals=total_of(submission.report_form, submission.period, upper.unit, basis="received").total,
        returned=_figures(returned) if returned else None,
    )
    return Desk(
        rows=rows,
        share_of=_SHARE_OF.get(Level(upper.level), "合计"),
        periods=[earlier.ends_on for earlier in history[-SHOWN_PERIODS:]],
        returned=returned,
        new_reasons=_new_reasons(returned, sent),
    )


def earlier_remarks(submission: Submission) -> QuerySet[SubmissionEvent]:
    """Return why earlier reports of the unit on this form came back, the latest first."""
    earlier = SubmissionEvent.objects.filter(
        submission__unit=submission.unit_id,
        submission__report_form=submission.report_form_id,
        submission__ends_on__lt=submission.ends_on,
        move__in=_BACK,
    )
    return earlier.select_related("submission__period").order_by("-pk")[:EARLIER_REMARKS]


def _figures(event: SubmissionEvent) -> dict[int, Decimal | None]:
    return {
        int(number): None if text is None else Decimal(text)
        for number, text in event.snapshot.get("figures", {}).items()
    }


def _new_reasons(returned: SubmissionEvent | None, sent: SubmissionEvent | None) -> set[str]:
    if returned is None or sent is None:
        return set()
    before, now = (
        {entry["finding"]: entry["text"] for entry in event.snapshot.get("explanations", [])}
        for event in (returned, sent)
    )
    return {finding for finding, text in now.items() if before.get(finding) != text}
