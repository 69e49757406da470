"""The fields of a complaint in the order of its steps, and those that only a step fills."""

SECTIONS = {
    "source": ("request_id", "order_id", "received_at", "proposal_reasons"),
    "complainant": ("complainant_name", "complainant_organisation", "complainant_contact", "customer_id"),
    "subject": ("device_id", "product_text", "serial_text", "description", "happened_on", "place", "extent", "wish"),
    "classification": (
        "kind", "severity", "recurrence_harm", "leading_id", "officer_id", "team", "confirmed_at", "confirmed_by",
    ),
    "dismissal": ("dismissal_reason", "dismissed_by", "dismissed_at"),
    "investigation": ("investigator_id", "investigation_plan", "no_investigation_reason", "forgone_by", "forgone_at"),
    "inquiries": (),
    "custody": (),
    "cause": ("cause_method", "cause_kind", "root_cause", "investigated_at", "investigated_by"),
    "solution": (
        "decision", "remedy", "action_owner_id", "action_due_on", "effect_criterion", "effect_due_on", "planned_at", "planned_by",
    ),
    "action": ("action_done", "acted_at", "acted_by"),
    "informing": ("informed_party", "informed_on", "informed_how"),
    "reply": ("reply", "replied_at", "replied_by"),
    "effect": ("is_accepted", "objection", "effect_result", "verified_by", "verified_at", "closed_at"),
}  # fmt: skip
# Never in a form: filled by a step of the workflow, or told by the request.
FIXED = (
    "request_id", "order_id", "received_at", "proposal_reasons", "customer_id", "confirmed_at", "confirmed_by",
    *SECTIONS["dismissal"], "no_investigation_reason", "forgone_by", "forgone_at", "investigated_at", "investigated_by", "planned_at",
    "planned_by", *SECTIONS["action"], "replied_at", "replied_by", *SECTIONS["effect"],
)  # fmt: skip
