"""The two desks of the main job: intake, which takes the call, and dispatch, which sends the engineer."""
