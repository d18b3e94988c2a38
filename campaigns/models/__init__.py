"""What is asked: others write `from campaigns.models import Indicator`."""

from .calendar import Campaign, DayOff, ReportingPeriod
from .expectations import Exemption, Target, TextDuty
from .forms import Doubt, Indicator, ReportForm, ValidationRule
from .units import ReportingUnit, UnitPlace
from .uploads import PendingTable

__all__ = [
    "Campaign",
    "DayOff",
    "Doubt",
    "Exemption",
    "Indicator",
    "PendingTable",
    "ReportForm",
    "ReportingPeriod",
    "ReportingUnit",
    "Target",
    "TextDuty",
    "UnitPlace",
    "ValidationRule",
]
