"""The relay with its NATS server, and a client that is pushed to."""
