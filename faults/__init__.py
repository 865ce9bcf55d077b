"""The fault laboratory behind `make faults`: real worker processes that are killed, paused and cut off."""
