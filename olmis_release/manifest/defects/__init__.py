"""What is wrong or doubtful in a distribution or release: one check per file, each a pure function to problems.

Every check notes its defects as warnings or, where Compose itself would refuse, as errors; `policy` then says what a
warning means at the stage that the manifest is wanted for. `find` runs them all.
"""
