"""Which tests play the forty scenarios of the specification (2.15) and hold its invariants (2.14)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
CORE, FLOWS = "flow/test_scenarios.py", "engine/test_flows.py"

SCENARIOS = {
    "S01": f"{CORE}::test_s01_any_first_agrees",
    "S02": f"{CORE}::test_s02_any_first_rejects",
    "S03": f"{CORE}::test_s03_all_third_rejects",
    "S04": f"{CORE}::test_s04_sequential",
    "S05": f"{CORE}::test_s05_ratio",
    "S06": f"{CORE}::test_s06_votes",
    "S07": f"{CORE}::test_s07_chain_passes_over_who_has_left",
    "S08": f"{CORE}::test_s08_chain_until_a_role",
    "S09": f"{CORE}::test_s09_head_of_a_department_field",
    "S10": f"{CORE}::test_s10_choice_of_the_initiator",
    "S11": f"{CORE}::test_s11_own_approval",
    "S12": f"{CORE}::test_s12_nobody_found",
    "S13": f"{CORE}::test_s13_same_person_again {CORE}::test_s13_last",
    "S14": f"{CORE}::test_s14_delegation engine/test_flow_people.py::test_stand_ins",
    "S15": f"{CORE}::test_s15_transfers",
    "S16": f"{CORE}::test_s16_signers_before",
    "S17": f"{CORE}::test_s17_signers_after {CORE}::test_s17_nested_signers",
    "S18": f"{CORE}::test_s18_signers_beside_change_the_count",
    "S19": f"{CORE}::test_s19_return_and_directly_back browser/test_show.py::test_the_whole_life_of_an_approval",
    "S20": f"{CORE}::test_s20_return_and_other_branch",
    "S21": f"{CORE}::test_s21_return_inside_of_a_branch",
    "S22": f"{CORE}::test_s22_return_before_the_fork",
    "S23": f"{CORE}::test_s23_rejection_of_one_branch",
    "S24": f"{CORE}::test_s24_two_of_three",
    "S25": f"{FLOWS}::test_two_decide_at_once engine/test_workflow_processes.py::test_two_decide_at_the_same_moment",
    "S26": f"{CORE}::test_s25_s26_second_decision_is_told_what_happened {FLOWS}::test_the_same_key_is_done_once "
           "web/test_tasks.py::test_a_double_click_decides_once",
    "S27": f"{CORE}::test_s27_withdraw",
    "S28": f"{CORE}::test_s28_take_back flow/test_turns.py::test_a_turn_that_is_taken_back_has_no_deadline_until_it_comes_again",
    "S29": f"{CORE}::test_s29_revoke_is_an_instance_of_its_own {FLOWS}::test_revoke",
    "S30": f"{CORE}::test_s30_deadline_over_a_make_up_saturday",
    "S31": f"{CORE}::test_s31_timer_of_a_decided_task_does_nothing {FLOWS}::test_timers_fire_once_with_two_workers",
    "S32": f"{CORE}::test_s32_somebody_leaves engine/test_dispatch.py::test_somebody_who_leaves_hands_his_tasks_over",
    "S33": "engine/test_migrating.py::test_the_old_path_is_unchanged_without_migration "
           "engine/test_migrating.py::test_dry_run_then_migrated_at_every_place engine/test_migrating.py::test_blocked",
    "S34": f"{CORE}::test_s34_fields_of_a_step {FLOWS}::test_rights_and_refusals",
    "S35": f"{FLOWS}::test_the_record_is_held engine/test_lock_race.py::test_many_at_once "
           "engine/test_held_lines.py::test_lines_of_a_held_record_and_its_sums",
    "S36": "engine/test_proposals.py::test_s36_held_approved_applied",
    "S37": "engine/test_proposals.py::test_s37_base_changed_meanwhile_rebase engine/test_proposals.py::test_s37_discard",
    "S38": f"{CORE}::test_s38_actions_that_fail engine/test_flow_keys.py::test_what_a_sub_workflow_is_given_must_be_possible",
    "S39": f"{CORE}::test_s39_sub_workflow {FLOWS}::test_sub_workflow {FLOWS}::test_the_end_of_a_sub_workflow_is_that_of_its_step",
    "S40": f"{CORE}::test_s40_nobody_decides_anything engine/test_taskboxes.py::test_fifty_at_once_with_two_stale",
}  # fmt: skip

RANDOM = "flow/test_invariants.py::test_invariants"
INVARIANTS = {
    **dict.fromkeys((1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 16, 17, 19), RANDOM),
    7: f"{RANDOM} flow/test_invariants.py::test_the_order_of_votes_does_not_matter",
    9: f"{FLOWS}::test_the_same_key_is_done_once engine/test_workflow_processes.py::test_web_processes_that_are_killed",
    10: f"{FLOWS}::test_two_decide_at_once engine/test_workflow_processes.py::test_two_decide_at_the_same_moment",
    12: f"{FLOWS}::test_the_record_is_held engine/test_flow_keys.py::test_an_approved_record_stays_as_it_was",
    13: "engine/test_proposals.py::test_s36_held_approved_applied engine/test_proposals.py::test_two_at_the_same_time",
    18: "engine/test_simulation.py::test_path_people_timers_changes_and_nothing_stored "
        "engine/test_simulation.py::test_the_simulated_path_is_the_real_one",
}  # fmt: skip


def there(name: str) -> bool:
    file, _, test = name.partition("::")
    tree = ast.parse((TESTS / file).read_text())
    return any(isinstance(one, ast.FunctionDef) and one.name == test for one in tree.body)


@pytest.mark.parametrize("tests", [*SCENARIOS.values(), *INVARIANTS.values()])
def test_it_is_there(tests: str) -> None:
    assert [one for one in tests.split() if not there(one)] == []


def test_none_is_left_out() -> None:
    assert sorted(SCENARIOS) == [f"S{number:02}" for number in range(1, 41)]
    assert sorted(INVARIANTS) == list(range(1, 20))
