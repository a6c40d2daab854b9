"""Play a scene with suppliers and couples, and check that everybody hears what is theirs."""
