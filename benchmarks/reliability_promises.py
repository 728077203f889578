"""What is promised when things go wrong, how often it is tried, and the tests that hold it: see `reliability`."""

from dataclasses import dataclass

PARTS = ("labels", "jobs", "inputs")


@dataclass(frozen=True)
class Promise:
    """A promise with the tests that hold it; `figure` takes the sums (or, of `..._ms` and `..._s`, the worst)."""

    number: str
    part: str
    words: str
    usual: str  # the count in `make test`
    full: str  # the count in `make test-full`; the same tests where it is empty
    tests: tuple[str, ...]  # pytest's names, below tests/
    figure: str = ""


def labels(number: str, words: str, usual: str, full: str, *tests: str, figure: str = "") -> Promise:
    return Promise(number, "labels", words, usual, full, tests, figure)


def inputs(number: str, words: str, usual: str, full: str, *tests: str) -> Promise:
    return Promise(number, "inputs", words, usual, full, tuple(f"security/test_{test}" for test in tests))


def jobs(number: str, words: str, usual: str, full: str, *tests: str, figure: str = "") -> Promise:
    return Promise(number, "jobs", words, usual, full, tests, figure)


LOG, LEASES = "review/test_verdict_log.py::", "review/test_leases.py::"
WRITES, CARD = "reliability/test_label_writes.py::", "browser/test_review_browser.py::"
RUNNER, STORE, TRAINER = "jobs/test_job_runner.py::", "jobs/test_job_store.py::", "jobs/test_trainer_kills.py::"
CHECKPOINTS = "reliability/test_checkpoint_kills.py::"

PROMISES = (
    labels(
        "1, 2",
        "Programs that write answers at once lose and double none; with a trainer writing 50 figures a second beside "
        "them, 99 of 100 answers are stored within 300 ms and each within 2 s",
        "200 by 8",
        "10,000 by 8, twice",
        WRITES + "test_writers_at_once_lose_and_double_nothing",
        LOG + "test_processes_writing_at_once_lose_and_double_nothing",
        figure="{writes:,} stored, none lost or doubled; p99 {p99_ms:,.0f} ms, worst {worst_ms:,.0f} ms, with "
        "{metrics_a_second:.0f} figures a second beside them",
    ),
    labels(
        "1",
        "The same on PostgreSQL, by three app processes of eight people each, who also get different pictures",
        "120 answers",
        "2,400 answers",
        "database/test_postgres_people.py::test_three_apps_with_eight_people_each",
    ),
    labels(
        "3, 4",
        "A program killed while it writes loses nothing that was acknowledged, and sending the same again doubles "
        "nothing",
        "3 kills",
        "200 kills",
        WRITES + "test_a_killed_writer_loses_and_doubles_nothing",
        figure="{kills} kills, {acknowledged:,} acknowledged, none lost; {unacknowledged} stored but not yet "
        "acknowledged, none doubled; integrity sound each time",
    ),
    labels(
        "5",
        "Of two who ask for one picture one gets it, both opinions are kept, of two decisions one wins and the other "
        "is told",
        "20 rounds",
        "1,000 rounds",
        "reliability/test_label_rounds.py::test_one_gets_the_picture_and_one_decides_it",
        LEASES + "test_eight_people_who_deal_at_once_get_different_pictures",
        LOG + "test_of_two_decisions_made_at_once_the_second_is_told",
        figure="{rounds:,} rounds, {rounds:,} single leases, {rounds:,} decisions",
    ),
    labels(
        "6",
        "Held keys and double clicks are one answer; the next face never shows the last one's",
        "150 keys",
        "1,000 keys",
        CARD + "test_a_burst_gives_one_verdict_a_key_each_on_the_painted_face",
        CARD + "test_a_thousand_keys_at_15_a_second_give_a_thousand_verdicts_on_their_faces",
        CARD + "test_held_keys_chords_and_double_clicks_are_one_intent",
    ),
    labels(
        "7",
        "On a full disk it is said, the answer stays on the screen, nothing acknowledged is lost, work resumes "
        "without a restart",
        "5 points",
        "50 points, a real small disk",
        "reliability/test_label_disk.py::test_files_that_cannot_grow",
        "reliability/test_label_disk.py::test_a_disk_without_room",
        CARD + "test_while_the_log_cannot_be_written_the_card_says_why_and_keeps_the_answers",
        figure="{points} full disks, {acknowledged:,} answers acknowledged, all there",
    ),
    labels(
        "8",
        "Answers given while the server is dead are kept by the browser, sent when it is back, and people are told",
        "10 answers, 2 after a closed tab, a grid",
        "",
        CARD + "test_answers_given_while_the_server_is_down_are_stored_once_when_it_is_back",
        CARD + "test_answers_survive_a_closed_tab",
        "browser/test_review_grid_browser.py::test_a_grid_confirmed_while_the_server_is_down_is_stored_once",
    ),
    labels(
        "9",
        "A data folder that is missing, moved or read-only is refused; no new log is begun beside an old one",
        "6 ways",
        "",
        LOG + "test_a_missing_folder_is_named_and_not_made",
        LOG + "test_no_new_log_is_begun_beside_the_remains_of_an_old_one",
        LOG + "test_a_log_that_was_moved_while_open_takes_no_more_answers",
        LOG + "test_a_read_only_log_or_folder_is_refused_with_a_sentence",
    ),
    labels(
        "10",
        "A migration killed at any statement leaves the old format or the new, and a copy; of several that start at "
        "once one does it",
        "4 kills, 8 starts",
        "",
        "test_migration.py::test_a_migration_killed_at_any_statement_is_done_at_the_next_start",
        "test_migration.py::test_of_eight_that_start_at_once_one_does_it",
    ),
    labels(
        "11",
        "A backup under load opens, is sound and a prefix of the history; killed at any step it leaves no half; it "
        "can be restored",
        "4 backups, every 11th step",
        "4 backups, every step",
        "keeping/test_backup.py::test_a_backup_under_load_is_a_prefix_of_the_history",
        "keeping/test_backup.py::test_everything_that_people_made_comes_back",
        "keeping/test_keeping_kills.py",
    ),
    labels(
        "12",
        "What is exported and imported again is identical, history, Unicode and line breaks included",
        "300 rows, 25 drawn logs",
        "35,887 rows",
        "reliability/test_label_exchange.py::test_every_row_with_history_comes_back_identical",
        "review/test_verdict_exchange.py::test_export_and_import_are_identical",
        figure="{rows:,} rows, {events:,} events, byte for byte",
    ),
    labels(
        "13",
        "The log equals a dictionary, undo restores, and it only grows",
        "15 drawn stories",
        "",
        LOG + "test_the_store_equals_a_dictionary_and_only_grows",
    ),
    jobs(
        "14",
        "A killed trainer is `interrupted` within 15 s, resumes, and loses less than an epoch",
        "2 kills, of short jobs",
        "100 kills of a training",
        RUNNER + "test_a_killed_job_is_interrupted_and_resumes",
        RUNNER + "test_when_worker_and_job_are_killed_whoever_looks_finds_the_job_interrupted",
        TRAINER + "test_a_killed_training_is_interrupted_and_loses_less_than_an_epoch",
        figure="{kills} kills; noticed after {interrupted_after_s} s at most; no finished epoch lost",
    ),
    jobs(
        "15",
        "A training goes on when the web server is killed, the page finds it again, and it runs once",
        "1 kill",
        "20 kills",
        "browser/test_train_browser.py::test_a_training_outlives_the_server_and_leads_to_its_run",
        "browser/test_server_kills_browser.py",
        figure="{kills} kills, the same process each time",
    ),
    jobs(
        "16",
        "Killed or on a full disk while it stores, `last` and `best` load and match their sha256; nothing stale stays",
        "2 kills, 5 full disks",
        "200 kills, 50 full disks",
        CHECKPOINTS.removesuffix("::"),
        figure="{kills} kills, {torn} of them within a write; {points} full disks; every file whole",
    ),
    jobs(
        "17",
        "A cancelled training is out within 10 s, with a checkpoint and without a process left",
        "3 cancels",
        "100 cancels of a training",
        RUNNER + "test_cancel_stops_a_running_job_at_its_next_report",
        RUNNER + "test_a_job_that_does_not_heed_cancel_is_killed_with_all_it_started",
        "runs/test_train_session.py::test_cancelled_before_the_first_epoch_leaves_a_checkpoint_and_says_so",
        TRAINER + "test_a_cancelled_training_leaves_a_checkpoint_and_no_process",
        figure="{cancels} cancels, out after {out_after_s} s at most",
    ),
    jobs(
        "18",
        "Reused process numbers and clocks that jump make no orphan",
        "each once",
        "",
        STORE + "test_a_process_is_known_by_number_and_start_time",
        STORE + "test_a_living_owner_keeps_its_job_and_a_reused_number_does_not",
        STORE + "test_a_clock_that_jumps_makes_no_orphan_here",
    ),
    jobs(
        "19",
        "Of many jobs started at once one runs and the others wait their turn",
        "6 starts",
        "50 starts",
        RUNNER + "test_one_slot_under_many_submits_at_once",
    ),
    jobs(
        "20",
        "A training that was stopped and resumed gives the figures of one that was not, within 1e-6",
        "every optimiser and option",
        "",
        "training/test_resume.py",
        "runs/test_train_session.py::test_resumed_equals_uninterrupted",
        "runs/test_train_session.py::test_averages_and_momentum_survive_a_stop",
    ),
    inputs(
        "21",
        "Broken pictures are decoded or refused with the documented error, soon and in bounded memory",
        "400 mutations, 320 curated",
        "10,000 mutations, 1,000 curated",
        "inputs_pictures.py",
    ),
    inputs(
        "22, 24",
        "Hostile archives write nothing outside their target and end within a budget; pictures of 13,000 x 13,000 are "
        "refused from the header",
        "20 archives",
        "200 archives",
        "inputs_archives.py",
        "inputs_pictures.py::test_a_huge_picture_is_refused_before_it_is_decoded",
    ),
    inputs(
        "23",
        "Bad rows of a table are named by their lines, none is coerced, every good one is kept",
        "100 bad rows",
        "1,000 bad rows",
        "inputs_tables.py",
    ),
    inputs(
        "25", "No pickle is executed; headers that claim too much take no memory", "each way", "", "inputs_weights.py"
    ),
    inputs(
        "26",
        "Names with paths or markup in them are refused or stay text, on pages, in reports and in tables",
        "1 page",
        "4 pages",
        "hostile_names.py",
    ),
    inputs(
        "27",
        "Only this machine is listened to; another address needs a login or an explicit flag; nobody sees a page "
        "before the login",
        "each way",
        "",
        "address.py",
        "login_gate.py",
    ),
)
