"""Remind units of reports that are missing: to be run by a timer, every quarter of an hour."""

from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from campaigns.models import Campaign
from reports import notifications
from reports.completeness import reminders
from reports.managing.due_questions import ask_about_due_times


class Command(BaseCommand):
    help = (
        "Remind the units whose reports are missing: some hours before they are due, when they are due, and some "
        "hours after. Each reminder goes out once a unit and period, and none within 12 hours of another; running "
        "it again changes nothing. Coordinators of the campaign's root are told once of each due time that lies on a "
        "holiday or weekend and waits for their decision. A campaign that is closed, or a due time more than a week ago, reminds nobody."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "campaign", nargs="*", help="codes of campaigns; none: every campaign that is open"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print who would be reminded; send nothing"
        )

    def handle(self, *_, **options):
        campaigns = Campaign.objects.filter(closed_at=None).order_by("code")
        if options["campaign"]:
            campaigns = campaigns.filter(code__in=options["campaign"])
            if unknown := set(options["campaign"]) - {one.code for one in campaigns}:
                raise CommandError(f"没有代码为 {min(unknown)} 的进行中的专项活动，请检查。")
        now = timezone.now()
        total = 0
        for campaign in campaigns:
            if not options["dry_run"]:
                ask_about_due_times(campaign, now)
            total += self._campaign(campaign, now, is_dry=options["dry_run"])
        notifications.wait_for_mail()
        self.stdout.write(f"{'将提醒' if options['dry_run'] else '已提醒'} {total} 个单位。")

    def _campaign(self, campaign, now, *, is_dry):
        hours = {
            "before": timedelta(hours=settings.REMIND_BEFORE_HOURS),
            "after": timedelta(hours=settings.REMIND_AFTER_HOURS),
        }
        batches = {}
        for missing in reminders.timed(campaign, now, **hours):
            moment = reminders.moment_of(missing.due_at, now, **hours)
            batches.setdefault((missing.period, moment), []).append(missing)
        total = 0
        for (period, moment), listed in batches.items():
            for one in listed:
                self.stdout.write(f"{campaign.code} {period} {moment.label}：{one.place.name} {one.forms}")
            if is_dry:
                total += len(listed)
                continue
            outcome = reminders.send(
                period,
                [one.place for one in listed],
                reminders.DEFAULT_TEXT,
                by=None,
                now=now,
                moment=moment,
            )
            total += len(outcome.sent)
        return total
