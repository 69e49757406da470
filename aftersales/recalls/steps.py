"""The steps of a recall (R29), what each demands, and who may take it: assessed by one, decided by another, complete when it adds up."""

from aftersales.record.words import Meaning, Signing, State, Transition, Workflow
from aftersales.roles import Role

WRITERS = (Role.quality, Role.regulatory)
DECIDERS = (Role.manager, Role.quality)
ASSESSMENT = (
    "assess_conformity", "assess_occurred", "assess_use", "assess_reach", "assess_severity", "assess_probability", "assess_consequences",
    "assess_other",
)  # fmt: skip
PLAN = (
    "plan_quantities", "plan_measures", "plan_publication", "plan_expected", "plan_afterwards", "progress_every_days", "target_percent",
    "plan_done_by",
)  # fmt: skip
DECIDED = ("decided_at", "decided_by", "recall_level")

WORKFLOW = Workflow(
    states=(
        State("assessing", writes=("trigger", "defect", "assessment", "scope", "handling", "event_form", "plan")),
        State("proposed", requires=(*ASSESSMENT, "defect", "conclusion", "proposed_at", "proposed_by", "proposal_reason")),
        State("running", requires=DECIDED, writes=("scope", "effect")),
        State("completed", requires=(*DECIDED, "completed_at"), writes=("effect",)),
        State("closed", requires=(*DECIDED, "completed_at", "closed_at"), seals=True, ends=True),
        State("not_recalled", requires=("decided_at", "decided_by", "decision_reason"), seals=True, ends=True),
    ),
    transitions=(
        Transition("freeze", "assessing", "assessing", by=WRITERS),
        Transition("propose", "assessing", "proposed", by=WRITERS, fields=("conclusion", "recall_level", "proposal_reason")),
        Transition("send_back", "proposed", "assessing", by=DECIDERS, reason=True),
        Transition(
            "decide", "proposed", "running", by=DECIDERS, apart_from=("propose", "update"),
            signs=Signing("recall_decision", Meaning.staff, ("trigger", "defect", "assessment", "decision")),
        ),
        Transition(
            "dismiss", "proposed", "not_recalled", by=DECIDERS, fields=("decision_reason",), apart_from=("propose", "update"),
            signs=Signing("recall_dismissal", Meaning.staff, ("trigger", "defect", "assessment", "decision")),
        ),
        Transition("widen", "running", "running", by=WRITERS, reason=True),
        Transition("draw_sample", "running", "running", by=(Role.quality,), fields=("sample_size",)),
        Transition("complete", "running", "completed", by=WRITERS),
        Transition("close", "completed", "closed", by=DECIDERS),
    ),
)  # fmt: skip
