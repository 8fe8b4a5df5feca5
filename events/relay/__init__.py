"""What drains the outbox: `engine` does the work, `process` runs it in a thread of a process."""
