"""Pictures of every page behind `make screenshots`, to be looked at by a person; nothing is compared."""
