"""What is answered: others write `from reports.models import Submission`."""

from .announcements import Announcement
from .briefs import Brief, BriefParagraph, BriefVersion
from .changes import CampaignEvent
from .contacts import Contact, ContactAccess
from .deadlines import Extension, due_for
from .editions import Correction, Edition
from .notices import Notice
from .presence import Presence
from .questions import Dismissal, Question, QuestionEntry
from .reminders import Reminder
from .reviewing import Bulk, BulkItem, Look
from .signoffs import SignOff, SignOffEvent
from .submissions import Explanation, Figure, FigureChange, RefusedEntry, Submission, SubmissionEvent
from .texts import Attachment, TextEvent, TextReport
from .uploads import Upload, UploadBatch
from .urgent import UrgentMatter, UrgentNote, UrgentSighting

__all__ = [
    "Announcement",
    "Attachment",
    "Brief",
    "BriefParagraph",
    "BriefVersion",
    "Bulk",
    "BulkItem",
    "CampaignEvent",
    "Contact",
    "ContactAccess",
    "Correction",
    "Dismissal",
    "Edition",
    "Explanation",
    "Extension",
    "Figure",
    "FigureChange",
    "Look",
    "Notice",
    "Presence",
    "Question",
    "QuestionEntry",
    "RefusedEntry",
    "Reminder",
    "SignOff",
    "SignOffEvent",
    "Submission",
    "SubmissionEvent",
    "TextEvent",
    "TextReport",
    "Upload",
    "UploadBatch",
    "UrgentMatter",
    "UrgentNote",
    "UrgentSighting",
    "due_for",
]
