from __future__ import annotations

import re

from g60pipeline.sample.calibration import CLUSTERS
from g60pipeline.sample.enterprises import organisation_check_character, uscc_check_character
from g60pipeline.sample.registers import build_registers

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def test_check_characters_are_those_of_the_standards_examples() -> None:
    assert uscc_check_character("91350100M000100Y4") == "3"
    assert organisation_check_character("D2143569") == "X"


def test_every_credit_code_is_valid_and_an_enterprises_own() -> None:
    names: dict[str, str] = {}
    for enterprise in (e for register in build_registers(2021).values() for e in register):
        code = enterprise.uscc
        total = sum(ALPHABET.index(c) * weight for c, weight in zip(code, WEIGHTS, strict=False))
        assert (total + ALPHABET.index(code[17])) % 31 == 0
        assert re.fullmatch(r"91310117MA1J[0-9A-Z]{6}", code)
        assert organisation_check_character(code[8:16]) == code[16]
        assert names.setdefault(code, enterprise.name) == enterprise.name
    assert len(set(names.values())) == len(names)


def test_registers_have_the_planned_sizes_and_a_few_enterprises_are_in_two_clusters_of_one_unit() -> None:
    registers = build_registers(2021)
    clusters: dict[str, set[str]] = {}
    for plan in CLUSTERS:
        own = [e for e in registers[plan.code] if all(e.uscc not in codes for codes in clusters.values())]
        assert (sum(e.joined_step == 0 for e in own), len(own)) == plan.enterprises
        clusters[plan.code] = {e.uscc for e in registers[plan.code]}

    shared = {
        (a, b): len(clusters[a] & clusters[b])
        for a in clusters
        for b in clusters
        if a < b and clusters[a] & clusters[b]
    }

    assert shared == {("C04", "C05"): 3, ("C05", "C10"): 2}
