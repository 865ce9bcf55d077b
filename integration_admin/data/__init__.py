"""What is remembered: models, repositories, the vault, locks."""
