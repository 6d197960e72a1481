"""Who approved a plan: signed statements beside it, and what they come to under the instance's policy.

`statement` is what is signed, `signers` reads who may sign, `signing` alone calls ssh-keygen, `judging` finds out what
a statement is worth, `tally` counts and `refusal` puts that into words (both pure), `desk` brings them together for a
plan's folder, and `deciding` writes a new one.
"""
