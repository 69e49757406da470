"""The steps of a corrective action: written, approved by another, carried out, its effect confirmed by whoever had no part in it."""

from aftersales.record.words import Meaning, Signing, State, Transition, Workflow
from aftersales.roles import Role

WRITERS = (Role.quality, Role.complaint_officer, Role.regulatory)
APPROVERS = (Role.quality, Role.manager)
CARRIED_OUT = ("create", "submit", "finish")

WORKFLOW = Workflow(
    states=(
        State("draft", writes=("problem", "risk", "cause", "actions", "effect")),
        State("submitted", requires=("risk", "containment", "cause", "author")),
        State("acting", requires=("cause", "effect_criterion", "effect_due_on", "approved_by", "approved_at"), writes=("actions",)),
        State("checking", requires=("effect_criterion", "effect_due_on", "done_at", "no_adverse_effect")),
        State(
            "closed", seals=True,
            requires=("approved_at", "done_at", "no_adverse_effect", "effect_result", "verified_by", "verified_at"),
        ),
        State("withdrawn", ends=True),
    ),
    transitions=(
        Transition("submit", "draft", "submitted", by=WRITERS),
        Transition(
            "approve", "submitted", "acting", by=APPROVERS, fields=("effect_criterion", "effect_due_on"),
            apart_from=("create", "submit"),
            signs=Signing("capa_approval", Meaning.staff, ("problem", "risk", "cause", "effect")),
        ),
        Transition("send_back", "submitted", "draft", by=APPROVERS, reason=True),
        Transition("finish", "acting", "checking", by=WRITERS, fields=("no_adverse_effect",)),
        Transition(
            "confirm", "checking", "closed", by=APPROVERS, fields=("effect_result",), apart_from=CARRIED_OUT,
            signs=Signing("capa_effect", Meaning.staff, ("actions", "effect", "verification")),
        ),
        Transition("fail", "checking", "draft", by=APPROVERS, reason=True, apart_from=CARRIED_OUT),
        Transition("withdraw", ("draft", "submitted"), "withdrawn", by=WRITERS, reason=True),
        Transition("reopen", "closed", "draft", by=(Role.quality,), reason=True),
    ),
)  # fmt: skip
