"""Who drives the event loop of a test: the test runner, unless loops are what the test is about."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.syntax import ROOT

TESTS = ROOT / "tests"

BOTH_WORLDS = "one body runs in the world that a parameter names"
SEVERAL_LOOPS = "one loop after the other, or beside it, is what it is about"
END_OF_A_LOOP = "how a loop ends is what it is about"
NO_LOOP_BEFORE = "what happens where no loop runs is what it is about"
FORKED = "the loop runs in a forked child"

LOOPS_OF_THEIR_OWN: dict[str, dict[str, str]] = {
    "attacks/test_first_callers.py": {
        "test_w3_first_callers_at_once_share_one_runtime": SEVERAL_LOOPS,
    },
    "attacks/test_forked_connections.py": {
        "test_after_async_use_a_child_works_in_both_worlds": FORKED,
    },
    "attacks/test_other_schedulers.py": {
        "test_no_loop_at_all_is_told": NO_LOOP_BEFORE,
    },
    "attacks/test_promised_mails_at_the_end.py": {
        "test_without_any_thread_the_answers_wait_and_one_warning_says_so": BOTH_WORLDS,
        "test_closing_on_one_loop_leaves_the_work_of_another_alone": SEVERAL_LOOPS,
        "test_what_a_closed_loop_left_is_told_and_takes_no_place": SEVERAL_LOOPS,
    },
    "attacks/test_slow_mail.py": {
        "test_a_loop_that_ends_before_the_mail_is_told": END_OF_A_LOOP,
    },
    "core/runtime/test_lasting_work.py": {
        "test_pieces_that_wait_for_a_place_and_those_that_pieces_begin_are_done": END_OF_A_LOOP,
        "test_other_tasks_are_cancelled_at_once_and_those_of_the_work_after_it": END_OF_A_LOOP,
        "test_after_its_time_all_of_it_is_cancelled_and_told": END_OF_A_LOOP,
        "test_the_loops_way_to_make_tasks_is_the_applications_again": END_OF_A_LOOP,
        "test_timeouts_within_the_work_are_heard": END_OF_A_LOOP,
    },
    "core/runtime/test_later.py": {
        "test_a_loop_that_ends_takes_it_along": END_OF_A_LOOP,
    },
    "core/runtime/test_own_background.py": {
        "test_server_side_calls_and_checks_hand_over_too": BOTH_WORLDS,
        "test_a_handler_that_fails_is_told_and_loses_nothing": BOTH_WORLDS,
        "test_work_that_a_job_begins_later_is_not_lost": BOTH_WORLDS,
    },
    "core/runtime/test_runtimes.py": {
        "test_one_server_serves_one_loop_after_another": SEVERAL_LOOPS,
    },
    "storage/connections/test_event_loops.py": {
        "test_an_engine_serves_one_loop_after_the_other": SEVERAL_LOOPS,
        "test_an_engine_serves_several_loops_at_once": SEVERAL_LOOPS,
    },
    "storage/connections/test_failover.py": {
        "test_a_connection_whose_server_is_silent_is_given_up": BOTH_WORLDS,
    },
    "storage/postgres/test_connections.py": {
        "test_a_statement_that_is_the_victim_of_a_deadlock_is_tried_again": BOTH_WORLDS,
        "test_connections_of_a_loop_that_ended_are_closed_with_the_next_one": SEVERAL_LOOPS,
    },
    "storage/redis/test_redis.py": {
        "test_every_event_loop_has_connections_of_its_own": SEVERAL_LOOPS,
    },
    "storage/sqlite/test_files.py": {
        "test_new_files_are_for_their_user_alone": BOTH_WORLDS,
    },
    "storage/sqlite/test_writer.py": {
        "test_the_end_of_a_loop_waits_for_its_statement_too": END_OF_A_LOOP,
        "test_a_transaction_whose_loop_is_gone_ends_without_a_word": END_OF_A_LOOP,
    },
}
"""Tests below tests/ that may start a loop themselves, by file, and why."""


def test_async_tests_are_coroutines() -> None:
    found = {
        (path.relative_to(TESTS).as_posix(), name)
        for path in sorted(TESTS.rglob("*.py"))
        for name in starting_a_loop(path.read_text())
    }
    allowed = {(file, name) for file, tests in LOOPS_OF_THEIR_OWN.items() for name in tests}
    assert found - allowed == set(), "write `async def test_...` and await"
    assert allowed - found == set(), "no longer needed in the list"


def test_a_loop_is_found_wherever_a_test_starts_it() -> None:
    text = """
def test_plain():
    asyncio.run(work())

class TestMore:
    def test_in_a_thread(self):
        Thread(target=lambda: asyncio.run(work()))

    def test_by_a_parameter(self, kind):
        drive = finish if kind == "blocking" else asyncio.run

async def test_awaited():
    await work()

def test_a_program():
    run_in_a_process("asyncio.run(work())")

def handled(auth):
    return asyncio.run(auth.handle(request))
"""
    assert set(starting_a_loop(text)) == {"test_plain", "test_in_a_thread", "test_by_a_parameter"}


def starting_a_loop(text: str) -> Iterator[str]:
    """The sync test functions of a module in which `asyncio.run` stands."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            attributes = (one for one in ast.walk(node) if isinstance(one, ast.Attribute))
            if any(ast.unparse(one) == "asyncio.run" for one in attributes):
                yield node.name
