"""Other systems told of what happens here: subscriptions, an outbox written with the event, signed calls."""
