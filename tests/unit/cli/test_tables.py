from olmis_release.cli.tables import table

HEADERS = ["INSTANCE", "RUNNING"]
LONG = "3.5.0+mw1-with-a-very-long-version-that-must-never-be-cut-off-by-a-table"


def test_columns_are_aligned_and_numbers_stay_text() -> None:
    assert table(HEADERS, [("uat", "1.10"), ("production", "3")], width=100) == (
        "INSTANCE    RUNNING\nuat         1.10\nproduction  3"
    )


def test_a_narrow_terminal_gets_blocks_and_nothing_is_cut_off() -> None:
    assert table(HEADERS, [("uat", LONG), ("prod", "")], width=40) == (
        f"instance: uat\nrunning: {LONG}\n\ninstance: prod"
    )


def test_a_small_table_fits_a_narrow_terminal() -> None:
    assert table(HEADERS, [("uat", "3")], width=40).startswith("INSTANCE")
