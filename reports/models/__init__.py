"""What is answered: others write `from reports.models import Submission`."""

from .submissions import Explanation, Figure, FigureChange, RefusedEntry, Submission, SubmissionEvent

__all__ = ["Explanation", "Figure", "FigureChange", "RefusedEntry", "Submission", "SubmissionEvent"]
