"""Where log lines come from: files, folders, archives, pipes, followed as they grow → blocks of whole lines."""
