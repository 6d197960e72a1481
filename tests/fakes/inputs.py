"""Files of inputs as people write them."""

STANDARD = """\
reason: Core 3.6.0 brings the new requisition screens.
impact: moderate
impact_reason: Only the districts that order vaccines.
urgency: medium
urgency_reason: The next ordering period begins in December.
users_notice:
  en: For about half an hour you cannot log in. What you saved before is kept.
  fr: Pendant une demi-heure environ, vous ne pourrez pas vous connecter. Ce que vous avez enregistré est gardé.
user_changes: {en: Requisitions can be sorted., fr: Les réquisitions peuvent être triées.}
training: none
out_of_scope: [Stock management reports]
risks:
  - The link to the data centre fails; the operator works from the ministry.
assumptions: none
people:
  release-manager: {name: M. Banda, deputy: T. Phiri}
  product-owner: {name: C. Phiri, deputy: none}
  tester: {name: A. Moyo, deputy: none}
  support-lead: {name: J. Mbewe, deputy: L. Zulu}
testing: ["Regression on UAT, A. Moyo, 12 Nov 2026: passed"]
accepted_defects: none
go_no_go: [Every district coordinator was reached]
rollback_triggers: [A requisition cannot be submitted]
rollback_authority: C. Phiri
support:
  - {tier: 1, name: Helpdesk, phone: "+265 1 000 000", hours: "07:30-17:00 CAT", escalate_after_min: 30}
notices: ["T-7 d: all users, English, mail"]
translator: {fr: "D. Kabila"}
"""
