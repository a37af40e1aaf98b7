"""Which key speaks for which device, and since when: a fold of the log's registry events. No I/O."""
