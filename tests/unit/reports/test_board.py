"""The board as markup: every state in words, counts of the month, nothing from elsewhere."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from board_world import HOST, PERIOD, SPOILT, TOWN, make_board, make_status, status_row

from g60pipeline.contracts.project import Project
from g60pipeline.reports.board import STATES, BoardData, build_board, months_of_board
from g60pipeline.reports.pages import read_words


@pytest.fixture(scope="module")
def page(project: Project) -> str:
    return build_board(make_board(project))


def section(page: str, name: str) -> str:
    return page.split(f'aria-labelledby="{name}"')[1].split("</section>")[0]


def count(page: str, name: str) -> tuple[str, str]:
    found = re.search(
        rf'data-count="{name}">.*?<b>(\d+)</b> <span class="unit">(.*?)</span>', page, re.DOTALL
    )
    assert found, name
    return found[1], found[2]


def test_a_board_shows_twelve_months() -> None:
    assert months_of_board("2021-02")[0] == "2020-03"
    assert (len(months_of_board("2021-02")), months_of_board("2021-02")[-1]) == (12, "2021-02")


def test_each_form_has_the_tile_of_its_state(page: str, project: Project) -> None:
    owed = [(o.unit_code, o.form) for o in project.obligations]
    expected = Counter(SPOILT.get(key, "on_time") for key in owed)
    assert Counter(re.findall(r'class="tile (\w+)', section(page, "by-form"))) == expected


def test_the_month_is_counted(page: str, project: Project) -> None:
    owed = len(project.obligations)
    assert count(page, "expected") == (str(owed), "")
    numbers = {name: int(count(page, name)[0]) for name in (
        "received", "accepted", "on_time", "in_grace", "late", "returned", "missing", "overdue")}  # fmt: skip
    assert numbers == {
        "received": owed - 3, "accepted": owed - 6, "on_time": owed - 8, "in_grace": 1, "late": 1, "returned": 2,
        "missing": 2, "overdue": 2,
    }  # fmt: skip
    assert count(page, "overdue")[1] == f"{200 / owed:.1f}%"


def test_a_share_beyond_all_is_shown_as_an_error_and_not_cut(project: Project) -> None:
    more = [
        status_row(unit, "activity", PERIOD, "not_owed")
        for unit in ("310117001", "310117002", "310117004", "310117006")
    ]
    page = build_board(make_board(project, *more))
    owed = len(project.obligations)
    assert count(page, "received") == (str(owed + 1), f"{100 * (owed + 1) / owed:.1f}%")
    assert 'class="count received error"' in page
    assert count(page, "expected")[0] == str(owed)


def test_a_month_shows_its_worst_state_and_the_forms_accepted_of_those_expected(page: str) -> None:
    row = next(row for row in section(page, "by-month").split("<tr") if "佘山镇" in row)
    tiles = re.findall(r'class="tile (\w+).*?<span class="part">(\d+/\d+)', row, re.DOTALL)
    assert tiles == [("on_time", "9/9")] * 11 + [("returned_overdue", "8/9")]


def test_units_with_something_to_do_are_open_and_the_others_are_closed(page: str) -> None:
    for code, is_open in ((HOST, True), ("310117002", True), (TOWN, False), ("310117U03", False)):
        head = page.split(f'id="u-{code}"')[0].rsplit("<details", 1)[1].split(">")[0]
        assert (" open" in head, "fine" in head) == (is_open, not is_open), code


def test_content_stands_beside_receipt_and_what_is_short_is_marked(page: str) -> None:
    row = next(
        row
        for row in page.split(f'id="u-{HOST}"')[1].split("</details>")[0].split("<tr>")
        if "组织活动" in row
    )
    assert re.findall(r'<td class="number short">(\d+ / \d+)</td>', row) == ["22 / 24", "0 / 1"]
    assert "2022-01-04 10:05" in row  # Beijing's clock


def test_a_correction_in_vain_is_marked(project: Project) -> None:
    data = make_board(project)
    rows = data.status
    hit = (rows["reporting_unit_code"] == TOWN) & (rows["period"] == PERIOD)
    spoilt = rows.assign(last_status=rows["last_status"].mask(hit, "returned"))
    page = build_board(make_board(project, status=spoilt))
    assert "tile on_time in-vain" in section(page, "by-form")
    assert "tile on_time in-vain" not in section(build_board(data), "by-form")


def test_openings_give_their_reason_escaped(page: str) -> None:
    shown = section(page, "openings")
    assert "补报&lt;遗漏&gt;的党员数" in shown
    assert "区委组织部" in shown
    assert "2022-01-31" in shown


def test_an_opening_of_other_months_is_left_out(project: Project) -> None:
    other = (
        make_board(project)
        .openings[0]
        .model_copy(update={"first_period": "2021-01", "last_period": "2021-11"})
    )
    shown = section(build_board(make_board(project, openings=(other,))), "openings")
    assert read_words("board")["openings_none"].zh in shown


def test_only_units_with_a_feedback_folder_have_a_link(page: str) -> None:
    assert re.findall(r'href="(\.\./[^"]*)"', page) == [f"../feedback/{HOST}/{PERIOD}/"]


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#|\.\./feedback/)', page)
    assert "url(" not in page


def test_every_state_has_its_words(project: Project) -> None:
    words = read_words("board")
    assert all({f"state_{state}", f"legend_{state}"} <= words.keys() for state in STATES)


def test_the_mark_of_synthetic_data_is_only_on_synthetic_data(page: str, project: Project) -> None:
    mark = read_words("board")["synthetic"].zh
    assert mark in page
    assert mark not in build_board(make_board(project, is_synthetic=False))


def test_a_month_in_which_all_is_well_says_so(project: Project) -> None:
    data = make_board(project)
    fine = data.status[data.status["state"] == "on_time"]
    page = build_board(make_board(project, status=fine))
    assert read_words("board")["no_trouble"].zh in page
    assert read_words("board")["no_trouble"].zh not in build_board(data)


def test_a_month_of_which_nothing_is_known_makes_a_page(project: Project) -> None:
    empty = make_status(project).iloc[:0]
    data: BoardData = make_board(project, status=empty)
    assert count(build_board(data), "expected") == ("0", "")
