"""The long measurements behind `make bench`; docs/performance.md says what each figure means."""
