"""文字材料: what is owed in words, writing a case, adopting one, urgent matters, contacts."""

from .portal import Portal

CAMPAIGN = "/c/jiangsu-demo"


def take(portal: Portal) -> None:
    clerk = portal.as_("xuzhou")
    clerk.goto(f"{CAMPAIGN}/texts/")
    portal.shot(clerk, "texts-board")
    clerk.get_by_role("button", name="写一条").first.click()
    clerk.get_by_label("标题").fill("夜间招聘会开到家门口")
    clerk.get_by_label("地点").fill("徐州市云龙区文化广场")
    portal.shot(clerk, "texts-edit")
    clerk.goto(f"{CAMPAIGN}/urgent/new/")
    portal.shot(clerk, "urgent-create")
    clerk.goto(f"{CAMPAIGN}/contacts/320300/")
    portal.shot(clerk, "contacts-edit")

    province = portal.as_("jiangsu-review")
    province.goto(f"{CAMPAIGN}/texts/")
    portal.shot(province, "texts-board-province")
    province.goto(f"{CAMPAIGN}/cases/")
    portal.shot(province, "texts-cases")
