"""A text that repeats another is found."""

from reports.texts.similar import most_alike

LAST_WEEK = (
    "2月2日，某区在人力资源市场举办春风送岗专场招聘会，86家企业提供岗位2300个，现场达成就业意向412人。"
)
OTHER = "某县组织专车把务工人员送到企业门口，沿途安排志愿者服务，全程免费，确保平安返岗。"


def test_a_text_sent_again_is_wholly_alike():
    assert most_alike(LAST_WEEK, [("old", LAST_WEEK), ("other", OTHER)]) == ("old", 100)


def test_a_text_with_another_date_and_other_blanks_is_still_found():
    [key, share] = most_alike(
        LAST_WEEK.replace("2月2日，", "2月9日 ").replace("，", " ， "), [("old", LAST_WEEK)]
    )
    assert key == "old"
    assert share >= 90


def test_a_text_copied_into_a_longer_one_is_found():
    assert most_alike(LAST_WEEK + OTHER * 3, [("old", LAST_WEEK)]) == ("old", 100)


def test_texts_about_different_things_are_not_alike():
    assert most_alike(LAST_WEEK, [("other", OTHER), ("empty", "")]) is None
