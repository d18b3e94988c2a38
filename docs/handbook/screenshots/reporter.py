"""填报员: a county of the running campaign."""

from .portal import Portal

FIRST_ENTRY = "td.action a.btn-primary, td.action a.btn-outline-primary"


def take(portal: Portal) -> None:
    visitor = portal.visitor()
    visitor.goto("/login/")
    portal.shot(visitor, "log-in")

    clerk = portal.as_("xinyi")
    clerk.goto("/c/jiangsu-demo/tasks/")
    portal.shot(clerk, "reporter-tasks")

    clerk.locator(FIRST_ENTRY).first.click()
    portal.shot(clerk, "reporter-entry")
    clerk.goto("/c/jiangsu-2024/tasks/fu1/2024-04-08/320381/#findings")
    portal.shot(clerk, "reporter-findings")

    clerk.goto("/c/jiangsu-2024/reports/")
    portal.shot(clerk, "reporter-history")
    clerk.locator("table.list tr", has_text="已通过").first.locator("a.title").click()
    portal.shot(clerk, "reporter-receipt")

    clerk.goto("/c/jiangsu-demo/about/")
    portal.shot(clerk, "campaign-about")
    clerk.goto("/notices/?campaign=jiangsu-demo")
    portal.shot(clerk, "notices")
    clerk.goto("/c/jiangsu-demo/questions/")
    clerk.locator("table.list a[href*='#question-']").first.click()
    portal.shot(clerk, "reporter-question", part="#questions")
    clerk.goto("/password/")
    portal.shot(clerk, "password")
