"""Training: the shared loop, its checkpoints and log, augmentation of examples."""
