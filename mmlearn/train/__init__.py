"""One readable training loop, with its seeds, optimisers, set-up for the CPU and checkpoints."""
