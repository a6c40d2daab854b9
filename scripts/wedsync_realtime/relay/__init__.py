"""Push what is committed to clients: read it once, publish it to NATS, answer who logs in there."""
