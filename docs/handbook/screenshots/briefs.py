"""简报和总结: drafting a brief from an edition, a paragraph with its numbers, a summary; a unit's own text."""

from .portal import Portal

CAMPAIGN = "/c/jiangsu-demo"


def take(portal: Portal) -> None:
    province = portal.as_("jiangsu-review")
    province.goto(f"{CAMPAIGN}/briefs/")
    portal.shot(province, "briefs-list")
    province.locator("a.title").first.click()
    portal.shot(province, "briefs-page")
    province.get_by_role("link", name="修改“总体进展”第 1 段").click()
    province.locator("#text").press("Control+Home")
    province.select_option("#number-unit", label="徐州市")
    province.get_by_role("button", name="本期新增").click()
    portal.shot(province, "briefs-paragraph")
    province.go_back()
    province.get_by_role("link", name="“总体进展”第 1 段的数字").click()
    province.get_by_role("button", name="冻结：附件1第2列累计").click()
    province.wait_for_load_state("networkidle")
    province.goto(province.url.partition("#")[0])
    portal.shot(province, "briefs-numbers")
    province.goto(f"{CAMPAIGN}/briefs/")
    province.get_by_role("button", name="起草工作总结").click()
    portal.shot(province, "briefs-summary")

    city = portal.as_("xuzhou")
    city.goto(f"{CAMPAIGN}/texts/")
    city.get_by_role("button", name="开始写").first.click()
    city.get_by_role("button", name="生成草稿").click()
    portal.shot(city, "briefs-own")
