"""From the check code on a stamped sheet back to the version it was printed from, and whether its figures still stand."""

from dataclasses import dataclass
from decimal import Decimal

from campaigns.models import Indicator
from chunfeng.accounts.models import User
from reports import lifecycle
from reports.letterhead import checksum_beginning
from reports.models import Submission, SubmissionEvent

_AFTER_ANY_DIGIT = "g"


@dataclass(frozen=True)
class ChangedFigure:
    """A column that holds another figure than the sheet; None = blank."""

    indicator: Indicator
    printed: Decimal | None
    now: Decimal | None


@dataclass(frozen=True)
class PrintedVersion:
    """The version of a report that a code names: sent: the submission that first had these figures.

    changed: where the report stored now differs. is_intact: what is kept of that submission is what was sent.
    """

    submission: Submission
    sent: SubmissionEvent
    changed: tuple[ChangedFigure, ...]
    is_intact: bool

    @property
    def stands(self) -> bool:
        """The report is sent or accepted with these very figures."""
        return not self.changed and self.submission.status in Submission.SENT


def find_printed(user: User, code: str) -> list[PrintedVersion] | None:
    """Return the versions in the user's scope that bear `code` as typed from paper; None where it is no code.

    Only what was once sent is found: a draft's code, once the same figures are sent. A bounded number of queries
    a version; of one code there is one.
    """
    beginning = checksum_beginning(code)
    if beginning is None:
        return None
    events = SubmissionEvent.objects.filter(
        checksum__gte=beginning,
        checksum__lt=beginning + _AFTER_ANY_DIGIT,
        submission__in=Submission.objects.visible_to(user),
    )
    related = ("submission__report_form__campaign", "submission__period__campaign", "submission__unit")
    first: dict[int, SubmissionEvent] = {}
    for event in events.select_related(*related):
        first.setdefault(event.submission_id, event)
    return [_version(event) for event in first.values()]


def _version(event: SubmissionEvent) -> PrintedVersion:
    submission = event.submission
    printed, now = event.snapshot["figures"], lifecycle.snapshot(submission)["figures"]
    changed = [
        ChangedFigure(indicator, _figure(printed.get(number)), _figure(now[number]))
        for indicator in submission.report_form.columns
        if printed.get(number := str(indicator.number)) != now[number]
    ]
    return PrintedVersion(
        submission, event, tuple(changed), lifecycle.digest(event.snapshot) == event.checksum
    )


def _figure(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
