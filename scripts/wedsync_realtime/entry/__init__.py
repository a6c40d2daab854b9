"""The command `wedsync-realtime`: its subcommands, their options and exit codes."""
