"""Finding units by a part of the name, the code, or pinyin initials; everything typed is taken literally."""

import pytest

from campaigns.search import initials, is_found, units_found
from tests.factories import make_campaign, make_place


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("江汉区", "jhq"),
        ("长沙市", "css"),  # not z: 长 reads chang in this name
        ("重庆市总工会", "cqszgh"),
        ("第3中学（A座）", "d3zx（az）"),
    ],
)
def test_initials_are_the_first_letters_of_each_syllable(name, expected):
    assert initials(name) == expected


@pytest.mark.parametrize(
    "wanted",
    ["江汉", "汉区人", "jhq", "JHQ", "ｊｈｑ", "jhqrs", "420103", "0103-HR", " 江汉区 ", "江汉（", "武汉"],
)
def test_a_unit_is_found_by_name_code_and_initials(wanted):
    assert is_found(wanted, "420103-hr", "江汉区人社局（武汉）", "江汉（试点）")


@pytest.mark.parametrize(
    "wanted",
    ["%", "_", "' OR 1=1 --", '"', "\\", "jh%", "4201_3", ".*", "江岸", "jaq", "江汉区 人社局", "\x00"],
)
def test_signs_of_a_database_mean_only_themselves(wanted):
    assert not is_found(wanted, "420103-hr", "江汉区人社局（武汉）", "江汉（试点）")


@pytest.mark.parametrize(("wanted", "name"), [("%", "完成100%办公室"), ("_", "人社_一局"), ("'", "O'区")])
def test_a_sign_is_found_where_a_name_has_it(wanted, name):
    assert is_found(wanted, "1", name)


@pytest.mark.django_db
def test_units_are_found_by_their_lasting_name_and_by_the_name_in_the_campaign():
    campaign = make_campaign()
    district = make_place(campaign, "a", name="蔡甸区")
    district.unit.name = "蔡甸新区"
    district.unit.save()
    make_place(campaign, "b", name="江汉区")
    make_place(make_campaign("later"), "c", name="蔡家区")
    assert units_found(campaign, "cdq") == {district.unit_id}
    assert units_found(campaign, "新区") == {district.unit_id}
    assert units_found(campaign, "cj") == set()
