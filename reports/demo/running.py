"""The campaign that is running: Jiangsu's, moved by whole weeks so that its fifth period is going on. No database."""

from datetime import date

from campaigns.calendar_rules import Workdays, periods
from campaigns.definition import Definition
from campaigns.definition.redate import redated

MODEL = "jiangsu-2024"
CODE = "jiangsu-demo"
TITLE = "江苏省春风行动（演示）"
"""Neither has a year: whatever the season, the campaign may begin in one and end in the next."""
PERIOD = 5


def running(model: Definition, today: date) -> Definition:
    """Return Jiangsu's definition moved so that `today` lies in its fifth period, which has seven days."""
    campaign = model.campaign
    rule = campaign.reporting.rule()
    fifth = periods(rule, campaign.starts, campaign.ends, Workdays())[PERIOD - 1]
    weeks = (today - fifth.starts_on).days // 7
    return redated(model, weeks, code=CODE, title=TITLE)
