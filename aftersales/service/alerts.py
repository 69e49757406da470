"""Who is told that a deadline nears or has passed, step by step up the chain (R3.7)."""

from aftersales.roles import Role
from aftersales.security.manager import users_with_role


def chain(region_id: int, user_id: int | None, step: int, *, first: tuple[Role, ...] = (Role.dispatcher,)) -> list[int]:
    """The accounts to tell: step 0 whoever does the work, 1 the dispatchers of the region too, 2 the managers; then nobody is left.

    `first` are the roles told at step 0 while no person has the work (`user_id` None).
    """
    doing = [user_id] if user_id is not None else holders(first, region_id)
    match step:
        case 0:
            return doing
        case 1:
            return list(dict.fromkeys([*doing, *holders((Role.dispatcher,), region_id)]))
        case 2:
            return holders((Role.manager,), region_id)
        case _:
            return []


def holders(roles: tuple[Role, ...], region_id: int) -> list[int]:
    return [user_id for role in roles for user_id in users_with_role(role, region_id)]
