"""What is answered: others write `from reports.models import Submission`."""

from .announcements import Announcement
from .changes import CampaignEvent
from .deadlines import Extension
from .notices import Notice
from .signoffs import SignOff, SignOffEvent
from .submissions import Explanation, Figure, FigureChange, RefusedEntry, Submission, SubmissionEvent

__all__ = [
    "Announcement",
    "CampaignEvent",
    "Explanation",
    "Extension",
    "Figure",
    "FigureChange",
    "Notice",
    "RefusedEntry",
    "SignOff",
    "SignOffEvent",
    "Submission",
    "SubmissionEvent",
]
