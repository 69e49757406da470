"""The six steps of a complaint (R11.3): 登记, 调查核实, 制定方案, 实施整改, 反馈客户, 归档分析, and who may take each."""

from aftersales.record.words import Meaning, Signing, State, Transition, Workflow
from aftersales.roles import Role

HANDLING = (Role.complaint_officer, Role.quality)
# What is done again after a verification that failed, and after reopening.
REDONE = (
    "investigated_at", "investigated_by", "forgone_at", "forgone_by", "no_investigation_reason", "planned_at", "planned_by", "acted_at",
    "acted_by", "action_done", "replied_at", "replied_by", "is_accepted", "effect_result", "closed_at",
)  # fmt: skip
SOLUTION = ("decision", "remedy", "action_owner_id", "action_due_on", "effect_criterion", "effect_due_on")
UNDER_WAY = ("investigating", "planning", "acting", "replying", "verifying")

WORKFLOW = Workflow(
    states=(
        State("proposed", writes=("complainant", "subject", "classification")),
        State("registered", writes=("complainant", "subject", "classification")),
        State(
            "investigating", requires=("kind", "officer_id", "recurrence_harm", "confirmed_at", "confirmed_by"),
            writes=("investigation", "inquiries", "custody", "cause", "informing"),
        ),
        State("planning", requires=("kind", "officer_id", "confirmed_at"), writes=("custody", "solution", "informing")),
        State(
            "acting", requires=(*SOLUTION, "planned_at"),
            writes=("custody", "informing"),
        ),
        State("replying", requires=("planned_at", "action_done", "acted_at"), writes=("custody", "informing", "reply")),
        State("verifying", requires=("action_done", "reply", "replied_at"), writes=("custody", "informing")),
        State("closed", requires=("reply", "replied_at", "is_accepted", "effect_result", "verified_by", "closed_at"), seals=True),
        State("not_a_complaint", requires=("dismissal_reason", "dismissed_by", "dismissed_at"), ends=True),
    ),
    transitions=(
        Transition("open", "proposed", "registered", by=HANDLING),
        Transition("dismiss", ("proposed", "registered"), "not_a_complaint", by=HANDLING, fields=("dismissal_reason",)),
        Transition(
            "confirm", "registered", "investigating", by=HANDLING, fields=("kind", "severity", "recurrence_harm", "officer_id", "team")
        ),
        Transition("conclude", "investigating", "planning", by=(Role.quality,), fields=("cause_kind", "root_cause")),
        Transition("forgo", "investigating", "planning", by=(Role.quality,), fields=("no_investigation_reason",)),
        Transition(
            "plan", "planning", "acting", by=HANDLING,
            fields=SOLUTION,
        ),
        Transition("act", "acting", "replying", by=(*HANDLING, Role.technical_support), fields=("action_done",)),
        Transition(
            "answer", "replying", "verifying", by=HANDLING, fields=("reply",),
            signs=Signing("complaint_reply", Meaning.staff, ("complainant", "subject", "reply")),
        ),
        Transition(
            "close", "verifying", "closed", by=(Role.quality,), fields=("is_accepted", "objection", "effect_result"), apart_from=("act",),
            signs=Signing("complaint_effect", Meaning.staff, ("cause", "solution", "action", "effect")),
        ),
        Transition("fail", "verifying", "investigating", by=(Role.quality,), reason=True, apart_from=("act",)),
        Transition("reopen", "closed", "investigating", by=(Role.quality,), reason=True),
        Transition("propose_again", "not_a_complaint", "proposed", by=HANDLING, reason=True),
    ),
)  # fmt: skip
